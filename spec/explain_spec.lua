--- zvm.explain: findings and programs in words.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
local elf = require "support.elf"
local explain = require "zvm.explain"
local host = require "support.host"
local lessons = require "zvm.explain.lessons"
local zvm = require "zvm"

local RETURN = "48 f7 04 24 1f 00 00 80 75 01 c3"

-- `hex` and nops up to whole bundles.
local function bundles(hex)
  local bytes = code.hex(hex)
  return bytes .. ("\144"):rep(-#bytes % 32)
end

local function first(hex, options)
  local result = assert(explain.code(bundles(hex), options))
  return result.findings[1], result
end

-- Disassembly of a context, a line each, with marks.
local function listing(context)
  local out = {}
  for i, entry in ipairs(context) do
    out[i] = (entry.mark and "> " or "") .. (entry.disasm or entry.bytes)
  end
  return out
end

local function assert_fits(text)
  for line in text:gmatch "[^\n]+" do
    assert.is_true(#line <= 80, line)
    assert.is_nil(line:find "[%z\1-\31\127]", line)
    assert.is_nil(line:find " $", line)
  end
end

-- One refused piece of code for each rule: hex, options.
local BROKEN = {
  R_BUNDLE_CROSS = { ("90"):rep(30) .. "b8 0f 05 00 00" },
  R_INSN_UNKNOWN = { "0f ff" },
  R_INSN_SYSTEM = { "0f 05" },
  R_INSN_SEGMENT = { "64 8b 04 25 00 00 00 00" },
  R_INSN_NONDET = { "0f 31" },
  R_INSN_X87 = { "d9 e8" },
  R_INSN_LEVEL = { "c5 fd fe c0" },
  R_INSN_IMPLICIT = { "d7" },
  R_INSN_FORM = { "a1 00 00 00 00 00 00 00 00" },
  R_PREFIX = { "66 67 8b 00" },
  R_MEM_ADDR32 = { "8b 00" },
  R_MEM_RIP = { "8b 05 00 00 00 80" },
  R_MEM_BITOFFSET = { "67 0f a3 00" },
  R_MEM_RSP = { "8b 84 24 00 f0 ff ff" },
  R_RSP_WRITE = { "48 89 c4" },
  R_FLOW_TARGET = { "eb 01 b8 00 00 00 00" },
  R_FLOW_OUTSIDE = { "e9 00 00 00 10" },
  R_FLOW_INDIRECT = { "ff d0" },
  R_FLOW_RETURN = { "c3" },
}

describe("a lesson", function()
  it("is there for every rule, and no other", function()
    local rules = zvm.rules()
    for rule in pairs(rules) do
      assert.equal("string", type(lessons[rule]), rule)
    end
    for rule in pairs(lessons) do
      assert.truthy(rules[rule], rule)
    end
  end)

  it("is a short paragraph", function()
    for rule, lesson in pairs(lessons) do
      assert.is_true(#lesson > 150 and #lesson < 500, rule)
      assert.truthy(lesson:find "%.$", rule)
      for line in lesson:gmatch "[^\n]+" do
        assert.is_true(#line <= 76, line)
      end
    end
  end)
end)

describe("zvm.explain.code", function()
  for rule, case in pairs(BROKEN) do
    it("explains " .. rule .. " with place, code and what to do", function()
      local finding, result = first(case[1])
      assert.is_false(result.accepted)
      assert.equal(rule, finding.rule)
      assert.equal(zvm.rules()[rule].text, finding.text)
      assert.equal(zvm.rules()[rule].remedy, finding.remedy)
      assert.equal((lessons[rule]:gsub("\n", " ")), finding.why)
      local marked = 0
      for _, entry in ipairs(finding.context) do
        if entry.mark then
          marked = marked + 1
          assert.equal(finding.address, entry.address)
          assert.equal(finding.bytes, entry.bytes)
          assert.equal(finding.disasm, entry.disasm)
        end
      end
      assert.equal(1, marked)
      local text = explain.format(result)
      assert.truthy(text:find(rule, 1, true))
      assert.truthy(text:find("Instead:  ", 1, true))
      assert_fits(text)
    end)
  end

  it("explains a text that is not whole bundles", function()
    for _, bytes in ipairs { "", "\144", ("\144"):rep(33) } do
      local result = assert(explain.code(bytes))
      assert.equal("R_TEXT_SIZE", result.findings[1].rule)
      assert_fits(explain.format(result))
    end
  end)

  it("shows the bundle of the instruction, which is marked", function()
    local finding = first("90 31 c0 0f 05 90 b8 01 00 00 00")
    assert.equal("syscall", finding.disasm)
    assert.equal("0f 05", finding.bytes)
    assert.same({ "nop", "xor %eax, %eax", "> syscall", "nop",
      "mov $0x1, %eax", "nop" }, listing(finding.context))
    assert.equal(21, finding.context[6].count)
  end)

  it("shows an instruction that crosses a bundle whole", function()
    local finding = first(("90"):rep(30) .. "b8 0f 05 00 00")
    assert.equal("b8 0f 05 00 00", finding.bytes)
    assert.equal(0x2001e, finding.address)
  end)

  it("tells of an instruction that reaches into the bundle", function()
    local bytes = bundles(("90"):rep(31) .. "b8 0f 05 00 00")
    local result = assert(explain.code(bytes))
    assert.equal("R_BUNDLE_CROSS", result.findings[1].rule)
    assert.is_nil(result.findings[1].crossed_by)
    assert.equal("R_INSN_SYSTEM", result.findings[2].rule)
    assert.equal(0x2001f, result.findings[2].crossed_by)
    assert.truthy(explain.format(result):find("at 0x2001f, in the bundle "
      .. "before", 1, true))
    assert_fits(explain.format(result))
  end)

  it("shows where a jump goes that may not go there", function()
    local finding = first "eb 01 b8 00 00 00 00"
    assert.equal(0x20003, finding.target.address)
    assert.equal(0x20003, finding.target.context[3].address)
    assert.is_true(finding.target.context[3].mark)
    finding = first "e9 00 00 00 10"
    assert.equal(0x20005 + 2 ^ 28, finding.target.address)
    assert.is_nil(finding.target.context)
    finding = first "0f 84 00 00 00 f0"
    assert.equal(0x20006 - 2 ^ 28, finding.target.address)
    finding = first("90 " .. "75 f0", { address = 0x40000 })
    assert.equal(0x3fff3, finding.target.address)
  end)

  it("brackets fused sequences", function()
    local finding = first("83 e2 e0 ff e2 0f 05" .. ("90"):rep(25)
      .. RETURN .. "0f 05" .. ("90"):rep(19)
      .. "41 83 e1 e0 41 ff d1 83 e0 e0 ff e1")
    local context = finding.context
    assert.same({ "first", "last" }, { context[1].fused, context[2].fused })
    assert.is_nil(context[3].fused)
    local _, result = first("83 e2 e0 ff e2 0f 05" .. ("90"):rep(25)
      .. RETURN .. "0f 05" .. ("90"):rep(19)
      .. "41 83 e1 e0 41 ff d1 83 e0 e0 ff e1")
    context = result.findings[2].context
    assert.same({ "first", "middle", "last" }, { context[1].fused,
      context[2].fused, context[3].fused })
    context = result.findings[3].context
    assert.same({ "first", "last" }, { context[1].fused, context[2].fused })
    assert.is_nil(context[3].fused)
    assert.is_nil(context[4].fused)
  end)

  it("gives a lesson once and lists what else breaks the rule", function()
    local text = explain.format(assert(explain.code(bundles "0f 05"
      .. bundles "cd 80" .. bundles "c3")))
    local _, count = text:gsub("Why:", "")
    assert.equal(2, count)
    assert.truthy(text:find("refused: 3 findings, of 2 rules", 1, true))
    assert.truthy(text:find("The same rule, 1 time more:\n"
      .. "    0x20020  int $0x80\n", 1, true))
  end)

  it("explains as many as asked for and says that there are more",
    function()
      local bytes = bundles "0f 05":rep(150)
      local result = assert(explain.code(bytes))
      assert.equal(20, #result.findings)
      assert.is_true(result.more)
      result = assert(explain.code(bytes, { max = 3 }))
      assert.equal(3, #result.findings)
      assert.truthy(explain.format(result):find("the first 3 findings", 1,
        true))
      assert.is_true(assert(explain.code(bytes, { max = 100 })).more)
      assert.is_false(assert(explain.code(bundles "0f 05")).more)
    end)

  it("sums up code that is accepted", function()
    local result = assert(explain.code(bundles(RETURN), { address = 0x40000,
      level = 3 }))
    assert.is_true(result.accepted)
    assert.same({}, result.findings)
    assert.equal(3, result.level)
    assert.equal(1, result.summary.returns)
    assert.equal(21 / 32, result.summary.padding_share)
    local text = explain.format(result)
    assert.truthy(text:find "^code: accepted\n")
    assert.truthy(text:find("65.6%", 1, true))
    assert_fits(text)
  end)

  it("survives bytes that mean nothing", function()
    local seed = 7
    for _ = 1, 150 do
      local bytes = {}
      for i = 1, 96 do
        seed = seed * 16807 % 2147483647
        bytes[i] = string.char(seed % 256)
      end
      local result = assert(explain.code(table.concat(bytes)))
      assert_fits(explain.format(result))
    end
  end)
end)

describe("zvm.explain without zvm.disasm", function()
  local decode
  setup(function()
    decode = package.loaded["zvm.disasm"]
    package.loaded["zvm.disasm"] = nil
    package.preload["zvm.disasm"] = function() error "no" end
  end)
  teardown(function()
    package.preload["zvm.disasm"] = nil
    package.loaded["zvm.disasm"] = decode
  end)

  it("shows bytes and says what is missing", function()
    local finding, result = first "90 0f 05 90"
    assert.is_nil(finding.disasm)
    assert.same({ "90", "0f 05 " .. ("90 "):rep(28) .. "90" },
      { finding.context[1].bytes, finding.context[2].bytes })
    local text = explain.format(result)
    assert.truthy(text:find("libzydis-dev", 1, true))
    assert.truthy(text:find("Why:", 1, true))
    assert_fits(text)
  end)
end)

-- -- Programs ---------------------------------------------------------------

local SOURCE = [[
int (*table[4])(int);
int total;

static __attribute__((noinline)) int sum(const char *p, long n)
{
  int s = 0;
  for (long i = 0; i < n; i++) {
    int c;
    __asm__ volatile("movsbl (%q1), %0" : "=r"(c) : "r"(p + i));
    s += c;
  }
  return s;
}

__attribute__((aligned(32))) void _start(void)
{
  total = sum("abc", 3) + table[1](2);
  for (;;)
    ;
}
]]

-- SOURCE by gcc alone: right in form, refused for its code.
local function plain_program()
  local base = os.tmpname()
  host.write_file(base .. ".c", SOURCE)
  assert(os.execute(("gcc -mx32 -O1 -g -nostdlib -fno-pic -fno-pie -static "
    .. "-fcf-protection=none -fno-asynchronous-unwind-tables "
    .. "-Wl,-T,stdlib/link.ld -Wl,--build-id=none -Wl,-z,noexecstack "
    .. "-Wl,-z,max-page-size=4096 -o %s %s.c"):format(base, base)) == 0)
  os.remove(base .. ".c")
  return base
end

describe("zvm.explain.module", function()
  it("tells function and line of code that gcc has made", function()
    local path = plain_program()
    local result = assert(explain.module(path))
    local findings = result.findings
    assert.equal(path, result.file)
    assert.equal(0x20000, result.address)
    assert.equal("R_MEM_ADDR32", findings[1].rule)
    assert.equal("sum", findings[1].func)
    assert.equal(path .. ".c", findings[1].file)
    assert.equal(9, findings[1].line)
    local rules = {}
    for _, finding in ipairs(findings) do
      rules[finding.rule .. " " .. finding.func] = finding.line
    end
    assert.equal(17, rules["R_FLOW_INDIRECT _start"])
    local text = explain.format(result)
    assert.truthy(text:find(path .. ".c:9, in sum+0x", 1, true))
    assert_fits(text:gsub("^[^\n]*\n", ""))
    -- As bytes: the same, without a name.
    local again = assert(explain.module(host.read_file(path)))
    assert.is_nil(again.file)
    assert.same(findings, again.findings)
    os.remove(path)
  end)

  it("explains a program without symbols by addresses", function()
    local result = assert(explain.module(code.instruction "0f 05"))
    assert.is_nil(result.findings[1].func)
    assert.truthy(explain.format(result):find("\n0x20000: R_INSN_SYSTEM\n",
      1, true))
  end)

  it("sums up a program that is accepted", function()
    local path = host.guest "01-hello/main"
    local result = assert(explain.module(path))
    local about = assert(zvm.load(path)):about()
    assert.is_true(result.accepted)
    assert.equal(about.digest, result.digest)
    assert.equal(about.text_size, result.summary.bytes)
    assert.equal(about.text_addr, result.address)
    assert.is_true(result.summary.traps.exit > 0)
    local text = explain.format(result)
    assert.truthy(text:find(about.digest, 1, true))
    assert.truthy(text:find("each masked to the", 1, true))
    assert_fits(text:gsub("^[^\n]*\n", ""))
  end)

  it("tells the level that is declared and what needs it", function()
    local result = assert(explain.module(host.guest "avx_check"))
    assert.equal(3, result.level)
    assert.equal(3, result.summary.level)
    assert.truthy(explain.format(result):find("need x86-64-v3", 1, true))
  end)

  it("says of a file that is no module what and where", function()
    local bad = elf.build({ elf.text(code.new():exit(0).bytes) },
      { entry = elf.TEXT + 4 })
    local result, message, status, details = explain.module(bad)
    assert.is_nil(result)
    assert.equal("FORMAT", status)
    assert.truthy(message:find("entry is not at a bundle start", 1, true))
    assert.same({ offset = 24, field = "e_entry",
      bytes = "04 00 02 00 34 00 00 00 00 00 00 00 00 00 00 00" }, details)
    local text = explain.format(result, message, status, details)
    assert.truthy(text:find("At 0x18, e_entry:  04 00 02 00", 1, true))
    local twice = elf.build { elf.text "x", elf.text("x", {
      offset = 2 * elf.PAGE, vaddr = elf.TEXT + elf.PAGE }) }
    details = select(4, explain.module(twice))
    assert.equal("program header 1", details.field)
  end)

  it("names the path of a file that cannot be used", function()
    local result, message, status, details = explain.module "README.md"
    assert.is_nil(result)
    assert.truthy(message:find "^README.md: ")
    assert.equal("FORMAT", status)
    assert.equal("23 20 7a 76 6d", details.bytes:sub(1, 14))
    for path, code_of in pairs { ["/nowhere/at all"] = "SYSTEM",
      ["/usr"] = "FORMAT" } do
      result, message, status = explain.module(path)
      assert.is_nil(result)
      assert.equal(path, message:sub(1, #path))
      assert.equal(code_of, status)
      assert.truthy(explain.format(result, message, status))
    end
  end)

  it("takes damage for what it is", function()
    local bytes = host.read_file(host.guest "01-hello/main")
    local seed = 3
    for _ = 1, 60 do
      seed = seed * 16807 % 2147483647
      local at = seed % 52 + 1
      local damaged = bytes:sub(1, at - 1) .. string.char(seed % 251)
        .. bytes:sub(at + 1)
      assert.equal("string", type(explain.format(explain.module(damaged))))
      assert.equal("string", type(explain.format(explain.module(
        bytes:sub(1, seed % #bytes + 1)))))
    end
  end)
end)

describe("an option of zvm.explain", function()
  it("that is wrong is named", function()
    for message, options in pairs {
      ['zvm.explain.code: unknown option "maximum"'] = { maximum = 1 },
      ["zvm.explain.code: max: number expected, got string"] = { max = "1" },
      ["zvm.explain.code: max: whole number from 1 to 100 expected"] =
        { max = 0 },
    } do
      local result, got, status = explain.code("", options)
      assert.is_nil(result)
      assert.equal(message, got)
      assert.equal("OPTION", status)
    end
    assert.equal("OPTION", select(3, explain.code("", { level = 4 })))
    assert.equal("OPTION", select(3, explain.module("", { level = 2 })))
  end)

  it("of another type is an error at the caller", function()
    for _, call in ipairs { explain.module, explain.code } do
      for _, arguments in ipairs { {}, { 5 }, { "", 5 }, { "", "x" } } do
        local ok, message = pcall(function()
          return (call(arguments[1], arguments[2]))
        end)
        assert.is_false(ok)
        assert.truthy(message:find "explain_spec.lua:%d+: bad argument #%d")
      end
    end
  end)
end)
