--- zvm.survey: accepted code, counted.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
local elf = require "zvm.elf"
local host = require "support.host"
local zvm = require "zvm"

local RETURN = "48 f7 04 24 1f 00 00 80 75 01 c3"

-- `hex` and nops up to a bundle.
local function bundle(hex)
  local bytes = code.hex(hex)
  return bytes .. ("\144"):rep(32 - #bytes)
end

local function survey(hex, options)
  return assert(zvm.survey(bundle(hex), options))
end

-- The text of a program as objdump reads it: { mnemonic, operands } each.
local function dumped(path)
  local pipe = io.popen("objdump -d --no-show-raw-insn " .. path)
  local list = {}
  for line in pipe:lines() do
    local text = line:match "^%s+%x+:%s+(.-)%s*$"
    if text and text ~= "" then
      text = text:gsub("^addr32 ", ""):gsub("^rep%l* ", "")
      text = text:gsub("^data16 ", ""):gsub("^cs ", "")
      list[#list + 1] = { text:match "^%S+", text:match "^%S+%s+(.*)$" or "" }
    end
  end
  pipe:close()
  return list
end

local function text_of(path)
  local bytes = host.read_file(path)
  local headers = elf.read(bytes)
  return elf.content(bytes, elf.text_segment(headers))
end

describe("zvm.survey", function()
  it("counts bytes, bundles and nothing else in nops", function()
    local counts = assert(zvm.survey(("\144"):rep(96)))
    assert.equal(96, counts.bytes)
    assert.equal(3, counts.bundles)
    assert.equal(96, counts.padding)
    assert.equal(0, counts.instructions)
    assert.equal(2, counts.level)
  end)

  it("takes nops of every length and hlt for padding, pause not", function()
    local long = "0f 1f 44 00 00" .. "66 2e 0f 1f 84 00 00 00 00 00"
      .. "66 90 f4"
    assert.equal(32, survey(long).padding)
    assert.equal(30, survey("f3 90").padding) -- pause
    assert.equal(30, survey("41 90").padding) -- xchg %eax,%r8d
  end)

  it("counts branches by kind", function()
    local counts = survey("eb 00 74 00 e8 00 00 00 00 83 e0 e0 ff e0"
      .. "41 83 e3 e0 41 ff d3")
    assert.same({ direct = 1, conditional = 1, indirect = 1 }, counts.jumps)
    assert.same({ direct = 1, indirect = 1 }, counts.calls)
    assert.equal(0, counts.returns)
  end)

  it("counts a return as one, its jump and its operand not", function()
    local counts = survey(RETURN .. "67 8b 44 24 08 8b 44 24 08")
    assert.equal(1, counts.returns)
    assert.equal(0, counts.jumps.conditional)
    assert.equal(1, counts.memory.rsp)
    assert.equal(1, counts.memory.addr32)
    assert.equal(5, counts.instructions)
  end)

  it("counts memory operands by what confines them", function()
    local counts = survey("67 8b 00 8b 05 00 00 00 00 8b 44 24 08 67 f3 a4"
      .. "8d 00 67 8d 00")
    assert.same({ addr32 = 1, rip = 1, rsp = 1, string = 1 }, counts.memory)
  end)

  it("tells which traps are called, by name", function()
    local text = code.new():pwrite(1, 0x40000, 5):exit(0):exit(1).bytes
    local counts = assert(zvm.survey(text))
    assert.same({ trap = 0, pread = 0, pwrite = 1, jail = 0, unjail = 0,
      exit = 2, fork = 0 }, counts.traps)
    assert.equal(3, counts.calls.direct)
  end)

  it("tells the CPU level that is needed, not the one allowed", function()
    local counts = survey("c5 fd fe c0", { level = 3 })
    assert.equal(1, counts.above_v2)
    assert.equal(3, counts.level)
    assert.equal(2, survey("90", { level = 3 }).level)
  end)

  it("gives for refused code what zvm.validate gives", function()
    local counts, message, status, findings = zvm.survey(bundle "0f 05")
    assert.is_nil(counts)
    assert.truthy(message:find("R_INSN_SYSTEM", 1, true))
    assert.equal("REJECTED", status)
    assert.is_nil(findings)
    assert.equal("REJECTED", select(3, zvm.survey "\144"))
    assert.equal("OPTION", select(3, zvm.survey("", { adress = 1 })))
  end)

  it("agrees with objdump on a real program", function()
    local path = host.guest "libc_check"
    local counts = assert(zvm.survey(text_of(path)))
    local seen = { ret = 0, call = 0, ["call *"] = 0, ["jmp *"] = 0,
      jmp = 0, jcc = 0 }
    for _, insn in ipairs(dumped(path)) do
      local name, operands = insn[1], insn[2]
      if operands:sub(1, 1) == "*" then
        name = name .. " *"
      elseif name:find "^j" and name ~= "jmp" then
        name = "jcc"
      end
      seen[name] = (seen[name] or 0) + 1
    end
    assert.same({ ret = counts.returns, call = counts.calls.direct,
      ["call *"] = counts.calls.indirect, ["jmp *"] = counts.jumps.indirect,
      jmp = counts.jumps.direct,
      jcc = counts.jumps.conditional + counts.returns,
    }, { ret = seen.ret, call = seen.call, ["call *"] = seen["call *"],
      ["jmp *"] = seen["jmp *"], jmp = seen.jmp, jcc = seen.jcc })
    assert.truthy(seen.ret > 50 and seen["call *"] > 1)
  end)
end)
