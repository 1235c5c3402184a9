--- gcc's own tests through zvm-cc, the validator and the sandbox.
--
--   torture.lua list [<suite>...]     what there is to try, a line each
--   torture.lua try <line>...         try them; a result line each
--   torture.lua count <results file>  counters; exit code 1 on a failure
--
-- Called by spec/torture/run, which says where things are: TESTSUITE, the
-- unpacked gcc/testsuite; ZVM_BUILD; FULL=1 for all flags of each test.
--
-- A test that does not pass is asked of the host's gcc without zvm: what
-- fails there too is no finding. What is left must be in suites.absent.
--
-- SPDX-License-Identifier: Apache-2.0

local dejagnu = require "torture.dejagnu"
local scratch = require "torture.scratch"
local suites = require "torture.suites"

local lines, read, sh = scratch.lines, scratch.read, scratch.sh

local testsuite = os.getenv "TESTSUITE" or "build/src/gcc-testsuite"
local build = os.getenv "ZVM_BUILD" or "build"
local here = arg[0]:match "^(.*)/[^/]*$" or "."

local CC = "lua/bin/zvm-cc"
local SECONDS = 60 -- for one run
local dir -- scratch, one per process

-- -- What there is to try ---------------------------------------------------

local function folder(suite)
  return testsuite .. "/gcc." .. suite.name
end

local function wanted(suite, name)
  if suite.library and name:find "%-lib%.c$" then return false end
  if not suite.match then return true end
  for _, pattern in ipairs(suite.match) do
    if name:find(pattern) then return true end
  end
  return false
end

local function list_tests(names)
  local only = #names > 0 and {} or nil
  for _, name in ipairs(names) do only[name] = true end
  for _, suite in ipairs(suites.list) do
    if not only or only[suite.name] then
      local n = 0
      for _, name in ipairs(lines("LC_ALL=C ls " .. folder(suite))) do
        if name:find "%.c$" and wanted(suite, name) then
          n = n + 1
          for i = 1, #suite.flags do
            if os.getenv "FULL" == "1" or (n + i) % suite.every == 0 then
              print(("%s:%s:%d"):format(suite.name, name, i))
            end
          end
        end
      end
    end
  end
end

-- -- Trying one -------------------------------------------------------------

-- What zvm-cc says of an option, or the rewriter of a line: "file:line:
-- what; what to do".
local function refusal(output)
  for line in output:gmatch "[^\n]+" do
    local option = line:match "^zvm%-cc: error: (.*)$"
    if option then
      return (option:gsub("^%-march=[^:]*", "-march=..."))
    end
    local what = line:match "^[^:]+:%d+: (.-; .+)$"
    if what and not what:find "^%d+:" and not what:find "[Ee]rror:"
      and not what:find "[Ww]arning:" then
      return what
    end
  end
  return nil
end

local function complaint(output)
  for line in output:gmatch "[^\n]+" do
    local what = line:match "[Ee]rror: (.*)$" or line:match "undefined .*"
      or line:match "multiple definition .*" or line:match "sorry, .*"
      or line:match "internal compiler error.*"
    if what then return what end
  end
  return output:match "[^\n]+" or "no message"
end

-- The host's gcc as it is, for x32 and over the guest's headers.
local function plain_x32(test, flags)
  local root = build .. "/sysroot"
  return sh(("gcc -mx32 -w %s %s --sysroot=%s -isystem %s/include -c"
    .. " -o %s/n.o %s"):format(test.options, flags, root, root, dir,
    test.first)) == 0
end

-- The same for the host, built and run.
local function plain_run(test)
  return sh(("gcc -w %s -o %s/native %s -Wl,--as-needed -latomic -lm")
    :format(test.options, dir, test.files)) == 0
    and sh(("cd %s && timeout %d ./native"):format(dir, SECONDS)) == 0
end

local function known(test, output)
  for _, item in ipairs(suites.absent) do
    if item.test and test.first:find("/" .. item.test .. ".c", 1, true)
      or item.output and output:find(item.output) then
      return item.reason
    end
  end
  return nil
end

-- Outcome of what zvm-cc did not build.
local function not_built(test, output, stage)
  local what = refusal(output)
  if what then return "refused", what end
  if not plain_x32(test, "") then
    return "compiler", complaint(output)
  elseif not plain_x32(test, "-mno-80387 -mlong-double-64") then
    return "x87", complaint(output)
  elseif test.action == "run" and not plain_run(test) then
    return "native", "does not link, or fails"
  end
  what = known(test, output)
  if what then return "absent", what end
  return "FAILED", stage .. ": " .. complaint(output)
end

-- An object as a module: names that it lacks are all one place.
local function module_of()
  local defined, missing = {}, { "__zvm_start" }
  for _, line in ipairs(lines(("nm %s/t.o 2>/dev/null"):format(dir))) do
    local kind, name = line:match "(%a) (%S+)$"
    if kind == "U" then
      missing[#missing + 1] = name
    elseif kind then
      defined[name] = true
    end
  end
  local file = assert(io.open(dir .. "/names", "w"))
  for _, name in ipairs(missing) do
    if not defined[name] then
      file:write('"', name, '" = zvm_stub;\n')
    end
  end
  file:close()
  return ("%s/t.o %s/stub.o -nodefaultlibs %s/names"):format(dir, dir, dir)
end

local function make_stub()
  local file = assert(io.open(dir .. "/stub.s", "w"))
  file:write(".globl zvm_stub\nzvm_stub: hlt\n")
  file:close()
  assert(sh(("%s -c -o %s/stub.o %s/stub.s"):format(CC, dir, dir)) == 0)
end

-- Outcome and reason of a test that only compiles.
local function try_compile(test)
  local code, output = sh(("%s -w %s -c -o %s/t.o %s"):format(CC,
    test.options, dir, test.first))
  if code ~= 0 then return not_built(test, output, "compile") end
  code, output = sh(("%s %s -o %s/t.zvm %s"):format(CC, test.march, dir,
    module_of()))
  if code ~= 0 then return "FAILED", "link: " .. complaint(output) end
  code, output = sh(("lua/bin/zvm validate %s/t.zvm"):format(dir))
  if code ~= 0 then return "FAILED", "validate: " .. output:match "[^\n]*" end
  return "passed", ""
end

local function try_run(test)
  local code, output = sh(("%s -w %s -o %s/t.zvm %s -lm"):format(CC,
    test.options, dir, test.files))
  if code ~= 0 then return not_built(test, output, "build") end
  code, output = sh(("timeout %d %s/bin/zvm-run %s/t.zvm"):format(SECONDS,
    build, dir))
  if code == 0 then return "passed", "" end
  local what = known(test, "")
  if what then return "absent", what end
  if not plain_run(test) then return "native", "fails" end
  return "FAILED", ("run: %d %s"):format(code, output:match "[^\n]*")
end

local function find_suite(name)
  for _, suite in ipairs(suites.list) do
    if suite.name == name then return suite end
  end
  error("no suite " .. tostring(name))
end

local function prepare(suite, name, flags)
  local base = folder(suite)
  local text = assert(read(base .. "/" .. name))
  local test = dejagnu.read(text)
  test.first = base .. "/" .. name
  local files = { test.first }
  for _, more in ipairs(test.sources) do
    files[#files + 1] = base .. "/" .. more
  end
  if suite.library then
    files[#files + 1] = test.first:gsub("%.c$", "-lib.c")
    files[#files + 1] = base .. "/lib/main.c"
  end
  test.files = table.concat(files, " ")
  test.march = flags:match "%-march=%S+" or ""
  if test.options:find "%-mavx" or test.options:find "%-mfma"
    or test.options:find "%-mbmi" or test.options:find "%-mf16c" then
    test.march = "-march=x86-64-v3"
  end
  test.options = ("%s %s %s %s -iquote %s/include"):format(flags,
    suite.options or "", test.options, test.march, here)
  test.action = test.action or suite.action
  return test
end

local function quoted(text)
  return (text:gsub("[\t\n]", " "))
end

local function try(item)
  local suite_name, name, n = item:match "^(.-):(.*):(%d+)$"
  local suite = find_suite(suite_name)
  local flags = suite.flags[tonumber(n)]
  local test = prepare(suite, name, flags)
  local outcome, reason
  if test.elsewhere then
    outcome, reason = "elsewhere", test.elsewhere
  elseif test.action == "run" then
    outcome, reason = try_run(test)
  else
    outcome, reason = try_compile(test)
  end
  io.write(table.concat({ outcome, suite.name, name, flags,
    quoted(reason):sub(1, 300) }, "\t"), "\n")
  io.flush()
end

local function try_all(items)
  dir = scratch.open()
  make_stub()
  for _, item in ipairs(items) do try(item) end
  scratch.close()
end

-- -- Counting ---------------------------------------------------------------

local OUTCOMES = {
  { "passed", "passed" },
  { "refused", "refused at compile time by the rewriter, file and line" },
  { "compiler", "refused by gcc for x32, without zvm as well" },
  { "x87", "refused by gcc, file and line: there is no x87" },
  { "absent", "needs what a guest does not have, by list" },
  { "native", "fails on the host, without zvm as well" },
  { "elsewhere", "for other processors, as the test says" },
  { "FAILED", "FAILED" },
}

local function count(path)
  local totals, by_suite, reasons, failures = {}, {}, {}, {}
  local n = 0
  for line in assert(io.open(path)):lines() do
    local outcome, suite, name, flags, reason =
      line:match "^([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$"
    n = n + 1
    totals[outcome] = (totals[outcome] or 0) + 1
    by_suite[suite] = by_suite[suite] or { n = 0 }
    by_suite[suite].n = by_suite[suite].n + 1
    by_suite[suite][outcome] = (by_suite[suite][outcome] or 0) + 1
    if outcome == "FAILED" then
      failures[#failures + 1] = ("  %s/%s %s: %s"):format(suite, name, flags,
        reason)
    elseif outcome ~= "passed" then
      local key = outcome .. "\t" .. reason
      reasons[key] = (reasons[key] or 0) + 1
    end
  end
  for _, suite in ipairs(suites.list) do
    local c = by_suite[suite.name]
    if c then
      print(("%-28s %6d: %6d passed, %4d refused, %4d other, "
        .. "%d FAILED"):format(suite.name, c.n, c.passed or 0,
        c.refused or 0, c.n - (c.passed or 0) - (c.refused or 0)
        - (c.FAILED or 0), c.FAILED or 0))
    end
  end
  for _, o in ipairs(OUTCOMES) do
    print(("%6d %s"):format(totals[o[1]] or 0, o[2]))
    local list = {}
    for key, times in pairs(reasons) do
      local outcome, reason = key:match "^(.-)\t(.*)$"
      if outcome == o[1] then list[#list + 1] = { reason, times } end
    end
    table.sort(list, function(a, b)
      if a[2] ~= b[2] then return a[2] > b[2] end
      return a[1] < b[1]
    end)
    for _, item in ipairs(list) do
      print(("        %5d %s"):format(item[2], item[1]))
    end
  end
  for _, line in ipairs(failures) do print(line) end
  return n > 0 and not totals.FAILED
end

scratch.main(list_tests, try_all, count)
