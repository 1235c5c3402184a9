--- The suites of gcc 12 that `make check-toolchain` takes, and at what flags.
--
-- SPDX-License-Identifier: Apache-2.0

local M = {}

-- -march=x86-64-v3 is what allows AVX; see docs/toolchain.md.
local V3 = "-march=x86-64-v3"
local LEVELS = { "-O0", "-O1", "-O2", "-O3", "-Os", "-O3 " .. V3 }

-- vect.exp's own flags, -O3 in place of -O2.
local VECT = "-O3 -fno-vect-cost-model -fno-common"
  .. " -fno-tree-loop-distribute-patterns"

-- action: the default one; flags: the sets that tests are built with; every:
-- unless FULL, a test takes one in so many of them, in rotation; match: what
-- names begin with; options: of the suite; library: as builtins.exp has it
M.list = {
  { name = "c-torture/compile", action = "compile", flags = LEVELS,
    every = 3 },
  { name = "c-torture/unsorted", action = "compile", flags = LEVELS,
    every = 3 },
  { name = "c-torture/execute", action = "run", flags = LEVELS, every = 3 },
  { name = "c-torture/execute/ieee", action = "run", flags = LEVELS,
    every = 3, options = "-fno-trapping-math" },
  { name = "c-torture/execute/builtins", action = "run", flags = LEVELS,
    every = 3, library = true, options = "-fno-tree-dse -fno-tracer"
      .. " -fno-tree-loop-distribute-patterns -fno-inline-functions" },
  { name = "dg/vect", action = "run", flags = { VECT, VECT .. " " .. V3 },
    every = 2 },
  -- Its header takes struct timeval from where only glibc has it.
  { name = "dg/vect/tsvc", action = "run", flags = { VECT, VECT .. " " .. V3 },
    every = 2, options = "-include sys/time.h" },
  { name = "dg/atomic", action = "run", flags = LEVELS, every = 3 },
  { name = "dg/torture", action = "compile",
    flags = { "-O2", "-O3 " .. V3 }, every = 2 },
  { name = "target/i386", action = "compile", flags = { "", V3 }, every = 2,
    match = { "^sse2?%-", "^ssse3%-", "^sse[34]", "^avx%-", "^avx2%-",
      "^bmi", "^fma", "^f16c", "^popcnt", "^lzcnt", "^movbe" } },
}

-- What a guest does not have, and what needs it: a test by its name, or by
-- what zvm-cc printed. CAVEATS.md says the same in words.
local function absent(reason, tests)
  for test in tests:gmatch "%S+" do
    M.absent[#M.absent + 1] = { test = test, reason = reason }
  end
end

M.absent = {
  { output = "undefined reference to `GOMP_", reason = "OpenMP's library" },
  { output = "undefined reference to `omp_", reason = "OpenMP's library" },
  { output = "undefined reference to `feenableexcept'",
    reason = "signals: no exception of floating point becomes one" },
}
absent("a file system that can be written", [[fprintf-2 printf-2
  user-printf]])
absent("signals: a fault ends the run, no alarm does", [[20101011-1
  pr101145inf pr101145inf_1]])
absent("a libc that survives its own functions redefined", [[
  pr23484-chk snprintf-chk sprintf-chk vsnprintf-chk vsprintf-chk]])
absent("errno from libm: musl raises exceptions alone", "pr68264")

return M
