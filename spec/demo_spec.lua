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

--- What the reducer should print for these texts.
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
    return a.word < b.word
  end)
  for i, entry in ipairs(list) do
    list[i] = entry.n .. " " .. entry.word .. "\n"
  end
  return table.concat(list)
end

local function search(pattern, input)
  return assert(assert(zvm.mapreduce {
    input = input,
    map = { program = GUESTS .. "grep.zvm", args = { pattern } },
    records = "whole",
    reduce = GUESTS .. "count.zvm",
    output = true,
  }):run())
end

describe("the MapReduce example", function()
  it("counts the words that Lua counts", function()
    local texts, files = {}, {}
    for i, name in ipairs { "GPL-3", "BSD", "Artistic" } do
      files[i] = TEXTS .. name
      texts[i] = slurp(files[i])
    end
    local report = search([[\b[A-Za-z]{4,}\b]], files)
    assert.equal("exit", report.state)
    assert.equal(expected(texts), report.outputs.reduce)
  end)

  it("gives code 2 and a message for a pattern that does not compile",
    function()
      local report = search("a(b", { { data = "" } })
      assert.equal("failed", report.state)
      assert.equal("map", report.failed.instance)
      assert.equal(2, report.failed.report.code)
      assert.truthy(report.reason:find "column 4")
    end)

  it("goes on after empty matches", function()
    local report = search("x*", { { data = "axxbXx" } })
    assert.equal("1 x\n1 xx\n", report.outputs.reduce)
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
