-- Threads of the guest: what each call does, in which order, and how a run
-- that can never end is reported.
--
-- The programs of spec/guest/thread pass on the host, too: the first test
-- builds them with its gcc.
--
-- SPDX-License-Identifier: Apache-2.0

local host = require "support.host"
local zvm = require "zvm"

local GUESTS = (os.getenv "ZVM_BUILD" or "build") .. "/guest/thread/"
local SOURCES = "spec/guest/thread/"

local function run(name, options)
  options = options or {}
  options.program = GUESTS .. name .. ".zvm"
  local report = assert(zvm.run(options))
  return report, report.channels.stdout.data, report.channels.stderr.data
end

local function check(name, options)
  local report, said, errors = run(name, options)
  assert.equal("exit", report.state, said .. errors)
  assert.truthy(said:find("%d checks, 0 failed"), said .. errors)
  assert.equal(0, report.code)
  return said
end

-- Output and exit code of a shell command.
local function shell(command)
  local pipe = assert(io.popen(command .. " 2>&1; echo code $?"))
  local said = pipe:read "*a"
  pipe:close()
  return said
end

-- A fresh directory, gone afterwards.
local function in_directory(f)
  local dir = os.tmpname()
  os.remove(dir)
  assert(os.execute("mkdir " .. dir))
  local ok, message = pcall(f, dir)
  os.execute("rm -r " .. dir)
  if not ok then error(message, 0) end
end

describe("threads", function()
  it("are created, joined, detached, named and ended", function()
    check "basics"
  end)

  it("share mutexes, conditions, locks, barriers, semaphores", function()
    local said = check "locks"
    assert.equal(3, select(2, said:gsub("a whole line\n", "")))
  end)

  it("are cancelled at points, and at once where they ask for it", function()
    check "cancel"
  end)

  it("are those of the C standard, too", function()
    check "c11"
  end)

  it("have masks and signals of their own", function()
    for _, isolation in ipairs { "inline", "process" } do
      check("signals", { isolation = isolation })
    end
  end)

  it("wait for pipes, polls, locks of files and signals", function()
    local first = check("pipes", { isolation = "inline" })
    for _ = 1, 5 do assert.equal(first, check "pipes") end
  end)

  it("are not needed where alarms end a wait", function()
    assert.equal(check "alone", check("alone", { isolation = "inline" }))
  end)

  it("are not in a program that has a mutex alone", function()
    in_directory(function(dir)
      host.write_file(dir .. "/a.c", [[
#include <pthread.h>
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
int main(void) {
  return pthread_mutex_lock(&m) | pthread_mutex_unlock(&m);
}
]])
      local said = shell(("lua/bin/zvm-cc -o %s/a %s/a.c; nm %s/a")
        :format(dir, dir, dir))
      assert.truthy(said:find " T __zvm_park\n")
      assert.is_nil(said:find "__zvm_thread_")
      assert.equal(0, assert(zvm.run { program = dir .. "/a" }).code)
    end)
  end)

  it("do on the host what they do in the guest", function()
    in_directory(function(dir)
      local names = { "basics", "locks", "cancel", "c11", "signals",
        "pipes", "alone" }
      for _, name in ipairs(names) do
        local said = shell(("gcc -pthread -O1 -w -o %s/a %s%s.c"
          .. " && timeout 60 %s/a")
          :format(dir, SOURCES, name, dir))
        assert.truthy(said:find "checks, 0 failed\ncode 0\n", name .. said)
      end
    end)
  end)

  it("are ten thousand at a time, woken in the order of waiting", function()
    check("many", { memory = "512M" })
  end)

  it("run out with EAGAIN when the memory does", function()
    local report, said = run("exhaust", { memory = "16M" })
    assert.equal("exit", report.state, said)
    assert.equal(0, report.code, said)
    assert.equal("EAGAIN, and the rest goes on\n", said)
  end)

  it("wait for times of the virtual clock, in order", function()
    check "time"
  end)

  it("that look for what others bring see when nothing will come", function()
    check "poll"
  end)

  it("run, wait and are woken in the order of docs/threads.md", function()
    local report, said = run "order"
    assert.equal("exit", report.state)
    assert.equal([[
-abcabcabc yield
abcabcabc mutex
a-bcd condition
abcabcabc semaphore
cab barrier
wabxc read-write lock
]], said)
  end)

  it("switch at the same places in every run, both isolations", function()
    local first
    for i = 1, 20 do
      local report, said = run("trace", {
        isolation = i % 2 == 0 and "inline" or "process",
      })
      assert.equal("exit", report.state)
      first = first or said
      assert.equal(first, said)
    end
    assert.is_true(select(2, first:gsub("\n", "")) > 150)
  end)

  it("have objects of C++ that are made and destroyed with them", function()
    in_directory(function(dir)
      for _, flags in ipairs { "-O0", "-O2", "-O2 -flto" } do
        local said = shell(("lua/bin/zvm-cc -x c++ %s -o %s/a %sobjects.cc")
          :format(flags, dir, SOURCES))
        assert.equal("code 0\n", said)
        local report = assert(zvm.run { program = dir .. "/a" })
        assert.equal("3 made, 33 destroyed, 3 plain\n",
          report.channels.stdout.data)
        assert.equal(0, report.code)
      end
    end)
  end)

  it("have variables of their own in programs built with -flto", function()
    in_directory(function(dir)
      local said = shell(("lua/bin/zvm-cc -O2 -flto -w -o %s/a"
        .. " spec/guest/features/thread.c"):format(dir))
      assert.equal("code 0\n", said)
      local report = assert(zvm.run { program = dir .. "/a" })
      assert.truthy(report.channels.stdout.data:find "%d checks, 0 failed")
    end)
  end)

  it("end with the program, whoever ends it", function()
    local report, said = run("ends", { args = { "exit" } })
    assert.equal("exit", report.state)
    assert.equal(7, report.code)
    assert.equal("atexit\n", said)
    report, said = run("ends", { args = { "last" } })
    assert.equal("exit", report.state)
    assert.equal(0, report.code)
    assert.equal("main left\nworker ends\natexit\n", said)
  end)
end)

-- What stderr says, each line without its first words, and the fault.
local function stuck(what)
  local report, said, errors = run("stuck", { args = { what } })
  assert.equal("fault", report.state, said)
  assert.equal("halt", report.fault.kind)
  assert.equal("", said)
  local lines = {}
  for line in errors:gmatch "zvm: deadlock: ([^\n]*)\n" do
    lines[#lines + 1] = line:gsub("0x%x+", "0x")
  end
  return lines, report.fault, errors
end

describe("a deadlock", function()
  it("of two threads and two mutexes names both, and is a fault", function()
    local lines, fault = stuck "two"
    assert.same({
      "thread 1 waits for mutex 0x held by thread 2 (worker)",
      "thread 2 (worker) waits for mutex 0x held by thread 1",
    }, lines)
    assert.equal("zvm_deadlock", fault.where.func)
    assert.equal("deadlock: no thread can run", fault.text)
  end)

  it("of one thread with itself is seen without other threads", function()
    assert.same({ "thread 1 waits for mutex 0x held by thread 1" },
      (stuck "self"))
  end)

  it("tells what each thread waits for", function()
    assert.same({
      "thread 1 waits for the end of thread 3",
      "thread 2 waits for condition 0x",
      "thread 3 waits to write, read-write lock 0x held by thread 1",
      "thread 4 waits for semaphore 0x",
      "thread 5 waits at barrier 0x",
    }, (stuck "all"))
  end)

  it("by a mutex whose owner has ended says so", function()
    assert.same({
      "thread 1 waits for mutex 0x held by thread 2, which has ended",
    }, (stuck "dead"))
  end)

  it("by a spin lock is found, too", function()
    assert.same({
      "thread 1 waits for spin lock 0x",
      "thread 2 waits for semaphore 0x",
    }, (stuck "spin"))
  end)

  it("of those who are left when main has ended is found", function()
    assert.same({ "thread 2 waits for semaphore 0x" }, (stuck "exit"))
  end)

  it("of one that waits for a signal and one for it is found", function()
    assert.same({
      "thread 1 waits for the end of thread 2",
      "thread 2 looks for what does not come",
    }, (stuck "signal"))
  end)

  it("by a pipe is EDEADLK, told to each that reads it", function()
    local report, said = run("stuck", { args = { "pipe" } })
    assert.equal("exit", report.state)
    assert.equal("EDEADLK\nEDEADLK\nEDEADLK\n", said)
  end)

  it("and a stack overflow are not the program's to handle", function()
    for what, place in pairs {
      self = "zvm_deadlock",
      overflow = "zvm_stack_overflow",
    } do
      local report = run("stuck", { args = { what, "with a handler" } })
      assert.equal("fault", report.state)
      assert.equal(place, report.fault.where.func)
    end
  end)

  it("of many threads is told in a hundred lines and one", function()
    local lines = stuck "many"
    assert.equal(101, #lines)
    assert.equal("101 more threads wait", lines[101])
  end)
end)

describe("a thread's stack", function()
  it("that overflows ends the run at the next switch", function()
    local report, _, errors = run("stuck", { args = { "overflow" } })
    assert.equal("fault", report.state)
    assert.equal("zvm_stack_overflow", report.fault.where.func)
    assert.equal("a thread's stack has overflowed", report.fault.text)
    assert.truthy(errors:find("^zvm: stack overflow: thread 2 has %d+ bytes\n"))
  end)
end)

describe("zvm-cc", function()
  it("refuses %fs with an offset of a variable, with file and line", function()
    in_directory(function(dir)
      host.write_file(dir .. "/a.c", [[
__thread int x;
int f(void) {
  asm volatile("incl %fs:x@tpoff");
  return x;
}
]])
      local said = shell("lua/bin/zvm-cc -c -o " .. dir .. "/a.o " .. dir
        .. "/a.c")
      assert.truthy(said:find("/a%.c:3: a thread%-local variable"), said)
      assert.truthy(said:find("load %fs:0 into a register", 1, true), said)
    end)
  end)
end)
