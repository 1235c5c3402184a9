--- zvm-cc and the rewriting assembler.
--
-- SPDX-License-Identifier: Apache-2.0
local rewrite = require "zvm.toolchain.rewrite"
local size = require "zvm.toolchain.size"

local RETURN = "testq $0xffffffff8000001f, (%rsp); .byte 0x75, 1; ret; hlt; "

-- Lines of output for `text`, without what precedes the first.
local function lines(text)
  local out = assert(rewrite.rewrite(text, "t.s"))
  local list = {}
  for line in out:gmatch "([^\n]*)\n" do list[#list + 1] = line end
  table.remove(list, 1)
  table.remove(list, 1)
  return list
end

-- One instruction, without the padding before it.
local function one(text)
  return (lines("\t" .. text .. "\n")[1]:gsub("^%.p2align 5,,%d+; ", ""))
end

local function refused(text)
  local out, message = rewrite.rewrite(text, "t.s")
  assert.is_nil(out)
  return message
end

describe("the rewriting assembler", function()
  it("narrows the registers of a memory operand", function()
    assert.equal("movl 8(%eax,%r9d,4), %edx", one "movl 8(%rax,%r9,4), %edx")
    assert.equal("movq %rdi, -8(%ebp)", one "movq %rdi, -8(%rbp)")
    assert.equal("addl (%esp,%eax), %ebx", one "addl (%rsp,%rax), %ebx")
  end)

  it("leaves disp(%rsp), rip-relative operands and lea alone", function()
    assert.equal("movl 8(%rsp), %eax", one "movl 8(%rsp), %eax")
    assert.equal("movl foo(%rip), %eax", one "movl foo(%rip), %eax")
    assert.equal("leaq 8(%rax,%rbx), %rcx", one "leaq 8(%rax,%rbx), %rcx")
  end)

  it("makes absolute operands addressable", function()
    assert.equal("movl (65536)(,%eiz,1), %eax", one "movl 65536, %eax")
    assert.equal("movl foo+4(%rip), %eax", one "movl foo+4, %eax")
  end)

  it("tests returns, masks indirect jumps and indirect calls", function()
    for _, ret in ipairs { "ret", "retq", "rep ret", "bnd ret" } do
      assert.truthy(one(ret):find(RETURN, 1, true))
    end
    assert.truthy(one "jmp *%rax":find("andl $-32, %eax; jmp *%rax", 1, true))
    assert.truthy(one "call *%r12":find("andl $-32, %r12d; call *%r12", 1,
      true))
    assert.truthy(one "call *8(%rax)":find(
      "movl 8(%eax), %r11d; ", 1, true))
  end)

  it("refuses flags that a mask would set before they are read", function()
    local text = "f:\n\tcmpl %esi, %edx\n\tjmp *%rax\n"
      .. "\t.section .rodata\n\t.long .L2\n\t.text\n.L2:\n"
    for _, reader in ipairs { "jnb f", "movl $1, %ecx\n\tsetb %cl",
      "cmovbl %ecx, %edx", "adcl %ecx, %edx", "sbbl %ecx, %ecx" } do
      local message = refused(text .. "\t" .. reader .. "\n")
      assert.truthy(message:find("flags are read behind .L2", 1, true))
    end
    -- also where the jump that reads them is a short one, by its bytes
    assert.truthy(refused(text .. "\tmovl (%rdx), %ecx\n\tjne .L2\n")
      :find("flags are read behind .L2", 1, true))
    assert.truthy(rewrite.rewrite(text .. "\tjmp .L2\n.L3:\n\tje f\n", "t.s"))
    assert.truthy(rewrite.rewrite(text .. "\tmovl $1, %ecx\n\ttestl %ecx, "
      .. "%edx\n\tjnb f\n", "t.s"))
    assert.truthy(rewrite.rewrite(text:gsub("%.long %.L2", ".long 2")
      .. "\tjnb f\n", "t.s"))
  end)

  it("puts a call at the end of its bundle", function()
    assert.equal(".nops (27-(.-.Lzvm_section1))&31; call f", one "call f")
  end)

  it("keeps a loop of one bundle in one, closed by a short jump", function()
    local body = "\tmovl (%rdx), %eax\n\taddq $4, %rdx\n\tcmpq %rdx, %rcx\n"
    local out = lines(".L3:\n" .. body .. "\tjne\t.L3\n")
    assert.equal(".p2align 5; .L3:", out[1])
    assert.equal(".p2align 5,,4; cmpq %rdx, %rcx", out[4])
    assert.equal(".bundle_lock; .byte 117; .byte .L3-.-1; .bundle_unlock",
      out[5])
    for _, more in ipairs { body:rep(4), "\tcall f\n" .. body,
      ".L4:\n" .. body }
    do -- longer, of unknown length, or with a place of its own inside
      out = lines(".L3:\n" .. more .. "\tjne .L3\n")
      assert.equal(".L3:", out[1])
      assert.equal("jne .L3", out[#out])
    end
    out = lines(".L3:\n\t.loc 1 2 3\n.LVL17:\n.LBB4:\n" .. body
      .. "\tjne\t.L3\n")
    assert.equal(".p2align 5; .L3:", out[1]) -- with -g too
    out = lines(".L3:\n" .. ("\tmovl %eax, %ecx\n"):rep(13) .. "\tjmp .L3\n")
    assert.equal(".L3:", out[1]) -- lengths may be wrong: so many are too many
    assert.equal("jne .L3", lines("\tcmpl %eax, %edx\n\tjne .L3\n.L3:\n")[2])
  end)

  it("puts call frame information where it is not loaded", function()
    local function place(text, options)
      return rewrite.rewrite(text, "t.s", options)
        :find(".cfi_sections .debug_frame; ", 1, true) ~= nil
    end
    local text = "f:\n\t.cfi_startproc\n\tnop\n\t.cfi_endproc\n"
    assert.is_true(place(text))
    assert.is_false(place(text, { tables = true }))
    assert.is_false(place "f:\n\tnop\n")
    -- who catches exceptions, or says where, has it as written
    assert.is_false(place(text .. "\t.cfi_lsda 0x3, .LLSDA1\n"))
    assert.is_false(place("\t.cfi_sections .eh_frame\n" .. text))
  end)

  it("starts a bundle where an exception lands, and not where it is thrown",
    function()
      local out = lines("f:\n.LEHB0:\n\tcall g\n.LEHE0:\n\tnop\n.L3:\n\tnop\n"
        .. '\t.section .gcc_except_table,"a",@progbits\n'
        .. "\t.uleb128 .LEHB0-.LFB0\n\t.uleb128 .LEHE0-.LEHB0\n"
        .. "\t.uleb128 .L3-.LFB0\n")
      assert.equal(".p2align 5; .L3:", out[6])
      assert.equal(".LEHB0:", out[2])
      assert.equal(".LEHE0:", out[4])
    end)

  it("links what tells that a pure virtual function was called", function()
    assert.equal("", lines("\t.weak\t__cxa_pure_virtual\n")[1])
    assert.equal(".weak f", lines("\t.weak\tf\n")[1])
  end)

  it("calls a weak symbol that may be missing through a register", function()
    assert.truthy(lines("\tcall f\n\t.weak f\n")[1]:find("movl $f, %r11d", 1,
      true))
    local tail = lines("\tjmp f\n\t.weak f\n")[1]
    assert.truthy(tail:find("movl $f, %r11d; ", 1, true))
    assert.truthy(tail:find("andl $-32, %r11d; jmp *%r11", 1, true))
  end)

  it("branches to data, which is a fault, through a register", function()
    local text = "\tjmp x\n\t.data\nx:\n\t.long 0\n"
    assert.truthy(lines(text)[1]:find("jmp *%r11", 1, true))
    assert.truthy(lines "\tcall x\n\t.comm x,4,4\n"[1]:find("call *%r11", 1,
      true))
    assert.equal("jmp y", (lines("\tjmp y\n\t.data\nx:\n")[1]:gsub("^.*; ",
      "")))
  end)

  it("exchanges with what the stack pointer addresses", function()
    assert.equal("xchgl %eax, 8(%rsp)", one "xchgl %eax, 8(%rsp)")
    assert.truthy(refused "\txchgl %esp, (%rax)\n":find("stack pointer", 1,
      true))
  end)

  it("knows comparisons with an underscore in their names", function()
    local out = assert(rewrite.rewrite("\tvcmpneq_oqps (%rax), %ymm1, %ymm2\n",
      "t.s", { level = 3 }))
    assert.truthy(out:find("vcmpneq_oqps (%eax), %ymm1, %ymm2", 1, true))
  end)

  it("gives string instructions 32-bit addresses", function()
    assert.equal("addr32 rep movsq", one "rep movsq")
    assert.equal("addr32 rep stosb", one "addr32 rep stosb")
    assert.equal("addr32 movsl", one "movsd")
    assert.equal("movsd (%eax), %xmm0", one "movsd (%rax), %xmm0")
    assert.equal("addr32 rep movsb", lines("\trep\n\tmovsb\n")[2])
  end)

  it("writes the stack pointer in 32 bits", function()
    assert.equal("addl $8, %esp", one "addq $8, %rsp")
    assert.equal("leal -8(%rsp), %esp", one "leaq -8(%rsp), %rsp")
    assert.equal("movl %ebp, %esp", one "movq %rbp, %rsp")
    assert.equal("movl %ebp, %esp; popq %rbp", one "leave")
  end)

  it("adds the thread's distance to thread-local variables", function()
    assert.equal("movl __zvm_tp(%rip), %eax", one "movl %fs:0, %eax")
    assert.equal("addl $x, %eax", one "addl $x@tpoff, %eax")
    assert.equal("movl x+4(%eax), %edx", one "movl x@tpoff+4(%rax), %edx")
    assert.equal("leal x(%rax,%rdi,4), %eax",
      one "leal x@tpoff(%rax,%rdi,4), %eax")
    assert.equal("movl __zvm_tp(%rip), %eax; movq x+8(%eax), %rax",
      one "movq %fs:x@tpoff+8, %rax")
    assert.equal('.section .zvm.tbss.x, "aw", @nobits',
      lines('\t.section .tbss.x,"awT",@nobits\n')[1])
  end)

  it("starts a bundle at functions and at labels used as data", function()
    local out = lines [[
  .globl f
f:
.L1:
.L2:
  .section .rodata
  .long .L2
]]
    assert.equal(".p2align 5; f:", out[2])
    assert.equal(".L1:", out[3])
    assert.equal(".p2align 5; .L2:", out[4])
  end)

  it("keeps every statement on its line", function()
    local out = lines "\tnop; ret /* a\nb */; call f # c\n\n\tnop\n"
    assert.equal(4, #out)
    assert.equal("nop", out[4])
    assert.truthy(out[2]:find("call f", 1, true))
  end)

  it("expands macros and repetitions before it rewrites", function()
    local out = lines [[
  .macro load from, to=%eax
  movl (\from), \to
  .endm
  load %rdx
  .rept 2
  nop
  .endr
]]
    assert.truthy(out[4]:find("movl (%edx), %eax", 1, true))
    assert.equal("nop; nop", out[7])
  end)

  it("uses bsf where rep bsf would be tzcnt", function()
    assert.equal("bsfl %edi, %eax", one "rep bsfl %edi, %eax")
  end)

  it("reads a fixed x87 control word and writes none", function()
    assert.equal("movw $0x37f, 8(%eax)", one "fnstcw 8(%rax)")
    assert.equal("", one "fldcw 8(%rax)")
  end)

  local bad = {
    ["fldl (%rax)"] = "x87 instruction",
    ["movl %gs:8, %eax"] = "segment register %gs",
    ["movl %fs:40, %eax"] = "segment register %fs",
    ["movl %eax, %fs:x@tpoff"] = "load %fs:0 into a register",
    ["incl %fs:x@tpoff"] = "load %fs:0 into a register",
    ["movl x@tpoff, %eax"] = "load %fs:0 into a register",
    ["movl %fs:(%rax), %eax"] = "segment register %fs",
    ["btl %eax, (%rdx)"] = "reaches outside its operand",
    ["syscall"] = "belongs to the system",
    ["rdtsc"] = "differ from run to run",
    ["ret $8"] = "ret with an operand",
    ["popq (%rax)"] = "pop a register",
    ["orq $8, %rsp"] = "writes the stack pointer",
    ["movq %rax, %mm0"] = "x87 or MMX register",
    [".long 1"] = "between instructions",
    ["rep bsrl %eax, %eax"] = "as the processor has it",
    [".type f, @gnu_indirect_function"] = "chosen at start",
    ["sha1msg1 %xmm0, %xmm1"] = "of no CPU level",
    ["kmovw %eax, %k1"] = "of no CPU level",
    ["vpaddd %xmm16, %xmm0, %xmm0"] = "of no CPU level",
    ["{evex} vpaddd %xmm1, %xmm0, %xmm0"] = "AVX-512",
    ["jmp __addtf3"] = "wider than double",
    ['.section .note.GNU-stack,"x",@progbits'] = "code on the stack",
    [".intel_syntax noprefix"] = "not supported",
  }
  for text, why in pairs(bad) do
    it("refuses " .. text .. " with file, line and remedy", function()
      local message = refused("\tnop\n\t" .. text .. "\n")
      assert.truthy(message:find("^t%.s:2: "), message)
      assert.truthy(message:find(why, 1, true), message)
      assert.truthy(message:find("; ", 1, true), message)
    end)
  end

  it("names the line of the source that a marker gives", function()
    assert.truthy(refused('# 7 "a.c" 1\n\tsyscall\n'):find "^a%.c:7: ")
  end)

  it("knows how long instructions are", function()
    assert.equal(2, size.of("movl", "%eax, %ebx"))
    assert.equal(4, size.of("movl", "8(%eax), %ebx"))
    assert.equal(7, size.of("movq", "foo(%rip), %rbx"))
    assert.equal(10, size.of("movabsq", "$81985529216486895, %rax"))
  end)
end)

describe("zvm-cc", function()
  local dir

  local function run(arguments)
    local code = os.execute(("lua/bin/zvm-cc %s > %s/out 2>&1")
      :format(arguments, dir))
    local file = assert(io.open(dir .. "/out"))
    local text = file:read "*a"
    file:close()
    return code == 0 or code == true, text
  end

  local function write(name, text)
    local file = assert(io.open(dir .. "/" .. name, "w"))
    file:write(text)
    file:close()
    return dir .. "/" .. name
  end

  before_each(function()
    dir = os.tmpname()
    os.remove(dir)
    assert(os.execute("mkdir " .. dir))
  end)

  after_each(function() os.execute("rm -r " .. dir) end)

  for _, level in ipairs { "-O0", "-O2", "-Os", "-O3 -march=x86-64-v3" } do
    it("makes at " .. level .. " what the validator accepts", function()
      local zvm = require "zvm"
      local source = write("a.c", [[
        #include <stdio.h>
        static __thread int calls;
        static int twice(int x) { calls++; return 2 * x; }
        int (*volatile f)(int) = twice;
        int main(int argc, char **argv) {
          char buf[argc * 100];
          switch (argc) {
          case 1: puts("one"); break;
          case 2: puts("two"); break;
          case 3: puts("three"); break;
          case 4: puts("four"); break;
          case 5: puts("five"); break;
          case 6: puts("six"); break;
          }
          int y = f(21);
          snprintf(buf, sizeof buf, "%d %d %.2f", y, calls, argc / 4.0);
          return puts(buf) < 0;
        }]])
      local ok, text = run(level .. " -o " .. dir .. "/a.zvm " .. source)
      assert.is_true(ok, text)
      local module = assert(zvm.load(dir .. "/a.zvm"))
      local report = assert(zvm.run { program = module })
      assert.equal("exit", report.state)
      assert.equal("one\n42 1 0.25\n", report.channels.stdout.data)
    end)
  end

  it("compares behind the jump of a switch", function()
    local source = write("a.c", [[
      extern int *end;
      #define CASE(n, f) \
      case n: for (i = low; i < high && at < end && !(f); i++) at++; break;
      int *span(int kind, int low, int high, int *at) {
        int i;
        switch (kind) {
        CASE(0, *at & 8) CASE(1, *at > 5) CASE(2, *at * 3 == 9)
        CASE(3, *at == 1) CASE(4, *at & 64) CASE(5, at[1] == 2)
        }
        return at;
      }]])
    local ok, text = run("-O2 -fno-tree-loop-optimize -fno-ivopts "
      .. "-fcrossjumping -c -o /dev/null " .. source)
    assert.is_true(ok, text)
  end)

  it("fails like gcc and leaves no output", function()
    local source = write("a.c", "int f(void) { asm(\"syscall\"); return 0; }\n")
    local ok, text = run("-c -o " .. dir .. "/a.o " .. source)
    assert.is_false(ok)
    assert.truthy(text:find "a%.c:1: instruction syscall")
    assert.is_nil(io.open(dir .. "/a.o"))
    assert.is_false((run("-o " .. dir .. "/a " .. dir .. "/none.c")))
  end)

  it("takes -S, -E, -MMD and standard input", function()
    local source = write("a.c", "int x;\n")
    assert.is_true((run("-S -o " .. dir .. "/a.s " .. source)))
    assert.is_true((run("-c -MMD -MF " .. dir .. "/a.d -o " .. dir .. "/a.o "
      .. source)))
    assert.truthy(io.open(dir .. "/a.d"))
    local ok, text = run("-E -x c - < " .. source)
    assert.is_true(ok)
    assert.truthy(text:find("int x;", 1, true))
  end)

  it("takes options of gcc that become two words for the assembler", function()
    local source = write("a.s", "\tnop\n")
    local ok, text = run(("-ffile-prefix-map=%s=x -c -o %s/a.o %s"):format(dir,
      dir, source))
    assert.is_true(ok, text)
  end)

  it("takes arguments from response files, one in another", function()
    local source = write("a b.c", "int x = X + Y;\n")
    local inner = write("inner", "-DY=\\ 2 -D'Z=\"a b\"'\n")
    local outer = write("outer", ('"%s"\n@%s -DX="1 + 1" -E\n')
      :format(source, inner))
    local ok, text = run("@" .. outer)
    assert.is_true(ok, text)
    assert.truthy(text:find("int x = 1 + 1 + 2;", 1, true), text)
    ok, text = run("@" .. dir .. "/none")
    assert.is_false(ok)
    assert.truthy(text:find("@" .. dir .. "/none", 1, true), text)
  end)

  it("links more objects than one argument of the system holds", function()
    local source = write("a.c", "int x;\n")
    local object = dir .. "/" .. ("n"):rep(200) .. ".o"
    assert.is_true((run("-c -o " .. object .. " " .. source)))
    local list = write("list", (object .. "\n"):rep(700))
    local main = write("main.c", "int main(void) { return 0; }\n")
    local ok, text = run("-Wl,-z,muldefs -o " .. dir .. "/a.zvm " .. main
      .. " @" .. list)
    assert.is_true(ok, text)
  end)

  it("finds main in an archive", function()
    local source = write("a.c", "int main(void) { return 42; }\n")
    assert.is_true((run(("-c -o %s/a.o %s && ar rcs %s/a.a %s/a.o"):format(dir,
      source, dir, dir))))
    local ok, text = run(("-o %s/a.zvm %s/a.a"):format(dir, dir))
    assert.is_true(ok, text)
    local report = assert(require "zvm".run { program = dir .. "/a.zvm" })
    assert.equal(42, report.code)
  end)

  it("optimises at link time", function()
    local one_ = write("one.c", "int f(int x) { return x + 1; }\n")
    local two = write("two.c", "int f(int);\n"
      .. "int main(void) { return f(41); }\n")
    for _, source in ipairs { one_, two } do
      assert.is_true((run("-O2 -flto -c -o " .. source .. ".o " .. source)))
    end
    local ok, text = run(("-O2 -flto -o %s/a.zvm %s.o %s.o"):format(dir,
      one_, two))
    assert.is_true(ok, text)
    local report = assert(require "zvm".run { program = dir .. "/a.zvm" })
    assert.equal(42, report.code)
  end)

  it("lays the variables of the libc together, large arrays behind", function()
    local source = write("a.c", [[
      #include <stdio.h>
      char data[65536] = { 1 }, zeroes[1 << 20];
      int main(void) { return puts("hello") < 0; }]])
    local ok, text = run("-O2 -o " .. dir .. "/a.zvm " .. source)
    assert.is_true(ok, text)
    local pipe = assert(io.popen("nm " .. dir .. "/a.zvm"))
    local at = {}
    for address, name in pipe:read "*a":gmatch "(%x+) %a ([%w_]+)\n" do
      at[name] = tonumber(address, 16)
    end
    pipe:close()
    -- Of the start, of descriptors, of channels, of the clock, of stdout.
    for _, name in ipairs { "standard", "taken", "table", "written", "elapsed",
      "buf" } do
      assert.is_true(math.abs(at[name] - at.__zvm_thread) < 4096, name)
    end
    assert.is_true(at.data < at.__zvm_thread)
    assert.is_true(at.buf < at.zeroes)
    assert.is_true(at.zeroes < at.others)
  end)

  it("names the levels it knows", function()
    local ok, text = run "-march=native -c a.c"
    assert.is_false(ok)
    assert.truthy(text:find("x86-64, x86-64-v2 (default) and x86-64-v3", 1,
      true))
  end)

  it("compiles headers, to be included faster", function()
    local header = write("all.h", "enum { FOUR = 4 };\n")
    write("main.c", '#include "all.h"\nint main(void) { return FOUR; }\n')
    local ok, text = run(("%s -o %s.gch"):format(header, header))
    assert.is_true(ok, text)
    ok, text = run(("-H -o %s/a %s/main.c"):format(dir, dir))
    assert.is_true(ok, text)
    assert.truthy(text:find("! " .. header .. ".gch", 1, true), text)
    assert.is_true(run(("-x c-header -o %s/b.gch %s/main.c"):format(dir, dir)))
    os.remove(header .. ".gch")
  end)

  it("takes the names of gcc's own libraries", function()
    write("main.c", "int main(void) { return 0; }\n")
    local ok, text = run(("-o %s/a %s/main.c -latomic -lgcc -lgcc_s")
      :format(dir, dir))
    assert.is_true(ok, text)
  end)

  -- Least of all the unwinder's, which is there after `make cxx` only.
  it("links the whole C library without another one", function()
    local source = write("main.c", "int main(void) { return 0; }\n")
    for _, level in ipairs { "", "-march=x86-64-v3" } do
      local ok, text = run(("%s -nodefaultlibs -o %s/a %s -Wl,--whole-archive"
        .. " -lc -lzvmrt -Wl,--no-whole-archive"):format(level, dir, source))
      assert.is_true(ok, text)
    end
  end)

  it("says which option wants a library that is not there", function()
    write("main.c", "int main(int n, char **v) { return n / (n - 1); }\n")
    local rest = (" -o %s/a %s/main.c"):format(dir, dir)
    for option, advice in pairs { ["-fsanitize=undefined"] = "-fsanitize="
      .. "undefined -fsanitize-undefined-trap-on-error needs none",
      ["-fopenmp"] = "leave it out; -fopenmp-simd needs none",
      ["--coverage"] = "measure the same code on the host" } do
      local ok, text = run(option .. rest)
      assert.is_false(ok)
      assert.equal(("zvm-cc: error: %s: its library is not there; %s\n"):format(
        option, advice), text)
      assert.is_true(run(option .. " -c" .. rest))
    end
    assert.is_true(run("-fsanitize=undefined -fsanitize-undefined-trap-on-error"
      .. rest))
  end)

  it("refuses shared libraries", function()
    local ok, text = run "-shared -o a.so a.c"
    assert.is_false(ok)
    assert.truthy(text:find("link statically", 1, true))
  end)
end)
