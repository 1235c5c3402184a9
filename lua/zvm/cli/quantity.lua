--- Sizes and times as they are written on a command line.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

local UNITS = { [""] = 1, K = 2 ^ 10, M = 2 ^ 20, G = 2 ^ 30 }
local SECONDS = { ms = 0.001, s = 1, m = 60, [""] = 1 }
local TIME_MAX = 4294967 -- the core's: 32 bits of milliseconds

--- "64M" as a number of bytes; or nil and what is expected.
function M.size(text)
  local digits, unit = text:match "^(%d+)([KMG]?)$"
  local bytes = digits and tonumber(digits) * UNITS[unit]
  if not bytes or bytes > 2 ^ 53 then
    return nil, "a size such as 4096, 64K, 10M or 2G"
  end
  return bytes
end

--- The same, or "unlimited" as math.huge.
function M.limit(text)
  if text == "unlimited" then
    return math.huge
  end
  local size, expected = M.size(text)
  return size, expected and expected .. ", or unlimited"
end

--- More than nothing.
function M.amount(text)
  local size, expected = M.size(text)
  if size == 0 then
    return nil, "more than 0 bytes"
  end
  return size, expected
end

--- "250ms", "1.5s", "5m" or "10" as a number of seconds; or nil and what is
-- expected.
function M.time(text)
  local digits, unit = text:match "^(%d*%.?%d*)(m?s?)$"
  local factor = SECONDS[unit]
  local seconds = digits and digits:find "%d" and factor
    and tonumber(digits) * factor
  if not seconds then
    return nil, "a time such as 250ms, 10s or 5m"
  elseif seconds < 0.001 or seconds > TIME_MAX then
    return nil, ("a time from 1ms to %ds"):format(TIME_MAX)
  end
  return seconds
end

return M
