--- Good runs: exit codes, arguments, environment, memory, reports.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
local elf = require "support.elf"
local host = require "support.host"
local zvm = require "zvm"

local function run(options)
  return assert(zvm.run(options))
end

local function output(options)
  local report = run(options)
  assert.equal("exit", report.state)
  return report.channels.stdout.data, report
end

describe("zvm.run", function()
  it("gives the exit code", function()
    for _, n in ipairs { 0, 1, 42, 255, 256, 2147483647, -1 } do
      assert.equal(n, run({ program = code.exit(n) }).code)
    end
  end)

  it("takes a module, a path and bytes for the same program", function()
    local bytes = code.print "same"
    local path = host.temporary()
    host.write_file(path, bytes)
    for _, program in ipairs { bytes, path, assert(zvm.load(bytes)) } do
      assert.equal("same", (output { program = program }))
    end
    os.remove(path)
  end)

  it("runs AVX2 code of level 3, or says that the processor cannot", function()
    local build = os.getenv "ZVM_BUILD" or "build"
    local module = assert(zvm.load(build .. "/guest/avx_check.zvm"))
    assert.equal(3, module:about().level)
    local cpu = io.open("/proc/cpuinfo"):read "*a"
    local report, message = zvm.run { program = module }
    if cpu:find "[ \n]avx2[ \n]" and cpu:find "[ \n]bmi2[ \n]" then
      assert.equal("073d8ade ok\n", assert(report, message)
        .channels.stdout.data)
      assert.equal("073d8ade ok\n", zvm.run { program = module }
        .channels.stdout.data)
    else
      assert.truthy(message:find("level", 1, true), message)
    end
  end)

  it("runs one module many times, each as the first", function()
    -- add 1 to a word of data and exit with it
    local count = code.new():raw "67 83 04 25 00000400 01"
      :raw "67 8b 3c 25 00000400":call "exit"
    local module = assert(zvm.load(count:module(elf.le(41, 4))))
    for _ = 1, 5 do
      assert.equal(42, run({ program = module }).code)
    end
  end)

  it("collects stdout and stderr", function()
    local guest = code.new():pwrite(1, elf.DATA, 3):pwrite(2, elf.DATA + 3, 3)
      :exit(0):module "outerr"
    local report = run { program = guest }
    assert.equal("out", report.channels.stdout.data)
    assert.equal("err", report.channels.stderr.data)
  end)

  it("reports a run to the last detail", function()
    local report = run { program = code.print "hello" }
    assert.equal("exit", report.state)
    assert.equal(0, report.code)
    assert.is_nil(report.fault)
    assert.is_nil(report.signal)
    assert.same({
      alias = "/dev/stdout", type = 0, gets = 0, get_bytes = 0, puts = 1,
      put_bytes = 5, data = "hello",
    }, report.channels.stdout)
    assert.same({
      alias = "/dev/stdin", type = 0, gets = 0, get_bytes = 0, puts = 0,
      put_bytes = 0,
    }, report.channels.stdin)
    assert.same({ trap = 0, pread = 0, pwrite = 1, jail = 0, unjail = 0,
      exit = 1, fork = 0 }, report.traps)
    for _, name in ipairs { "wall", "user", "system" } do
      local time = report.times[name]
      assert.truthy(time >= 0 and time < 10, name)
    end
    assert.truthy(report.times.wall > 0)
  end)

  it("gives every register as zero but the stack pointer", function()
    local names = "rax rcx rdx rbx rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15"
    local registers = run({ program = code.instruction "f4" }).fault.registers
    for name in names:gmatch "%S+" do
      assert.equal("0x0", registers[name], name)
    end
    assert.equal("0xffffffe8", registers.rsp)
  end)

  it("shows nothing of an earlier guest", function()
    -- write into the heap, the stack and the data; exit with their sum
    local look = code.new():raw "67 8b 3c 25 00000500"
      :raw "67 03 3c 25 00000080":raw "67 03 3c 25 0000f0ff"
      :raw "67 c7 04 25 00000500 01000000"
      :raw "67 c7 04 25 00000080 01000000"
      :raw "67 c7 04 25 0000f0ff 01000000":call "exit":module "\0"
    for _ = 1, 3 do
      assert.equal(0, run({ program = look, memory = "3G" }).code)
    end
  end)

  it("keeps one module's layout mapped, whatever ran before", function()
    -- Which image stands behind a page is no matter: its inode is masked.
    local function layout()
      return (host.guest_map():gsub("%d+%s+/memfd", "/memfd"))
    end
    run { program = code.exit(0) }
    local before = layout()
    run { program = code.print "x", memory = "256M" }
    run { program = code.instruction "f4" }
    assert.equal(before, layout())
  end)

  it("answers the classic trap block like the slots", function()
    -- block at DATA: {code, 0, handle, buffer, size, offset}
    local block = elf.le(0x74697257, 8) .. elf.le(0, 8) .. elf.le(1, 8)
      .. elf.le(elf.DATA + 48, 8) .. elf.le(5, 8) .. elf.le(0, 8) .. "block"
    local guest = code.new():mov("edi", elf.DATA):call "trap"
      :raw "89 c7":call "exit":module(block)
    local text, report = output { program = guest }
    assert.equal("block", text)
    assert.equal(5, report.code)
    assert.equal(1, report.traps.trap)
  end)

  it("answers jail, unjail and fork by -ENOSYS for now, bad arguments by "
    .. "-EINVAL", function()
    local function result(c)
      return run({ program = c:raw "89 c7":call "exit":module() }).code
    end
    local heap = 0x21000
    local function jail(name, address, size)
      return result(code.new():mov("edi", address):mov("esi", size)
        :call(name))
    end
    for _, name in ipairs { "jail", "unjail" } do
      assert.equal(-38, jail(name, heap, 4096))
      assert.equal(-22, jail(name, heap + 1, 4096))
      assert.equal(-22, jail(name, heap, 4095))
      assert.equal(-22, jail(name, heap, 0))
      assert.equal(-22, jail(name, elf.TEXT, 4096))
      assert.equal(-22, jail(name, 0xF0000000, 4096))
      assert.equal(-22, jail(name, heap, 0xFFFFF000))
    end
    assert.equal(-38, result(code.new():call "fork"))
  end)
end)

describe("a C guest", function()
  local ARGUMENTS = host.guest "arguments"

  it("gets its arguments, and a name of its own", function()
    assert.equal("arg arguments.zvm\narg one\narg \narg two words\n",
      (output { program = ARGUMENTS, args = { "one", "", "two words" } }))
    assert.equal("arg me\n", (output { program = ARGUMENTS, name = "me" }))
    assert.equal("arg guest\n",
      (output { program = host.read_file(ARGUMENTS) }))
  end)

  it("gets its environment, sorted by name", function()
    assert.equal("arg n\nenv A=1\nenv HOME=/\nenv Z=a=b\n", (output {
      program = ARGUMENTS, name = "n",
      env = { Z = "a=b", A = "1", HOME = "/" },
    }))
  end)

  it("has no environment unless it is given one", function()
    assert.equal("arg n\n", (output {
      program = ARGUMENTS, name = "n", env = {},
    }))
  end)

  it("takes a thousand arguments", function()
    local args = {}
    for i = 1, 1000 do
      args[i] = tostring(i)
    end
    local text, report = output { program = ARGUMENTS, args = args }
    assert.equal(1001, report.code)
    assert.truthy(text:find("\narg 1000\n", 1, true))
  end)

  it("does the same each time, but for the times", function()
    local function all()
      local report = run { program = ARGUMENTS, args = { "x" },
        channels = { stdout = { buffer = true, etag = true } } }
      report.times, report.usage = nil, nil
      return report
    end
    local first = all()
    for _ = 1, 5 do
      assert.same(first, all())
    end
  end)
end)

describe("memory and stack", function()
  it("are given in bytes or with a unit", function()
    -- touch the byte at 0x21000 + 64 KiB - 1: the heap's last one
    local last = code.new():raw "67 80 04 25 ff0f0300 01":exit(0):module()
    for _, memory in ipairs { 65536, "64K", "1M", "1G" } do
      assert.equal("exit", run({ program = last, memory = memory }).state)
    end
    assert.equal("fault", run({ program = last, memory = "60K" }).state)
  end)

  it("that no guest can have are an option error", function()
    for _, options in ipairs {
      { memory = "4G" }, { memory = "1000000G" }, { stack = "16M" },
      { stack = "1G" },
    } do
      options.program = code.exit(0)
      local report, message, status = zvm.run(options)
      assert.is_nil(report)
      assert.equal("OPTION", status)
      assert.equal("string", type(message))
    end
  end)

  it("too small for the module's data are an option error", function()
    local report, _, status = zvm.run {
      program = elf.module(code.new():exit(0).bytes, ("d"):rep(5000)),
      memory = 4096,
    }
    assert.is_nil(report)
    assert.equal("OPTION", status)
  end)
end)
