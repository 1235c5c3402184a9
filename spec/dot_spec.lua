--- Pipelines as graphs for Graphviz.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"
local zvm = require "zvm"

local function dot(list)
  return assert(zvm.pipeline(list)):dot()
end

local HOSTILE = "a\"b\\c\nd<e>{f|g}\27[2J\255\195\169\\N\\"

-- Where the string that begins at `at` ends. A backslash in it comes with a
-- quote, with another one, or with an n for a new line.
local function string_end(text, at)
  at = at + 1
  while true do
    local c = text:sub(at, at)
    assert(c ~= "" and not c:find "%c", text)
    if c == '"' then
      return at
    elseif c == "\\" then
      at = at + 1
      assert(text:find('^["\\n]', at), text)
    end
    at = at + 1
  end
end

-- The statements of a graph, with an S for each string.
local function statements(text)
  local out, rest = {}, text:match "^digraph pipeline {\n(.*)}\n$"
  assert(rest, text)
  for line in rest:gmatch "([^\n]*)\n" do
    local plain, at = "", 1
    while at <= #line do
      local c, last = line:sub(at, at), at
      if c == '"' then
        c, last = "S", string_end(line, at)
      end
      plain, at = plain .. c, last + 1
    end
    out[#out + 1] = plain
  end
  return out
end

describe("a graph", function()
  it("has stages, what they read and write, and connections", function()
    local text = dot {
      { name = "map", program = "bin/map.zvm", connect = { "sum", "log" },
        count = 4, input = { path = "README.md", split = "newline" },
        channels = { conf = "12345" } },
      { name = "sum", program = "sum.zvm", count = 2,
        output = "out/%i.txt" },
      { name = "log", program = "log.zvm", pipe = "last" },
      { name = "last", program = "last.zvm", output = function() end },
    }
    for _, part in ipairs {
      'label="map \195\151 4\\nmap.zvm"',
      'label="README.md\\nin 4 parts"',
      '"stage map" -> "stage sum" [label="connect 4 \195\151 2"];',
      '"stage map" -> "stage log" [label="connect 4 \195\151 1"];',
      '"stage log" -> "stage last" [label="pipe"];',
      'label="out/1.txt\\nout/2.txt\\n2 in all"',
      'label="5 bytes"', 'label="conf"', 'label="function"',
    } do
      assert.truthy(text:find(part, 1, true), part)
    end
  end)

  it("is the same each time", function()
    local list = { { name = "a", program = "x", channels = { b = "1", c = "2",
      d = "3", e = "4", f = "5", g = "6" } } }
    local text = dot(list)
    for _ = 1, 10 do
      assert.equal(text, dot(list))
    end
  end)

  it("quotes whatever names there are", function()
    local text = dot {
      { name = "a", program = HOSTILE:gsub("\n", ""), channels = {
        [HOSTILE:gsub("[\n/%z]", "")] = "x" }, output = HOSTILE,
        connect = {} },
      { name = "b", program = "y", input = { path = HOSTILE } },
    }
    for _, line in ipairs(statements(text)) do
      local plain = line:gsub("%[[^%]]*%]", "A")
      assert.truthy(plain:find "^  [%w=]+;$" or plain:find "^  %a+ A;$"
        or plain:find "^  S A;$" or plain:find "^  S %-> S A;$", line)
    end
    assert.falsy(text:find "\27")
    assert.falsy(text:find "\255")
    assert.truthy(text:find('\\"b', 1, true))
  end)

  it("is taken by dot, where it is", function()
    if os.execute "command -v dot >/dev/null" ~= 0 then
      return
    end
    local path = os.tmpname()
    host.write_file(path, dot {
      { name = "a", program = HOSTILE, output = HOSTILE },
      { name = "b", program = "y", connect = "a" } })
    local out = host.output("dot -Tsvg " .. path .. " && echo fine")
    os.remove(path)
    assert.truthy(out:find "fine\n$")
  end)
end)
