-- Runs spec/cases/*.case through zvm.validate.
--
-- A case is a few lines "key: value"; "---" stands between cases, "#" begins
-- a comment. name; asm (AT&T, assembled without rewriting) or hex; want:
-- "accept", or "reject OFFSET RULE" for the first finding, and after commas
-- for those that follow. What is not told: level 2; address 0x20000 of the
-- text; at 0, where in the text the code stands; size in bytes, the code
-- rounded up to whole bundles. The rest of the text is hlt.
--
-- SPDX-License-Identifier: Apache-2.0

local zvm = require "zvm"

local FAMILIES = {
  "extension", "flow", "history", "insn", "jump", "mem", "memline", "nondet",
  "opcode", "prefix", "prefixpair", "return", "rex", "rsp", "rspbyte",
  "rspline", "segment", "system", "text", "vex", "vexoperand", "x87",
}
local REFUSALS = 2700 -- at least so many cases want "reject"
local HLT = "\244"


local function read_cases(path)
  local cases, case = {}, {}
  for line in io.lines(path) do
    local key, value = line:match "^(%l+):%s*(.-)%s*$"
    if line == "---" then
      cases[#cases + 1], case = case, {}
    elseif key then
      assert(case[key] == nil, path .. ": " .. line)
      case[key] = value
    else
      assert(line == "" or line:sub(1, 1) == "#", path .. ": " .. line)
    end
  end
  cases[#cases + 1] = case
  return cases
end


local function from_hex(hex)
  return (hex:gsub("%s", ""):gsub("%x%x", function(byte)
    return string.char(tonumber(byte, 16))
  end))
end


local function slurp(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read "*a"
  file:close()
  return bytes
end


-- All cases of a family become one section, each from a multiple of 32, so
-- that one run of the assembler serves; another section tells their lengths.
local function assemble(cases)
  local base = os.tmpname()
  local source = assert(io.open(base, "w"))
  for _, case in ipairs(cases) do
    if case.asm then
      source:write((".section .code,\"ax\"\n.p2align 5\n77:\n%s\n78:\n"
        .. ".section .len,\"a\"\n.2byte 78b-77b\n"):format(case.asm))
    end
  end
  source:close()
  assert(os.execute("as --x32 -mindex-reg -o " .. base .. ".o " .. base) == 0)
  local sections = {}
  for _, name in ipairs { "code", "len" } do
    assert(os.execute(("objcopy -O binary -j .%s %s.o %s.bin"):format(
      name, base, base)) == 0)
    sections[name] = slurp(base .. ".bin")
  end
  local at, n = 1, 1
  for _, case in ipairs(cases) do
    if case.asm then
      local low, high = sections.len:byte(n, n + 1)
      local length = low + high * 256
      n = n + 2
      case.code = sections.code:sub(at, at + length - 1)
      at = at + length + -length % 32
    end
  end
  for _, suffix in ipairs { "", ".o", ".bin" } do os.remove(base .. suffix) end
end


local function text_of(case)
  local code = HLT:rep(tonumber(case.at or "0")) .. case.code
  local size = tonumber(case.size) or #code + -#code % 32
  assert(#code <= size, case.name .. ": longer than its size")
  return code .. HLT:rep(size - #code)
end


local function check(case)
  local ok, message, status, findings = zvm.validate(text_of(case), {
    address = tonumber(case.address or "0x20000"),
    level = tonumber(case.level or "2"),
  })
  if case.want == "accept" then
    assert.is_nil(message)
    assert.is_true(ok)
    return
  end
  assert.is_nil(ok)
  assert.equal("REJECTED", status)
  local list = case.want:match "^reject (.+)$" .. ","
  local wanted, found = {}, {}
  for offset, rule in list:gmatch "(%w+) (R_[%u%d_]+)," do
    local finding = findings[#wanted + 1] or {}
    found[#wanted + 1] = { finding.offset, finding.rule }
    wanted[#wanted + 1] = { tonumber(offset), rule }
  end
  assert.is_true(#wanted > 0)
  assert.same(wanted, found)
end


local all = {}

for _, family in ipairs(FAMILIES) do
  describe("the validator, " .. family .. ".case:", function()
    local cases = read_cases("spec/cases/" .. family .. ".case")
    assemble(cases)
    for _, case in ipairs(cases) do
      case.code = case.code or from_hex(case.hex)
      case.title = family .. ": " .. case.name
      all[#all + 1] = case
      it(case.want:match "^%l+" .. "s " .. case.name, function()
        check(case)
      end)
    end
  end)
end

describe("spec/cases", function()
  it("has no two cases with the same name or the same text", function()
    local seen = {}
    for _, case in ipairs(all) do
      local text = table.concat({ text_of(case),
        case.address or "0x20000", case.level or "2" }, " ")
      assert.is_nil(seen[text] and seen[text] .. " = " .. case.title)
      assert.is_nil(seen[case.title])
      seen[text], seen[case.title] = case.title, case.title
    end
  end)

  it("has at least " .. REFUSALS .. " refusals", function()
    local count = 0
    for _, case in ipairs(all) do
      if case.want:find "^reject " then
        count = count + 1
      end
    end
    assert.is_true(count >= REFUSALS, count .. " refusals")
  end)
end)
