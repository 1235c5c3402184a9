--- Reports in words, for people.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

local COUNTERS = { "gets", "get_bytes", "puts", "put_bytes" }
local REGISTERS = {
  { "rax", "rbx", "rcx", "rdx" }, { "rsi", "rdi", "rbp", "rsp" },
  { "r8", "r9", "r10", "r11" }, { "r12", "r13", "r14", "r15" },
}

--- How a run ended.
function M.ending(report)
  if report.state == "exit" then
    return ("exit %d"):format(report.code)
  elseif report.state == "fault" then
    return ("fault %s: %s"):format(report.fault.kind, report.fault.text)
  elseif report.state == "timeout" then
    return "timeout"
  elseif report.state == "limit" then
    return "limit: " .. report.limit
      .. (report.channel and " of " .. report.channel or "")
  elseif report.state == "lost" or report.state == "refused" then
    return report.state .. ": " .. report.message
  end
  return ("stopped by signal %d"):format(report.signal)
end

local function times(report)
  local t = report.times
  return t and (" (%.3f ms, user %.3f, system %.3f)"):format(t.wall * 1000,
    t.user * 1000, t.system * 1000) or ""
end

-- -- Faults -----------------------------------------------------------------

-- Function and line of a frame, or what is known of them; "" if nothing is.
local function place(frame)
  local text = ""
  if frame.func then
    text = (" in %s+0x%x"):format(frame.func, frame.offset)
  end
  if frame.line then
    text = text .. (" at %s:%d"):format(frame.file, frame.line)
  end
  return text
end

-- Runs of frames that are alike, as recursion makes them, are one line.
local function backtrace_lines(list, out)
  local i = 1
  while list[i] do
    local last = i
    while list[last + 1] and list[last + 1].pc == list[i].pc do
      last = last + 1
    end
    local number = last - i > 1 and ("#%d to #%d"):format(i - 1, last - 1)
      or "#" .. i - 1
    last = last - i > 1 and last or i
    out[#out + 1] = ("  %-4s 0x%x%s"):format(number, list[i].pc,
      place(list[i]))
    i = last + 1
  end
  if list.stop then
    out[#out + 1] = "  no further: " .. list.stop
  end
end

local ARGUMENTS = { "handle", "address", "size", "offset" }

local function trap_line(trap)
  local parts = {}
  for _, name in ipairs(ARGUMENTS) do
    local value = trap[name]
    if value then
      parts[#parts + 1] = (name == "address" and "%s 0x%x" or "%s %.0f")
        :format(name, value)
    end
  end
  return ("  last trap: %s(%s) = %d"):format(trap.name,
    table.concat(parts, ", "), trap.result)
end

local function fault_lines(fault, out)
  local line = ("  at pc 0x%x"):format(fault.pc)
  if fault.access then
    line = line .. (", %s of 0x%x"):format(fault.access, fault.address)
  end
  out[#out + 1] = line
  if fault.backtrace then
    backtrace_lines(fault.backtrace, out)
  end
  out[#out + 1] = fault.last_trap and trap_line(fault.last_trap)
    or "  no trap before it"
  for _, row in ipairs(REGISTERS) do
    local text = " "
    for _, name in ipairs(row) do
      text = text .. (" %-3s %-18s"):format(name, fault.registers[name])
    end
    out[#out + 1] = (text:gsub("%s+$", ""))
  end
end

-- -- Channels and totals ----------------------------------------------------

local function channel_line(name, channel)
  local parts = { ("  %-8s"):format(name) }
  for _, counter in ipairs(COUNTERS) do
    if (channel[counter] or 0) > 0 then
      parts[#parts + 1] = ("%s %d"):format(counter, channel[counter])
    end
  end
  if channel.etag then
    parts[#parts + 1] = "etag " .. channel.etag
  end
  if channel.final_etag then
    parts[#parts + 1] = "final etag " .. channel.final_etag
  end
  if channel.error then
    parts[#parts + 1] = "error: " .. channel.error
  end
  return #parts > 1 and table.concat(parts, "  ") or nil
end

-- What the guest's memory was, and its digest.
local function memory_lines(report, out)
  local usage = report.usage
  if usage then
    out[#out + 1] = ("  memory   %.0f bytes  page faults %.0f"):format(
      usage.peak_memory, usage.page_faults)
    if (usage.faults_handled or 0) > 0 then
      out[#out + 1] = ("  handled  %.0f faults"):format(usage.faults_handled)
    end
  end
  if report.memory_etag then
    out[#out + 1] = "  memory   etag " .. report.memory_etag
  end
end

local function finding_lines(findings, out)
  for _, finding in ipairs(findings or {}) do
    out[#out + 1] = ("  0x%x: %s: %s; %s"):format(finding.address,
      finding.rule, finding.text, finding.remedy)
  end
  if findings and findings.more then
    out[#out + 1] = "  there are more findings"
  end
end

--- A report as text: one line that says how the run ended, then a line for
-- each channel that moved bytes, all of them together, and memory. No newline
-- at the end.
function M.format(report)
  local out = { M.ending(report) .. times(report) }
  if report.fault then
    fault_lines(report.fault, out)
  end
  finding_lines(report.findings, out)
  local names = {}
  for name in pairs(report.channels) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    out[#out + 1] = channel_line(name, report.channels[name])
  end
  out[#out + 1] = channel_line("total", report.totals or {})
  memory_lines(report, out)
  if report.trace_error then
    out[#out + 1] = "  the trace is not whole: " .. report.trace_error
  end
  return table.concat(out, "\n")
end

-- -- In short ---------------------------------------------------------------

local function fault_place(fault)
  local where = fault.where or {}
  local text = ("%s at %s"):format(fault.access
    and (", %s of 0x%x"):format(fault.access, fault.address) or "",
    where.func or ("0x%x"):format(fault.pc))
  if where.line then
    text = text .. (" (%s:%d)"):format(where.file, where.line)
  end
  return text
end

--- What a person has to know: how the run ended, and of a fault where. No
-- newline at the end.
function M.summary(report)
  local out = { M.ending(report) }
  if report.state == "refused" then
    out[1] = report.message
  elseif report.state == "fault" then
    out[1] = out[1] .. fault_place(report.fault)
    if report.fault.backtrace then
      backtrace_lines(report.fault.backtrace, out)
    end
  end
  return table.concat(out, "\n")
end

return M
