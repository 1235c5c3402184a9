--- zvm.explain: findings and programs in words.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
local explain = require "zvm.explain"
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

  it("tells tails of instructions from what is wrong by itself", function()
    local bytes = bundles(("90"):rep(31) .. "b8 0f 05 00 00")
    local result = assert(explain.code(bytes))
    local cross, tail = result.findings[1], result.findings[2]
    assert.equal("R_BUNDLE_CROSS", cross.rule)
    assert.same({}, { cross.crossed_by, cross.tail_of })
    assert.equal("R_INSN_SYSTEM", tail.rule)
    assert.same({ 0x2001f, 0x2001f }, { tail.crossed_by, tail.tail_of })
    -- It is told of the tail, without a lesson that would lead astray.
    local text = explain.format(result)
    assert.truthy(text:find("\n    0x20020  R_INSN_SYSTEM    syscall\n", 1,
      true))
    assert.is_nil(text:find(tail.text, 1, true))
    assert_fits(text)
  end)

  it("says that a bundle begins within an instruction", function()
    local bytes = bundles(("90"):rep(31) .. "b8 90 90 90 90 c3")
    local result = assert(explain.code(bytes))
    local ret = result.findings[2]
    assert.equal("R_FLOW_RETURN", ret.rule)
    assert.equal(0x2001f, ret.crossed_by)
    assert.is_nil(ret.tail_of)
    local text = explain.format(result)
    assert.truthy(text:find("begins within the instruction at 0x2001f", 1,
      true))
    assert.truthy(text:find(ret.text, 1, true))
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
    context = first("83 e4 e0 ff e4").context -- rsp is none of them
    assert.is_nil(context[1].fused)
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
