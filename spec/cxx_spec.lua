--- zvm-c++: each program of spec/guest/cxx prints what the same source prints
-- on the host. `make check-cxx` builds the library and the programs.
--
-- SPDX-License-Identifier: Apache-2.0

local host = require "support.host"
local zvm = require "zvm"

local GUESTS = host.build() .. "/guest/cxx/"
local INPUT = "1 2\nthree 4\n5 6 7\n"

local function is_built()
  local file = io.open(GUESTS .. ".built")
  if file then file:close() end
  return file ~= nil
end

local function guest(name, args, options)
  options = options or {}
  options.program = GUESTS .. name .. ".zvm"
  options.args = args
  options.channels = { stdin = { data = INPUT } }
  local report = assert(zvm.run(options))
  return report.channels.stdout.data, report
end

-- Output and exit code of the same program on the host.
local function native(name, words)
  local text = host.output(("printf '%s' | %s%s.native %s 2>/dev/null; echo $?")
    :format(INPUT, GUESTS, name, words or ""))
  local said, code = text:match "^(.-)(%d+)\n$"
  return said, tonumber(code)
end

local function agrees(name, level)
  local said, report = guest(name .. (level or ""), { "/tmp" })
  assert.equal("exit", report.state, report.channels.stderr.data)
  host.inside(function(dir)
    local expected, code = native(name, dir)
    assert.equal(expected, said)
    assert.equal(code, report.code)
    assert.is_true(#said > 20)
  end)
end

local PROGRAMS = {
  { "containers", "has the containers" },
  { "algorithms", "has the algorithms and ranges" },
  { "streams", "has iostreams" },
  { "strings", "has strings and conversions" },
  { "regexes", "has regular expressions" },
  { "exceptions", "throws and catches in every way" },
  { "deep", "throws through 10000 frames, and keeps registers" },
  { "callbacks", "throws through frames of C" },
  { "rtti", "knows types at run time" },
  { "statics", "makes and destroys static objects in order" },
  { "thread_locals", "has thread_local objects" },
  { "variants", "has variant, any, optional, tuple" },
  { "floats", "formats and reads floating point" },
  { "files", "has files and file systems" },
  { "randoms", "has engines and distributions of random numbers" },
  { "waits", "waits for what another thread has begun" },
  { "old", "has the headers of older standards" },
  { "threads", "has threads, futures and what they wait for" },
  { "memory", "has smart pointers and allocators" },
  { "coroutines", "has coroutines and concepts" },
}

describe("a program of C++", function()
  if not is_built() then
    pending "is there when `make check-cxx` has built it"
    return
  end

  for _, program in ipairs(PROGRAMS) do
    it(program[2] .. " as on the host", function() agrees(program[1]) end)
  end

  for _, level in ipairs { "-O0", "-v3", "-lto" } do
    it("throws as on the host when built with " .. level, function()
      agrees("exceptions", level)
      agrees("deep", level)
    end)
  end

  for _, how in ipairs { "uncaught", "noexcept", "double", "rethrow",
    "joinable", "thread", "pure", "static" } do
    it("is ended by std::terminate as on the host: " .. how, function()
      local said, report = guest("terminations", { how, "tell" })
      local expected, code = native("terminations", how .. " tell")
      assert.equal(expected, said)
      assert.equal(code, report.code)
      assert.truthy(said:find("^terminate: "), said)
    end)
  end

  for _, how in ipairs { "return", "exit", "_Exit", "quick_exit",
    "exit in a destructor", "exit in a function of atexit",
    "exit in a thread", "exit in a thread's destructor", "pthread_exit",
    "return while a thread runs" } do
    it("destroys in the host's order what it has to: " .. how, function()
      local said, report = guest("ends", { how })
      local expected, code = native("ends", ('"%s"'):format(how))
      assert.equal(expected, said)
      assert.equal(code, report.code)
      assert.is_true(#said > 200)
    end)
  end

  it("faults when a thread_local object could not be destroyed", function()
    local _, report = guest("ends", { "no memory" }, { memory = "16M" })
    assert.equal("fault", report.state)
    assert.equal("zvm: no memory to note the destructor of a thread_local "
      .. "object\n", report.channels.stderr.data)
  end)

  it("says what nobody caught, and faults in abort", function()
    local _, report = guest("terminations", { "uncaught" })
    assert.equal("fault", report.state)
    assert.truthy(report.channels.stderr.data:find(
      "terminate called after throwing an instance of 'std::runtime_error'\n"
      .. "  what():  nobody\n", 1, true), report.channels.stderr.data)
  end)

  it("is the same in every run, clocks and random_device too", function()
    local first = guest("randoms", { "device" }, { isolation = "inline" })
    assert.equal(first, (guest("randoms", { "device" })))
    assert.truthy(first:find "946684800 1500\n$", first)
    assert.not_equal(first, (guest("randoms", { "device" }, { seed = 1 })))
    assert.equal(guest "threads", (guest("threads", nil,
      { isolation = "inline" })))
  end)
end)

describe("zvm-c++", function()
  it("says what to do where there is no library", function()
    host.inside(function(dir)
      host.write_file(dir .. "/a.cc", "#include <vector>\n")
      assert.equal("zvm-c++: error: no C++ library in " .. dir .. "; make it "
        .. "with `make cxx`, see docs/cxx.md\n1\n", host.output(("ZVM_SYSROOT="
        .. "%s lua/bin/zvm-c++ -c -o %s/a.o %s/a.cc 2>&1; echo $?")
        :format(dir, dir, dir)))
    end)
  end)

  it("compiles without one what asks for none", function()
    host.inside(function(dir)
      host.write_file(dir .. "/a.cc",
        "extern \"C\" int main() { return sizeof 'c'; }\n")
      assert.equal("0\n", host.output(("lua/bin/zvm-c++ -nostdinc++ -c -o "
        .. "%s/a.o %s/a.cc 2>&1; lua/bin/zvm-cc -o %s/a %s/a.o; echo $?")
        :format(dir, dir, dir, dir)))
      assert.equal(1, assert(zvm.run { program = dir .. "/a" }).code)
    end)
  end)

  it("keeps frames of C++ in memory, and of C as before", function()
    host.inside(function(dir)
      host.write_file(dir .. "/a.c", "int f(int n) { return n; }\n")
      local function frames(command)
        return host.output(("lua/bin/%s -c -o %s/a.o %s/a.c && readelf -SW "
          .. "%s/a.o"):format(command, dir, dir, dir)):find(" .eh_frame ", 1,
          true) ~= nil
      end
      assert.is_true(frames "zvm-c++ -nostdinc++")
      assert.is_true(frames "zvm-cc -x c++")
      assert.is_false(frames "zvm-cc")
    end)
  end)
end)
