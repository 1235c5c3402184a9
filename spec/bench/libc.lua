--- usage: libc.lua <folder of the programs> [table [<group>]]
--
-- The guest's C library against the host's: spec/bench/libc/*.c, the same
-- source at the same -O2 without builtins, as a guest of level v2, of v3, and
-- as a native program, linked dynamically as programs are. Runs of 3 ms, or 12,
-- alternate, and of each the least CPU time of fifteen counts, of sixty where
-- the guest is slower: a neighbour on the machine only adds. A guest's time is
-- that of a run less that of one that only gets ready.
-- Where a group has both levels, v2 is compared with a native run whose glibc
-- was told that the processor has no more than v2, so that it takes its
-- functions for vectors of 16 bytes, as a guest of that level has to; and then
-- with glibc as it is.
-- Prints "name: ratio ns" for each group, the worst of its tests and sizes, and
-- what a guest's call takes there; with `table`, every test and size as well.
--
-- SPDX-License-Identifier: Apache-2.0

local zvm = require "zvm"

local DIR, TABLE, ONLY = arg[1], arg[2] == "table", arg[3]
local RUNS, SERIES, SLOW = 15, 4, 1.07
-- Nanoseconds that a run is to take; more where a guest that only gets ready
-- takes long, for its pages.
local WORK, LONG_WORK, LONG_FROM = 3e6, 12e6, 262144

local SIZES = { 16, 32, 64, 100, 256, 1024, 4096, 16384, 65536, 262144,
  1048576 }
local LENGTHS = { 16, 100, 1024, 16384 }
local BOTH, DEFAULT = { "v2", "v3" }, { "v2" }

--- Each test with its sizes; what has no sizes has one that says nothing.
local GROUPS = {
  { "memcpy", "text", BOTH, SIZES, "memcpy memcpy_aligned" },
  { "memset", "text", BOTH, SIZES, "memset memset_aligned" },
  { "strlen", "text", BOTH, SIZES, "strlen" },
  { "printf", "print", DEFAULT, { 1 }, "print_int print_long print_hex"
    .. " print_string print_line print_table print_text print_fixed"
    .. " print_general print_exact print_exponent print_spread stream_line"
    .. " stream_real" },
  { "qsort", "sort", DEFAULT, { 100, 10000, 200000 }, "qsort_ints qsort_wide"
    .. " qsort_records qsort_words qsort_sorted qsort_reversed qsort_runs" },
  { "malloc, mixed sizes", "alloc", DEFAULT, { 256, 4096, 65536 },
    "malloc_churn" },
  { "malloc, pairs and stacks", "alloc", DEFAULT, { 16, 100, 1000, 20000 },
    "malloc_pair malloc_stack" },
  { "malloc, trees", "alloc", DEFAULT, { 10, 16 }, "malloc_trees" },
  { "realloc, growing", "alloc", DEFAULT, { 1000, 100000, 10000000 },
    "realloc_grow" },
  { "calloc", "alloc", DEFAULT, { 64, 4096, 200000 }, "calloc" },
  { "memmove, mixed sizes", "text", BOTH, { 64, 256, 1024 },
    "memmove memcpy_mixed memset_mixed strlen_mixed" },
  { "memcmp, memchr", "text", BOTH, LENGTHS, "memcmp memchr" },
  { "strcmp, strchr", "text", BOTH, LENGTHS,
    "strcmp strncmp strchr strrchr strnlen" },
  { "strcpy", "text", BOTH, LENGTHS, "strcpy" },
  { "strstr", "text", DEFAULT, LENGTHS, "strstr" },
  { "strtol, strtod", "print", DEFAULT, { 1 },
    "read_int read_real scan_line" },
  { "file reads, 64 KiB", "files", DEFAULT, { 65536 }, "file_read" },
  { "open and close", "files", DEFAULT, { 64 }, "open_close" },
  { "getc, fgets, getline, fread", "files", DEFAULT, { 64, 1000 },
    "getc fgets getline fread" },
  { "fwrite, fputs, putc", "print", DEFAULT, { 1 },
    "stream_puts stream_write stream_putc" },
}

--- What glibc takes for there, by level.
local AS = {
  v2 = "GLIBC_TUNABLES=glibc.cpu.hwcaps="
    .. "-AVX2,-AVX512F,-AVX512VL,-AVX512BW,-AVX_Fast_Unaligned_Load ",
  v3 = "",
}

local function native(program, level, test, size, warm, rounds)
  local pipe = assert(io.popen(("%s%s%s.native %s %d %d %d"):format(AS[level],
    DIR, program, test, size, warm, rounds)))
  local sum, ns = pipe:read "*a":match "^(%x+) (%d+)"
  pipe:close()
  return assert(tonumber(ns), program .. " " .. test .. " did not run"), sum
end

local modules = {}

local function guest(program, level, test, size, warm, rounds)
  local path = ("%s%s-%s.zvm"):format(DIR, program, level)
  modules[path] = modules[path] or assert(zvm.load(path))
  local report = assert(zvm.run {
    program = modules[path],
    memory = "256M",
    args = { test, tostring(size), tostring(warm), tostring(rounds) },
  })
  assert(report.state == "exit" and report.code == 0, report.state)
  return (report.times.user + report.times.system) * 1e9,
    report.channels.stdout.data:match "^%x+"
end

--- So many rounds that a native run takes as long as it should.
local function rounds_of(program, test, size)
  local rounds, work = 1, size < LONG_FROM and WORK or LONG_WORK
  while true do
    local ns = native(program, "v3", test, size, 1, rounds)
    if ns > work / 8 then
      return math.ceil(rounds * work / ns)
    end
    rounds = rounds * 4
  end
end

--- Slower than the bars allow, of a level against a libc of the same.
local function is_slow(times, levels)
  for _, level in ipairs(levels) do
    local slow = levels == BOTH and SLOW or 1
    if times[level] > slow * (times["native " .. level] or times["native v3"])
    then
      return true
    end
  end
  return false
end

--- Did each guest work long enough to be told from one that only gets ready?
local function is_long(times, levels, rounds)
  for _, level in ipairs(levels) do
    if times[level] * rounds < WORK / 2 then return false end
  end
  return true
end

--- Nanoseconds a round: of guests by level, and of native runs by what glibc
-- was told, as `native v2`. With `rounds`; as many as it takes, if not given.
local function compare(program, levels, test, size, rounds)
  rounds = rounds or rounds_of(program, test, size)
  local warm = math.ceil(rounds / 10)
  local least, times = {}, {}
  local function note(name, ns)
    least[name] = math.min(least[name] or math.huge, ns)
  end
  local function run()
    local ns, expected = native(program, "v3", test, size, warm, rounds)
    note("native v3", ns)
    if #levels > 1 then
      note("native v2", (native(program, "v2", test, size, warm, rounds)))
    end
    for _, level in ipairs(levels) do
      local sum
      note("empty " .. level, (guest(program, level, test, size, warm, 0)))
      ns, sum = guest(program, level, test, size, warm, rounds)
      assert(sum == expected, test .. ": another checksum than natively")
      note(level, ns)
    end
  end
  -- The least of more runs is nearer to what it takes, on both sides: so what
  -- is slow, maybe by a neighbour that stays a while, is measured for longer.
  for _ = 1, SERIES do
    for _ = 1, RUNS do
      run()
    end
    for name, ns in pairs(least) do
      times[name] = (ns - (least["empty " .. name] or 0)) / rounds
    end
    if not is_long(times, levels, rounds) then
      return compare(program, levels, test, size, rounds * 4)
    elseif not is_slow(times, levels) then
      break
    end
  end
  return times
end

--- What a group's lines compare: a name behind the group's, a guest's level,
-- and a native run.
local function pairs_of(levels)
  if #levels == 1 then
    return { { "", levels[1], "native v3" } }
  end
  return {
    { ", v2", "v2", "native v2" },
    { ", v2 against AVX2", "v2", "native v3" },
    { ", v3", "v3", "native v3" },
  }
end

local function show(test, size, list, times)
  local text = ("%-16s %8d"):format(test, size)
  for _, pair in ipairs(list) do
    local ours, theirs = times[pair[2]], times[pair[3]]
    text = text .. ("  %s %11.2f %s %11.2f ns %6.2f"):format(pair[2], ours,
      pair[3], theirs, ours / theirs)
  end
  print(text)
end

local function measure(name, program, levels, sizes, tests)
  local worst, takes, list = {}, {}, pairs_of(levels)
  for test in tests:gmatch "%S+" do
    for _, size in ipairs(sizes) do
      local times = compare(program, levels, test, size)
      if TABLE then
        show(test, size, list, times)
        io.flush()
      end
      for i, pair in ipairs(list) do
        local ratio = times[pair[2]] / times[pair[3]]
        if ratio > (worst[i] or -math.huge) then
          worst[i], takes[i] = ratio, times[pair[2]]
        end
      end
    end
  end
  for i, pair in ipairs(list) do
    print(("%s%s: %.3f %.3f"):format(name, pair[1], worst[i], takes[i]))
  end
  io.flush()
end

for _, group in ipairs(GROUPS) do
  if not ONLY or group[1]:find(ONLY, 1, true) then
    measure(unpack(group))
  end
end
