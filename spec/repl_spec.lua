--- zvm.repl: what the loop prints for what it reads.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"
local repl = require "zvm.repl"

local function nested(depth)
  return depth == 0 and 1 or { nested(depth - 1) }
end

describe("zvm.repl", function()
  -- What is printed for these lines.
  local function session(lines, globals)
    local i, out, prompts = 0, {}, {}
    repl.run(globals or {}, function(prompt)
      i = i + 1
      prompts[i] = prompt
      return lines[i]
    end, function(text) out[#out + 1] = text end)
    return table.concat(out), table.concat(prompts)
  end

  local CASES = {
    { "1 + 1", "2\n" }, { "= 7", "7\n" }, { "", "" }, { "x = 1", "" },
    { "nil", "nil\n" }, { "1, nil, 'a'", '1\nnil\n"a"\n' },
    { "return", "" }, { "0.1", "0.1\n" }, { "2 ^ 53", "9007199254740992\n" },
    { "1 / 0", "inf\n" }, { "error('no', 0)", "no\n" }, { "error()",
    "error: nil\n" }, { "error { 1 }", "error: { 1 }\n" }, { "'a\\n\\0\\255\"'",
      '"a\\n\\000\\255\\""\n' },
    { "{}", "{}\n" }, { "{ 1, 2, x = true, ['a b'] = 1, [3.5] = 2, ['end'] "
      .. "= 3, [-1] = 4 }", '{ 1, 2, [-1] = 4, [3.5] = 2, ["a b"] = 1, '
      .. '["end"] = 3, x = true }\n' },
    { "x = = 1", "repl:1: unexpected symbol near '='\n" },
  }
  for _, case in ipairs(CASES) do
    it(("says %q to %s"):format(case[2], case[1]), function()
      assert.equal(case[2], (session { case[1] }))
    end)
  end

  it("tells a failure as text, and what comes behind it", function()
    assert.equal("nil, LIMIT: much\n  too? much\n{ 1 }\n",
      (session { [[nil, "much\n\ttoo\27 much", "LIMIT", { 1 }]] }))
    assert.equal('nil\n"a"\n"b"\n', (session { "nil, 'a', 'b'" }))
  end)

  it("keeps globals, and the last value as _", function()
    assert.equal("3\n4\n4\n", (session { "x = 3", "x", "_ + 1", "_" }))
    assert.is_nil(rawget(_G, "x"))
    assert.equal("5\n", (session({ "y" }, { y = 5 })))
  end)

  it("reads on where a line is not complete", function()
    local out, prompts = session { "for i = 1, 2 do", "z = (z or 0) + i",
      "end", "z" }
    assert.equal("3\n", out)
    assert.equal("> >> >> > > ", prompts)
  end)

  it("tells what was not complete at the end", function()
    assert.truthy(session { "f(" }:find "^repl:1: unexpected symbol near")
  end)

  it("goes on after an error", function()
    assert.equal("repl:1: attempt to call global 'f' (a nil value)\n2\n",
      (session { "f()", "2" }))
  end)

  it("shows tables within bounds, and those that hold themselves", function()
    local t = { name = "t" }
    t.self = t
    assert.equal('{ name = "t", self = { ... } }', repl.show(t))
    assert.truthy(repl.show(nested(20)):find("{ ... }", 1, true))
    assert.truthy(repl.show(("x"):rep(5000)):find '" %.%. 3976 more bytes$')
    local long = repl.show { ("a"):rep(50), b = ("b"):rep(50) }
    assert.equal(('{\n  "%s",\n  b = "%s"\n}'):format(("a"):rep(50),
      ("b"):rep(50)), long)
  end)

  it("shows values within others in a form that they have", function()
    assert.equal("{\n  r = one\n    two\n}", repl.show({ r = { 1 } },
      function(value) return value[1] and "one\n  two\n" end))
  end)

  it("runs nobody's metamethods to show a table", function()
    local t = setmetatable({}, { __index = function() error "no" end,
      __tostring = function() return "mine\27" end })
    assert.equal("mine?", repl.show(t))
  end)

  it("survives a value that cannot be shown", function()
    assert.truthy(session { "setmetatable({}, { __tostring = function() "
      .. "error 'no' end })", "1" }:find "1\n$")
  end)

  it("is zvm repl, with zvm at hand, and ends at the end", function()
    local path = os.tmpname()
    host.write_file(path, "zvm.run{program='" .. host.guest "01-hello/main"
      .. "'}.state\nprint 'x'\n")
    local pipe = io.popen(("ZVM_LUA=%s lua/bin/zvm repl <%s; echo $?"):format(
      os.getenv "ZVM_TEST_LUA" or "lua5.1", path))
    assert.equal('"exit"\nx\n0\n', pipe:read "*a")
    pipe:close()
    os.remove(path)
  end)
end)
