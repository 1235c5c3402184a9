--- `trace`: a line for each step of a run and each trap.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
local elf = require "support.elf"
local host = require "support.host"
local lfs = require "lfs"
local system = require "system"
local zvm = require "zvm"

local OPS = host.guest "channel_ops"
local TIMES = 30 -- columns

local function in_file(body)
  local path = host.temporary()
  local ok, message = pcall(body, path)
  os.remove(path)
  assert(ok, message)
end

--- Run with a trace. Its lines without their times, the report, the lines.
local function traced(options)
  local lines, whole, report = {}, {}, nil
  in_file(function(path)
    options.trace = path
    report = assert(zvm.run(options))
    local text = host.read_file(path)
    assert.equal("\n", text:sub(-1))
    for line in text:gmatch "[^\n]*\n" do
      whole[#whole + 1] = line:sub(1, -2)
      lines[#lines + 1] = line:sub(TIMES + 1, -2)
    end
  end)
  return lines, report, whole
end

--- Those of `lines` that begin with one of `words`.
local function only(lines, ...)
  local out = {}
  for _, line in ipairs(lines) do
    for _, word in ipairs { ... } do
      if line:match "^%a+" == word then
        out[#out + 1] = line
      end
    end
  end
  return out
end

local function traps(lines)
  return only(lines, "trap", "pread", "pwrite", "jail", "unjail", "exit",
    "fork")
end

for _, isolation in ipairs { "inline", "process" } do
  describe("in " .. isolation .. ", a trace", function()
    local function run(options)
      options.isolation = isolation
      return traced(options)
    end

    it("tells of each step and each trap, in order", function()
      local program = code.new():pread(0, elf.DATA, 9)
        :pwrite(3, elf.DATA, 3, 7):exit(-5):module "data"
      local lines, report = run {
        program = program, memory = "1M", stack = "64K", channels = {
          stdin = "abc",
          b = { buffer = true, type = 3, limits = { puts = 4 } },
        },
      }
      local module = assert(zvm.load(program))
      local send = isolation == "process" and "send\n" or ""
      assert.equal(([[
session program=%s channels=4 isolation=%s
channel handle=0 alias=/dev/stdin type=0 source=data gets=unlimited ]]
.. [[get_bytes=unlimited puts=0 put_bytes=0
channel handle=1 alias=/dev/stdout type=0 source=buffer gets=0 get_bytes=0 ]]
.. [[puts=unlimited put_bytes=67108864
channel handle=2 alias=/dev/stderr type=0 source=buffer gets=0 get_bytes=0 ]]
.. [[puts=unlimited put_bytes=67108864
channel handle=3 alias=/dev/b type=3 source=buffer gets=0 get_bytes=0 ]]
.. [[puts=4 put_bytes=67108864
%smap heap=0x41000-0x140000 stack=0xffff0000 manifest=0xfefff000
enter
pread handle=0 alias=/dev/stdin address=0x40000 size=9 offset=0 result=3
pwrite handle=3 alias=/dev/b address=0x40000 size=3 offset=7 result=3
exit code=-5
end state=exit code=-5
finish handle=0 alias=/dev/stdin gets=1 get_bytes=3 puts=0 put_bytes=0
finish handle=1 alias=/dev/stdout gets=0 get_bytes=0 puts=0 put_bytes=0
finish handle=2 alias=/dev/stderr gets=0 get_bytes=0 puts=0 put_bytes=0
finish handle=3 alias=/dev/b gets=0 get_bytes=0 puts=1 put_bytes=3
report state=exit]]):format(module:digest(), isolation, send),
        table.concat(lines, "\n"))
      assert.is_nil(report.trace_error)
    end)

    it("is the same each time, but for its times", function()
      local first
      for _ = 1, 20 do
        local lines = run {
          program = OPS, channels = { a = ("x"):rep(5000),
            c = { buffer = true, etag = true } },
          args = { "list", "drain", "3", "999", "fill", "4", "50",
            "get", "9", "9", "9", "put", "4", "0", "end" },
        }
        first = first or lines
        assert.same(first, lines)
      end
      assert.truthy(#only(first, "pread") > 5)
      assert.truthy(#only(first, "pwrite") > 50)
    end)

    it("has a line for each trap of the report", function()
      local lines, report = run { program = OPS, args = { "list" } }
      local sum = 0
      for _, count in pairs(report.traps) do
        sum = sum + count
      end
      assert.equal(sum, #traps(lines))
    end)

    it("has times in columns, that go by one clock", function()
      local start = system.monotime()
      local _, report, lines = run { program = OPS, args = { "list" } }
      local most = (system.monotime() - start) * 1e6
      local last, asked = 0, 0
      for _, line in ipairs(lines) do
        local at, took = line:match "^( *%d+%.%d%d%d) (%s*%S+) "
        assert.equal(TIMES, #at + #took + 2, line)
        assert.truthy(took:match "^ *%d+%.%d%d%d$" or took:match "^ *%-$")
        if not line:find " report " then
          -- What took its time began when the line says, or ended then.
          assert.truthy(tonumber(at) >= last, line)
          last = tonumber(at)
        end
        assert.truthy(tonumber(at) <= most)
        if line:find " pwrite " then
          asked = asked + tonumber(took)
        end
      end
      assert.truthy(asked > 0 and asked <= report.times.wall * 1e6)
    end)

    it("names what a trap is refused for", function()
      local lines = run {
        program = code.new():pread(7, elf.DATA, 1):pread(-1, elf.DATA, 1)
          :pwrite(1, 0xFFF, 1):pwrite(1, elf.DATA, -1)
          :pwrite(1, elf.DATA, 3):pwrite(1, elf.DATA, 3)
          :mov("edi", 0x22000):mov("esi", 4096):call "jail"
          :mov("edi", 1):mov("esi", -4096):call "unjail"
          :call "fork":exit(0):module(),
        channels = { stdout = { limits = { put_bytes = 2 } } },
      }
      assert.same({
        "pread handle=7 alias=- address=0x40000 size=1 offset=0 "
          .. "result=-EBADF",
        "pread handle=4294967295 alias=- address=0x40000 size=1 offset=0 "
          .. "result=-EBADF",
        "pwrite handle=1 alias=/dev/stdout address=0xfff size=1 offset=0 "
          .. "result=-EINVAL",
        "pwrite handle=1 alias=/dev/stdout address=0x40000 size=-1 offset=0 "
          .. "result=-EINVAL",
        "pwrite handle=1 alias=/dev/stdout address=0x40000 size=3 offset=0 "
          .. "result=2",
        "pwrite handle=1 alias=/dev/stdout address=0x40000 size=3 offset=0 "
          .. "result=-EDQUOT",
        "jail address=0x22000 size=4096 result=-ENOSYS",
        "unjail address=0x1 size=4294963200 result=-EINVAL",
        "fork result=-ENOSYS",
        "exit code=0",
      }, traps(lines))
    end)

    it("shows where a classic block lies, and what it asks for", function()
      local block = elf.le(0x74697257, 8) .. elf.le(0, 8) .. elf.le(1, 8)
        .. elf.le(elf.DATA, 8) .. elf.le(4, 8) .. elf.le(0, 8)
      local lines = run {
        program = code.new():mov("edi", elf.DATA):call "trap"
          :mov("edi", 0x18):call "trap":mov("edi", elf.DATA + 8):call "trap"
          :exit(0):module(block),
      }
      assert.same({
        "pwrite handle=1 alias=/dev/stdout address=0x40000 size=4 offset=0 "
          .. "result=4 block=0x40000",
        "trap address=0x18 result=-EINVAL",
        "trap address=0x40008 result=-EPERM",
        "exit code=0",
      }, traps(lines))
    end)

    it("has what happened before a fault", function()
      local lines, report = run {
        program = code.new():pwrite(1, elf.DATA, 4):raw "0f 0b"
          :module "data",
      }
      assert.equal("fault", report.state)
      assert.same({
        "pwrite handle=1 alias=/dev/stdout address=0x40000 size=4 offset=0 "
          .. "result=4",
        "end state=fault kind=illegal signal=4 "
          .. ("pc=0x%x address=0x0"):format(report.fault.pc),
        "report state=fault",
      }, only(lines, "pwrite", "end", "report"))
    end)

    it("has what happened before a timeout, or a limit", function()
      local lines = run {
        program = code.new():call "fork":raw "eb fe":module(),
        timeout = 0.05,
      }
      assert.same({ "fork result=-ENOSYS", "end state=timeout",
        "report state=timeout" }, only(lines, "fork", "end", "report"))
      lines = run {
        program = code.new():pwrite(1, elf.DATA, 4):module "data",
        channels = { stdout = { limits = { put_bytes = 2 } } },
        on_limit = "stop",
      }
      assert.same({
        "pwrite handle=1 alias=/dev/stdout address=0x40000 size=4 offset=0 "
          .. "result=2",
        "end state=limit limit=put_bytes alias=/dev/stdout",
        "report state=limit",
      }, only(lines, "pwrite", "end", "report"))
    end)

    it("tells of an error of the host's", function()
      local lines = run {
        program = code.new():pwrite(1, elf.DATA, 4):exit(0):module "data",
        channels = { stdout = { path = "/dev/full" } },
      }
      assert.truthy(lines[#lines - 2]:find " put_bytes=0 error=ENOSPC$")
      assert.equal(1, #only(lines, "pwrite"))
      assert.truthy(only(lines, "pwrite")[1]:find " result=%-EIO$")
    end)

    it("is not bounded by what the channels may write", function()
      in_file(function(path)
        local lines, report = run {
          program = OPS, args = { "fill", "3", "300" },
          channels = { c = { path = path, mode = "w",
            limits = { put_bytes = 10 } } },
        }
        assert.is_nil(report.trace_error)
        assert.equal(300 + 2, #only(lines, "pwrite"))
      end)
    end)

    it("may be a FIFO", function()
      in_file(function(path)
        local fifo = path .. ".fifo"
        assert(os.execute("mkfifo " .. fifo) == 0)
        local reader = io.popen(("cat %s >%s; echo done"):format(fifo, path))
        local report = assert(zvm.run {
          program = OPS, args = { "fill", "1", "2000" }, trace = fifo,
          isolation = isolation,
        })
        assert.equal("done", reader:read "*l")
        reader:close()
        os.remove(fifo)
        local text = host.read_file(path)
        assert.is_nil(report.trace_error)
        local _, count = text:gsub("\n[%d. ]+pwrite [^\n]+ result=1024", "")
        assert.equal(2000, count)
        assert.truthy(text:find "report state=exit\n$")
      end)
    end)

    it("whose reader goes away, or sleeps, is said not to be whole", function()
      for command, message in pairs {
        ["head -n 9 >/dev/null"] = "Broken pipe",
        ["sleep 4"] = "Resource temporarily unavailable",
      } do
        in_file(function(path)
          local fifo = path .. ".fifo"
          assert(os.execute("mkfifo " .. fifo) == 0)
          os.execute(("{ %s; } <%s 2>/dev/null &"):format(command, fifo))
          local start = system.monotime()
          local report = assert(zvm.run {
            program = OPS, args = { "fill", "1", "20000" }, trace = fifo,
            isolation = isolation, timeout = 0.5,
          })
          os.remove(fifo)
          assert.truthy(system.monotime() - start < 3)
          assert.equal(message, report.trace_error)
          assert.equal(message == "Broken pipe" and "exit" or "timeout",
            report.state)
        end)
      end
    end)

    it("that cannot be written changes nothing else", function()
      local function report_of(trace)
        local report = assert(zvm.run {
          program = OPS, isolation = isolation, trace = trace,
          args = { "list", "fill", "3", "9" },
          channels = { c = { buffer = true, etag = true } },
        })
        report.times, report.usage = nil, nil
        return report
      end
      local report = report_of "/dev/full"
      assert.equal("No space left on device", report.trace_error)
      report.trace_error = nil
      assert.same(report_of(nil), report)
    end)

    it("ends where the host's limit of file sizes is", function()
      in_file(function(path)
        local script = path .. ".lua"
        host.write_file(script, ([[
          local report = assert(require "zvm".run { program = %q,
            args = { "fill", "9", "60000" }, trace = %q, isolation = %q })
          print(report.state, report.code, report.trace_error)
        ]]):format(OPS, path, isolation))
        -- dash counts in blocks of 512 bytes; what zvm itself keeps in files
        -- of memory has room in that
        local pipe = io.popen(("sh -c 'ulimit -f 8192; %s %s' 2>&1"):format(
          os.getenv "ZVM_TEST_LUA" or "lua5.1", script))
        assert.equal("exit\t0\tFile too large\n", pipe:read "*a")
        pipe:close()
        os.remove(script)
        assert.equal(8192 * 512, lfs.attributes(path, "size"))
      end)
    end)
  end)
end

describe("the file of a trace", function()
  it("is made, or emptied", function()
    in_file(function(path)
      os.remove(path)
      assert(zvm.run { program = code.exit(0), trace = path })
      local size = lfs.attributes(path, "size")
      host.write_file(path, ("old\n"):rep(1000))
      assert(zvm.run { program = code.exit(0), trace = path })
      local text = host.read_file(path)
      assert.is_nil(text:find("old", 1, true))
      assert.equal(size, #text)
    end)
  end)

  it("is not emptied if the session cannot be opened", function()
    in_file(function(path)
      host.write_file(path, "old")
      host.assert_flat(function()
        assert.is_nil((zvm.run {
          program = code.exit(0), trace = path,
          channels = { c = { path = "/none/such" } },
        }))
      end)
      assert.equal("old", host.read_file(path))
    end)
  end)

  it("may not be a channel's", function()
    in_file(function(path)
      host.write_file(path, "input")
      for _, mode in ipairs { "r", "w", "r+" } do
        host.assert_flat(function()
          local report, message, status = zvm.run {
            program = code.exit(0), trace = path,
            channels = { c = { path = path, mode = mode } },
          }
          assert.is_nil(report)
          assert.equal(("trace: %s is the file of channel /dev/c; "
            .. "give the trace one of its own"):format(path), message)
          assert.equal("OPTION", status)
        end)
      end
      assert.equal("input", host.read_file(path))
    end)
  end)

  it("that cannot be opened is told, with the reason", function()
    for path, reason in pairs {
      ["/none/such"] = "No such file or directory",
      ["/tmp"] = "Is a directory",
      [""] = "No such file or directory",
      ["/dev/fd/999"] = "Bad file descriptor",
    } do
      host.assert_flat(function()
        local report, message, status = zvm.run {
          program = code.exit(0), trace = path,
        }
        assert.is_nil(report)
        assert.equal(("trace: cannot write %s: %s"):format(path,
          reason), message)
        assert.equal("SYSTEM", status)
      end)
    end
  end)

  it("is a path, without NUL", function()
    local report, message = zvm.run { program = "x", trace = 5 }
    assert.is_nil(report)
    assert.equal("zvm.run: trace: string expected, got number", message)
    report, message = zvm.run { program = "x", trace = "a\0b" }
    assert.is_nil(report)
    assert.truthy(message:find("zvm.run: trace: ", 1, true))
  end)

  it("may be a descriptor, which goes on where it stands", function()
    in_file(function(path)
      host.write_file(path, ([[
        io.stderr:write "before\n"
        local report = assert(require "zvm".run { program = %q,
          trace = arg[1] })
        io.stderr:write "after\n"
        print(report.trace_error)
      ]]):format(OPS))
      for _, name in ipairs { "/dev/stderr", "/dev/fd/2" } do
        local out = path .. ".out"
        assert(os.execute(("%s %s %s 2>%s >/dev/null"):format(
          os.getenv "ZVM_TEST_LUA" or "lua5.1", path, name, out)) == 0)
        local text = host.read_file(out)
        os.remove(out)
        assert.truthy(text:find "^before\n +%d+%.%d+ +%d+%.%d+ session ")
        assert.truthy(text:find "report state=exit\nafter\n$")
      end
    end)
  end)

  it("is not held afterwards", function()
    in_file(function(path)
      host.assert_flat(function()
        assert(zvm.run { program = code.exit(0), trace = path })
      end)
    end)
  end)
end)
