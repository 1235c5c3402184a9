--- The executable `zvm`: scripts, options, and what they cannot reach.
--
-- SPDX-License-Identifier: Apache-2.0
local completion = require "zvm.interpreter.completion"
local host = require "support.host"
local names = require "zvm.interpreter.names"
local paths = require "zvm.interpreter.paths"
local safety = require "zvm.interpreter.safety"
local script = require "support.script"

local run, ZVM = script.run, script.ZVM

describe("the executable", function()
  it("runs a script with its arguments", function()
    assert.same({ 0, "2\ta\tb\tSCRIPT\n" }, { run("SCRIPT a b",
      "#!/usr/bin/env zvm\nprint(select('#', ...), (...), arg[2], arg[0])") })
    assert.same({ 0, "3\n" },
      { run("-e 'x = 1' -e 'y = 2' -e 'print(x + y)'") })
    assert.same({ 0, "zvm\n" }, { run("-l zvm.report -e 'print(\"zvm\")'") })
    assert.same({ 0, "5\nnil\n" }, { run("SCRIPT", [[
      local file = assert(io.open(arg[0] .. ".x", "w"))
      file:write "x = 5"
      file:close()
      local environment = {}
      loadfile(arg[0] .. ".x", "t", environment)()
      os.remove(arg[0] .. ".x")
      print(environment.x)
      print(x)]]) })
  end)

  it("says how it is used, and what is wrong with its words", function()
    for _, word in ipairs { "-h", "--help" } do
      local code, said = run(word)
      assert.equal(0, code)
      assert.truthy(said:find "^usage: zvm ")
    end
    assert.truthy(select(2, run "--version"):find "^zvm %d[^\n]*\n$")
    local code, said = run "-l nowhere"
    assert.equal(1, code)
    assert.truthy(said:find "^zvm: module 'nowhere' not found:\n")
    assert.falsy(said:find "traceback")
  end)

  it("has LUA_PATH, in which ;; is where its own folders are", function()
    local own = host.output("env -u LUA_PATH " .. ZVM
      .. " -e 'io.write(package.path)'")
    assert.truthy(own:find("./?.lua;", 1, true))
    for path, got in pairs { ["/a/?"] = "/a/?", [";;"] = own,
      ["/a/?;;"] = "/a/?;" .. own, [";;/a/?"] = own .. ";/a/?",
      ["/a/?;;/b/?"] = "/a/?;" .. own .. ";/b/?" } do
      assert.equal(got, host.output(("LUA_PATH='%s' %s -e '%s'"):format(path,
        ZVM, "io.write(package.path)")))
    end
  end)

  it("sends functions of its words and of standard input", function()
    local SENDS = "print(require \"zvm\".sandbox("
      .. "function(a) return a + 1 end, %d))"
    assert.same({ 0, "2\n3\n" }, { run(("-e '%s' -e '%s'"):format(
      SENDS:format(1), SENDS:format(2))) })
    assert.same({ 0, "4\n" }, { run("- <SCRIPT", SENDS:format(3)) })
  end)

  it("gives os.exit's code, and 1 for an error, with its place", function()
    assert.equal(7, (run("SCRIPT", "os.exit(7)")))
    local code, said = run("SCRIPT", "local x\n\nx()")
    assert.equal(1, code)
    assert.truthy(said:find("SCRIPT:3: attempt to call local 'x'", 1, true))
    assert.truthy(said:find("stack traceback:", 1, true))
    assert.falsy(said:find("interpreter", 1, true))
    assert.equal(1, (run "/nowhere.lua"))
    assert.equal(2, (run "-q"))
  end)

  it("ends a profile whose callback fails, and goes on", function()
    local SCRIPT = [[
      local calls = 0
      local function fail()
        calls = calls + 1
        error(%s)
      end
      jit.%s()
      require "jit.profile".start("li1", fail)
      while calls == 0 do
        local _ = calls
      end
      for _ = 1, 2e7 do
        local _ = calls
      end
      print(calls, (pcall(require "jit.profile".start, "i1", 1)))]]
    for _, jit in ipairs { "on", "off" } do
      for value, told in pairs { ['"oops"'] = "SCRIPT:4: oops",
        ["{}"] = "(error object is a table value)" } do
        assert.same({ 0, "zvm: jit.profile: " .. told
          .. "; the profile has ended\n1\tfalse\n" },
          { run("SCRIPT", SCRIPT:format(value, jit)) })
      end
    end
  end)

  it("has zvm inside, and all of its modules", function()
    assert.same({ 0, "hello, world\n" }, { run("SCRIPT", ([[
      local zvm = require "zvm"
      local r = assert(zvm.run { program = %q })
      io.write(r.channels.stdout.data)
      assert(require "zvm.report".json(r):find '"code":0')
      assert(require "zvm.explain".module(%q).findings[1].disasm)
    ]]):format(host.guest "01-hello/main", host.guest "08-explain/bad")) })
  end)

  it("gives scripts no other way into C", function()
    assert.same({ 0, "" }, { run("SCRIPT", [[
      assert(package.loadlib == nil and package.cpath == "")
      assert(#package.loaders == 3)
      for _, name in ipairs { "ffi", "lfs", "cjson", "socket.core",
        "zvm.disasm", "zvm.step", "zvm.line" } do
        assert(not pcall(require, name), name)
      end
      local code = string.dump(function() end)
      assert(not loadstring(code) and not load(code))
      local path = os.tmpname()
      for _, before in ipairs { "", "#\n", "\239\187\191",
        "\239\187\191#\n" } do
        local pieces = { before .. code:sub(1, 1), code:sub(2) }
        assert(not load(before .. code))
        assert(not load(function() return table.remove(pieces, 1) end))
        local file = io.open(path, "wb")
        file:write(before, code)
        file:close()
        assert(not loadfile(path) and not pcall(dofile, path))
      end
      local file = io.open(path, "wb")
      file:write(code)
      file:close()
      local _, message = loadfile(path)
      assert(message == path .. ": bytecode is not loaded, only text is")
      package.path = path
      assert(not pcall(require, "anything"))
      assert(not debug.getupvalue and not debug.setmetatable)
      assert(not require "debug".getregistry)
      local f = require "zvm.report".json
      assert(getfenv(f) == _G and not pcall(getfenv(f).require, "cjson"))
      os.remove(path)
    ]]) })
  end)

  it("is the command as well", function()
    local code, said = run "version"
    assert.equal(0, code)
    assert.truthy(said:find("LuaJIT", 1, true))
    assert.same({ 2, 'zvm: unknown command "rnu" (did you mean run?); try '
      .. "`zvm help`\n" }, { run "rnu" })
    assert.same({ 0, "hello, world\n" }, { run("run "
      .. host.guest "01-hello/main") })
  end)

  it("has no path of the tree it was made in", function()
    local root = host.output "pwd":gsub("\n", "")
    for _, file in ipairs { "/bin/zvm", "/zvm.so" } do
      assert.equal("0\n", host.output(("grep -caF '%s' %s%s"):format(root,
        host.build(), file)))
    end
  end)
end)

describe("completion", function()
  local environment = setmetatable({ zvm = { run = print, rules = print,
    report = {} }, object = setmetatable({ field = 1 },
    { __index = { method = print } }) }, { __index = _G })

  local function of(before, word)
    return completion.of(environment, before, word, { ".help", ".map" })
  end

  it("knows live tables, what they inherit, and methods", function()
    assert.same({ "zvm.rules", "zvm.run" }, of("x = ", "zvm.ru"))
    assert.same({ "object.field", "object.method" }, of("", "object."))
    assert.same({ "object:method" }, of("", "object:"))
    assert.same({ "string.rep", "string.reverse" }, of("", "string.re"))
    assert.same({}, of("", "nothing.x"))
  end)

  it("knows options where they may stand", function()
    assert.same({ "program = ", "progress = " }, of("zvm.run { ", "prog"))
    assert.same({ "timeout = " }, of('zvm.run({ program = "a{", ', "time"))
    assert.same({ "limits = ", "listen = " },
      of("zvm.run { channels = { stdin = { ", "li"))
    assert.same({ "gets = " },
      of("zvm.run { channels = { stdin = { limits = { ", "gets"))
    assert.same({}, of("zvm.run { program = ", "tim"))
  end)

  it("knows commands at the start of a line only", function()
    assert.same({ ".help " }, of("", ".h"))
    assert.same({}, of("x = ", ".h"))
  end)

  it("offers no metamethods", function()
    environment.pattern = setmetatable({}, { __index = { match = print,
      __tostring = print } })
    assert.same({ "pattern:match" }, of("", "pattern:"))
  end)

  it("runs nobody's code", function()
    environment.trap = setmetatable({},
      { __index = function() error "ran" end })
    assert.same({}, of("", "trap.x"))
  end)

  -- The names that C has in `known` of a file.
  local function known(file)
    local text = host.read_file("zvm.so-src/" .. file)
    local set = {}
    for list in text:gmatch "known%[%] = (%b{})" do
      for name in list:gmatch '"([%w_]+)"' do
        set[name] = true
      end
    end
    return set
  end

  it("has the options that there are", function()
    for file, list in pairs { ["lrun.c"] = names.run,
      ["lchannel.c"] = names.channel, ["llimits.c"] = names.limits,
      ["lfiles.c"] = names.file, ["lmounts.c"] = names.image,
      ["lsave.c"] = names.saved, ["lpipe.c"] = names.pipe,
      ["zvm.c"] = names.load, ["lvalidator.c"] = names.code }
    do
      local set = known(file)
      for _, name in ipairs(list) do
        assert.is_true(set[name], name)
        set[name] = nil
      end
      assert.is_nil((next(set)), file)
    end
  end)

  it("has an entry for each function that C reads options for", function()
    for _, name in ipairs { "run", "start", "pipe" } do
      assert.truthy(names.of_call("zvm." .. name, true))
    end
    for _, name in ipairs { "load", "validate", "survey", "save" } do
      assert.truthy(names.of_call("zvm." .. name, false))
    end
    assert.is_nil(names.of_call("zvm.load", true))
    assert.is_nil(names.of_call("zvm.wait", true))
  end)

  it("knows the options of the call around them, and of no other", function()
    assert.same({ "size = " }, of("zvm.pipe { ", "si"))
    assert.same({ "cache = " }, of('zvm.load("a(b", { ', "ca"))
    assert.same({}, of('zvm.pipe { size = 1 } foo { ', "ea"))
    assert.same({ "eager = " }, of("local t = { zvm.pipe { ", "ea"))
    assert.same({ "link = " }, of('zvm.run { files = { ["/a"] = { ', "li"))
    assert.same({ "at = " }, of("zvm.run { images = { { ", "at"))
    assert.same({ "put_bytes = " }, of("zvm.run { collect = { ", "pu"))
    assert.same({}, of("zvm.run { channels = { stdin = make { ", "li"))
    assert.same({ "mode = " }, of('zvm.save("x", { ["/a"] = { ', "mo"))
  end)
end)

describe("completion of a path", function()
  local COMMANDS = { map = { wants = "PROGRAM" }, help = { wants = "[TOPIC]" },
    step = { wants = "PROGRAM [ARGUMENT...]" } }
  local FOLDERS = { ["."] = { "b/", "a-b.zvm", "a-c", ".hidden" },
    ["x/"] = { "y\27[2J", "y\255", "y'", 'y"', "y\\", "y z" } }

  local function of(text)
    return paths.of(text, text:match "[^%s\"'/-]*$", COMMANDS,
      function(folder)
        return FOLDERS[folder] or {}
      end)
  end

  it("stands behind commands that want a program", function()
    assert.same({ "a-b.zvm", "a-c", "b/" }, (of ".map "))
    assert.same({ { "a-b.zvm" }, 2 }, { of " .step a-b" })
    assert.same({ { ".hidden" }, 0 }, { of ".map ." })
    for _, text in ipairs { ".step b a", ".help a", "a", ".map zvm.r" } do
      assert.is_nil((of(text)))
    end
  end)

  it("stands in a string", function()
    for _, text in ipairs { 'f "a-', "f('x', 'a-", "'\\'', 'a-", '"--", "a-',
      "--'\n'a-" } do
      assert.same({ { "a-b.zvm", "a-c" }, 2 }, { of(text) })
    end
    assert.same({ {}, 0 }, { of '"nothing' })
    for _, text in ipairs { "'' a-", "-- 'a-" } do
      assert.is_nil((of(text)))
    end
  end)

  it("is none that cannot be read or typed", function()
    assert.same({ "y z" }, (of ".map x/"))
  end)
end)

describe("completion of what Lua checks", function()
  local check = require "zvm.pipeline.check"
  local option = require "zvm.manifest.option"
  local zvm = require "zvm"
  local check_keys, option_keys = check.keys, option.check_keys

  after_each(function()
    check.keys, option.check_keys = check_keys, option_keys
  end)

  -- The names that each check of a call has, by the place that it tells of.
  local function checked(call)
    local seen = {}
    check.keys = function(where, value, known)
      seen[where] = known
      return check_keys(where, value, known)
    end
    option.check_keys = function(value, known)
      seen[""] = known
      return option_keys(value, known)
    end
    call()
    check.keys, option.check_keys = check_keys, option_keys
    return seen
  end

  local function sorted(list)
    local out = {}
    for i, name in ipairs(list) do
      out[i] = name .. " = "
    end
    table.sort(out)
    return out
  end

  local function offered(before)
    return completion.of({}, before, "", {})
  end

  it("has a stage's options, those of its input and of its output", function()
    local seen = checked(function()
      assert(zvm.pipeline { { name = "a", program = "x", count = 2,
        input = { path = "README.md", split = { pattern = "x" } },
        output = { buffer = true } } })
    end)
    local stage = "pipeline.stages[1] (a)"
    local places = { [stage] = "zvm.pipeline { { ",
      [stage .. ": input"] = "zvm.pipeline { { input = { ",
      [stage .. ": input.split"] = "zvm.pipeline({ { input = { split = { ",
      [stage .. ": output"] = 'zvm.pipeline { { name = "b" },\n'
        .. "  { output = { " }
    for place, before in pairs(places) do
      assert.same(sorted(assert(seen[place], place)), offered(before))
      seen[place] = nil
    end
    assert.is_nil(next(seen))
    seen = checked(function()
      assert(zvm.pipeline { { name = "a", program = "x",
        input = { { null = true } }, output = { { buffer = true } } } })
    end)
    assert.same(sorted(seen[stage .. ": input[1]"]),
      offered "zvm.pipeline { { input = { { ")
    assert.same(sorted(seen[stage .. ": output[1]"]),
      offered "zvm.pipeline { { output = { { ")
  end)

  it("has what zvm.run says of a stage's channels", function()
    local list = offered 'zvm.pipeline { { channels = { ["x"] = { '
    assert.same(list, offered "zvm.pipeline { { each = { { x = { ")
    local has = {}
    for _, name in ipairs(list) do
      has[name] = true
    end
    assert.is_true(has["scratch = "])
    assert.is_nil(has["pipe = "])
    for _, name in ipairs(names.channel) do
      assert.is_true(has[name .. " = "] or name == "pipe", name)
    end
    assert.equal(#names.channel, #list)
    assert.same(sorted(names.limits),
      offered "zvm.pipeline { { channels = { x = { limits = { ")
    assert.same(sorted(names.image),
      offered "zvm.pipeline { { images = { { ")
    local _, message = zvm.pipeline { { name = "a", program = "x",
      channels = { x = { scratch = 1 } } } }
    assert.truthy(message:find("channels.x: scratch: directory", 1, true))
  end)

  it("has the options of a pipeline's run", function()
    local p = assert(zvm.pipeline { { name = "a", program = "x" } })
    local seen = checked(function()
      p:run { workers = "x" }
    end)
    assert.same(sorted(seen["pipeline:run"]), offered "p:run { ")
    assert.same(offered "p:run{", offered "assert(zvm.pipeline(x)):run {")
  end)

  it("has the options of a job of map and reduce", function()
    local seen = checked(function()
      assert(zvm.mapreduce { input = { null = true }, map = { program = "x" },
        combine = { program = "x" }, reduce = { program = "x" } })
    end)
    assert.same(sorted(seen.mapreduce), offered "zvm.mapreduce { ")
    for _, key in ipairs { "map", "combine", "reduce" } do
      assert.same(sorted(seen["mapreduce: " .. key]),
        offered(("zvm.mapreduce { %s = { "):format(key)))
      assert.truthy(#offered(("zvm.mapreduce { %s = { channels = { x = { ")
        :format(key)) > 0)
    end
    assert.same(offered "zvm.pipeline { { input = { ",
      offered "zvm.mapreduce { input = { ")
    assert.same(offered "zvm.pipeline { { output = { ",
      offered "zvm.mapreduce { output = { ")
  end)

  it("has the options of Lua in the sandbox", function()
    local known = checked(function()
      zvm.lua {}
    end)[""]
    assert.same(sorted(known), offered "zvm.lua { ")
    assert.same(sorted(known), offered "zvm.lua.start { ")
    local arguments = {}
    for _, key in ipairs(known) do
      local _, message = zvm.sandbox({ [key] = {} }, "x")
      if not message:find(key .. ": it is given as an argument", 1, true) then
        arguments[#arguments + 1] = key
      end
    end
    assert.equal(#known - 3, #arguments)
    assert.same(sorted(arguments), offered "zvm.sandbox({ ")
  end)

  it("has the options of an engine of regular expressions", function()
    local re = require "zvm.re"
    local _, message = re.new { nothing = 1 }
    local told = {}
    for name in message:match "there are (.*)$":gmatch "[%w_]+" do
      told[#told + 1] = name ~= "and" and name or nil
    end
    assert.same(sorted(told), offered "re.new { ")
    assert.same(sorted(told), offered "zvm.re.new { ")
    for _, name in ipairs(told) do
      assert.truthy(select(2, re.new { [name] = {} }) == nil
        or not select(2, re.new { [name] = {} }):find "unknown")
    end
  end)
end)

describe("why an instruction is safe", function()
  local CASES = {
    { "mov (%eax), %ebx", "R_MEM_ADDR32" },
    { "mov 0x8(%r13d,%r9d,4), %ebx", "R_MEM_ADDR32" },
    { "mov 0x10(%rip), %eax", "R_MEM_RIP" },
    { "mov 0x10(%rsp), %eax", "R_MEM_RSP" },
    { "push %rbx", "R_RSP_WRITE" }, { "sub $0x8, %esp", "R_RSP_WRITE" },
    { "call 0x10040", "R_FLOW_OUTSIDE" }, { "jnz 0x20040", "R_FLOW_TARGET" },
    { "lea 0x4(%rax,%rbx,1), %eax" }, { "nop" }, { "hlt" },
    { "add %eax, %ebx" }, { "movl $0x1, 0x10", "R_MEM_ADDR32" },
    { "mov %eax, 0x0", "R_MEM_ADDR32" }, { "mov 0x0, %eax", "R_MEM_ADDR32" },
    { "movsdq 0x0, %xmm0", "R_MEM_ADDR32" }, { "rep stosq", "R_MEM_ADDR32" },
  }
  for _, case in ipairs(CASES) do
    it(("of %s is told by %s"):format(case[1], case[2] or "no rule"), function()
      local rule, why = safety.of({ disasm = case[1] }, tostring)
      assert.equal(case[2], rule)
      assert.truthy(#why > 5)
    end)
  end

  it("is not told where it is not known", function()
    local rule, why = safety.of({ disasm = "frob <somewhere>" }, tostring)
    assert.is_nil(rule)
    assert.truthy(why:find("not told here", 1, true))
  end)

  it("says why a fault was caught", function()
    assert.truthy(safety.caught("SIGSEGV", 16, 0x20000):find "0x10000")
    assert.truthy(safety.caught("SIGSEGV", 0, 0):find "no code")
    assert.truthy(safety.caught("SIGFPE", nil, 0x20000):find "division")
  end)
end)
