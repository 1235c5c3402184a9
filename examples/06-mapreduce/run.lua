--- A search over many texts, in the manner of MapReduce.
--
-- usage: lua run.lua [--twice] [--pattern=<PCRE2>] [--top=<n>] [<file>...]
--
-- A mapper for each file runs a sandboxed PCRE2 over it and emits words; two
-- reducers count them. Same files, same digest: --twice checks that.
--
-- SPDX-License-Identifier: Apache-2.0

local zvm = require "zvm"

local TEXTS = "/usr/share/common-licenses"
local GUESTS = (os.getenv "ZVM_BUILD" or "build") .. "/guest/06-mapreduce/"

local pattern = [[\b[A-Za-z]{4,}\b]]
local top = 10
local twice = false
local files = {}
for _, word in ipairs(arg) do
  pattern = word:match "^%-%-pattern=(.+)$" or pattern
  top = tonumber(word:match "^%-%-top=(%d+)$") or top
  twice = twice or word == "--twice"
  if not word:find "^%-%-" then
    files[#files + 1] = word
  end
end
if #files == 0 then
  local list = assert(io.popen("LC_ALL=C ls " .. TEXTS))
  for name in list:lines() do
    files[#files + 1] = TEXTS .. "/" .. name
  end
  list:close()
end

local job = assert(zvm.mapreduce {
  input = files,
  map = { program = GUESTS .. "grep.zvm", args = { pattern } },
  records = "whole",
  reduce = GUESTS .. "count.zvm",
  partitions = 2,
  output = true,
})

--- The whole job. Returns its report, and the lines of all reducers.
local function run()
  local report = assert(job:run())
  if report.state ~= "exit" then
    error(report:text(), 0)
  end
  return report, report.outputs["reduce-1"] .. report.outputs["reduce-2"]
end

-- What all channels of an instance moved, and how long that took.
local function show(name, report)
  print(("  %-14s %s %d  in %7d  out %7d  %6.2f ms"):format(name,
    report.state, report.code, report.totals.get_bytes,
    report.totals.put_bytes, report.times.wall * 1000))
end

-- Lines "<count> <word>", the most frequent word first.
local function by_count(lines)
  local list = {}
  for count, word in lines:gmatch "(%d+) ([^\n]*)\n" do
    list[#list + 1] = { count = tonumber(count), word = word }
  end
  table.sort(list, function(a, b)
    if a.count ~= b.count then
      return a.count > b.count
    end
    return a.word < b.word
  end)
  return list
end

print(string.format("%d files, pattern %s", #files, pattern))
local report, lines = run()
for i, file in ipairs(files) do
  local map = report.stages[1].instances[i]
  show(file:match "[^/]+$", map)
end
for _, reduce in ipairs(report.stages[2].instances) do
  show(reduce.name, reduce)
end
local list = by_count(lines)
for i = 1, math.min(top, #list) do
  print(string.format("%8d  %s", list[i].count, list[i].word))
end
local digest = zvm.digest(lines)
print(string.format("%d different words, digest %s", #list, digest))

if twice then
  local _, again = run()
  again = zvm.digest(again)
  print(string.format("a second run gives   digest %s", again))
  if again ~= digest then
    print "the digests differ"
    os.exit(1)
  end
end
