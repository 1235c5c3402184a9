--- ZeroCloud's job descriptions, read into tables of zvm.pipeline.
--
-- SPDX-License-Identifier: Apache-2.0
local cases = require "cases.job"
local cjson = require "cjson"
local document = require "zvm.pipeline.document"
local host = require "support.host"
local job = require "zvm.pipeline.job"
local tar = require "zvm.tar"
local words = require "zvm.pipeline.words"
local zvm = require "zvm"

local NODE = host.guest "node"

local function read(text, options)
  local stages, run = job.read(text, options)
  assert(stages, run)
  return stages, run
end

describe("a wrong job", function()
  for _, case in ipairs(cases) do
    local name = #case[1] < 100 and case[1] or case[1]:sub(1, 60) .. "..."
    it((name:gsub("[%c\128-\255]", "?")) .. " is refused", function()
      local stages, message, code, details = job.read(case[1])
      assert.is_nil(stages)
      assert.equal(case[2], message)
      local line, column = message:match "^job:(%d+):(%d+): "
      assert.equal(line and "FORMAT" or "OPTION", code)
      assert.equal("number", type(details.line))
      assert.equal("number", type(details.column))
      if line then
        assert.same({ tonumber(line), tonumber(column) },
          { details.line, details.column })
      end
    end)
  end

  it("is told of with line and column of what is wrong", function()
    local text = '[{"name":"a","exec":{"path":"p"},\n "devices":[\n'
      .. '  {"name":"stdin","path":"a"},\n  {"name":"stdout",\n'
      .. '   "path":"x/../y"}]}]'
    local _, message, _, details = job.read(text)
    assert.equal('job[1].devices[2].path: "x/../y": has a part ".."',
      message)
    assert.same({ line = 5, column = 4, path = "job[1].devices[2].path",
      reason = '"x/../y": has a part ".."' }, details)
  end)

  it("is told of, and no error, whatever the damage", function()
    local text = '[{"name":"map","exec":{"path":"swift://a/b/c","args":'
      .. '"\\"a b\\" c","env":{"A":"1"}},"devices":[{"name":"stdin","path":'
      .. '"d/*"},{"name":"stdout","path":"o/*"}],"connect":["sum"]},'
      .. '{"name":"sum","count":2,"exec":{"path":"p"},"replicate":2}]'
    assert(job.read(text))
    local state = 99
    local function random(n)
      state = (state * 16807) % 2147483647
      return state % n + 1
    end
    local pieces = { "null", "[]", "{}", "1", '"x"', "-1", "1e9", '"*"',
      '"../x"', "\\u0000", "zvm://sum:stdin", "file://x", "", "\0", "\255" }
    for _ = 1, 3000 do
      local damaged = text
      for _ = 1, random(2) do
        local at = random(#text)
        damaged = damaged:sub(1, at - 1) .. pieces[random(#pieces)]
          .. damaged:sub(at + random(12) - 1)
      end
      local stages, message, code = job.read(damaged)
      if not stages then
        assert.equal("string", type(message))
        assert.truthy(code == "FORMAT" or code == "OPTION")
        assert.falsy(message:find "[%c\128-\255]")
      end
    end
    -- Each value by each of another kind.
    for _, piece in ipairs { "null", "true", "[]", "{}", "1", '"x"', "[null]",
      '{"a":null}' }
    do
      for first, last in text:gmatch '():"[^"]*"()' do
        job.read(text:sub(1, first) .. piece .. text:sub(last))
      end
      for first, last in text:gmatch '():[%[{0-9][^:]*()[,%]}]' do
        job.read(text:sub(1, first) .. piece .. text:sub(last))
      end
    end
  end)

  it("has options that are looked at", function()
    for options, message in pairs {
      [{ rot = "x" }] = 'job.read: unknown option "rot"; did you mean '
        .. '"root"?',
      [{ root = 1 }] = "job.read: root: string expected, got 1",
      [{ root = "" }] = 'job.read: root: string expected, got ""',
      [{ root = "a*" }] = "job.read: root: a directory without * and ? in "
        .. "its name expected",
      [{ images = 1 }] = "job.read: images: table expected, got 1",
      [{ images = { "x" } }] = "job.read: images: table from names to paths "
        .. "expected",
    } do
      local stages, text, code = job.read("[]", options)
      assert.is_nil(stages)
      assert.equal(message, text)
      assert.equal("OPTION", code)
    end
  end)
end)

describe("a job", function()
  it("of ZeroCloud's documentation that sorts files", function()
    assert.same({ {
      name = "sort", program = "/srv/my_account/exec/sort.nexe",
      argv0 = "%n",
      args = { "1048576" },
      input = "/srv/my_account/data/binary*.data",
      output = "/srv/my_account/data/sorted%1.data",
    } }, (read([==[[
        {
            "name":"sort",
            "exec":{"path":"swift://my_account/exec/sort.nexe",
              "args":"1048576"},
            "devices":[
                {"name":"stdin","path":"swift://my_account/data/binary*.data"},
                {"name":"stdout","path":"swift://my_account/data/sorted*.data"},
                {"name":"stderr"}
            ]
        }
    ]]==], { root = "/srv" })))
  end)

  it("of ZeroCloud's documentation that maps and reduces", function()
    local stages = read([==[[
      { "name":"mapper",
        "exec":{"path":"swift://~/exec/mapper.nexe"},
        "devices":[
          {"name":"stdin","path":"swift://~/data/binary*.data"},
          {"name":"stderr"} ],
        "connect":["mapper","reducer"] },
      { "name":"reducer",
        "exec":{"path":"swift://~/exec/reducer.nexe"},
        "connect":["manager"], "count":5 },
      { "name":"manager",
        "exec":{"path":"swift://~/exec/manager.nexe"},
        "devices":[
          {"name":"stdout","path":"swift://~/data/result.data"},
          {"name":"stderr"} ] }
    ]]==], { root = "store", account = "me" })
    local null = { null = true }
    assert.same({
      { name = "mapper", argv0 = "%n",
        program = "store/me/exec/mapper.nexe",
        input = "store/me/data/binary*.data", channels = { stdout = null },
        connect = { "mapper", "reducer" }, others = true },
      { name = "reducer", argv0 = "%n",
        program = "store/me/exec/reducer.nexe", count = 5,
        channels = { stdout = null, stderr = null },
        connect = { "manager" } },
      { name = "manager", argv0 = "%n",
        program = "store/me/exec/manager.nexe",
        output = "store/me/data/result.data" },
    }, stages)
  end)

  it("may use the older names", function()
    local stages = read('[{"name":"a","exec":{"path":"p"},"file_list":'
      .. '[{"device":"stdin","path":"in"},{"device":"stdout"}]}]')
    assert.same({ name = "a", program = "./p", argv0 = "%n", output = true,
      channels = { stdin = { path = "./in" }, stderr = { null = true } } },
      stages[1])
  end)

  it("has an environment and a command line", function()
    local stage = read('[{"name":"a","exec":{"path":"/bin/p","args":'
      .. '" -n \\"two words\\"\\ta\\\\x20b","env":{"A":"1,2","B":3,'
      .. '"C":"a\\\\x2cb"}}}]', { root = "/" })[1]
    assert.same({ "-n", "two words", "a b" }, stage.args)
    assert.same({ A = "1,2", B = "3", C = "a,b" }, stage.env)
    assert.equal("/bin/p", stage.program)
    assert.equal("%n", stage.argv0)
    stage = read('[{"name":"a","exec":{"path":"p","name":"100%"}}]')[1]
    assert.equal("100%%", stage.argv0)
  end)

  it("puts all files below the root", function()
    local function place(path, root)
      return read(('[{"name":"a","exec":{"path":"%s"}}]'):format(path),
        { root = root })[1].program
    end
    assert.equal("r/a/b/c d", place("swift://a/b/c%20d", "r"))
    assert.equal("r/a/b/c/d", place("swift://a/b/c/d", "r///"))
    assert.equal("/x", place("/x", "/"))
    assert.equal("r/x", place("x", "r"))
  end)

  it("joins the stdout of one group and the stdin of another", function()
    local stages = read('[{"name":"a","count":2,"exec":{"path":"p"},'
      .. '"connect":["b"],'
      .. '"devices":[{"name":"stdout","path":"zvm://b:/dev/stdin"}]},'
      .. '{"name":"b","count":2,"exec":{"path":"p"},'
      .. '"devices":[{"name":"stdout"},{"name":"stderr"}]}]')
    assert.equal("b", stages[1].pipe)
    assert.is_nil(stages[1].connect)
    assert.same({ stderr = { null = true } }, stages[1].channels)
    assert.equal(2, stages[2].count)
  end)

  it("without connections is no pipeline of a shell's", function()
    local stages = read('[{"name":"a","exec":{"path":"p"}},'
      .. '{"name":"b","exec":{"path":"p"}}]')
    assert.same({}, stages[1].connect)
    assert.same({}, stages[2].connect)
  end)

  it("names outputs by instances where no input has wildcards", function()
    local stage = read('[{"name":"a","count":3,"exec":{"path":"p"},'
      .. '"devices":[{"name":"stdout","path":"100%/*.out"},'
      .. '{"name":"stderr","path":"e*"}]}]')[1]
    assert.equal(3, stage.count)
    assert.same({ { channel = "stdout", path = "./100%%/%n.out" },
      { channel = "stderr", path = "./e%n" } }, stage.output)
  end)

  it("has input and output of their own devices", function()
    local stage = read('[{"name":"a","count":7,"exec":{"path":"p"},'
      .. '"devices":[{"name":"output","path":"o-*"},'
      .. '{"name":"input","path":"d*/i*"},{"name":"script","path":"s"}]}]')[1]
    assert.is_nil(stage.count) -- as many as there are files
    assert.same({ path = "./d*/i*", channel = "input" }, stage.input)
    assert.same({ channel = "output", path = "./o-%1" }, stage.output)
    assert.same({ path = "./s" }, stage.channels.script)
    assert.equal(2, stage.channels.output.type)
  end)

  it("with replicas is one to verify", function()
    local _, run = read('[{"name":"a","exec":{"path":"p"},"replicate":2,'
      .. '"attach":"stdout","location":"x","devices":[{"name":"stdout",'
      .. '"content_type":"text/plain","meta":{"k":"v"},"mode":"file",'
      .. '"min_size":0}]}]')
    assert.equal(2, run.verify)
    _, run = read '[{"name":"a","exec":{"path":"p"},"replicate":1}]'
    assert.is_nil(run.verify)
  end)

  it("finds programs and inputs in images", function()
    host.inside(function(dir)
      host.write_file(dir .. "/py.tar", tar.pack {
        { name = "bin", type = "directory" },
        { name = "bin/python", data = "\127ELF" },
        { name = "lib.txt", data = "text" },
        { name = "path", data = NODE },
        { name = "empty", data = "" },
      })
      local options = { root = dir, images = { py = dir .. "/py.tar" } }
      local stage = read('[{"name":"a","exec":{"path":"file://py:bin/python"}'
        .. ',"devices":[{"name":"py"},{"name":"image","path":"py.tar"},'
        .. '{"name":"stdin","path":"file://lib.txt"}]}]', options)[1]
      assert.equal("\127ELF", stage.program)
      assert.same({ dir .. "/py.tar", dir .. "/py.tar" }, stage.images)
      assert.same({ data = "text" }, stage.channels.stdin)
      local _, message = job.read('[{"name":"a","exec":{"path":'
        .. '"file://py:bin"}}]', options)
      assert.equal(('job[1].exec.path: "file://py:bin": %s/py.tar: no file '
        .. '"bin"'):format(dir), message)
      -- What is no program would be taken for the path of one.
      for _, entry in ipairs { "lib.txt", "path", "empty" } do
        _, message = job.read(('[{"name":"a","exec":{"path":"file://py:%s"}}]')
          :format(entry), options)
        assert.equal(('job[1].exec.path: "file://py:%s": no program')
          :format(entry), message)
      end
      host.write_file(dir .. "/py.tar", "no archive")
      _, message = job.read('[{"name":"a","exec":{"path":"file://py:x"}}]',
        options)
      assert.truthy(message:find("not a whole number of blocks", 1, true))
    end)
  end)
end)

describe("a job that runs", function()
  -- Run a job in a directory with the program node.zvm.
  local function run(dir, text)
    host.write_file(dir .. "/node.zvm", host.read_file(NODE))
    local stages, options = read(text, { root = dir })
    return assert(assert(zvm.pipeline(stages)):run(options))
  end

  it("reads and writes files by its wildcards", function()
    host.inside(function(dir)
      host.shell("mkdir -p %s/me/data", dir)
      for _, name in ipairs { "x", "y" } do
        host.write_file(("%s/me/data/in_%s.txt"):format(dir, name), name)
      end
      local report = run(dir, [==[[
        { "name":"cut", "exec":{"path":"node.zvm",
            "args":"quiet copy stdin stdout say stderr err\\x20or"},
          "devices":[{"name":"stdin","path":"swift://me/data/in_*.txt"},
            {"name":"stdout","path":"swift://me/data/out_*.txt"},
            {"name":"stderr","path":"swift://me/data/*.err"}] }
      ]]==])
      assert.equal("exit", report.state)
      assert.equal("x", host.read_file(dir .. "/me/data/out_x.txt"))
      assert.equal("y", host.read_file(dir .. "/me/data/out_y.txt"))
      assert.equal("err or\n", host.read_file(dir .. "/me/data/y.err"))
    end)
  end)

  it("joins a group with itself but for each one with itself", function()
    host.inside(function(dir)
      local report = run(dir, [==[[
        { "name":"a", "count":3, "exec":{"path":"node.zvm",
            "args":"quiet"}, "connect":["a","b"] },
        { "name":"b", "exec":{"path":"node.zvm",
            "args":"drain in/a-1 drain in/a-2 drain in/a-3"},
          "devices":[{"name":"stdout"}] }
      ]]==])
      assert.equal("exit", report.state)
      local names = {}
      for name in pairs(report.instances["a-2"].channels) do
        names[#names + 1] = name
      end
      table.sort(names)
      assert.same({ "in/a-1", "in/a-3", "out/a-1", "out/a-3", "out/b",
        "stderr", "stdin", "stdout" }, names)
      assert.equal(17, #report.outputs.b)
    end)
  end)

  it("has an output that is written anywhere, and kept", function()
    host.inside(function(dir)
      local report = run(dir, [==[[
        { "name":"a", "exec":{"path":"node.zvm","args":"quiet say output hi"},
          "devices":[{"name":"output"}] } ]]==])
      assert.equal("hi\n", report.outputs["a:output"])
      assert.equal(2, report.instances.a.channels.output.type)
    end)
  end)
end)

describe("a command line in one string", function()
  it("is read as ZeroVM's library reads it", function()
    assert.same({}, words.read " \t ")
    assert.same({ "a", "b" }, words.read "a\tb ")
    assert.same({ "", "x" }, words.read '""x')
    assert.same({ 'a"b"', "c" }, words.read 'a"b" c')
    assert.same({ "'a", "b'" }, words.read "'a b'")
    assert.same({ "a,b", 'q"', "\\", "\\xg1" },
      words.read "a\\x2cb q\\x22 \\x5c \\xg1")
  end)
end)

describe("JSON", function()
  -- A document by chance, as text, of at most some depth.
  local function chance(random, depth)
    local kind = random(depth > 0 and 7 or 5)
    if kind == 1 then
      return ({ "true", "false", "0", "-1.5e3", "12345678" })[random(5)]
    elseif kind <= 3 then
      return ('"%s"'):format(({ "", "a\\nb", "\\u00e9\\ud83d\\ude00",
        "\195\169", "\\\"\\\\\\/" })[random(5)])
    elseif kind <= 5 then
      return tostring(random(1000))
    end
    local out = {}
    for i = 1, random(4) - 1 do
      out[i] = chance(random, depth - 1)
      if kind == 7 then
        out[i] = ('"k%d" : %s'):format(i, out[i])
      end
    end
    local text = table.concat(out, ({ ",", " , ", ",\n" })[random(3)])
    return kind == 6 and "[" .. text .. "]" or "{" .. text .. "}"
  end

  it("is read as by cjson", function()
    local state = 12345
    local function random(n)
      state = (state * 16807) % 2147483647
      return state % n + 1
    end
    for _ = 1, 300 do
      local text = "[" .. chance(random, 4) .. "]"
      assert.same(cjson.decode(text), (document.read(text)))
    end
  end)

  it("cut anywhere is refused with a place in it", function()
    local text = '[{"a":[1.5e2,"x\\u0041y",true,{"b":null}],"c":{}}]'
    for i = 0, #text - 1 do
      local value, message, line, column = document.read(text:sub(1, i))
      assert.is_nil(value)
      assert.equal("string", type(message))
      assert.equal(1, line)
      assert.is_true(column >= 1 and column <= i + 1)
    end
  end)
end)
