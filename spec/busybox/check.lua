--- All of BusyBox's test suite, in the sandbox and on the host, compared test
-- by test: `make check-busybox`.
--
--    luajit spec/busybox/check.lua [APPLET...]
--
-- SPDX-License-Identifier: Apache-2.0

local suite = require "busybox.suite"

local FOLDER = (os.getenv "ZVM_BUILD" or "build") .. "/test/busybox"

-- How the two sides part: passes on one, fails on the other.
local function compare(applet, known)
  local host, names = suite.results(FOLDER, "native", applet)
  local guest = suite.results(FOLDER, "guest", applet)
  local wrong, count = suite.judge(FOLDER, applet, known)
  local both = 0
  for _, name in ipairs(names) do
    if host[name] == "PASS" and not guest[name] then
      wrong[#wrong + 1] = applet .. ": " .. name .. " did not run"
    elseif host[name] == "FAIL" and guest[name] == "FAIL" then
      both = both + 1
    end
  end
  print(("%-10s %4d passed, %2d fail here and on the host, %2d known,"
    .. " %2d skipped%s"):format(applet, count.passed, both,
    count.known - both, count.skipped,
    #wrong > 0 and ", " .. #wrong .. " WRONG" or ""))
  for _, line in ipairs(wrong) do
    print("  " .. line)
  end
  return count, both, #wrong
end

local function main()
  local applets = #arg > 0 and arg or suite.applets()
  local known = suite.known()
  suite.run(FOLDER, { "guest", "native" }, applets)
  local passed, hosts, failed, wrong = 0, 0, 0, 0
  for _, applet in ipairs(applets) do
    local count, both, bad = compare(applet, known)
    passed = passed + count.passed
    hosts = hosts + both
    failed = failed + count.known - both
    wrong = wrong + bad
  end
  print(("%d passed, %d fail on the host as well, %d are known to fail,"
    .. " %d WRONG"):format(passed, hosts, failed, wrong))
  os.exit(wrong == 0 and passed > 0 and 0 or 1)
end

main()
