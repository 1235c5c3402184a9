--- zvm.report: a report in words, as JSON, and as ZeroVM's six lines.
--
-- SPDX-License-Identifier: Apache-2.0
local cjson = require "cjson"
local code = require "support.code"
local host = require "support.host"
local format = require("zvm.report").format
local reports = require "zvm.report"
local zvm = require "zvm"

describe("zvm.report.format", function()
  it("tells an exit, the times and each channel that moved bytes", function()
    local text = format(assert(zvm.run { program = code.print "hello" }))
    assert.truthy(text:find "^exit 0 ")
    assert.truthy(text:find "\n  stdout +puts 1 +put_bytes 5")
    assert.is_nil(text:find "stderr")
    assert.is_nil(text:find "\n$")
  end)

  it("tells a fault, where it was and the registers", function()
    local text = format(assert(zvm.run {
      program = code.new():mov("eax", 0x50):raw "67 8b 18":module(),
    }))
    assert.truthy(text:find "^fault memory: ")
    assert.truthy(text:find("at pc 0x20005", 1, true))
    assert.truthy(text:find("read of 0x50", 1, true))
    assert.truthy(text:find "\n  rax 0x50 ")
  end)

  it("tells who called, a recursion in one line, and the last trap",
    function()
      local text = format(assert(zvm.run { program = host.guest "callers",
        args = { "recurse" } }))
      assert.truthy(text:find "\n  #0   0x%x+ in fault%+0x%x+\n")
      assert.truthy(text:find "\n  #2 to #6 0x%x+ in recurse%+0x%x+\n")
      assert.truthy(text:find "\n  #7   0x%x+ in main%+0x%x+\n")
      assert.truthy(text:find("\n  no trap before it\n", 1, true))
      assert.is_nil(text:find "no further")
      local c = code.new():pwrite(1, 0x20000, 4):raw "f4"
      text = format(assert(zvm.run { program = c:module() }))
      assert.truthy(text:find("\n  last trap: pwrite(handle 1, "
        .. "address 0x20000, size 4, offset 0) = 4\n", 1, true))
      assert.truthy(text:find("\n  no further: the chain", 1, true))
    end)

  it("tells two equal frames apart", function()
    local frames = {}
    for i, pc in ipairs { 1, 2, 2, 3, 3, 3 } do
      frames[i] = { pc = pc, func = "f", offset = 4, file = "a.c", line = pc }
    end
    local text = format {
      state = "fault", traps = {}, channels = {},
      times = { wall = 1, user = 0, system = 0 },
      fault = { kind = "halt", text = "hlt", pc = 1, registers = setmetatable(
        {}, { __index = function() return "0x0" end }), backtrace = frames },
    }
    assert.truthy(text:find("\n  #0   0x1 in f+0x4 at a.c:1\n"
      .. "  #1   0x2 in f+0x4 at a.c:2\n  #2   0x2 in f+0x4 at a.c:2\n"
      .. "  #3 to #5 0x3 in f+0x4 at a.c:3\n", 1, true))
  end)

  it("tells a stop by its signal", function()
    local text = format {
      state = "stopped", signal = 15,
      times = { wall = 1, user = 0, system = 0 }, channels = {}, traps = {},
    }
    assert.truthy(text:find "^stopped by signal 15 ")
  end)

  it("tells an etag and a host error", function()
    local text = format {
      state = "exit", code = 0, traps = {},
      times = { wall = 1, user = 0, system = 0 },
      channels = { out = { puts = 1, put_bytes = 2, gets = 0, get_bytes = 0,
        etag = ("ab"):rep(32), error = "Broken pipe" } },
    }
    assert.truthy(text:find("etag " .. ("ab"):rep(32), 1, true))
    assert.truthy(text:find("error: Broken pipe", 1, true))
  end)
end)

-- A report of every state, as zvm.run makes them.
local function real(options)
  options.program = options.program or host.guest "channel_ops"
  return assert(zvm.run(options))
end

local STATES = {
  exit = function()
    return real { args = { "list" }, channels = { stdout = { etag = true },
      stderr = { buffer = true } } }
  end,
  fault = function()
    return real { program = host.guest "callers", args = { "recurse" } }
  end,
  limit = function()
    return real { args = { "fill", "1", "9" }, on_limit = "stop",
      channels = { stdout = { limits = { puts = 2 } } } }
  end,
  timeout = function()
    return real { program = code.new():raw "eb fe":module(),
      timeout = "20ms" }
  end,
  lost = function()
    return { state = "lost", message = "the worker died", traps = {},
      times = { wall = 0, user = 0, system = 0 },
      channels = { stdin = { alias = "/dev/stdin", type = 0 } } }
  end,
  stopped = function()
    return { state = "stopped", signal = 2, traps = { pread = 1 },
      times = { wall = 1.25, user = 0.5, system = 1e-9 }, channels = {} }
  end,
  refused = function()
    local _, message, reason, findings = zvm.run {
      program = host.guest "08-explain/bad" }
    return reports.refusal(message, reason, findings)
  end,
}

-- What a report looks like when it comes back from JSON.
local function expected(value)
  if type(value) ~= "table" then
    return value
  end
  local out = {}
  for key, member in pairs(value) do
    if key == "data" then
      out.data_base64 = require "zvm.report.json".base64(member)
    elseif key == "backtrace" or key == "findings" then
      out[key] = {}
      for i, each in ipairs(member) do
        out[key][i] = expected(each)
      end
      local rest = key == "backtrace" and "stop" or "more"
      out[key .. "_" .. rest] = member[rest]
    else
      out[key] = expected(member)
    end
  end
  return out
end

describe("zvm.report.json", function()
  for state, make in pairs(STATES) do
    it(("comes back as it was, state %s, in one line of sorted keys")
      :format(state), function()
      local report = make()
      assert.equal(state, report.state)
      local text = reports.json(report)
      assert.same(expected(report), cjson.decode(text))
      assert.is_nil(text:find "\n")
      assert.equal(text, reports.json(report))
      assert.truthy(text:find '^{"c')
    end)
  end

  it("carries any bytes of a channel as base64", function()
    local bytes = {}
    for i = 0, 255 do
      bytes[i + 1] = string.char(i)
    end
    bytes = table.concat(bytes)
    local CASES = { [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v",
      foob = "Zm9vYg==", ["\0\255\16"] = "AP8Q" }
    for data, text in pairs(CASES) do
      assert.equal('{"data_base64":"' .. text .. '"}',
        reports.json { data = data })
    end
    local path = os.tmpname()
    host.write_file(path, cjson.decode(reports.json { data = bytes })
      .data_base64)
    local pipe = io.popen("base64 -d " .. path)
    assert.equal(bytes, pipe:read "*a")
    pipe:close()
    os.remove(path)
  end)

  it("is UTF-8 whatever the names and messages are", function()
    assert.equal('{"a\\\\xff":"\195\164\\\\xc3.\\\\xed\\\\xa0\\\\x80"}',
      reports.json { ["a\255"] = "\195\164\195.\237\160\128" })
  end)

  it("has its keys in order, whatever order a table has", function()
    local keys, report, text = {}, {}, {}
    for i = 1, 40 do
      keys[i] = ("%02d"):format(i * 17 % 41)
      report[keys[i]] = i % 2 == 0
    end
    table.sort(keys)
    for i, key in ipairs(keys) do
      text[i] = ('"%s":%s'):format(key, tostring(report[key]))
    end
    assert.equal("{" .. table.concat(text, ",") .. "}", reports.json(report))
  end)

  it("keeps numbers of 53 bits and does not escape slashes", function()
    assert.equal('{"n":9007199254740992,"s":"/dev/x"}',
      reports.json { n = 2 ^ 53, s = "/dev/x" })
    assert.equal('{"n":-1.5}', reports.json { n = -1.5 })
  end)

  it("shows what other parts add", function()
    local text = reports.json { state = "exit", code = 0,
      usage = { peak_memory = 4096, page_faults = 3 },
      totals = { gets = 1 }, memory_etag = "ab",
      channels = { out = { final_etag = "cd" } } }
    assert.same({ peak_memory = 4096, page_faults = 3 },
      cjson.decode(text).usage)
    assert.truthy(text:find('"final_etag":"cd"', 1, true))
  end)
end)

describe("zvm.report.zerovm", function()
  local function lines(report, network)
    local out = {}
    for line in (reports.zerovm(report, network) .. "\n"):gmatch "(.-)\n" do
      out[#out + 1] = line
    end
    return out
  end

  local CHANNEL = { alias = "/dev/x", gets = 1, get_bytes = 2, puts = 3,
    put_bytes = 4, etag = "aa" }

  it("is six lines, of a run that exited", function()
    local report = { state = "exit", code = 7,
      times = { wall = 9, user = 1.5, system = 0.25 },
      channels = { x = CHANNEL, ["/dev/x"] = CHANNEL,
        stdin = { alias = "/dev/stdin", gets = 10, get_bytes = 20, puts = 0,
          put_bytes = 0, etag = "bb" } },
      memory_etag = "cc" }
    assert.same({ "0", "0", "7",
      "/dev/stdin bb /dev/x aa /dev/memory cc",
      "1.50 0.25 11 22 3 4 0 0 0 0", "ok" }, lines(report))
    assert.equal("1.50 0.25 10 20 0 0 1 2 3 4",
      lines(report, { x = true })[5])
  end)

  it("says disabled without digests, and how a run ended", function()
    local report = STATES.limit()
    local got = lines(report)
    assert.equal(6, #got)
    assert.equal("disabled", got[4])
    assert.equal("limit: puts of stdout", got[6])
    assert.equal("timeout", lines(STATES.timeout())[6])
  end)

  it("counts what the validator found", function()
    local got = lines(STATES.refused())
    assert.equal("10", got[1])
    assert.equal("0.00 0.00 0 0 0 0 0 0 0 0", got[5])
    assert.equal(6, #got)
    assert.equal("1", lines(reports.refusal("no ELF", "FORMAT"))[1])
    assert.equal("0", lines(reports.refusal("a\nb", "CHANNEL"))[1])
    assert.equal("refused: a b", lines(reports.refusal("a\nb", "X"))[6])
  end)
end)

describe("zvm.report.summary", function()
  it("tells a fault's place and its callers, and no registers", function()
    local text = reports.summary(STATES.fault())
    assert.truthy(text:find "^fault memory: .*, %a+ of 0x0 at fault")
    assert.truthy(text:find "\n  #0   0x%x+ in fault%+0x%x+")
    assert.is_nil(text:find "rax")
  end)

  it("is one line for all else", function()
    assert.equal("limit: puts of stdout", reports.summary(STATES.limit()))
    assert.equal("stopped by signal 2", reports.summary(STATES.stopped()))
    assert.equal("lost: the worker died", reports.summary(STATES.lost()))
    assert.equal("timeout", reports.summary(STATES.timeout()))
    assert.equal("no", reports.summary(reports.refusal("no", "OPTION")))
  end)
end)

describe("zvm.report.format", function()
  it("tells a refusal, totals, usage and the memory's digest", function()
    local text = format(STATES.refused())
    assert.truthy(text:find "^refused: ")
    assert.truthy(text:find("\n  0x20045: R_INSN_SYSTEM: ", 1, true))
    assert.equal("exit 0\n  x         final etag cd\n  total     gets 1\n"
      .. "  memory   4096 bytes  page faults 3\n  memory   etag ab\n"
      .. "  the trace is not whole: disk full",
      format { state = "exit", code = 0, totals = { gets = 1 },
        usage = { peak_memory = 4096, page_faults = 3 }, memory_etag = "ab",
        trace_error = "disk full", channels = { x = { final_etag = "cd" } } })
  end)
end)
