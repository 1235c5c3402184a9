--- zvm.validate: code without a file around it.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
local zvm = require "zvm"

local NOPS = ("\144"):rep(32)

local function bundle(hex)
  local bytes = code.hex(hex)
  return bytes .. ("\144"):rep(32 - #bytes)
end

describe("zvm.validate", function()
  it("says true for code that satisfies the rules", function()
    assert.is_true(zvm.validate(NOPS))
    assert.is_true(zvm.validate(NOPS, { address = 0x30000, level = 3 }))
  end)

  it("gives nil, message, code and findings for code that does not",
    function()
      local ok, message, status, findings = zvm.validate(
        NOPS .. bundle "0f 05")
      assert.is_nil(ok)
      assert.truthy(message:find("R_INSN_SYSTEM", 1, true))
      assert.equal("REJECTED", status)
      assert.equal("R_INSN_SYSTEM", findings[1].rule)
      assert.equal(32, findings[1].offset)
      assert.equal(0x20020, findings[1].address)
    end)

  it("finds what is bad in each bundle", function()
    local _, _, _, findings = zvm.validate(bundle "0f 05" .. bundle "cd 80"
      .. bundle "0f 31")
    local rules = {}
    for i, finding in ipairs(findings) do
      rules[i] = finding.rule
    end
    assert.same({ "R_INSN_SYSTEM", "R_INSN_SYSTEM", "R_INSN_NONDET" }, rules)
  end)

  it("counts the address in", function()
    local jump = bundle "e9 db ff fe ff" -- to the gate's page from 0x20000
    local ok = zvm.validate(jump, { address = 0x20000 })
    local _, _, _, findings = zvm.validate(jump, { address = 0x40000 })
    assert.is_nil(ok) -- 0xffe0: before the first slot
    assert.equal("R_FLOW_OUTSIDE", findings[1].rule)
  end)

  it("refuses AVX2 at level 2 and takes it at level 3", function()
    local add = bundle "c5 fd fe c0" -- vpaddd %ymm0,%ymm0,%ymm0
    local ok, _, _, findings = zvm.validate(add, { level = 2 })
    assert.is_nil(ok)
    assert.equal("R_INSN_LEVEL", findings[1].rule)
    assert.is_true(zvm.validate(add, { level = 3 }))
  end)

  it("refuses code that is not whole bundles", function()
    for _, bytes in ipairs { "\144", NOPS .. "\144", NOPS:sub(2) } do
      local ok, _, status = zvm.validate(bytes)
      assert.is_nil(ok)
      assert.truthy(status == "REJECTED" or status == "OPTION")
    end
  end)

  it("names an option it does not know and the nearest it does", function()
    local ok, message, status = zvm.validate(NOPS, { adress = 1 })
    assert.is_nil(ok)
    assert.equal('zvm.validate: unknown option "adress"; '
      .. 'did you mean "address"?', message)
    assert.equal("OPTION", status)
  end)

  it("refuses values out of range", function()
    for _, options in ipairs {
      { level = 1 }, { level = 4 }, { level = 2.5 }, { level = "2" },
      { address = -1 }, { address = 33 }, { address = 2 ^ 53 },
      { address = true },
    } do
      local ok, message, status = zvm.validate(NOPS, options)
      assert.is_nil(ok)
      assert.equal("string", type(message))
      assert.equal("OPTION", status)
    end
  end)
end)
