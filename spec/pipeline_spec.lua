--- Pipelines: their description.
--
-- SPDX-License-Identifier: Apache-2.0
local cases = require "cases.pipeline"
local graph = require "zvm.pipeline.graph"
local host = require "support.host"
local lfs = require "lfs"
local zvm = require "zvm"

local ROOT = os.tmpname()

-- "a-1.out/b-1 > b-1.in/a-1", ...
local function edges(g)
  local out = {}
  for i, edge in ipairs(g.edges) do
    out[i] = ("%s.%s > %s.%s"):format(edge.from, edge.from_channel, edge.to,
      edge.to_channel)
  end
  return out
end

local function stage(name, fields)
  local out = { name = name, program = name .. ".zvm" }
  for key, value in pairs(fields or {}) do
    out[key] = value
  end
  return out
end

local function read(...)
  return assert(graph.read { ... })
end

-- Of all instances of a stage, what `get` gives.
local function each(g, i, get)
  local out = {}
  for k, instance in ipairs(g.stages[i].instances) do
    out[k] = get(instance)
  end
  return out
end

local function name_of(instance)
  return instance.name
end

local function source_of(instance)
  return instance.input.source.path
end

local function target_of(instance)
  return instance.outputs[1].path
end

local function write(path)
  local folder = path:match "^(.*)/"
  if folder then
    lfs.mkdir(ROOT .. "/" .. folder)
  end
  host.write_file(ROOT .. "/" .. path, path)
end

describe("a description of a pipeline", function()
  for i, case in ipairs(cases) do
    it(("that is wrong is refused, case %d"):format(i), function()
      local p, message, code = zvm.pipeline(case[1])
      assert.is_nil(p)
      assert.equal(case[2], message)
      assert.equal("OPTION", code)
    end)
  end

  it("without connect and pipe is a shell's pipeline", function()
    local g = read({ program = "bin/cat.zvm" }, stage "b", stage "c")
    assert.same({ "cat.stdout > b.stdin", "b.stdout > c.stdin" }, edges(g))
    assert.same({ { channel = "stdout", buffer = true } },
      g.stages[3].instances[1].outputs)
    assert.same({}, g.stages[1].instances[1].outputs)
  end)

  it("with an empty connect is none", function()
    assert.same({}, edges(read(stage("a", { connect = {} }), stage "b")))
  end)

  it("joins each instance with each by connect", function()
    local g = read(stage("a", { count = 2, connect = { "b", "c" } }),
      stage("b", { count = 2 }), stage "c")
    assert.same({
      "a-1.out/b-1 > b-1.in/a-1", "a-1.out/b-2 > b-2.in/a-1",
      "a-2.out/b-1 > b-1.in/a-2", "a-2.out/b-2 > b-2.in/a-2",
      "a-1.out/c > c.in/a-1", "a-2.out/c > c.in/a-2",
    }, edges(g))
    local b = g.stages[2].instances[2]
    assert.same({ mode = "r", edge = 4 }, b.channels["in/a-2"])
  end)

  it("joins those of one number by pipe, and spreads their count", function()
    local g = read(stage("a", { pipe = "b" }), stage("b", { pipe = "c" }),
      stage("c", { count = 2 }))
    assert.same({ "a-1", "a-2" }, each(g, 1, name_of))
    assert.same({ "a-1.stdout > b-1.stdin", "a-2.stdout > b-2.stdin",
      "b-1.stdout > c-1.stdin", "b-2.stdout > c-2.stdin" }, edges(g))
  end)

  it("may have cycles, and a stage that writes to itself", function()
    assert.same({ "a.stdout > b.stdin", "b.out/a > a.in/b",
      "b.out/b > b.in/b" },
      edges(read(stage("a", { pipe = "b" }),
        stage("b", { connect = { "a", "b" } }))))
  end)

  it("may join a stage with itself but for each instance", function()
    assert.same({ "a-1.out/a-2 > a-2.in/a-1", "a-2.out/a-1 > a-1.in/a-2" },
      edges(read(stage("a", { count = 2, connect = "a", others = true }))))
  end)

  it("gives options to channels of edges, by stage or by instance",
    function()
      local g = read(stage("a", { connect = "b", channels = {
        ["out/b"] = { limits = { puts = 1 } },
        ["/dev/out/b-2"] = { etag = true },
      } }), stage("b", { count = 2, etag = "md5" }))
      local a = g.stages[1].instances[1].channels
      assert.same({ edge = 1, mode = "w", limits = { puts = 1 } },
        a["out/b-1"])
      assert.same({ edge = 2, mode = "w", etag = true }, a["out/b-2"])
      local b = g.stages[2].instances[1].channels
      assert.same({ edge = 1, mode = "r", etag = "md5" }, b["in/a"])
      assert.same({ etag = "md5" }, b.stderr)
    end)

  it("gives instances channels and names of their own", function()
    local g = read(stage("a", { count = 2, argv0 = "%n of %i%%",
      channels = { x = "all" }, each = { { x = "one" }, {} } }))
    assert.same({ "a-1 of 1%", "a-2 of 2%" }, each(g, 1, function(instance)
      return instance.argv0
    end))
    assert.same({ "one", "all" }, each(g, 1, function(instance)
      return instance.channels.x.data
    end))
  end)

  it("is not changed, and may be read again", function()
    local description = { stage("a", { count = 2, input = { "x", "y" } }),
      stage "b" }
    description[2].count = 2
    local first = read(unpack(description))
    assert.same(first, read(unpack(description)))
    assert.same({ "x", "y" }, description[1].input)
  end)

  describe("with wildcards", function()
    setup(function()
      os.remove(ROOT)
      lfs.mkdir(ROOT)
      for _, path in ipairs { "b/2.txt", "b/10.txt", "a-b/1.txt", "a/1.txt",
        "a/1.log", "a/.hid.txt", "x.y-z.txt", "[1].txt" } do
        write(path)
      end
    end)

    teardown(function()
      os.execute("rm -r " .. ROOT)
    end)

    it("has an instance a file, in the order of bytes", function()
      local g = read(stage("a", { input = ROOT .. "/*/*.txt",
        output = "%1/%2.%i.%n" }))
      assert.same({ ROOT .. "/a-b/1.txt", ROOT .. "/a/1.txt",
        ROOT .. "/b/10.txt", ROOT .. "/b/2.txt" }, each(g, 1, source_of))
      assert.same({ "a-b/1.1.a-1", "a/1.2.a-2", "b/10.3.a-3", "b/2.4.a-4" },
        each(g, 1, target_of))
    end)

    it("has hidden files only by a dot", function()
      assert.same({ ROOT .. "/a/.hid.txt" },
        each(read(stage("a", { input = ROOT .. "/a/.*.txt" })), 1, source_of))
    end)

    it("takes brackets and dots as they are", function()
      assert.same({ ROOT .. "/[1].txt" },
        each(read(stage("a", { input = ROOT .. "/[?].t*" })), 1, source_of))
    end)

    it("gives the first of two stars as little as can be", function()
      local g = read(stage("a", { input = ROOT .. "/*.*t",
        output = "%1+%2" }))
      assert.same({ "[1]+tx", "x+y-z.tx" }, each(g, 1, target_of))
    end)

    it("refuses outputs that a file's name would put elsewhere", function()
      lfs.mkdir(ROOT .. "/names")
      for _, name in ipairs { "names/q..", "names/w.w.", "names/e" } do
        write(name)
      end
      for input, case in pairs {
        ["q*"] = { "%1/x", '"../x"', "%1", ".." },
        ["w*w*"] = { "d/%1%2", '"d/.."', "%1%2", ".." },
        ["*.w."] = { "d/.%1/../x", nil },
        ["w*w."] = { "%1/x", '"./x"', "%1", "." },
        ["e*"] = { "%1/etc", '"/etc"', "%1", "" },
      } do
        local g, message, code = graph.read { stage("a", {
          input = ROOT .. "/names/" .. input, output = case[1] }) }
        if case[2] then
          assert.is_nil(g)
          assert.equal(('pipeline.stages[1] (a): output: %s is the name for '
            .. 'a: its part "%s" became "%s"'):format(case[2], case[3],
            case[4]), message)
          assert.equal("OPTION", code)
        else
          assert.same({ "d/.w/../x" }, each(g, 1, target_of))
        end
      end
    end)

    it("takes no longer for many stars in a long name", function()
      local name = ("a"):rep(200)
      write(name)
      local began = os.clock()
      local g, message = graph.read { stage("a", {
        input = ROOT .. "/*a*a*a*a*a*a*a*ab" }) }
      assert.is_nil(g)
      assert.truthy(message:find("no file matches", 1, true))
      g = read(stage("a", { input = ROOT .. "/a*a?a*a*aa",
        output = "%1+%2+%3+%4" }))
      assert.same({ "+a++" .. ("a"):rep(193) }, each(g, 1, target_of))
      assert.truthy(os.clock() - began < 1)
    end)

    it("finds directories on the way, and passes files over", function()
      assert.same({ ROOT .. "/b/../a/1.txt" }, each(read(stage("a", {
        input = ROOT .. "/b/../?/1.txt" })), 1, source_of))
      local _, message = graph.read { stage("a", { input = ROOT .. "/*" ..
        "/nothing" }) }
      assert.equal('pipeline.stages[1] (a): input: no file matches "'
        .. (ROOT .. "/*/nothing"):sub(1, 60) .. '"', message)
    end)
  end)
end)
