--- `make bench`: guest against native, spawn, validator, traps, limits.
--
-- A kernel is one source, compiled by the same gcc at the same -O2. Native and
-- guest runs alternate; a ratio is that of the medians of seven samples, each
-- the least CPU time of three runs: a neighbour on the machine only adds. A
-- native kernel takes its own time around its work; a guest's is taken by the
-- host from entry to exit, so the guest pays for the start of its libc too.
-- Prints "name  value unit  bar  ok|short"; exit code 1 if anything is short.
--
-- SPDX-License-Identifier: Apache-2.0

local zvm = require "zvm"

local BUILD = os.getenv "ZVM_BUILD" or "build"
local DIR = BUILD .. "/bench/"
local ROUNDS, RUNS = 7, 3
local short = 0

local function output(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "*a"
  pipe:close()
  return text
end

--- What takes nanoseconds stays on one processor: to move costs caches.
local PID = io.open("/proc/self/stat"):read "*n"
local ALL = output("taskset -pc " .. PID):match ": ([%d,-]+)%s*$"

local function alone(measure, ...)
  local last = ALL:match "%d+$"
  os.execute(("taskset -pc %s %d >/dev/null"):format(last, PID))
  measure(...)
  os.execute(("taskset -pc %s %d >/dev/null"):format(ALL, PID))
end

--- Print one line. Without a bar the figure is for information.
local function line(name, value, unit, bar, good)
  local verdict = bar and (good and "ok" or "short") or "-"
  if verdict == "short" then
    short = short + 1
  end
  print(string.format("%-30s %9.3f %-5s  %-8s %s", name, value, unit,
    bar or "-", verdict))
  io.flush()
end

local function median(list)
  table.sort(list)
  return list[(#list + 1) / 2]
end

local function guest(module)
  local report = assert(zvm.run { program = module })
  assert(report.state == "exit" and report.code == 0, report.state)
  local sum = report.channels.stdout.data:match "^%x+"
  return report.times.user + report.times.system, sum
end

local function native(name)
  local sum, ns = output(DIR .. name .. ".native"):match "^(%x+) (%d+)"
  return tonumber(ns) / 1e9, sum
end

--- Median CPU seconds of both, or an error if they disagree.
local function compare(name)
  local module = assert(zvm.load(DIR .. name .. ".zvm"))
  local ours, theirs = {}, {}
  for round = 1, ROUNDS do
    ours[round], theirs[round] = math.huge, math.huge
    for _ = 1, RUNS do
      local theirs_now, expected = native(name)
      local ours_now, sum = guest(module)
      if sum ~= expected then
        error(string.format("%s: checksum %s, natively %s", name,
          tostring(sum), tostring(expected)), 0)
      end
      theirs[round] = math.min(theirs[round], theirs_now)
      ours[round] = math.min(ours[round], ours_now)
    end
  end
  return median(ours), median(theirs)
end

local function kernels()
  local worst, logs, n = 0, 0, 0
  local only = arg[1]
  local list = output "LC_ALL=C ls spec/bench/kernel"
  for name in list:gmatch "(%w+)%.c" do
    if not only or only == name then
      local ours, theirs = compare(name)
      local ratio = ours / theirs
      worst = math.max(worst, ratio)
      logs, n = logs + math.log(ratio), n + 1
      line(string.format("%s (%.0f ms)", name, theirs * 1e3), ratio, "x")
    end
  end
  local mean = math.exp(logs / n)
  line("kernels, geomean", mean, "x", "<= 1.03", mean <= 1.03)
  line("kernels, worst", worst, "x", "<= 1.15", worst <= 1.15)
end

--- The bars of what starts processes, or asks much of the kernel, come from a
-- machine on which a fork that exits takes 110 us. They are scaled by what it
-- takes here, before and after what is measured: the same machine is twice as
-- slow in some hours.
local REFERENCE_US = 110

local function fork_us()
  return tonumber((output(DIR .. "processes"):match "^(%S+)"))
end

local function beside(measure)
  local before = fork_us()
  local text = measure()
  return text, math.min(before, fork_us()) / REFERENCE_US
end

local function at_most(name, value, unit, bar)
  line(name, value, unit, ("<= %.4g"):format(bar), value <= bar)
end

--- Runs and forks in turn, of both the best: a neighbour only adds, and for
-- seconds at a time.
local function spawn(lua)
  local p50, p99, fork = math.huge, nil, math.huge
  for _ = 1, 8 do
    fork = math.min(fork, fork_us())
    local a, b = output(lua .. " spec/bench/spawn.lua " .. DIR
      .. "hello.zvm inline"):match "^(%S+) (%S+)"
    if tonumber(a) < p50 then
      p50, p99 = tonumber(a), tonumber(b)
    end
  end
  local slow = fork / REFERENCE_US
  at_most("inline p50, " .. lua, p50, "us", 12 * slow)
  line("inline p99, " .. lua, p99, "us")
end

--- What it is to be compared with: a process is the system's own sandbox.
local function processes()
  local function show(name, p50, p99)
    line(name .. " p50", tonumber(p50), "us")
    line(name .. " p99", tonumber(p99), "us")
  end
  local text = output(DIR .. "processes " .. DIR .. "hello.native")
  local a, b, c, d = text:match "^(%S+) (%S+)\n(%S+) (%S+)\n"
  show("fork and exit", a, b)
  show("posix_spawn, static hello", c, d)
  local luajit = output "command -v luajit":gsub("\n", "")
  text = output(DIR .. "processes " .. luajit .. " -e 'print \"hello, world\"'")
  show("posix_spawn, LuaJIT", text:match "\n(%S+) (%S+)\n")
end

--- Nothing of the module is known: each sample is another process.
local function cold(lua)
  for _, isolation in ipairs { "inline", "process" } do
    local times = {}
    local _, slow = beside(function()
      for i = 1, 15 do
        times[i] = tonumber(output(("%s spec/bench/cold.lua %slarge.zvm %s")
          :format(lua, DIR, isolation)))
      end
    end)
    at_most("from disk, " .. isolation, median(times), "us", 1000 * slow)
  end
end

--- The proportional set of the workers of this process that wait, KiB: the
-- mean. Like /proc/<pid>/smaps_rollup itself, for who may read it.
local function idle_worker()
  local pid = io.open("/proc/self/stat"):read "*n"
  assert(zvm.run { program = DIR .. "hello.zvm", isolation = "process" })
  local list = output("grep -lxz zvm-worker /proc/[0-9]*/cmdline 2>/dev/null")
  local sum, n, zygote = 0, 0, nil
  local sizes = {}
  for worker in list:gmatch "/proc/(%d+)/" do
    local file = io.open("/proc/" .. worker .. "/cmdline")
    local owner = file and file:read "*a":match "%z(%d+)%z"
    local rollup = io.open("/proc/" .. worker .. "/smaps_rollup")
    local kib = rollup and (rollup:read "*a" or ""):match "Pss:%s+(%d+)"
    if tonumber(owner) == pid and kib then
      zygote = math.min(zygote or math.huge, tonumber(worker))
      sizes[tonumber(worker)] = tonumber(kib)
    end
  end
  for worker, kib in pairs(sizes) do
    if worker ~= zygote then
      sum, n = sum + kib, n + 1
    end
  end
  return n > 0 and sum / n
end

--- One host, then two at a time: runs a second is that of both, the median of
-- five, and so is the fork that the bar is scaled by.
local function workers(lua)
  local command = lua .. " spec/bench/spawn.lua " .. DIR
    .. "hello.zvm process"
  local text, slow = beside(function()
    return output(command .. " 0.001")
  end)
  local p50, p99 = text:match "^(%S+) (%S+)"
  at_most("process p50, " .. lua, tonumber(p50), "us", 120 * slow)
  line("process p99, " .. lua, tonumber(p99), "us")
  line("process runs, one host", tonumber((output(command):match "(%S+)\n")),
    "/s")
  local rates, forks = {}, {}
  for round = 1, 5 do -- one or the other may have a bad moment
    forks[round], rates[round] = fork_us(), 0
    for one in output(("(%s & %s & wait)"):format(command, command))
      :gmatch "(%S+)\n" do
      rates[round] = rates[round] + tonumber(one)
    end
  end
  local rate, bar = median(rates), 8000 * REFERENCE_US / median(forks)
  line("process runs, two hosts", rate, "/s", (">= %.0f"):format(bar),
    rate >= bar)
  local kib = idle_worker()
  if kib then
    line("worker that waits, PSS", kib, "KiB", "<= 400", kib <= 400)
  end
end

--- The libc whole and the guests of the examples, next to Zydis, which only
-- finds where instructions end.
local function validator()
  local guests = output("ls " .. BUILD .. "/guest/*/*.zvm | grep -v bad.zvm")
  local text = output(("%smeasure %slibc-text.zvm %s"):format(DIR, DIR,
    (guests:gsub("\n", " "))))
  local ours, theirs, insns, size = text:match "^(%S+) (%S+) (%d+) (%d+)"
  ours, theirs = tonumber(ours), tonumber(theirs)
  line(string.format("validator, %.0f KiB", size / 1024), ours, "MB/s",
    ">= 600", ours >= 600)
  line("validator, instructions", ours * insns / size, "M/s")
  line("Zydis, the same bytes", theirs, "MB/s")
  line("validator / Zydis", ours / theirs, "x", ">= 4", ours / theirs >= 4)
end

--- Loads of the libc whole: with a byte behind it that is new each time it
-- is another module. Microseconds of CPU, medians.
local function loads()
  local file = assert(io.open(DIR .. "libc-text.zvm", "rb"))
  local bytes = file:read "*a"
  file:close()
  local function time(program)
    local start = os.clock()
    assert(zvm.load(program)):close()
    return (os.clock() - start) * 1e6
  end
  local first, second = {}, {}
  for round = 1, 101 do
    local program = bytes .. round
    first[round], second[round] = time(program), time(program)
  end
  local size = string.format("%.0f KiB", #bytes / 1024)
  line("load, " .. size, median(first), "us")
  line("load, verdict known", median(second), "us")
end

--- A trap that does nothing, and one that looks for its channel first.
local function traps()
  local module = assert(zvm.load(DIR .. "traps.zvm"))
  local function once(trap)
    local report = assert(zvm.run { program = module, args = { trap } })
    assert(report.state == "exit" and report.code == 0)
    local times = report.times
    return (times.user + times.system) / report.traps[trap] * 1e9
  end
  local function time(trap)
    local times = {}
    for round = 1, ROUNDS do
      times[round] = math.huge
      for _ = 1, RUNS do
        times[round] = math.min(times[round], once(trap))
      end
    end
    return median(times)
  end
  local empty = time "fork"
  line("trap round trip, empty", empty, "ns", "<= 8", empty <= 8)
  line("trap, pwrite of nothing", time "pwrite", "ns")
end

--- The worst of each, with the median in its name.
local function limits(lua)
  for _, isolation in ipairs { "inline", "process" } do
    local text = output(lua .. " spec/bench/late.lua " .. isolation)
    assert(text ~= "", "late.lua measured nothing")
    for name, p50, worst in text:gmatch "(%C+): (%S+) (%S+)\n" do
      p50, worst = tonumber(p50), tonumber(worst)
      line(string.format("late, %s, %s (p50 %.1f)", name, isolation, p50),
        worst, "ms", "<= 20", worst <= 20)
    end
  end
end

--- Regular expressions, against the native library: each pattern and size, and
-- all of them together; the worst of all. What two processors take to exchange
-- a subject is in those that are no plain text, without a bar.
local function expressions()
  local logs, count, worst, which = 0, 0, 0, nil
  local replacing, replaced = 0, 0
  local pipe = assert(io.popen "luajit spec/bench/re.lua")
  for text in pipe:lines() do
    local name, ratio = text:match "^(%C+): %S+ %S+ (%S+)$"
    local bare, us = text:match "^(exchange, %C+): (%S+)$"
    ratio = tonumber(ratio)
    line("re, " .. (name or bare), ratio or tonumber(us), ratio and "" or "us")
    if name and name:find "^gsub" then
      replacing, replaced = replacing + math.log(ratio), replaced + 1
    elseif name then
      logs, count = logs + math.log(ratio), count + 1
    end
    if name and ratio > worst then
      worst, which = ratio, name
    end
  end
  pipe:close()
  assert(count > 0, "re.lua measured nothing")
  local mean = math.exp(logs / count)
  local one = output(("taskset -c %s luajit spec/bench/re.lua one"):format(
    ALL:match "%d+$"))
  line("re, " .. one:match "^%C+ KiB" .. ", on one processor",
    tonumber(one:match ": %S+ (%S+)"), "us")
  line("re, geometric mean", mean, "", "<= 1.50", mean <= 1.5)
  local gsub = math.exp(replacing / replaced)
  line("re, gsub, geometric mean", gsub, "", "<= 1.50", gsub <= 1.5)
  line("re, worst: " .. which, worst, "", "<= 1.50", worst <= 1.5)
end

--- Files that a guest copies, small writes, and etags.
local function channels(lua)
  local text = output(lua .. " spec/bench/channels.lua " .. DIR)
  assert(text ~= "", "channels.lua measured nothing")
  for name, ours, theirs in text:gmatch "(%C+): (%S+) (%S+)\n" do
    ours, theirs = tonumber(ours), tonumber(theirs)
    if name:find "^copy" then
      local ratio = theirs / ours
      line(("%s (%.0f ms)"):format(name, theirs * 1e3), ratio, "x", ">= 0.90",
        ratio >= 0.9)
    elseif name:find "^etag" then
      line(("%s / openssl (%.0f ms)"):format(name, theirs * 1e3),
        ours / theirs, "x", "<= 1", ours <= theirs)
    else
      local rate = 1e3 / ours
      local bar = name:find "trap$" and ">= 20" or nil
      line(name .. ", buffer", rate, "M/s", bar, rate >= 20)
      line(name .. ", native file", 1e3 / theirs, "M/s")
    end
  end
end

--- Large files, against what a shell has: how many times its speed.
local function mapreduce(lua)
  local text = output(lua .. " spec/bench/mapreduce.lua " .. DIR)
  assert(text:find "sort: ", "mapreduce.lua measured nothing")
  for name, ours, theirs in text:gmatch "(%C+): (%S+) (%S+)\n" do
    ours, theirs = tonumber(ours), tonumber(theirs)
    line(("%s (%.1f s)"):format(name, theirs), theirs / ours, "x", ">= 1",
      theirs >= ours)
  end
end

local function pipes(lua)
  local text = output(lua .. " spec/bench/pipes.lua " .. DIR)
  local ours, theirs = text:match "cat: (%S+) (%S+)\n"
  local record = assert(text:match "bytes: (%S+)", "pipes.lua failed")
  local ratio = theirs / ours
  line(("cat, three stages (%.0f ms)"):format(theirs * 1e3), ratio, "x",
    ">= 1.5", ratio >= 1.5)
  local rate = 1e3 / record
  line("64-byte records, pipe", rate, "M/s", ">= 2", rate >= 2)
end

--- Most of it are reads by the kernel.
local function images(lua)
  local text, slow = beside(function()
    return output(lua .. " spec/bench/image.lua " .. DIR)
  end)
  local ours, theirs = text:match "^(%S+) (%S+)"
  at_most("image_mount", tonumber(ours), "ms", 3 * slow)
  line("5000 native reads of a block", tonumber(theirs), "ms")
end

--- What programs live on, against the host's libc: the worst of each group.
-- The bar is asked of each level against a libc that has vectors as wide.
local LIBC_BARS = { ["memcpy, v2"] = 1.1, ["memset, v2"] = 1.1,
  ["strlen, v2"] = 1.1, ["memcpy, v3"] = 1.1, ["memset, v3"] = 1.1,
  ["strlen, v3"] = 1.1, printf = 1.1, qsort = 1.1,
  ["malloc, mixed sizes"] = 1, ["malloc, pairs and stacks"] = 1,
  ["malloc, trees"] = 1, ["realloc, growing"] = 1, calloc = 1 }

local function libc_line(name, ratio, ns)
  local bar = LIBC_BARS[name]
  line(name .. ", worst", ratio, "x", bar and ("<= %.2f"):format(bar),
    bar and ratio <= bar)
  if name:find "^file reads" then
    line(name, 65536 / ns, "GB/s", ">= 5", 65536 / ns >= 5)
  elseif name == "open and close" then
    line(name, 1e3 / ns, "M/s", ">= 2", 1e3 / ns >= 2)
  end
end

--- With "table" each test and size has a line before that of its group.
local function libc(how)
  local pipe = assert(io.popen("luajit spec/bench/libc.lua " .. DIR .. "libc/ "
    .. how))
  local groups = 0
  for text in pipe:lines() do
    local name, ratio, ns = text:match "^(%C+): (%S+) (%S+)$"
    if name then
      groups = groups + 1
      libc_line(name, tonumber(ratio), tonumber(ns))
    else
      print(text)
    end
  end
  pipe:close()
  assert(groups > 0, "libc.lua measured nothing")
end

--- Scripts, and what a call into the sandbox takes.
local function lua()
  local pipe = assert(io.popen("luajit spec/bench/lua.lua"))
  local logs, n = 0, 0
  for text in pipe:lines() do
    local name, ratio, seconds = text:match "^(%w+): (%S+) (%S+)$"
    if name then
      logs, n = logs + math.log(tonumber(ratio)), n + 1
      line(("lua.zvm, %s (%.0f ms)"):format(name, seconds * 1e3),
        tonumber(ratio), "x")
    elseif text:find "^zvm" then
      line("zvm.sandbox, a call", tonumber(text:match "(%S+)$"), "ms")
    end
  end
  pipe:close()
  local mean = math.exp(logs / n)
  line("lua.zvm, geomean", mean, "x", "<= 1.00", mean <= 1)
end

--- C++ exceptions, through as many frames.
local function exceptions(luajit)
  local text = output(luajit .. " spec/bench/cxx.lua " .. DIR)
  assert(text ~= "", "cxx.lua measured nothing")
  for frames, ratio, ns in text:gmatch "(%d+) (%S+) (%d+)\n" do
    ratio = tonumber(ratio)
    line(("throw, %s frames (%s ns each)"):format(frames, ns), ratio, "x",
      "<= 1.30", ratio <= 1.3)
  end
end

-- What can be had alone, by name.
local PARTS = {
  cxx = function() exceptions "luajit" end,
  inline = function() spawn "lua5.1" spawn "luajit" end,
  libc = function() libc "table" end,
  lua = lua,
  mapreduce = function() mapreduce "luajit" end,
  pipes = function() pipes "luajit" end,
  re = expressions,
  traps = function() alone(traps) end,
  workers = function() workers "luajit" end,
}

if PARTS[arg[1]] then
  PARTS[arg[1]]()
  os.exit(short == 0 and 0 or 1)
end
kernels()
if not arg[1] then
  libc ""
  lua()
  alone(traps)
  spawn "lua5.1"
  spawn "luajit"
  processes()
  workers "luajit"
  cold "luajit"
  validator()
  loads()
  channels "luajit"
  expressions()
  limits "luajit"
  images "luajit"
  pipes "luajit"
  exceptions "luajit"
  mapreduce "luajit" -- the longest: minutes
end
os.exit(short == 0 and 0 or 1)
