--- The six lines of ZeroVM's report, by its documentation (doc/report.txt of
-- 2014-06-06):
--
--   1  errors of the validator; 0: the program is accepted
--   2  0: no daemon
--   3  the guest's code
--   4  digests, "alias digest alias digest ...", the memory's last, under
--      /dev/memory; or "disabled"
--   5  seconds in the guest, seconds in the system; then gets, bytes, puts and
--      bytes of local channels, and the same of network channels
--   6  "ok", or what was in the way
--
-- docs/command.md says what is different.
--
-- SPDX-License-Identifier: Apache-2.0
local text = require "zvm.report.text"

local M = {}

local STANDARD = { ["/dev/stdin"] = "0", ["/dev/stdout"] = "1",
  ["/dev/stderr"] = "2" }
local COUNTERS = { "gets", "get_bytes", "puts", "put_bytes" }
local NOT_JUDGED = { FORMAT = true, CPU = true }

-- One entry for each channel, whatever names it has, in order of handles.
local function channels(report, network)
  local entries, out = {}, {}
  for name, channel in pairs(report.channels) do
    local entry = entries[channel]
    if not entry then
      local alias = channel.alias or name
      entry = { alias = alias, channel = channel, base = 0,
        order = STANDARD[alias] or "3" .. alias }
      entries[channel], out[#out + 1] = entry, entry
    end
    if network[name] then
      entry.base = 4
    end
  end
  table.sort(out, function(a, b) return a.order < b.order end)
  return out
end

local function validator(report)
  if report.findings then
    return #report.findings
  end
  return report.state == "refused" and NOT_JUDGED[report.reason] and 1 or 0
end

local function digests(report, list)
  local out = {}
  for _, entry in ipairs(list) do
    local digest = entry.channel.etag
    out[#out + 1] = digest and entry.alias .. " " .. digest
  end
  if report.memory_etag then
    out[#out + 1] = "/dev/memory " .. report.memory_etag
  end
  return out[1] and table.concat(out, " ") or "disabled"
end

local function accounting(report, list)
  local times = report.times or { user = 0, system = 0 }
  local sums = { 0, 0, 0, 0, 0, 0, 0, 0 }
  for _, entry in ipairs(list) do
    for i, counter in ipairs(COUNTERS) do
      local at = entry.base + i
      sums[at] = sums[at] + (entry.channel[counter] or 0)
    end
  end
  for i, sum in ipairs(sums) do
    sums[i] = ("%.0f"):format(sum)
  end
  return ("%.2f %.2f %s"):format(times.user, times.system,
    table.concat(sums, " "))
end

--- The six lines, the last without its newline.
--
-- @tparam table report
-- @tparam[opt] table network set of the names of channels that are sockets
function M.format(report, network)
  local list = channels(report, network or {})
  local state = report.state == "exit" and "ok" or text.ending(report)
  return table.concat({
    validator(report), 0, report.state == "exit" and report.code or 0,
    digests(report, list), accounting(report, list),
    (state:gsub("%c", " ")),
  }, "\n")
end

return M
