--- Programs that handle their own signals and faults, and those that end by
-- them.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"
local zvm = require "zvm"

local HANDLERS, SIGNALS = host.guest "handler_check", host.guest "signal_check"
local UNHANDLED = host.guest "unhandled"

local function checked(program, isolation)
  local report = assert(zvm.run { program = program, isolation = isolation })
  local said = report.channels.stdout.data
  assert.equal("exit", report.state, said)
  assert.equal(0, report.code, said)
  assert.truthy(tonumber(said:match "(%d+) checks, 0 failed") > 50, said)
  return report, said
end

local function ended(...)
  local report = assert(zvm.run { program = UNHANDLED, args = { ... } })
  assert.equal("fault", report.state)
  assert.equal("before\n", report.channels.stdout.data)
  return report.fault, report
end

describe("a program's handlers", function()
  for _, isolation in ipairs { "inline", "process" } do
    it("get the faults that they ask for, " .. isolation, function()
      local report = checked(HANDLERS, isolation)
      assert.truthy(report.usage.faults_handled > 20000)
      assert.is_nil(report.fault)
    end)
  end

  it("get what the program sends, and its timers", function()
    local report, said = checked(SIGNALS)
    assert.equal(0, report.usage.faults_handled)
    assert.equal(said, select(2, checked(SIGNALS, "inline")))
  end)

  it("are told of in the trace", function()
    local path = host.temporary()
    local report = assert(zvm.run { program = UNHANDLED, args = { "returns" },
      trace = path })
    local text = host.read_file(path)
    os.remove(path)
    local line = ("fault kind=memory signal=11 pc=0x%x address=0x40 entry=")
      :format(report.fault.pc)
    local _, lines = text:gsub(" fault kind=", "")
    assert.truthy(text:find(line, 1, true), text)
    assert.equal(1, lines)
    assert.truthy(text:find(("end state=fault kind=memory signal=11 pc=0x%x")
      :format(report.fault.pc), 1, true))
  end)
end)

describe("the report of a fault that was not handled", function()
  local function is_first(how, handled)
    local fault, report = ended(how)
    assert.equal("memory", fault.kind)
    assert.equal("write", fault.access)
    assert.equal(0x40, fault.address)
    assert.equal("write_to", fault.where.func)
    assert.equal("main", fault.backtrace[2].func)
    assert.equal(handled, report.usage.faults_handled)
  end

  it("is that of the fault when the handler returned", function()
    is_first("returns", 1)
  end)

  it("is that of the fault when there was a handler for others only", function()
    is_first("other", 1)
  end)

  it("is that of the fault when its signal was ignored", function()
    is_first("ignored", 0)
  end)

  it("is that of the fault when the handler was taken back", function()
    is_first("default", 0)
  end)

  it("is that of the fault when its signal was blocked", function()
    is_first("blocked", 1)
  end)

  it("is that of the last fault when there were more", function()
    local fault = ended "late"
    assert.equal("arithmetic", fault.kind)
    assert.equal("return_late", fault.where.func)
    for _, how in ipairs { "again", "reset" } do
      fault = ended(how)
      assert.equal(0x80, fault.address)
      assert.equal("fault_again", fault.where.func)
      assert.is_nil(fault.backtrace.stop)
    end
  end)

  it("is that of a stack overflow, without an alternate stack", function()
    local fault = ended "overflow"
    assert.equal("stack", fault.kind)
    assert.truthy(fault.where.func:find "^recurse")
  end)

  it("is there, whatever the alternate stack is", function()
    assert.equal("memory", ended("stack").kind)
  end)
end)

describe("the report of a program that a signal ended", function()
  for _, how in ipairs { "TERM", "KILL", "USR1", "PIPE", "SEGV", "ALRM" } do
    it("names SIG" .. how, function()
      local fault = ended("end", how)
      assert.equal("halt", fault.kind)
      assert.equal("killed_by_SIG" .. how, fault.where.func)
    end)
  end

  it("names others, and a wait that cannot end", function()
    local names = {
      abort = "killed_by_SIGABRT", realtime = "killed_by_realtime_signal",
      alarm = "killed_by_SIGALRM", pause = "zvm_deadlock",
    }
    for how, name in pairs(names) do
      local fault, report = ended("end", how)
      assert.equal("halt", fault.kind)
      assert.equal(name, fault.where.func)
      assert.equal(0, report.usage.faults_handled)
    end
  end)
end)
