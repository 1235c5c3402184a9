--- Flags do not survive a jump through a register: its mask sets them.
--
-- A compiler that does not know may compare before the jump of a switch and
-- branch on the flags behind its labels; gcc's -fcrossjumping does, or drop a
-- compare there that equals the one of the range (-frerun-cse-after-loop,
-- -fcompare-elim). Here the labels that may be jumped to are looked at: none
-- may begin by reading flags.
--
-- SPDX-License-Identifier: Apache-2.0

local lexer = require "zvm.toolchain.lexer"

local M = {}

local find, match = string.find, string.match

-- What leaves flags alone, so that the next instruction is looked at too.
local LEAVES = {}
for stem in ("mov lea push pop not bswap nop pause movs movz movd movq movabs"
  .. " movap movup movaps movups movapd movupd movdqa movdqu movss movsd"
  .. " cltq cwtl cltd cqto pxor xorps xorpd"):gmatch "%a+" do
  for _, suffix in ipairs { "", "b", "w", "l", "q" } do
    LEAVES[stem .. suffix] = true
  end
end
for name in ("movsbw movsbl movsbq movswl movswq movslq movzbw movzbl"
  .. " movzbq movzwl movzwq"):gmatch "%a+" do
  LEAVES[name] = true
end

local function reads(name)
  return find(name, "^j") and not find(name, "^jmp")
    and not find(name, "^j[er]?cxz")
    or find(name, "^set%l") or find(name, "^cmov") or find(name, "^adc%l?$")
    or find(name, "^sbb%l?$") or find(name, "^rc[lr]%l?$")
    or name == "lahf"
end

-- What a line of output says of flags: true, they are read; false, they
-- are set, or another place follows; nil, neither.
local function judge(line)
  if line == nil then return false end -- the end
  local text = type(line) == "table" and table.concat(line, ";") or line
  for each in text:gmatch "[^;]+" do
    local code = match(each, "^%s*%.byte (%d+)%s*$") -- a short jump
    if code then return code ~= "235" end
    local name = match(each, "^%s*(%l[%w]*)[^:%w]")
      or match(each, "^%s*(%l[%w]*)%s*$")
    if name and reads(name) then return true end
    if name and not LEAVES[name] then return false end
  end
  return nil
end

--- Fail where a label of the state's that may be jumped to begins by reading
-- flags. `out` has the lines of output.
function M.check(state, out)
  for index, name in state:landings(out) do
    local at, verdict = index
    repeat
      at = at + 1
      verdict = judge(out[at])
    until verdict ~= nil
    if verdict then
      state.line = at
      lexer.fail("flags are read behind " .. name .. ", which is jumped to"
        .. " through a register", "compare there; gcc needs -fno-crossjumping"
        .. " -fno-rerun-cse-after-loop -fno-compare-elim")
    end
  end
end

return M
