--- The MapReduce example against the same counts computed in Lua.
-- SPDX-License-Identifier: Apache-2.0

local zvm = require "zvm"

local TEXTS = "/usr/share/common-licenses/"
local GUESTS = (os.getenv "ZVM_BUILD" or "build") .. "/guest/06-mapreduce/"
local LUA = os.getenv "ZVM_TEST_LUA" or "luajit"

local function slurp(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

--- What stage two should print for stage one's words of these texts.
local function expected(texts)
  local counts, list = {}, {}
  for _, text in ipairs(texts) do
    for token in text:gmatch "[%w_]+" do
      if token:find "^%a%a%a%a+$" then
        token = token:lower()
        counts[token] = (counts[token] or 0) + 1
      end
    end
  end
  for word, n in pairs(counts) do
    list[#list + 1] = { n = n, word = word }
  end
  table.sort(list, function(a, b)
    if a.n ~= b.n then
      return a.n > b.n
    end
    return a.word < b.word
  end)
  for i, entry in ipairs(list) do
    list[i] = entry.n .. " " .. entry.word .. "\n"
  end
  return table.concat(list)
end

local function stage(program, args, input)
  local report = assert(zvm.run {
    program = GUESTS .. program,
    args = args,
    channels = { stdin = { data = input } },
  })
  return report, report.channels.stdout.data
end

describe("the MapReduce example", function()
  it("counts the words that Lua counts", function()
    local texts, words = {}, {}
    for _, name in ipairs { "GPL-3", "BSD", "Artistic" } do
      texts[#texts + 1] = slurp(TEXTS .. name)
      local report, out = stage("grep.zvm", { [[\b[A-Za-z]{4,}\b]] },
        texts[#texts])
      assert.equal("exit", report.state)
      assert.equal(0, report.code)
      words[#words + 1] = out
    end
    local report, out = stage("count.zvm", nil, table.concat(words))
    assert.equal(0, report.code)
    assert.equal(expected(texts), out)
  end)

  it("gives code 2 and a message for a pattern that does not compile",
    function()
      local report = stage("grep.zvm", { "a(b" }, "")
      assert.equal(2, report.code)
      assert.truthy(report.channels.stderr.data:find "column 4")
    end)

  it("goes on after empty matches", function()
    local _, out = stage("grep.zvm", { "x*" }, "axxbx")
    assert.equal("xx\nx\n", out)
  end)

  it("prints one digest twice when run twice", function()
    local pipe = assert(io.popen(LUA
      .. " examples/06-mapreduce/run.lua --twice"))
    local text = pipe:read "*a"
    pipe:close()
    local first, second = text:match "digest (%x+).-digest (%x+)"
    assert.equal(64, #(first or ""))
    assert.equal(first, second)
  end)
end)
