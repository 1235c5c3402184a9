--- libstdc++'s own tests through zvm-c++ and the sandbox.
--
--   library.lua list                  what there is to try, a line each
--   library.lua try <line>...         try them; a result line each
--   library.lua count <results file>  counters; exit code 1 on a failure
--
-- Called by spec/torture/run-library. LIBRARY is the unpacked testsuite; of
-- its tests that are to be run one in EVERY is tried. What does not pass is
-- asked of the host's g++: what fails there too is no finding.
--
-- SPDX-License-Identifier: Apache-2.0

local scratch = require "torture.scratch"

local read, sh = scratch.read, scratch.sh

local testsuite = os.getenv "LIBRARY" or "build/src/libstdcxx-testsuite"
local every = tonumber(os.getenv "EVERY" or 8)
local SECONDS = 60 -- for one run
local dir -- one for each test

-- What a guest does not have.
local ABSENT = {
  ["semaphore set"] = "semaphores of System V",
}

-- -- What there is to try ---------------------------------------------------

-- Comments that make a test none that is run: other actions, locales by name,
-- shared libraries, a library of Intel's, headers that want more options.
local OTHER = { "dg%-do%s+compile", "dg%-do%s+link", "dg%-do%s+preprocess",
  "dg%-do%s+assemble", "dg%-error", "dg%-require%-named", "dg%-xfail",
  "dg%-require%-sharedlib", "tbb", "dg%-shouldfail" }
local FOLDERS = { performance = true, util = true, tr1 = true, tr2 = true,
  decimal = true, abi = true, ["libstdc++-xmethods"] = true,
  ["libstdc++-prettyprinters"] = true }

local function is_wanted(name)
  if FOLDERS[name:match "^[^/]*"] or name:find "/simd/" then return false end
  local text = read(testsuite .. "/" .. name)
  for _, pattern in ipairs(OTHER) do
    if text:find(pattern) then return false end
  end
  return true
end

local function list()
  local n = 0
  for _, name in ipairs(scratch.lines(("cd %s && find . -name '*.cc' "
    .. "| sed 's/..//' | LC_ALL=C sort"):format(testsuite))) do
    if is_wanted(name) then
      n = n + 1
      if n % every == 0 then print(name) end
    end
  end
end

-- -- Trying one -------------------------------------------------------------

local function options_of(text)
  local options = {}
  for kind, given in text:gmatch '{%s*dg%-([%w-]*options)%s+"([^"]*)"' do
    if kind == "options" or kind == "additional-options" then
      options[#options + 1] = given
    end
  end
  options = table.concat(options, " ")
  return options:find "%-std=" and options or "-std=gnu++17 " .. options
end

local function build(compiler, name, out)
  local text = read(testsuite .. "/" .. name)
  return sh(("timeout 240 %s -O1 -w -I%s/util -DLOCALEDIR='\".\"' %s %s/%s "
    .. "-o %s/%s build/torture/%s/libtestc++.a -pthread -lstdc++fs"):format(
    compiler, testsuite, options_of(text), testsuite, name, dir, out, out))
end

local function try(name)
  local code, output = build("lua/bin/zvm-c++", name, "guest")
  if code == 0 then
    code, output = sh(("build/bin/zvm run --memory 1G --timeout %d --image "
      .. "build/torture/data.tar %s/guest"):format(SECONDS, dir))
  end
  if code == 0 then return "passed", "" end
  for text, reason in pairs(ABSENT) do
    if output:find(text, 1, true) then return "absent", reason end
  end
  if build("g++", name, "native") ~= 0 or sh(("cp -r %s/data %s/data && cd "
    .. "%s/data && timeout %d ../native"):format(testsuite, dir, dir,
    SECONDS)) ~= 0 then
    return "native", "fails on the host as well"
  end
  return "FAILED", output:gsub("[\t\n]+", " "):sub(1, 300)
end

local function try_all(names)
  for _, name in ipairs(names) do
    dir = scratch.open()
    local outcome, reason = try(name)
    scratch.close()
    io.write(outcome, "\t", name, "\t", reason, "\n")
    io.flush()
  end
end

local function count(path)
  local totals, failures = {}, {}
  for line in assert(io.open(path)):lines() do
    local outcome, name, reason = line:match "^([^\t]*)\t([^\t]*)\t(.*)$"
    totals[outcome] = (totals[outcome] or 0) + 1
    if outcome == "FAILED" then
      failures[#failures + 1] = ("  %s: %s"):format(name, reason)
    end
  end
  print(("libstdc++: %d passed, %d need what a guest does not have, %d fail "
    .. "on the host as well, %d FAILED"):format(totals.passed or 0,
    totals.absent or 0, totals.native or 0, #failures))
  for _, line in ipairs(failures) do print(line) end
  return (totals.passed or 0) > 0 and #failures == 0
end

scratch.main(list, try_all, count)
