--- Random programs of csmith: the guest prints what the host prints.
--
--   random.lua list <count>           seeds and flags, a line each
--   random.lua try <line>...          try them; a result line each
--   random.lua count <results file>   counters; exit code 1 on a failure
--
-- A program prints a checksum of all its variables. Seeds are 1 to count, so
-- a failure is met again; the flags go round with the seeds.
--
-- SPDX-License-Identifier: Apache-2.0

local scratch = require "torture.scratch"

local sh = scratch.sh

local build = os.getenv "ZVM_BUILD" or "build"

local CC = "lua/bin/zvm-cc"
local SECONDS = 5 -- csmith's programs may loop for ever

local FLAGS = { "-O0", "-O1", "-O2", "-O3", "-Os",
  "-O3 -march=x86-64-v3", "-O2 -flto" }
local KINDS = { "", "--float --packed-struct",
  "--builtins", "--no-safe-math --no-bitfields"
    .. " --max-funcs 4" }

local dir

local function read(path)
  return scratch.read(path) or ""
end

local function list(words)
  for seed = 1, tonumber(words[1]) do
    print(("%d:%s:%s"):format(seed, FLAGS[seed % #FLAGS + 1],
      KINDS[seed % #KINDS + 1]))
  end
end

-- long is 64 bits on the host and 32 on the guest: a program that shows the
-- difference is given long long for it.
local function same_long(path)
  local text = read(path)
  text = text:gsub("(%x)(U?)L%f[^%w]", "%1%2LL")
    :gsub("(__builtin_%l-[^l])l(%s*%()", "%1ll%2")
  local file = assert(io.open(path, "w"))
  assert(file:write(text) and file:close())
end

local function run(seed, flags, kind)
  -- csmith leaves a file about the platform where it runs
  if sh(("cd %s && csmith --seed %d %s -o r.c >gen 2>&1"):format(dir, seed,
    kind)) ~= 0 then
    return "none", "csmith makes no program of the seed"
  end
  same_long(dir .. "/r.c")
  local source = ("-w -I/usr/include/csmith %s/r.c -lm"):format(dir)
  -- Math is unsafe in some: defined, then, by -fwrapv.
  if sh(("gcc -O1 -fwrapv -fno-strict-aliasing -o %s/native %s 2>%s/log")
    :format(dir, source, dir)) ~= 0 then
    return "none", "the host's gcc does not build it"
  end
  local code = sh(("timeout %d %s/native >%s/expected 2>&1"):format(SECONDS,
    dir, dir))
  if code == 124 then return "endless", "" end
  if code ~= 0 then return "none", "it fails on the host" end
  if sh(("%s %s -fwrapv -fno-strict-aliasing -o %s/r.zvm %s >%s/log 2>&1")
    :format(CC, flags, dir, source, dir)) ~= 0 then
    return "FAILED", "build: " .. read(dir .. "/log"):match "[^\n]*"
  end
  code = sh(("timeout %d %s/bin/zvm-run %s/r.zvm >%s/got 2>&1"):format(
    10 * SECONDS, build, dir, dir))
  if code ~= 0 then
    return "FAILED", "run: " .. code .. " "
      .. read(dir .. "/got"):match "[^\n]*"
  end
  local got, expected = read(dir .. "/got"), read(dir .. "/expected")
  if got ~= expected then
    return "FAILED", ("printed %q, not %q"):format(got, expected)
  end
  return "passed", ""
end

local function try_all(items)
  dir = scratch.open()
  for _, item in ipairs(items) do
    local seed, flags, kind = item:match "^(%d+):(.*):(.*)$"
    local outcome, reason = run(seed, flags, kind)
    io.write(("%s\t%s\t%s\t%s\n"):format(outcome, seed, flags .. " "
      .. kind, (reason:gsub("[\t\n]", " "))))
    io.flush()
  end
  scratch.close()
end

local OUTCOMES = {
  { "passed", "same checksum as on the host" },
  { "endless", "did not end on the host in 5 s" },
  { "none", "not tried: no such program on the host" },
  { "FAILED", "FAILED" },
}

local function count(path)
  local totals, lines, n = {}, {}, 0
  for line in assert(io.open(path)):lines() do
    local outcome = line:match "^[^\t]*"
    totals[outcome] = (totals[outcome] or 0) + 1
    n = n + 1
    if outcome == "FAILED" or outcome == "none" then
      lines[#lines + 1] = "  seed " .. line:gsub("^[^\t]*\t", "")
    end
  end
  print(("random programs of csmith   %d"):format(n))
  for _, o in ipairs(OUTCOMES) do
    print(("%6d %s"):format(totals[o[1]] or 0, o[2]))
  end
  for _, line in ipairs(lines) do print(line) end
  -- A full disk or a missing package looks like so many bad seeds.
  if (totals.none or 0) * 4 > n then
    print "FAILED: too many of them could not be tried"
    return false
  end
  return n > 0 and not totals.FAILED
end

scratch.main(list, try_all, count)
