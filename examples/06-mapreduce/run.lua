--- A two-stage search in the manner of MapReduce.
--
-- usage: lua run.lua [--twice] [--pattern=<PCRE2>] [--top=<n>] [<file>...]
--
-- Stage one runs a sandboxed PCRE2 over each file and emits words; stage two
-- counts and sorts them. Same files, same digest: --twice checks that.
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

local terminal = os.execute "test -t 1" == 0

local function progress(...)
  if terminal then
    io.write("\r\27[K", string.format(...))
    io.flush()
  end
end

local grep = assert(zvm.load(GUESTS .. "grep.zvm"))
local count = assert(zvm.load(GUESTS .. "count.zvm"))

--- Run a guest to a good end, or stop the whole job.
local function run(options)
  local report = assert(zvm.run(options))
  if report.state ~= "exit" or report.code ~= 0 then
    progress ""
    error(string.format("%s: %s, code %s: %s", options.name, report.state,
      report.code, report.fault and report.fault.text
      or report.channels.stderr.data), 0)
  end
  return report
end

local function show(name, report)
  local i, o = report.channels.stdin, report.channels.stdout
  progress ""
  print(string.format("  %-14s %s %d  in %7d  out %7d  %6.2f ms", name,
    report.state, report.code, i.get_bytes, o.put_bytes,
    report.times.wall * 1000))
end

--- The whole job. Returns the report of stage two.
local function job(loud)
  local words = {}
  for i, file in ipairs(files) do
    local name = file:match "[^/]+$"
    progress("%d of %d: %s", i, #files, name)
    local report = run {
      program = grep,
      name = "grep",
      args = { pattern },
      channels = { stdin = { path = file } },
    }
    words[i] = report.channels.stdout.data
    if loud then
      show(name, report)
    end
  end
  progress "counting"
  local report = run {
    program = count,
    name = "count",
    channels = {
      stdin = { data = table.concat(words) },
      stdout = { buffer = true, etag = true },
    },
  }
  if loud then
    show("count", report)
  end
  progress ""
  return report.channels.stdout
end

print(string.format("%d files, pattern %s", #files, pattern))
local result = job(true)
local n = 0
for line in result.data:gmatch "[^\n]+" do
  n = n + 1
  if n <= top then
    print(string.format("%8d  %s", line:match "^(%d+) (.*)$"))
  end
end
print(string.format("%d different words, digest %s", n, result.etag))

if twice then
  local again = job(false).etag
  print(string.format("a second run gives   digest %s", again))
  if again ~= result.etag then
    print "the digests differ"
    os.exit(1)
  end
end
