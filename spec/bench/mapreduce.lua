--- Word count and sort of large files against what a shell has.
--
-- usage: mapreduce.lua <folder of the guests>
--
-- Prints "name: ours theirs", seconds of wall clock: the better of two runs
-- in turns; of what takes a minute one. 500 MB of text and 1 GB of records,
-- times ZVM_BENCH_SCALE. They are made once, and kept beside the guests; what
-- is written goes to TMPDIR or /tmp, where sort's files go too. All results
-- are compared.
--
-- SPDX-License-Identifier: Apache-2.0
local zvm = require "zvm"

local DIR = arg[1] .. "mapreduce/"
local SCALE = tonumber(os.getenv "ZVM_BENCH_SCALE" or 1)
local TMP = os.getenv "TMPDIR" or "/tmp"

local now = zvm.host.now

local function shell(command)
  assert(os.execute(command) == 0, command)
end

local function time(body)
  local start = now()
  body()
  return now() - start
end

-- A file that generate makes, and its name.
local function data(kind, amount)
  local path = ("%s%s-%d"):format(DIR, kind, amount)
  local file = io.open(path)
  if file then
    file:close()
    return path
  end
  shell(("%sgenerate %s %d >%s.new && mv %s.new %s"):format(DIR, kind, amount,
    path, path, path))
  return path
end

local function run(job, workers)
  local report = assert(assert(zvm.mapreduce(job)):run { workers = workers })
  assert(report.state == "exit", report:text())
end

-- The lesser times of both, of two runs in turns.
local function compare(ours, theirs)
  local a, b = time(ours), time(theirs)
  return math.min(a, time(ours)), math.min(b, time(theirs))
end

local function show(name, ours, theirs)
  print(("%s: %.3f %.3f"):format(name, ours, theirs))
  io.flush()
end

local function words()
  local text = data("text", 500000000 * SCALE)
  local out, mawk, uniq = TMP .. "/zvm-bench-words", TMP .. "/zvm-bench-mawk",
    TMP .. "/zvm-bench-uniq"
  local function ours()
    run({ input = { path = text, split = "newline" }, mappers = 4,
      map = DIR .. "words.zvm", records = "blocks", output = out }, 5)
  end
  local a = time(ours)
  local b = time(function()
    shell(("mawk '{ for (i = 1; i <= NF; i++) c[$i]++ } "
      .. "END { for (w in c) print w, c[w] }' %s >%s"):format(text, mawk))
  end)
  shell(("LC_ALL=C sort %s | cmp - %s"):format(mawk, out))
  a = math.min(a, time(ours))
  show("word count, mawk", a, b)
  local c = time(function()
    shell(("LC_ALL=C; export LC_ALL; tr -s ' ' '\\n' <%s | sort -T %s "
      .. "| uniq -c >%s"):format(text, TMP, uniq))
  end)
  shell(("awk '{ print $2, $1 }' %s | cmp - %s"):format(uniq, out))
  show("word count, sort and uniq", a, c)
  shell(("rm -f %s %s %s"):format(out, mawk, uniq))
end

-- Two mappers of 256M sort; what reducers have beside is less than 4M.
local function order()
  local records = data("records", 10000000 * SCALE)
  local out, theirs = TMP .. "/zvm-bench-order", TMP .. "/zvm-bench-sort"
  local a, b = compare(function()
    run({ input = { path = records, split = 100 }, mappers = 2,
      map = { program = DIR .. "order.zvm", memory = "256M" }, output = out,
      reduce = { memory = "4M" }, scratch = TMP }, 3)
  end, function()
    shell(("LC_ALL=C sort --parallel=2 -S 512M -T %s -o %s %s"):format(TMP,
      theirs, records))
  end)
  shell(("cmp %s %s && rm -f %s %s"):format(out, theirs, out, theirs))
  show("sort", a, b)
end

words()
order()
