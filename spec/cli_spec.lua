--- The command zvm: what it prints where, and its exit codes.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
local commands = require "zvm.cli.commands"
local host = require "support.host"
local zvm = require "zvm"

local GOOD = host.guest "01-hello/main"
local ROOT = io.popen("pwd"):read "*l"

-- Run `zvm` with these words of the shell: exit code, stdout, stderr.
local function run(words, command)
  local base = os.tmpname()
  local status = os.execute(("%s %s >%s.out 2>%s.err </dev/null"):format(
    command or "ZVM_LUA=" .. (os.getenv "ZVM_TEST_LUA" or "lua5.1")
      .. " lua/bin/zvm", words, base, base))
  local out = host.read_file(base .. ".out")
  local err = host.read_file(base .. ".err")
  os.remove(base .. ".out")
  os.remove(base .. ".err")
  os.remove(base)
  return status / 256, out, err
end

describe("zvm", function()
  local bad, raw
  setup(function()
    bad, raw = os.tmpname(), os.tmpname()
    host.write_file(bad, code.instruction "0f 05")
    host.write_file(raw, code.hex("0f 05") .. ("\144"):rep(30))
  end)
  teardown(function()
    os.remove(bad)
    os.remove(raw)
  end)

  it("explain gives 0 and a summary for what is accepted", function()
    local status, out, err = run("explain " .. GOOD)
    assert.equal(0, status)
    assert.equal(GOOD .. ": accepted", out:match "^[^\n]*")
    assert.equal("", err)
  end)

  it("explain gives 1 and lessons for what is refused", function()
    local status, out, err = run("explain " .. bad)
    assert.equal(1, status)
    assert.truthy(out:find("R_INSN_SYSTEM", 1, true))
    assert.truthy(out:find("Why:", 1, true))
    assert.equal("", err)
  end)

  it("explain gives 2 for files that cannot be used, and goes on", function()
    local status, out, err = run("explain README.md /nowhere " .. GOOD)
    assert.equal(2, status)
    assert.truthy(out:find(GOOD .. ": accepted", 1, true))
    assert.truthy(err:find("zvm explain: README.md: ", 1, true))
    assert.truthy(err:find("zvm explain: /nowhere: ", 1, true))
  end)

  it("explain takes bare code, an address, a level and a maximum", function()
    local status, out = run("explain --code --address=0x40000 --level 3 "
      .. "--max=1 " .. raw)
    assert.equal(1, status)
    assert.truthy(out:find("0x40000", 1, true))
    assert.equal(2, (run "explain --code /nowhere"))
  end)

  it("validate prints the verdict, a line for each finding", function()
    local status, out = run(("validate %s %s"):format(GOOD, bad))
    assert.equal(1, status)
    local lines = {}
    for line in out:gmatch "[^\n]+" do
      lines[#lines + 1] = line
    end
    local about = assert(zvm.load(GOOD)):about()
    assert.equal(("%s: accepted, level v2, %d bytes of text"):format(GOOD,
      about.text_size), lines[1])
    assert.equal(1, lines[2]:find(bad .. ": 0x20000: R_INSN_SYSTEM: 0f 05 ",
      1, true))
    assert.equal(2, #lines)
    assert.equal(2, (run "validate /nowhere"))
    assert.equal(0, (run("validate " .. GOOD)))
  end)

  it("prints no control characters of a file's name", function()
    local folder = os.tmpname()
    os.remove(folder)
    os.execute("mkdir " .. folder)
    local file = ("%s/a\n\27[31mb"):format(folder)
    host.write_file(file, host.read_file(bad))
    for _, command in ipairs { "validate", "explain" } do
      local status, out = run(("%s '%s'"):format(command, file))
      assert.equal(1, status)
      assert.truthy(out:find("/a??[31mb:", 1, true), out)
      assert.is_nil(out:find("\27", 1, true))
    end
    os.remove(file)
    os.remove(folder)
  end)

  it("says so and gives 2 when its words cannot be written", function()
    local status = os.execute(
      "lua/bin/zvm explain " .. GOOD .. " >/dev/full 2>/dev/null")
    assert.equal(2, status / 256)
  end)

  it("looks for no place in a message that is the file's name", function()
    local folder = os.tmpname()
    os.remove(folder)
    os.execute("mkdir " .. folder .. " && mkfifo '" .. folder
      .. "/at file offset 0x10'")
    local status, _, err = run("explain '" .. folder
      .. "/at file offset 0x10'", "timeout 20 lua/bin/zvm")
    assert.equal(2, status)
    assert.truthy(err:find("not a regular file", 1, true), err)
    os.execute("rm -rf " .. folder)
  end)

  it("cc is zvm-cc", function()
    local base = os.tmpname()
    host.write_file(base .. ".c", "int main(void) { return 7; }\n")
    assert.equal(0, (run(("cc -O1 -o %s %s.c"):format(base, base))))
    assert.equal(7, assert(zvm.run { program = base }).code)
    os.remove(base .. ".c")
    os.remove(base)
    assert.equal(1, (run "cc -shared"))
  end)

  it("version says which, and what it runs on", function()
    for _, word in ipairs { "version", "--version" } do
      local status, out, err = run(word)
      assert.equal(0, status)
      assert.equal("", err)
      assert.equal("zvm " .. zvm.VERSION, out:match "^[^\n]*")
      assert.truthy(out:find "\nlua: Lua 5%.1")
      assert.truthy(out:find "\ncpu: x86%-64%-v[23]\n")
      local names = {}
      for name in pairs(assert(zvm.barriers())) do
        names[#names + 1] = name
      end
      table.sort(names)
      assert.equal(table.concat(names, ", "), out:match "\nbarriers: (.-)\n$")
    end
  end)

  it("version tells the CPU level from the kernel's list", function()
    local level = require "zvm.cli.version".level
    local v2 = "pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm"
    assert.equal("x86-64-v2", level("x\nflags\t\t: " .. v2 .. "\n"))
    assert.equal("x86-64-v3", level("x\nflags : " .. v2
      .. " fma movbe avx f16c bmi1 avx2 bmi2 abm\n"))
    assert.truthy(level "x\n":find "^below x86%-64%-v2")
  end)

  it("help lists every command and what the exit codes mean", function()
    for _, word in ipairs { "help", "--help", "-h" } do
      local status, out, err = run(word)
      assert.equal(0, status)
      assert.equal("", err)
      for _, name in ipairs { "run", "explain", "validate", "cc", "repl",
        "version", "help" } do
        assert.truthy(out:find("\n  zvm " .. name, 1, true))
      end
      assert.truthy(out:find("Exit codes:", 1, true))
      for line in out:gmatch "[^\n]+" do
        assert.is_true(#line <= 80, line)
      end
    end
  end)

  it("help COMMAND and COMMAND --help say the same", function()
    for _, command in ipairs(commands.list) do
      local status, out, err = run("help " .. command.name)
      assert.equal(0, status)
      assert.equal("", err)
      assert.equal(1, out:find("usage: zvm " .. command.name, 1, true))
      assert.truthy(out:find("\nExit codes:\n", 1, true))
      if command.name ~= "cc" then -- whose arguments are gcc's
        assert.same({ 0, out, "" }, { run(command.name .. " --help") })
        assert.same({ 0, out, "" }, { run(command.name .. " -h") })
      end
      for line in out:gmatch "[^\n]+" do
        assert.is_true(#line <= 80, line)
      end
    end
  end)

  local WRONG = {
    ["help frob"] = 'unknown command "frob"',
    ["help run cc"] = "takes one command", ["repl x"] = "takes no arguments",
    ["explain --level=4 --code x"] = "--level wants 2 or 3, not 4",
    ["explain --max=1 --max=2 x"] = "--max is given twice",
    [""] = "no command", ["frob"] = 'unknown command "frob"',
    ["explain"] = "no file", ["validate"] = "no file",
    ["validate --max=1 x"] = "unknown option --max",
    ["explain -x y"] = "unknown option -x",
    ["explain --max"] = "--max wants a number",
    ["explain --max=many x"] = "--max wants a number, not many",
    ["explain --code=1 x"] = "--code takes no value",
    ["explain --level=3 x"] = "--level are for --code",
    ["explain --max=0 x"] = "--max wants a whole number from 1 to 100, not 0",
    ["explain --max 101 x"] = "from 1 to 100, not 101",
    ["explain --max=1.5 x"] = "from 1 to 100, not 1.5",
    ["explain --code --level=9 README.md"] = "level",
    ["version 5"] = "takes no arguments",
  }
  for words, message in pairs(WRONG) do
    it(("takes `zvm %s` for a mistake"):format(words), function()
      local status, out, err = run(words)
      assert.equal(2, status)
      assert.equal("", out)
      assert.truthy(err:find(message, 1, true), err)
    end)
  end

  it("takes what comes after -- for files", function()
    local _, _, err = run "explain -- --max"
    assert.truthy(err:find("zvm explain: --max: ", 1, true))
  end)

  it("runs nothing that lies beside the program", function()
    local folder = os.tmpname()
    os.remove(folder)
    assert.equal(0, os.execute("mkdir -p " .. folder .. "/zvm"))
    for _, name in ipairs { "zvm", "zvm/cli", "zvm/disasm" } do
      host.write_file(("%s/%s.lua"):format(folder, name), "os.exit(9)")
    end
    local status, out = run(("explain %s/%s"):format(ROOT, GOOD),
      ("cd %s && LUA_INIT='os.exit(8)' %s/lua/bin/zvm"):format(folder, ROOT))
    assert.equal(0, status)
    assert.truthy(out:find("accepted", 1, true))
    assert.equal(1, (run("explain " .. bad, ("cd %s && %s/lua/bin/zvm")
      :format(folder, ROOT))))
    os.execute("rm -r " .. folder)
  end)

  it("runs from elsewhere and through a link", function()
    local link = os.tmpname()
    os.remove(link)
    assert.equal(0, os.execute(("ln -s %s/lua/bin/zvm %s"):format(ROOT,
      link)))
    assert.equal(0, (run("version", "cd / && " .. link)))
    os.remove(link)
  end)
end)
