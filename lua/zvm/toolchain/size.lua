--- How many bytes an instruction takes, as gas will encode it.
--
-- An estimate, for speed alone: with it padding goes before the right
-- instruction as one long nop. When it is wrong, gas's own bundling pads
-- with single bytes, which is as safe and slower.
--
-- SPDX-License-Identifier: Apache-2.0

local lexer = require "zvm.toolchain.lexer"

local M = {}

local find, match, sub = string.find, string.match, string.sub

local function table_of(spec)
  local t = {}
  for value, words in spec:gmatch "(%d+):([^;]*)" do
    for word in words:gmatch "%S+" do t[word] = tonumber(value) end
  end
  return t
end

-- Opcode bytes before ModRM, mandatory prefix included, REX left out.
local SSE = table_of [[
  2: movaps movups andps andnps orps xorps unpcklps unpckhps shufps movhps
     movlps movhlps movlhps comiss ucomiss cvtps2pd cvtdq2ps cvtpi2ps
     movmskps movntps sqrtps addps subps mulps divps minps maxps cmpps
     movnti ldmxcsr stmxcsr;
  4: pshufb phaddw phaddd pabsb pabsw pabsd psignb psignw psignd pmulhrsw
     pmaddubsw blendvps blendvpd pblendvb ptest pmovsxbw pmovsxbd pmovsxbq
     pmovsxwd pmovsxwq pmovsxdq pmovzxbw pmovzxbd pmovzxbq pmovzxwd
     pmovzxwq pmovzxdq pmuldq pcmpeqq pcmpgtq packusdw pminsb pminsd pminuw
     pminud pmaxsb pmaxsd pmaxuw pmaxud pmulld movntdqa phsubw phsubd
     phminposuw crc32b crc32w crc32l crc32q;
  5: roundss roundsd roundps roundpd blendps blendpd pblendw palignr pextrb
     pextrd pextrq pinsrb pinsrd pinsrq insertps extractps dpps dppd
     mpsadbw pcmpestri pcmpestrm pcmpistri pcmpistrm;
]]

-- The last value of SSE counts the immediate byte in.
local SSE_IMM = table_of [[
  1: shufps shufpd pshufd pshufhw pshuflw cmpps cmppd pextrw pinsrw;
]]

-- Integer instructions with a ModRM byte: opcode bytes, prefixes out.
local TWO = table_of [[
  1: lea xchg test;
  2: imul bsf bsr bt bts btr btc xadd cmpxchg shld shrd nop movnti;
  3: popcnt tzcnt lzcnt movbe;
]]

local ALU = table_of "1: add or adc sbb and sub xor cmp;"
local UNARY = table_of "1: inc dec neg not mul div idiv;"
local SHIFT = table_of "1: sal shl shr sar rol ror rcl rcr;"
local PLAIN = table_of [[
  1: cltd cwtl hlt nop leave int3 cld sahf lahf cmc clc stc;
  2: cltq cqto cwtd ud2 pause;
  3: vzeroupper vzeroall lfence mfence sfence;
  4: endbr64;
]]

local VEX_GPR = table_of [[
  1: andn andnl andnq bextr bextrl bextrq blsi blsil blsiq blsr blsrl blsrq
     blsmsk blsmskl blsmskq bzhi bzhil bzhiq mulx mulxl mulxq pdep pdepl
     pdepq pext pextl pextq sarx sarxl sarxq shlx shlxl shlxq shrx shrxl
     shrxq;
]]

-- Registers that need a REX bit.
local HIGH = {}
for n = 8, 15 do
  for _, suffix in ipairs { "", "d", "w", "b" } do
    HIGH["%r" .. n .. suffix] = true
  end
  HIGH["%xmm" .. n], HIGH["%ymm" .. n] = true, true
end

-- Register operand: REX needed; width in bytes (0: vector or unknown).
local WIDTH = {}
for word in ("al bl cl dl ah bh ch dh sil dil bpl spl"):gmatch "%S+" do
  WIDTH["%" .. word] = 1
end
for word in ("ax bx cx dx si di bp sp"):gmatch "%S+" do
  WIDTH["%" .. word] = 2
  WIDTH["%e" .. word] = 4
  WIDTH["%r" .. word] = 8
end
for n = 8, 15 do
  WIDTH["%r" .. n] = 8
  WIDTH["%r" .. n .. "d"] = 4
  WIDTH["%r" .. n .. "w"] = 2
  WIDTH["%r" .. n .. "b"] = 1
end
local NEEDS_REX = { ["%sil"] = true, ["%dil"] = true, ["%bpl"] = true,
  ["%spl"] = true }

local function is_byte(text)
  local n = tonumber(text)
  return n ~= nil and n >= -128 and n <= 127, n
end

-- SIB and displacement bytes, 67h byte, and whether REX.X or REX.B is on.
local function measure(op)
  local disp, inner = match(op, "^(.-)%(([^()]*)%)$")
  if not disp or inner == "" then return 5, 0, false end
  local base, index = match(inner, "^%s*(%%?%w*)%s*,?%s*(%%?%w*)")
  if base == "%rip" then return 4, 0, false end
  local narrow = find(inner, "%%e") or find(inner, "%%r%d+d")
  local extra = narrow and 1 or 0
  local high = HIGH[base] or HIGH[index] or false
  if base == "" then return 5, extra, high end
  local low = base:gsub("^%%[er]", ""):gsub("d$", "")
  local sib = (index ~= "" or low == "sp" or low == "12") and 1 or 0
  if disp == "" or disp == "0" then
    return sib + ((low == "bp" or low == "13") and 1 or 0), extra, high
  end
  return sib + (is_byte(disp) and 1 or 4), extra, high
end

-- The same, kept by operand: packed into one number.
local known = {}
local function memory(op)
  local n = known[op]
  if not n then
    local bytes, extra, high = measure(op)
    n = bytes + extra * 16 + (high and 32 or 0)
    known[op] = n
  end
  local high = n >= 32
  if high then n = n - 32 end
  local extra = n >= 16 and 1 or 0
  return n - 16 * extra, extra, high
end

local function split_suffix(name)
  local stem, suffix = match(name, "^(.-)([bwlq])$")
  return stem, suffix
end

local BYTES = { b = 1, w = 2, l = 4, q = 8 }

local function immediate(op)
  return find(op, "^%$") and sub(op, 2)
end

-- Prefix bytes and ModRM bytes of all operands; the widest register.
local function operands(ops)
  local rex, legacy, rm, width = false, 0, 1, nil
  for i = 1, #ops do
    local op = ops[i]
    local c = sub(op, 1, 1)
    if c == "%" then
      if HIGH[op] or NEEDS_REX[op] then rex = true end
      width = WIDTH[op] or width
    elseif c ~= "$" then
      local bytes, extra, high = memory(op)
      rm, legacy = rm + bytes, legacy + extra
      rex = rex or high
    end
  end
  return rex, legacy, rm, width
end

local function vex(name, ops)
  local _, legacy, rm = operands(ops)
  local stem = sub(name, 2)
  local long = SSE[stem] and SSE[stem] >= 4 or VEX_GPR[name]
    or find(name, "^vfn?m") or find(name, "^vbroad") or find(name, "^vperm")
    or find(name, "^vextract") or find(name, "^vinsert")
    or find(name, "^vps[rl][la]v") or find(name, "^vpbroad")
    or find(name, "^vcvtp[hs]2p[hs]") and find(name, "ph")
    or find(name, "^vpmask") or find(name, "^vmaskmov")
    or find(name, "^vtest") or find(name, "^vpinsr[bdq]")
  local bytes = long and 3 or 2
  -- Only the r/m operand's high bit needs the long form: the first one.
  if not long then
    local first = ops[1]
    if first and find(first, "^%$") then first = ops[2] end
    for _, op in ipairs(ops) do
      if find(op, "(", 1, true) then first = op end
    end
    if first and find(first, "(", 1, true) then
      local _, _, high = memory(first)
      if high then bytes = 3 end
    elseif first and HIGH[first] then
      bytes = 3
    end
    if find(name, "q$") and find(name, "cvt") or
      name == "vmovq" and (WIDTH[ops[1]] or WIDTH[ops[2]]) then
      bytes = 3
    end
  end
  local imm = 0
  if ops[1] and find(ops[1], "^%$") then imm = 1 end
  if find(name, "^vcmp[a-z_]+[sp][sd]$") and imm == 0 or
    find(name, "blendv") then
    imm = 1
  end
  return legacy + bytes + 1 + rm + imm
end

local function sse(name, ops)
  local rex, legacy, rm = operands(ops)
  local bytes = SSE[name]
  local imm = 0
  if not bytes then
    if find(name, "^cmp%l+[sp][sd]$") then imm = 1 end
    bytes = find(name, "ps$") and not find(name, "^cvt") and 2 or 3
  end
  if SSE_IMM[name] or bytes == 3 and ops[1] and find(ops[1], "^%$") then
    imm = 1
  end
  if find(name, "^cvt") and (name == "cvtps2pd" or name == "cvtdq2ps") then
    bytes = 2
  end
  for _, op in ipairs(ops) do
    if WIDTH[op] == 8 then rex = true end
  end
  if find(name, "^cvt.*q$") or find(name, "^pinsrq") or
    find(name, "^pextrq") then
    rex = true
  end
  return legacy + (rex and 1 or 0) + bytes + rm + imm
end

local function integer(name, ops)
  local rex, legacy, rm, width = operands(ops)
  local first = ops[1] or ""
  local last = ops[#ops] or ""
  local imm = immediate(first)
  local stem, suffix = name, nil
  if not (TWO[name] or ALU[name] or UNARY[name] or SHIFT[name]
    or name == "mov" or name == "push" or name == "pop") then
    local s, x = split_suffix(name)
    if s then stem, suffix = s, x end
  end
  local size = suffix and BYTES[suffix] or WIDTH[last] or width or 4
  if stem == "push" or stem == "pop" then
    if imm then return is_byte(imm) and 2 or 5 end
    if WIDTH[first] then return rex and 2 or 1 end
    return legacy + (rex and 1 or 0) + 1 + rm
  end
  local prefix = legacy + ((rex or size == 8) and 1 or 0)
    + (size == 2 and 1 or 0)
  local wide = size > 4 and 4 or size
  if ALU[stem] or stem == "test" and imm then
    if not imm then return prefix + 1 + rm end
    if size == 1 then
      return prefix + (last == "%al" and 0 or rm) + 2
    elseif stem ~= "test" and is_byte(imm) then
      return prefix + 2 + rm
    end
    local short = last == "%eax" or last == "%rax" or last == "%ax"
    return prefix + 1 + (short and 0 or rm) + wide
  elseif stem == "mov" then
    if not imm then return prefix + 1 + rm end
    if WIDTH[last] and size < 8 then return prefix + 1 + size end
    local n = tonumber(imm)
    if WIDTH[last] and n and (n > 2147483647 or n < -2147483648) then
      return 10
    end
    return prefix + 1 + rm + wide
  elseif stem == "movab" or stem == "movabs" then
    return 10
  elseif UNARY[stem] or stem == "imul" and #ops == 1 then
    return prefix + 1 + rm
  elseif SHIFT[stem] then
    local by_one = #ops == 1 or first == "$1" or first == "%cl"
    return prefix + 1 + rm + (by_one and 0 or 1)
  elseif stem == "imul" and imm then
    return prefix + 1 + rm + (is_byte(imm) and 1 or wide)
  elseif stem == "xchg" and #ops == 2 and size > 1
    and (find(first, "^%%[er]?ax$") or find(last, "^%%[er]?ax$")) then
    return prefix + 1
  elseif stem == "bswap" then
    return prefix + 2
  elseif TWO[stem] then
    return prefix + TWO[stem] + rm + (imm and 1 or 0)
  end
  return nil, prefix, rm
end

-- Width of the destination of movzbl and friends; nil for other names.
local function extension(name)
  local to = match(name, "^mov[sz][bwl]([wlq])$")
  return to and BYTES[to]
end

local function vector(ops)
  for _, op in ipairs(ops) do
    if find(op, "mm", 1, true) then return true end
  end
  return false
end

--- Bytes of an instruction in its rewritten form; nil if unknown.
function M.of(name, text, ops)
  if text == "" then return PLAIN[name] end
  local c = sub(name, 1, 1)
  if c == "j" then -- gas reserves the long form
    return (name == "jmp" or name == "jmpq") and 5 or 6
  end
  ops = ops or lexer.operands(text)
  if c == "v" or VEX_GPR[name] then return vex(name, ops) end
  if SSE[name] or SSE_IMM[name] or find(name, "^cvt") or vector(ops) then
    return sse(name, ops)
  end
  local to = extension(name)
  if to then
    local rex, legacy, rm = operands(ops)
    return legacy + ((rex or to == 8) and 1 or 0) + (to == 2 and 1 or 0)
      + (find(name, "^movsl") and 1 or 2) + rm
  end
  if find(name, "^set%l+$") then
    local rex, legacy, rm = operands(ops)
    return legacy + (rex and 1 or 0) + 2 + rm
  elseif find(name, "^cmov%l+$") then
    local rex, legacy, rm, width = operands(ops)
    return legacy + ((rex or width == 8) and 1 or 0)
      + (width == 2 and 1 or 0) + 2 + rm
  end
  if name == "rep" or name == "lock" or name == "addr32" or name == "repne"
    or name == "repe" then
    local base, rest = match(text, "^(%S+)%s*(.-)$")
    if find(base, "^%l%l%l%l?[bwlq]$") and rest == "" then
      return 2 + (find(base, "q$") and 1 or 0)
    end
    local n = M.of(base, rest)
    return n and n + 1
  end
  return (integer(name, ops))
end

return M
