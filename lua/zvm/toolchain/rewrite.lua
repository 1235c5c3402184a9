--- The assembler's front end: any x32 assembly in, sandboxed code out.
--
-- One line of input gives one line of output, so gas's messages and line
-- tables stay right. Nothing here is trusted: the validator decides.
--
-- SPDX-License-Identifier: Apache-2.0

local bundle = require "zvm.toolchain.bundle"
local flags = require "zvm.toolchain.flags"
local flow = require "zvm.toolchain.flow"
local insn = require "zvm.toolchain.insn"
local level = require "zvm.toolchain.level"
local lexer = require "zvm.toolchain.lexer"
local macro = require "zvm.toolchain.macro"
local size = require "zvm.toolchain.size"
local where = require "zvm.toolchain.where"

local M = {}

local fail = lexer.fail
local byte, find = string.byte, string.find
local match, sub = string.match, string.sub

-- -- Directives -------------------------------------------------------------

-- name → function(state, directive, args) → text; false: pass through.
local DIRECTIVE = {}

local function each(words, handler)
  for word in words:gmatch "%S+" do DIRECTIVE["." .. word] = handler end
end

each("section pushsection", function(s, directive, args)
  if find(args, '^%.note%.GNU%-stack%s*,%s*"[^"]*x') then
    s.line = s.trampoline or s.line
    fail("code on the stack, as the address of a nested function is",
      "move the function out and pass what it shares")
  end
  return s:directive(directive, args)
end)

each("text data bss", function(s, directive, args)
  return directive .. " " .. args .. s:switch(directive)
end)

each("popsection", function(s, directive)
  s:pop()
  return directive
end)

each("previous", function(s, directive)
  s:swap()
  return directive
end)

each("align balign balignw balignl p2align p2alignw p2alignl",
  function(s, directive, args)
    if not s.section.code then return directive .. " " .. args end
    return s:align(directive, args)
  end)

-- gcc has the functions of a class that are not there weak, and a linker
-- takes nothing weak out of an archive: calling one would be a jump to 0.
local STRONG = { __cxa_pure_virtual = true, __cxa_deleted_virtual = true }

each("globl global weak", function(s, directive, args)
  s:refer(args)
  if STRONG[args] and directive == ".weak" then return "" end
  return directive .. " " .. args
end)

each("type", function(s, directive, args)
  if find(args, "gnu_indirect_function", 1, true) then
    fail("a function that is chosen at start (ifunc, target_clones)",
      "choose by a function pointer")
  elseif find(args, "function", 1, true) or find(args, "FUNC", 1, true) then
    s.starts[match(args, '^"?([^%s,"]+)')] = true
  elseif find(args, "tls_object", 1, true) then
    args = args:gsub("tls_object", "object")
  end
  return directive .. " " .. args
end)

each("set equ equiv", function(s, directive, args)
  s:refer(args)
  return directive .. " " .. args
end)

-- A variable that each file may define: weak instead.
each("tls_common", function(s, _, args)
  local name, bytes, align = match(args, "^([^%s,]+)%s*,%s*(%d+)%s*,?%s*(%d*)")
  if not name then fail(".tls_common " .. args, "write name, size, align") end
  s.data[name] = true
  return (".pushsection .zvm.tbss, \"aw\", @nobits; .balign %s; .weak %s; "
    .. "%s: .zero %s; .popsection"):format(align ~= "" and align or "16",
    name, name, bytes)
end)

each("long int value short hword word quad octa 2byte 4byte 8byte"
  .. " uleb128 sleb128 dc dc.b dc.w dc.l dc.a",
  function(s, directive, args)
    local section = s.section
    if section.code then
      fail("data (" .. directive .. ") between instructions",
        "put it into .rodata with .pushsection")
    elseif section.handlers then
      s:landing(args)
    elseif not section.debug then
      s:refer(args)
    end
    if find(args, "@", 1, true) then
      args = args:gsub("@d?n?tpoff", "")
    end
    return directive .. " " .. args
  end)

each("string asciz ascii string8 string16 string32 zero skip space fill"
  .. " float double single incbin comm",
  function(s, directive, args)
    if directive == ".comm" then
      s.data[match(args, "^[^%s,]*")] = true
    elseif s.section.code then
      fail("data (" .. directive .. ") between instructions",
        "put it into .rodata with .pushsection")
    end
    return directive .. " " .. args
  end)

each("byte", function(s, directive, args)
  if s.section.handlers then s:landing(args) end
  return directive .. " " .. args
end)

each("code16 code32 code64 intel_syntax intel_mnemonic include altmacro org"
  .. " bundle_align_mode bundle_lock bundle_unlock",
  function(_, directive, args)
    if directive == ".code64" then return directive end
    fail("directive " .. directive .. " " .. args .. " is not supported",
      "write 64-bit AT&T assembly; include through the preprocessor")
  end)

-- -- Statements -------------------------------------------------------------

-- Filter for operands that may name a symbol.
local function symbols(s, ops)
  if find(ops, "[^%%%w][%a_.]") or find(ops, "^[%a_.]")
    or find(ops, "%d[bf]%f[^%w]") then
    s:refer(ops)
  end
end

-- An instruction: its new form, or nil. Symbols outside branches count as
-- data, since their address may end up in a register.
local function instruction(s, name, ops)
  local c = sub(name, 1, 1)
  if name == "jmp" or name == "call" or name == "callq" then
    s.direct[flow.symbol(ops)] = s.line
  elseif ops ~= "" and c ~= "j" and name ~= "loop" then
    symbols(s, ops)
  end
  local new, changed, list = insn.rewrite(name, ops, s.far)
  if level.check(name, ops, s.level) then s.needs_v3 = true end
  -- The first instruction of a trampoline, in the data of a store.
  if not s.trampoline and find(ops, "$-17599,", 1, true) then
    s.trampoline = s.line
  end
  return new, changed, list
end

local function sized(name, ops)
  local text = ops == "" and name or name .. " " .. ops
  return bundle.fit(text, size.of(name, ops))
end

-- Any single statement; returns text.
local statement
function statement(s, text)
  local directive, args = match(text, "^(%.[%w_.]+)%s*(.-)$")
  if directive then
    local handler = DIRECTIVE[directive]
    if handler then return handler(s, directive, args) end
    return text
  end
  local pseudo, rest = match(text, "^({%w+})%s*(.+)$")
  if pseudo == "{evex}" then
    fail("AVX-512's encoding", "leave {evex} out")
  elseif pseudo then -- how to encode, not what
    return pseudo .. " " .. statement(s, rest):gsub("^%.p2align.-; ", "")
  end
  local name, ops = match(text, "^([%a][%w_.]*)%s*(.-)$")
  if not name or find(ops, "^==?[^=]") then
    s:refer(text) -- symbol = value
    return text
  end
  name = name:lower()
  local new, changed = instruction(s, name, ops)
  if type(new) == "table" then return s:call(new) end
  if new and not changed then return new end
  return sized(name, changed or ops)
end

local LABEL = "^([%w_.$@]+)%s*:%s*(.-)$"
local QUOTED = '^("[^"]*")%s*:%s*(.-)$'

-- A line of several statements, labels or comments.
local function slow(s, line)
  local list = lexer.statements(line)
  local out = {}
  local i = 1
  while list[i] do
    local text = list[i]
    local label, rest = match(text, LABEL)
    if not label then label, rest = match(text, QUOTED) end
    if label then
      out[#out + 1] = label .. ":"
      if s.section.code then
        s:label(out, #out, label)
      else
        s.data[label] = true
      end
      text = rest
    end
    -- A prefix on its own belongs to the next instruction.
    if s.prefix and text ~= "" and sub(text, 1, 1) ~= "." then
      text, s.prefix = s.prefix .. " " .. text, nil
    end
    if insn.prefix[text] then
      s.prefix = text
    elseif match(text, "^[%w]+%s+[%w]+$") and insn.prefix[match(text,
      "^%w+")] and insn.prefix[match(text, "%w+$")] then
      s.prefix = text
    elseif text ~= "" then
      out[#out + 1] = statement(s, text)
    end
    i = i + 1
  end
  return out
end

-- -- The loop ---------------------------------------------------------------

-- Lines whose answer is remembered are plain instructions; the others go
-- to statement() each time. JUMP marks a direct jump.
local JUMP = {}

-- Processors run these and the conditional jump right behind as one, if
-- nothing comes between.
local FUSES = {}
for stem in ("cmp test add sub and inc dec"):gmatch "%a+" do
  for _, suffix in ipairs { "", "b", "w", "l", "q" } do
    FUSES[stem .. suffix] = true
  end
end


-- -- Jumps -----------------------------------------------------------------

-- What closes a loop, in its short form.
local SHORT = { jmp = 0xeb }
for i, names in ipairs { "jo", "jno", "jb jc jnae", "jae jnb jnc", "je jz",
  "jne jnz", "jbe jna", "ja jnbe", "js", "jns", "jp jpe", "jnp jpo", "jl jnge",
  "jge jnl", "jle jng", "jg jnle" } do
  for name in names:gmatch "%a+" do SHORT[name] = 0x70 + i - 1 end
end

-- Between a label and the jump back, at most: lines of output, and instructions
-- among them, so that even with lengths that are wrong it is near.
local BODY, INSTRUCTIONS = 64, 12

-- Bytes of a line of output; nil: it may be any number. Labels that gcc has for
-- its debug information are no place that is jumped to.
local function length_of(line)
  if type(line) == "table" then return nil end
  local most = match(line, "^%.p2align 5,,(%d+); [^;]*$")
  if most then return most + 1 end
  return (line == "" or find(line, "^\t%.loc") or find(line, "^\t%.cfi")
    or find(line, "^%.L[VBF][LBEI]L?%d+:$")) and 0 or nil
end

-- A loop of one bundle, that the jump at line n would close: nil if it is
-- none, else the jump. A processor keeps instructions decoded by lines of 64
-- bytes: a loop that lies across the end of one takes a cycle more each time.
local function closed(s, out, n, name, target, before)
  local from, last = s.at[target], before and n - 2 or n - 1
  if not from or n - from > BODY or not SHORT[name] then return nil end
  local bytes, count = 2 + (before and before[2] or 0), before and 1 or 0
  for i = from + 1, last do
    local length = length_of(out[i]) or bundle.SIZE
    bytes, count = bytes + length, count + (length > 0 and 1 or 0)
  end
  if bytes > bundle.SIZE or count > INSTRUCTIONS then return nil end
  s:begin(out, from)
  return (".bundle_lock; .byte %d; .byte %s-.-1; .bundle_unlock"):format(
    SHORT[name], target)
end

-- Room for a direct jump: gas gives each its longest form's.
-- `before` is the text and the size of an instruction to stay with.
local function jump(s, out, n, line, before)
  local text = match(line, "^%s*(.-)%s*$")
  local name, target = match(text, "^(%l+)%s+(%.L%d+)$")
  local length = size.of(match(text, "^%l+"), "-")
  local short = name and closed(s, out, n, name, target, before)
  if short then text, length = short, 2 end
  if before then
    out[n - 1] = bundle.fit(before[1], before[2] + length)
    out[n] = text
  else
    out[n] = bundle.fit(text, length)
  end
end

-- Directives by their first five characters. These pass in any section:
local PASS = { [".loc\t"] = true, [".cfi_"] = true, [".loc "] = true }
-- and these where nothing depends on what they say:
local PASS_DEBUG = {}
for head in (".long .byte .valu .uleb .sleb .quad .4byt .8byt .2byt"
  .. " .stri .asci"):gmatch "%S+" do
  PASS_DEBUG[head] = true
end

local TAB, DOT, HASH, A, Z = string.byte("\t.#az", 1, 5)
local J = string.byte "j"

-- A line of directives, labels, or several things.
local function other(s, line, n, out)
  local label = match(line, "^([%w_.$]+):$")
  if label and not s.prefix then
    out[n] = line
    if s.section.code then
      s:label(out, n, label)
      s.at[label] = n
    else
      s.data[label] = true
    end
  elseif find(line, '^%s*%.[%w_]+%s[^:;#"]*$') then
    out[n] = statement(s, match(line, "^%s+(.-)%s*$") or line)
  else
    out[n] = slow(s, line)
  end
end

-- A line not seen before. What it returns is kept when it depends on the
-- line alone; otherwise the line is done and false comes back.
local function fresh(s, line, n, out, memo, fused)
  local c, d = byte(line, 1, 2)
  if c == HASH or c == nil then
    out[n] = line
    return false
  elseif c == TAB and d == DOT then
    local head = sub(line, 2, 6)
    if (PASS[head] or s.section.debug and PASS_DEBUG[head]
      and not find(line, "@", 1, true)) and not find(line, ";", 1, true) then
      out[n] = line
    else
      other(s, line, n, out)
    end
    return false
  elseif c ~= TAB or d == nil or d < A or d > Z or s.prefix
    or find(line, '[;#"]') then
    other(s, line, n, out)
    return false
  end
  local name, ops = match(line, "^\t(%l[%w_]*)[ \t]*(.*)$")
  if byte(ops, #ops) == 32 or byte(ops, #ops) == TAB then
    ops = match(ops, "^(.-)%s*$")
  end
  if find(ops, "^[:=]") or insn.prefix[name]
    and (ops == "" or insn.prefix[ops]) then
    other(s, line, n, out)
    return false
  end
  local new, changed, list = instruction(s, name, ops)
  if not new and byte(name) == J then
    new = find(ops, "^%S+$") and JUMP or name .. " " .. ops
  elseif type(new) ~= "table" and not (new and not changed) then
    local length = size.of(name, changed or ops, list)
    local text = (changed or ops) == "" and name
      or name .. " " .. (changed or ops)
    new = bundle.fit(text, length)
    if length and FUSES[name] then fused[line] = { text, length } end
  end
  memo[line] = new
  return new
end

local function lines(s, text, out)
  local memo, fused = {}, {}
  local last -- the line before, when it was an instruction but no jump
  local n, at = 0, 1
  while true do
    local stop = find(text, "\n", at, true)
    if not stop then return n end
    local line = sub(text, at, stop - 1)
    at, n = stop + 1, n + 1
    local known = memo[line]
    if known == nil then
      s.line = n
      known = fresh(s, line, n, out, memo, fused)
    end
    if known == JUMP then
      jump(s, out, n, line, last and fused[last])
      last = nil
    elseif known then
      out[n] = type(known) == "table" and s:call(known) or known
      last = line
    else
      last = nil
    end
  end
end

-- Whether the text defines a symbol, by a label or by .set.
local function defines(text, name)
  return find(text, "\n" .. name .. ":", 1, true)
    or find(text, "%.set%s+" .. name:gsub("%p", "%%%0") .. ",")
end

-- Weak symbols that the text does not define.
local function weak_symbols(text)
  local weak = {}
  if find(text, ".weak", 1, true) then
    for names in text:gmatch "%.weak%s+([^\n;#]+)" do
      for name in names:gmatch "[^%s,]+" do
        if not defines(text, name) then weak[name] = true end
      end
    end
  end
  return weak
end

-- Arithmetic that gcc leaves to a library which is not there. x87's is
-- refused by gcc, or comes here too.
local function without_library(name)
  if find(name, "^__bid_") then return "decimal floating point" end
  if find(name, "^__%l+[tx]f%d?$") or find(name, "^__%l+[tx]f%l%l%d?$")
    or find(name, "^__%l+[tx]c3$") then
    return "floating point wider than double"
  end
  return nil
end

-- Look at where direct branches go. True when some go to data: these are
-- far then, and everything is to be done again.
local function check_direct(s, text)
  local again, first, missing = false, math.huge, nil
  for name, line in pairs(s.direct) do
    local what = find(name, "^__") and without_library(name)
    if what and line < first and not defines(text, name) then
      first, missing = line, what .. " (" .. name .. ")"
    elseif s.data[name] and not s.far[name] then
      s.far[name], again = true, true
    end
  end
  if missing then
    s.line = first
    fail(missing, "use double")
  end
  return again
end

local function new_state(options, far)
  local s = bundle.new()
  s.line = 1
  s.level = options.level
  s.far = far
  s.data = {}   -- labels outside code
  s.direct = {} -- targets of jmp and call: name → line
  s.at = {}     -- labels of code, alone on their lines: name → line
  return s
end

-- An object that needs level 3 says so to the linker: zvm-cc defines the
-- symbol at -march=x86-64-v3.
local NEEDS_V3 = ".text; .reloc 0, R_X86_64_NONE,"
  .. " zvm_link_with_march_x86_64_v3"

-- The whole of it, in a state that an error leaves behind.
local function rewritten(text, options, state)
  local far
  repeat
    local s = new_state(options, far)
    state.now = s
    local body = macro.expand(lexer.strip_blocks(text), s)
    s.far = far or weak_symbols(body)
    far = s.far
    local out = {}
    local n = lines(s, body, out)
    if s.prefix then
      fail("prefix " .. s.prefix .. " without an instruction",
        "write it before one")
    end
    if not check_direct(s, body) then
      flags.check(s, out)
      s:settle()
      for i = 1, n do
        local line = out[i]
        if type(line) == "table" then out[i] = table.concat(line, "; ") end
      end
      if s.needs_v3 and options.level then out[#out + 1] = NEEDS_V3 end
      return out
    end
  until false
end

-- Call frame information nobody asked for goes where only debuggers look; that
-- of code which catches exceptions stays.
local function frames(text, options)
  if options.tables or find(text, ".cfi_sections", 1, true)
    or find(text, ".cfi_lsda", 1, true)
    or not find(text, ".cfi_startproc", 1, true)
  then
    return ""
  end
  return ".cfi_sections .debug_frame; "
end

--- Rewrite `text`. Returns the new text, or nil, a message that begins with
-- file and line, and whether it knows the line of the source. `name` is the
-- file that messages fall back to. `options.level` is the CPU level to keep
-- to; without it any will do. `options.tables`: the guest is to have its call
-- frame information in memory.
function M.rewrite(text, name, options)
  local source = text
  if sub(text, -1) ~= "\n" then text = text .. "\n" end
  local state = {}
  local ok, out = pcall(rewritten, text, options or {}, state)
  if not ok then
    if type(out) ~= "table" then error(out, 0) end
    local place, exact = where.locate(source, state.now.line, name)
    return nil, place .. ": " .. out.message .. "; " .. out.remedy, exact
  end
  out[#out + 1] = ""
  return (".bundle_align_mode 5; %s.text; .p2align 5; .Lzvm_section1:\n"
    .. "# 1 \"%s\"\n"):format(frames(source, options or {}), name)
    .. table.concat(out, "\n")
end

return M
