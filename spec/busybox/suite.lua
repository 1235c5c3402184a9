--- BusyBox's test suite: what is run, what came of it, what was expected.
--
-- SPDX-License-Identifier: Apache-2.0

local M = {}

local BUILD = os.getenv "ZVM_BUILD" or "build"
local KNOWN = "spec/busybox/known.txt"

--- Applets that the suite has tests of and busybox.zvm has, sorted.
function M.applets()
  local pipe = assert(io.popen(([[
    %s/busybox.native --list >%s/busybox.list
    cd %s/src/busybox/testsuite
    for each in *.tests */; do each=${each%%.tests}; echo "${each%%/}"; done |
      sort -u | grep -Fxf ../../../busybox.list
    echo busybox]]):format(BUILD, BUILD, BUILD)))
  local list = {}
  for name in pipe:lines() do
    list[#list + 1] = name
  end
  pipe:close()
  return list
end

--- Run the suite for `applets` against each of `kinds` ("guest", "native") as
-- many at a time as there are processors. Their output is in `folder`/KIND.
function M.run(folder, kinds, applets)
  local pipe = assert(io.popen(
    "xargs -P \"$(nproc)\" -n 3 spec/busybox/run", "w"))
  for _, applet in ipairs(applets) do
    for _, kind in ipairs(kinds) do
      pipe:write(kind, " ", folder, "/", kind, " ", applet, "\n")
    end
  end
  pipe:close()
end

--- What a log says: name of a test to PASS, FAIL, SKIPPED or UNTESTED, and
-- the names in order. A name that comes again gets a number.
function M.results(folder, kind, applet)
  local file = io.open(("%s/%s/%s.log"):format(folder, kind, applet))
  local found, names = {}, {}
  if file then
    for line in file:read "*a":gmatch "[^\n]+" do
      local verdict, name = line:match "^(%u+): (.*)$"
      if verdict == "PASS" or verdict == "FAIL" or verdict == "SKIPPED"
        or verdict == "UNTESTED" then
        local n, unique = 1, name
        while found[unique] do
          n = n + 1
          unique = ("%s (%d)"):format(name, n)
        end
        found[unique] = verdict
        names[#names + 1] = unique
      end
    end
    file:close()
  end
  return found, names
end

--- Tests that are known to fail in the sandbox: "APPLET: NAME" to the reason,
-- which is the comment above.
function M.known()
  local known, reason = {}, nil
  for line in io.lines(KNOWN) do
    if line:find "^# " then
      reason = line:sub(3)
    elseif line ~= "" then
      known[line] = reason
    end
  end
  return known
end

--- What the guest's log of an applet says that it should not: a list of lines;
-- and how many tests passed, were known to fail, and were skipped.
function M.judge(folder, applet, known)
  local found, names = M.results(folder, "guest", applet)
  local wrong, count = {}, { passed = 0, known = 0, skipped = 0 }
  for _, name in ipairs(names) do
    local full = applet .. ": " .. name
    local verdict = found[name]
    if verdict == "FAIL" and known[full] then
      count.known = count.known + 1
    elseif verdict == "FAIL" then
      wrong[#wrong + 1] = full .. " fails"
    elseif verdict ~= "PASS" then
      count.skipped = count.skipped + 1
    else
      count.passed = count.passed + 1
      if known[full] and not known[full]:find "^the harness" then
        wrong[#wrong + 1] = full .. " passes, though it is known to fail"
      end
    end
  end
  for full in pairs(known) do
    local of, name = full:match "^(.-): (.*)$"
    if of == applet and not found[name] then
      wrong[#wrong + 1] = full .. " is known to fail, but did not run"
    end
  end
  table.sort(wrong)
  return wrong, count
end

return M
