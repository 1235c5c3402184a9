-- Runs spec/cases/*.case through zvm.validate.
--
-- A case is a few lines "key: value"; "---" stands between cases, "#" begins
-- a comment. name; asm (AT&T, assembled without rewriting) or hex; level (2
-- unless told); want: "accept", or "reject OFFSET RULE" for the first
-- finding. The code is padded with hlt to whole bundles, and is to run at
-- 0x20000.
--
-- SPDX-License-Identifier: Apache-2.0

local zvm = require "zvm"

local FAMILIES = { "flow", "insn", "mem", "rsp" }


local function read_cases(path)
  local cases, case = {}, {}
  for line in io.lines(path) do
    local key, value = line:match "^(%l+):%s*(.-)%s*$"
    if line == "---" then
      cases[#cases + 1], case = case, {}
    elseif key then
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


-- Each case becomes a section of one object, so that one run of the
-- assembler serves a whole file.
local function assemble(cases)
  local base = os.tmpname()
  local source = assert(io.open(base, "w"))
  for i, case in ipairs(cases) do
    if case.asm then
      source:write(('.section .c%d,"ax"\n%s\n'):format(i, case.asm))
    end
  end
  source:close()
  assert(os.execute("as --x32 -mindex-reg -o " .. base .. ".o " .. base) == 0)
  for i, case in ipairs(cases) do
    if case.asm then
      local section = (".c%d"):format(i)
      assert(os.execute(("objcopy -O binary -j %s %s.o %s.bin"):format(
        section, base, base)) == 0)
      case.code = slurp(base .. ".bin")
    end
  end
  for _, suffix in ipairs { "", ".o", ".bin" } do os.remove(base .. suffix) end
end


for _, family in ipairs(FAMILIES) do
  describe("the validator, " .. family .. ".case:", function()
    local cases = read_cases("spec/cases/" .. family .. ".case")
    assemble(cases)
    for _, case in ipairs(cases) do
      it(case.want:match "^%l+" .. "s " .. case.name, function()
        local code = case.code or from_hex(case.hex)
        code = code .. ("\244"):rep(-#code % 32)
        local ok, _, status, findings = zvm.validate(code, {
          address = 0x20000, level = tonumber(case.level or "2"),
        })
        if case.want == "accept" then
          local first = findings and findings[1] or {}
          assert.equal("", ("%s %s"):format(first.offset or "",
            first.rule or ""):gsub("^ $", ""))
          assert.is_true(ok)
        else
          local offset, rule = case.want:match "^reject (%w+) (%S+)$"
          assert.is_nil(ok)
          assert.equal("REJECTED", status)
          assert.same({ tonumber(offset), rule },
            { findings[1].offset, findings[1].rule })
        end
      end)
    end
  end)
end
