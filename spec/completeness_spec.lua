--- What gcc can emit for x32 runs, or is refused with file, line and remedy.
--
-- The programs of spec/guest/features are built at each level by `make
-- guests`; `make check-toolchain` does the same with gcc's own tests.
--
-- SPDX-License-Identifier: Apache-2.0

local host = require "support.host"
local rewrite = require "zvm.toolchain.rewrite"
local zvm = require "zvm"

local BUILD = os.getenv "ZVM_BUILD" or "build"

local FEATURES = {
  asm = "inline assembly",
  atomic = "atomics of 1 to 16 bytes",
  bitfield = "bit-fields",
  int128 = "__int128",
  jump = "computed goto, switches, setjmp, tail calls, nested functions",
  real = "long double as double, half precision, complex numbers",
  thread = "thread-local variables of every kind",
  stack = "alloca, variable arrays, varargs, structs by value",
  vector = "vectorised loops of every type of element",
}

describe("programs of C's features", function()
  for name, what in pairs(FEATURES) do
    it("run right at every level: " .. what, function()
      for _, level in ipairs { "O0", "O1", "O2", "O3", "Os", "v3" } do
        local report = assert(zvm.run {
          program = ("%s/guest/features/%s/%s.zvm"):format(BUILD, level, name),
        })
        local said = level .. ": " .. report.channels.stdout.data
        assert.equal("exit", report.state, said)
        assert.truthy(said:find "%d%d checks, 0 failed", said)
        assert.equal(0, report.code, said)
      end
    end)
  end
end)

-- What cannot be accepted: the body of a function on line 3 of a.c, a part
-- of the message, flags.
local REFUSED = {
  { "asm(\"syscall\");", "instruction syscall belongs to the system; ask the"
    .. " host" },
  { "asm volatile(\"rdtsc\" : : : \"eax\", \"edx\");", "rdtsc gives results"
    .. " that differ from run to run; take time" },
  { "__builtin_ia32_rdtsc();", "rdtsc gives results that differ" },
  { "asm(\"movl %%fs:16, %%eax\" : : : \"eax\");", "segment register %fs; use"
    .. " plain variables" },
  { "asm(\"pushf; pop %%rax\" : : : \"rax\");", "pushf belongs to the system" },
  { "asm(\"orq $8, %%rsp\" :);", "writes the stack pointer; use 32-bit" },
  { "asm(\"xchgq %%rax, %%rsp\" :);", "writes the stack pointer; use mov" },
  { "asm(\"fld1; fstp %%st(0)\");", "x87 instruction fld1; long double is"
    .. " double here" },
  { "asm(\"movd %%eax, %%mm0\" :);", "x87 or MMX register in movd; use SSE" },
  { "asm(\"btsl %%eax, (%%rdi)\" :);", "reaches outside its operand; load" },
  { "asm(\".intel_syntax noprefix\");", "is not supported; write" },
  { "asm(\".long 5\");", "data (.long) between instructions; put it" },
  { "asm(\"aesenc %%xmm0, %%xmm1\" :);", "aesenc is of no CPU level that a"
    .. " module has; write" },
  { "asm(\"vaddps %%ymm0, %%ymm1, %%ymm2\" :);", "vaddps is of CPU level"
    .. " x86-64-v3; compile and link with -march=x86-64-v3" },
  { "asm(\"vaddps %%zmm0, %%zmm1, %%zmm2\" :);", "of no CPU level",
    "-march=x86-64-v3" },
  { "asm(\"vpternlogd $1, %%ymm0, %%ymm1, %%ymm2\" :);", "of no CPU level",
    "-march=x86-64-v3" },
  { "asm(\"{vex} vpdpbusd %%ymm0, %%ymm1, %%ymm2\" :);", "of no CPU level",
    "-march=x86-64-v3" },
  -- No assembly of the user's: the line comes from the compiler.
  { "x = _mm256_i32gather_epi32(p, x, 4);", "gather and scatter address"
    .. " memory element by element; use plain loads",
    "-march=x86-64-v3" },
  { "y = _mm_rcp_ps(y);", "rcpps differs between processors; compile with" },
  { "q = q * 3;", "floating point wider than double (__multf3); use double" },
  { "d = d * 3;", "decimal floating point (__bid_muldd3); use double" },
  { "int h(void) { return n; } call(h);", "trampoline" },
  -- Also where -w keeps gcc quiet.
  { "int h(void) { return n; } call(h);", "code on the stack, as the address"
    .. " of a nested function is; move the function out", "-w" },
}

local SOURCE = [[
#include "a.h"
void f(int n) {
  %s
}
]]

describe("what cannot be accepted", function()
  local dir

  setup(function()
    dir = os.tmpname()
    os.remove(dir)
    assert(os.execute("mkdir " .. dir))
  end)

  teardown(function() os.execute("rm -r " .. dir) end)

  local function compile(body, flags)
    local header = "void call(int (*)(void));\n"
      .. "extern __float128 q; extern _Decimal64 d;\n"
    if body:find "_mm" then
      header = header .. "#include <immintrin.h>\nextern __m128 y;\n"
      if body:find "256" then
        header = header .. "extern __m256i x; extern int *p;\n"
      end
    end
    host.write_file(dir .. "/a.h", header)
    host.write_file(dir .. "/a.c", SOURCE:format(body))
    local pipe = assert(io.popen(("lua/bin/zvm-cc %s -c -o %s/a.o %s/a.c 2>&1;"
      .. " echo code $?"):format(flags or "", dir, dir)))
    local said = pipe:read "*a"
    pipe:close()
    return said
  end

  for _, case in ipairs(REFUSED) do
    it(("is refused with file and line at compile time: %s %s"):format(
      case[1], case[3] or ""), function()
      local said = compile(case[1], case[3])
      assert.truthy(said:find "code 1\n$", said)
      local found
      for line in said:gmatch "[^\n]+" do
        -- Of a nested function gcc's own message, or its outer one's line.
        local at = line:match "a%.c:(%d+):"
        if (at == "3" or case[3] == "-w" and at == "2")
          and line:find(case[2], 1, true) then
          found = true
        end
      end
      assert.is_true(found, said)
    end)
  end

  it("names only instructions that the validator refuses too", function()
    local names = 0
    for line in io.lines "core/isa/opcodes.def" do
      local list = line:match '^OP%(V[^"]*"([^"]*)"'
        or line:match '^EXT%([^"]*"(v[^"]*)".*V3' or ""
      for name in list:gmatch "%f[%w]v%w+" do
        local text = "\t" .. name .. " %ymm0, %ymm1, %ymm2\n"
        assert.truthy(rewrite.rewrite(text, "t.s", { level = 3 }), name)
        local none, message = rewrite.rewrite(text, "t.s", { level = 2 })
        assert.is_nil(none)
        assert.truthy(message:find("-march=x86-64-v3", 1, true), message)
        names = names + 1
      end
    end
    assert.is_true(names > 350, tostring(names))
  end)

  it("is said at link time where objects of two levels meet", function()
    host.write_file(dir .. "/v.c", "#include <stdio.h>\n"
      .. "float a[64]; int main(void) { for (int i = 0; i < 64; i++)"
      .. " a[i] = a[i] * 3 + 1; return puts(\"ok\") < 0; }\n")
    local function run(command)
      local pipe = assert(io.popen(("lua/bin/zvm-cc %s 2>&1; echo code $?")
        :format(command:gsub("DIR", dir))))
      local said = pipe:read "*a"
      pipe:close()
      return said
    end
    assert.equal("code 0\n",
      run "-O3 -march=x86-64-v3 -c -o DIR/v.o DIR/v.c")
    assert.truthy(run "-o DIR/v.zvm DIR/v.o":find(
      "undefined reference to `zvm_link_with_march_x86_64_v3'", 1, true))
    assert.equal("code 0\n", run "-march=x86-64-v3 -o DIR/v.zvm DIR/v.o")
    local report = assert(zvm.run { program = dir .. "/v.zvm" })
    assert.equal("ok\n", report.channels.stdout.data)
  end)
end)
