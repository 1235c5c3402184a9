--- Which instructions a module of which CPU level may have.
--
-- Says with a line number what the validator would say without one. A name
-- that begins with v must be listed here; of the others only those that
-- are known to belong to no level are refused.
--
-- SPDX-License-Identifier: Apache-2.0

local lexer = require "zvm.toolchain.lexer"

local M = {}

local fail = lexer.fail
local byte, find, sub = string.byte, string.find, string.sub

local function set(words)
  local t = {}
  for word in words:gmatch "%S+" do t[word] = true end
  return t
end

-- AVX and AVX2, without the v. core/isa/opcodes.def has the same names.
local VEX = set [[
  addpd addps addsd addss addsubpd addsubps andnpd andnps andpd andps
  blendpd blendps blendvpd blendvps broadcastf128 broadcasti128
  broadcastsd broadcastss cmppd cmpps cmpsd cmpss comisd comiss cvtdq2pd
  cvtdq2ps cvtpd2dq cvtpd2dqx cvtpd2dqy cvtpd2ps cvtpd2psx cvtpd2psy
  cvtph2ps cvtps2dq cvtps2pd cvtps2ph cvtsd2si cvtsd2sil cvtsd2siq
  cvtsd2ss cvtsi2sd cvtsi2sdl cvtsi2sdq cvtsi2ss cvtsi2ssl cvtsi2ssq
  cvtss2sd cvtss2si cvtss2sil cvtss2siq cvttpd2dq cvttpd2dqx cvttpd2dqy
  cvttps2dq cvttsd2si cvttsd2sil cvttsd2siq cvttss2si cvttss2sil
  cvttss2siq divpd divps divsd divss dppd dpps extractf128 extracti128
  extractps haddpd haddps hsubpd hsubps insertf128 inserti128 insertps
  lddqu ldmxcsr maskmovpd maskmovps maxpd maxps maxsd maxss minpd minps
  minsd minss movapd movaps movd movddup movdqa movdqu movhlps movhpd
  movhps movlhps movlpd movlps movmskpd movmskps movntdq movntdqa movntpd
  movntps movq movsd movshdup movsldup movss movupd movups mpsadbw mulpd
  mulps mulsd mulss orpd orps pabsb pabsd pabsw packssdw packsswb packusdw
  packuswb paddb paddd paddq paddsb paddsw paddusb paddusw paddw palignr
  pand pandn pavgb pavgw pblendd pblendvb pblendw pbroadcastb pbroadcastd
  pbroadcastq pbroadcastw pcmpeqb pcmpeqd pcmpeqq pcmpeqw pcmpestri
  pcmpestrm pcmpgtb pcmpgtd pcmpgtq pcmpgtw pcmpistri pcmpistrm perm2f128
  perm2i128 permd permilpd permilps permpd permps permq pextrb pextrd
  pextrq pextrw phaddd phaddsw phaddw phminposuw phsubd phsubsw phsubw
  pinsrb pinsrd pinsrq pinsrw pmaddubsw pmaddwd pmaskmovd pmaskmovq pmaxsb
  pmaxsd pmaxsw pmaxub pmaxud pmaxuw pminsb pminsd pminsw pminub pminud
  pminuw pmovmskb pmovsxbd pmovsxbq pmovsxbw pmovsxdq pmovsxwd pmovsxwq
  pmovzxbd pmovzxbq pmovzxbw pmovzxdq pmovzxwd pmovzxwq pmuldq pmulhrsw
  pmulhuw pmulhw pmulld pmullw pmuludq por psadbw pshufb pshufd pshufhw
  pshuflw psignb psignd psignw pslld pslldq psllq psllvd psllvq psllw
  psrad psravd psraw psrld psrldq psrlq psrlvd psrlvq psrlw psubb psubd
  psubq psubsb psubsw psubusb psubusw psubw ptest punpckhbw punpckhdq
  punpckhqdq punpckhwd punpcklbw punpckldq punpcklqdq punpcklwd pxor
  roundpd roundps roundsd roundss shufpd shufps sqrtpd sqrtps sqrtsd
  sqrtss stmxcsr subpd subps subsd subss testpd testps ucomisd ucomiss
  unpckhpd unpckhps unpcklpd unpcklps xorpd xorps zeroall zeroupper
]]

-- BMI, BMI2, LZCNT, MOVBE.
local GENERAL = {}
for stem in ([[andn bextr blsi blsmsk blsr bzhi lzcnt movbe mulx pdep pext
  rorx sarx shlx shrx tzcnt]]):gmatch "%S+" do
  for _, suffix in ipairs { "", "w", "l", "q" } do
    GENERAL[stem .. suffix] = true
  end
end

-- Of no level.
local NEVER = set [[
  adcx adcxl adcxq adox adoxl adoxq aesdec aesdec128kl aesdec256kl
  aesdeclast aesenc aesenc128kl aesenc256kl aesenclast aesimc
  aeskeygenassist cldemote clui clzero encls enclu encodekey128
  encodekey256 enqcmd enqcmds extrq gf2p8affineinvqb gf2p8affineqb
  gf2p8mulb hreset incsspd incsspq insertq invpcid llwpcb loadiwkey lwpins
  lwpval monitorx movdir64b movdiri movntsd movntss mwaitx pclmulhqhqdq
  pclmulhqlqdq pclmullqhqdq pclmullqlqdq pclmulqdq ptwrite ptwritel
  ptwriteq rdpkru rdpru rdsspd rdsspq rstorssp saveprevssp senduipi
  serialize setssbsy sha1msg1 sha1msg2 sha1nexte sha1rnds4 sha256msg1
  sha256msg2 sha256rnds2 slwpcb stui testui tpause uiret umonitor umwait
  wbnoinvd wrpkru wrssd wrssq wrussd wrussq xresldtrk xsusldtrk
]]

local WITHOUT = "write it in plain C, or with what x86-64-v3 has"

local function is_vex(stem)
  return VEX[stem] or find(stem, "^cmp[%l_]+[sp][sd]$")
    or find(stem, "^fn?m%l+[123]+[sp][sd]$")
end

-- AVX-512 has more registers, and masks.
local function is_wide(ops)
  return find(ops, "%zmm", 1, true) or find(ops, "%%k[0-7]%f[%W]")
    or find(ops, "%%[xy]mm1[6-9]") or find(ops, "%%[xy]mm[23]%d")
    or find(ops, "%tmm", 1, true)
end

local V, K = byte("vk", 1, 2)

--- Refuse what the level lacks; true when the instruction needs level 3.
-- A level of nil allows what any level does.
function M.check(name, ops, level)
  local c = byte(name, 1)
  if c == V then
    if not is_vex(sub(name, 2)) or is_wide(ops) then
      fail("instruction " .. name .. " is of no CPU level that a module has",
        WITHOUT)
    end
  elseif NEVER[name] or c == K and find(name, "^k%l+[bwdq]$") then
    fail("instruction " .. name .. " is of no CPU level that a module has",
      WITHOUT)
  elseif not GENERAL[name] then
    return false
  end
  if level and level < 3 then
    fail("instruction " .. name .. " is of CPU level x86-64-v3",
      "compile and link with -march=x86-64-v3")
  end
  return true
end

return M
