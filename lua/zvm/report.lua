--- Reports in words, for people.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

local COUNTERS = { "gets", "get_bytes", "puts", "put_bytes" }
local REGISTERS = {
  { "rax", "rbx", "rcx", "rdx" }, { "rsi", "rdi", "rbp", "rsp" },
  { "r8", "r9", "r10", "r11" }, { "r12", "r13", "r14", "r15" },
}

local function ending(report)
  if report.state == "exit" then
    return ("exit %d"):format(report.code)
  elseif report.state == "fault" then
    return ("fault %s: %s"):format(report.fault.kind, report.fault.text)
  elseif report.state == "timeout" then
    return "timeout"
  elseif report.state == "limit" then
    return "limit: " .. report.limit
      .. (report.channel and " of " .. report.channel or "")
  elseif report.state == "lost" then
    return "lost: " .. report.message
  end
  return ("stopped by signal %d"):format(report.signal)
end

local function times(report)
  local t = report.times
  return (" (%.3f ms, user %.3f, system %.3f)"):format(t.wall * 1000,
    t.user * 1000, t.system * 1000)
end

local function fault_lines(fault, out)
  local place = ("  at pc 0x%x"):format(fault.pc)
  if fault.access then
    place = place .. (", %s of 0x%x"):format(fault.access, fault.address)
  end
  out[#out + 1] = place
  for _, row in ipairs(REGISTERS) do
    local line = " "
    for _, name in ipairs(row) do
      line = line .. (" %-3s %-18s"):format(name, fault.registers[name])
    end
    out[#out + 1] = (line:gsub("%s+$", ""))
  end
end

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
  if channel.error then
    parts[#parts + 1] = "error: " .. channel.error
  end
  return #parts > 1 and table.concat(parts, "  ") or nil
end

--- A report as text: one line that says how the run ended, then a line for
-- each channel that moved bytes. No newline at the end.
--
-- @tparam table report what zvm.run gave
-- @treturn string
function M.format(report)
  local out = { ending(report) .. times(report) }
  if report.fault then
    fault_lines(report.fault, out)
  end
  local names = {}
  for name in pairs(report.channels) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    out[#out + 1] = channel_line(name, report.channels[name])
  end
  return table.concat(out, "\n")
end

return M
