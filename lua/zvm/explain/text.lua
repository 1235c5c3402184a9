--- What zvm.explain found, as text to read: 80 columns, no colours.
--
-- SPDX-License-Identifier: Apache-2.0
local symbols = require "zvm.symbols"

local M = {}

local WIDTH = 80
local BYTES_WIDTH = 24 -- eight of them

-- -- Lines ------------------------------------------------------------------

--- `text` in lines of at most 80 columns; the first begins with `first`,
-- the others with as many spaces.
local function wrap(out, first, text)
  local indent = (" "):rep(#first)
  local line, empty = first, true
  for word in text:gmatch "%S+" do
    if not empty and #line + 1 + #word > WIDTH then
      out[#out + 1] = line
      line, empty = indent, true
    end
    line = line .. (empty and "" or " ") .. word
    empty = false
  end
  out[#out + 1] = line
end

local function add(out, ...)
  out[#out + 1] = (...):format(select(2, ...)):gsub("%s+$", "")
end

local function cut(text)
  return #text <= WIDTH and text or text:sub(1, WIDTH - 3) .. "..."
end

local function plural(n, word)
  return ("%d %s%s"):format(n, word, n == 1 and "" or "s")
end

-- "src/main.c:12, in parse+0x1c"; nil when nothing is known. When it is to be
-- `short`, without folders.
local function place(finding, short)
  local parts = {}
  if finding.line then
    local file = short and finding.file:match "[^/]*$" or finding.file
    parts[1] = ("%s:%d"):format(file, finding.line)
  end
  if finding.func then
    local offset = finding.func_offset > 0
      and ("+0x%x"):format(finding.func_offset) or ""
    parts[#parts + 1] = "in " .. finding.func .. offset
  end
  return parts[1] and table.concat(parts, ", ")
end

-- -- Bundles ----------------------------------------------------------------

local BRACKET = { first = "/", middle = "|", last = "\\" }

-- The bytes of an instruction in rows of eight.
local function rows(bytes)
  local list = {}
  for at = 1, math.max(#bytes, 1), BYTES_WIDTH do
    list[#list + 1] = bytes:sub(at, at + BYTES_WIDTH - 2)
  end
  return list
end

local function insn_lines(out, entry)
  local bytes = rows(entry.bytes)
  local text = entry.disasm or ""
  if entry.count then
    text = ("%s  (%d times)"):format(text, entry.count)
  end
  out[#out + 1] = cut((("  %s 0x%-8x %-23s %s %s"):format(
    entry.mark and ">" or " ", entry.address, bytes[1],
    BRACKET[entry.fused] or " ", text):gsub("%s+$", "")))
  for i = 2, #bytes do
    out[#out + 1] = (" "):rep(15) .. bytes[i]
  end
end

local function bundle_lines(out, context)
  out[#out + 1] = ""
  for _, entry in ipairs(context) do
    insn_lines(out, entry)
  end
  out[#out + 1] = ""
end

-- -- Findings ---------------------------------------------------------------

local function target_lines(out, finding)
  local target = finding.target
  if not target then
    return
  end
  local where = place(target)
  wrap(out, "  ", ("It goes to 0x%x%s%s"):format(target.address,
    where and " (" .. where .. ")" or "",
    target.context and ", marked here:" or "."))
  if target.context then
    bundle_lines(out, target.context)
  else
    out[#out + 1] = ""
  end
end

-- The first finding of its rule, at length.
local function lesson_lines(out, finding)
  local where = place(finding)
  wrap(out, "", ("%s: %s"):format(where or ("0x%x"):format(finding.address),
    finding.rule))
  wrap(out, "  ", finding.text)
  if finding.context then
    bundle_lines(out, finding.context)
  else
    add(out, "\n    0x%x  %s\n", finding.address, finding.bytes)
  end
  if finding.crossed_by then
    wrap(out, "  ", ("This bundle begins within the instruction at 0x%x.")
      :format(finding.crossed_by))
    out[#out + 1] = ""
  end
  target_lines(out, finding)
  wrap(out, "  Why:      ", finding.why)
  wrap(out, "  Instead:  ", finding.remedy)
end

-- A finding in one line; `what` is said of it.
local function short_line(out, finding, what)
  local where = place(finding, true)
  out[#out + 1] = cut(("    0x%x  %s%s"):format(finding.address, what,
    where and "  (" .. where .. ")" or ""))
end

-- The other findings of a rule.
local function other_lines(out, list)
  if #list < 2 then
    return
  end
  out[#out + 1] = ""
  add(out, "  The same rule, %s more:", plural(#list - 1, "time"))
  for i = 2, #list do
    short_line(out, list[i], list[i].disasm or list[i].bytes)
  end
end

-- Findings that would not be there if another instruction stayed within its
-- bundle: no lessons, which would lead astray.
local function tail_lines(out, list)
  if #list == 0 then
    return
  end
  out[#out + 1] = ""
  wrap(out, "", "Tails: an instruction reaches into these bundles from the one "
    .. "before. Its tail is read as code, as a jump to the bundle would read "
    .. "it, and this is what is found then:")
  out[#out + 1] = ""
  for _, finding in ipairs(list) do
    short_line(out, finding, ("%-16s %s"):format(finding.rule,
      finding.disasm or finding.bytes))
  end
end

-- Findings by rule, in order of the first of each; apart, those in tails.
-- How many rules there are is the third.
local function groups(findings)
  local list, by_rule, tails, seen, rules = {}, {}, {}, {}, 0
  for _, finding in ipairs(findings) do
    local rule = finding.rule
    rules = rules + (seen[rule] and 0 or 1)
    seen[rule] = true
    if finding.tail_of then
      tails[#tails + 1] = finding
    else
      if not by_rule[rule] then
        by_rule[rule] = {}
        list[#list + 1] = by_rule[rule]
      end
      by_rule[rule][#by_rule[rule] + 1] = finding
    end
  end
  return list, tails, rules
end

local function name(result)
  return result.file and symbols.shown(result.file) or "code"
end

local function refused_lines(out, result)
  local list, tails, count = groups(result.findings)
  local found = #result.findings
  local rules = plural(count, "rule")
  add(out, "%s: refused: %s", name(result), result.more
    and ("the first %s, of %s; there are more"):format(
      plural(found, "finding"), rules)
    or ("%s, of %s"):format(plural(found, "finding"), rules))
  out[#out + 1] = "(What follows a finding in its bundle was not judged.)"
  for _, group in ipairs(list) do
    out[#out + 1] = ""
    lesson_lines(out, group[1])
    other_lines(out, group)
  end
  tail_lines(out, tails)
  out[#out + 1] = ""
  wrap(out, "", "What zvm-cc makes of C and of assembly satisfies all rules; "
    .. "docs/toolchain.md.")
end

-- -- Accepted ---------------------------------------------------------------

local SLOTS = { "trap", "pread", "pwrite", "jail", "unjail", "exit", "fork" }

local function row(out, label, value, meaning)
  wrap(out, ("  %-13s %8s  "):format(label, value), meaning)
end

local function traps_row(out, counts)
  local used, sum = {}, 0
  for _, slot in ipairs(SLOTS) do
    local n = counts.traps[slot]
    if n > 0 then
      used[#used + 1] = ("%s %d"):format(slot, n)
    end
    sum = sum + n
  end
  row(out, "traps", sum, sum == 0 and "direct calls of the gate: none"
    or "direct calls of the gate, the only way out: "
      .. table.concat(used, ", "))
end

-- What confines an operand, in the words of its row.
local CONFINED = {
  { "addr32", "computed in 32 bits, by the prefix 67" },
  { "rsp", "at a constant distance from the stack pointer" },
  { "rip", "constants, checked (rip-relative)" },
  { "string", "string instructions, with 32-bit addresses on both sides" },
}

local function memory_rows(out, memory)
  local sum = memory.addr32 + memory.rip + memory.rsp + memory.string
  row(out, "memory", sum, sum == 0 and "no operand accesses memory"
    or "operands that access memory, all within 4 GiB:")
  for _, kind in ipairs(CONFINED) do
    if memory[kind[1]] > 0 then
      row(out, "", memory[kind[1]], kind[2])
    end
  end
end

local function flow_rows(out, counts)
  local jumps, calls = counts.jumps, counts.calls
  row(out, "direct", jumps.direct + jumps.conditional + calls.direct,
    ("jumps and calls, each to the beginning of an instruction or to the "
      .. "gate: %d jmp, %d conditional, %d call"):format(jumps.direct,
      jumps.conditional, calls.direct))
  row(out, "indirect", jumps.indirect + calls.indirect,
    ("%s, %s through registers, each masked to the beginning of a bundle")
      :format(plural(jumps.indirect, "jump"), plural(calls.indirect, "call")))
  row(out, "returns", counts.returns,
    "each tests the address on the stack before it takes it")
end

local function accepted_lines(out, result)
  local counts = result.summary
  add(out, "%s: accepted", name(result))
  out[#out + 1] = ""
  if result.digest then
    add(out, "  SHA-256       %s", result.digest)
  end
  row(out, "text", counts.bytes, ("bytes at 0x%x: %s of 32, none crossed by "
    .. "an instruction"):format(result.address, plural(counts.bundles,
    "bundle")))
  row(out, "instructions", counts.instructions,
    "every one in the list of those that are safe")
  row(out, "padding", ("%.1f%%"):format(100 * counts.padding_share),
    ("nops and hlt between and behind them: %s"):format(
      plural(counts.padding, "byte")))
  flow_rows(out, counts)
  memory_rows(out, counts.memory)
  traps_row(out, counts)
  row(out, "CPU level", "v" .. result.level,
    counts.above_v2 > 0
      and ("%s need x86-64-v3"):format(plural(counts.above_v2, "instruction"))
      or result.level > 2 and "declared; nothing in it needs more than v2"
      or "runs on every x86-64-v2 processor, with the same results")
end

-- -- Failures ---------------------------------------------------------------

local FORMAT = "The loader maps exactly what was checked, and nothing that "
  .. "it would have to guess at: one static ELF32 program for x86-64, whole "
  .. "pages, one text that is never writable, an entry at the beginning of a "
  .. "bundle. zvm-cc makes such files."

local function failure_lines(out, message, code, details)
  out[#out + 1] = message
  if details then
    add(out, "\n  At 0x%x%s:  %s", details.offset,
      details.field and ", " .. details.field or "", details.bytes)
  end
  if code == "FORMAT" then
    out[#out + 1] = ""
    wrap(out, "  Why:      ", FORMAT)
  end
end

--- See zvm.explain.format.
function M.format(result, message, code, details)
  local out = {}
  if not result then
    failure_lines(out, message, code, details)
    return table.concat(out, "\n")
  end
  if result.accepted then
    accepted_lines(out, result)
  else
    refused_lines(out, result)
    if result.note then
      out[#out + 1] = ""
      wrap(out, "", result.note)
    end
  end
  return table.concat(out, "\n")
end

return M
