--- Bytes and times as people read them.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

local SIZES = { "B", "KB", "MB", "GB", "TB", "PB" }

--- "0 B", "1.5 MB": three digits, powers of 1000.
function M.bytes(n)
  local i = 1
  while n >= 999.5 and SIZES[i + 1] do
    n, i = n / 1000, i + 1
  end
  if i == 1 then
    return ("%.0f B"):format(n)
  end
  local digits = n < 9.995 and 2 or n < 99.95 and 1 or 0
  return (("%%.%df %%s"):format(digits)):format(n, SIZES[i])
end

--- "850 us", "12.5 ms", "3.20 s", "2:05", "1:00:00".
function M.time(seconds)
  if seconds == 0 then
    return "0 s"
  elseif seconds < 0.0009995 then
    return ("%.0f us"):format(seconds * 1e6)
  elseif seconds < 0.9995 then
    return ("%.3g ms"):format(seconds * 1e3)
  elseif seconds < 99.95 then
    return ("%.3g s"):format(seconds)
  end
  local whole = math.floor(seconds + 0.5)
  local minutes = math.floor(whole / 60)
  if minutes < 60 then
    return ("%d:%02d"):format(minutes, whole % 60)
  end
  return ("%d:%02d:%02d"):format(math.floor(minutes / 60), minutes % 60,
    whole % 60)
end

-- Steps of an axis, where they are no powers of ten.
local LONG = { 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600,
  43200, 86400 }

--- The step of an axis from 0 to `wall`, so that there are at most `most`.
function M.step(wall, most)
  local least = wall / most
  if least > 30 then
    for _, step in ipairs(LONG) do
      if step >= least then
        return step
      end
    end
    return math.ceil(least / 86400) * 86400
  end
  local power = 10 ^ math.floor(math.log10(least))
  for _, factor in ipairs { 1, 2, 5, 10 } do
    if factor * power >= least * (1 - 1e-9) then
      return factor * power
    end
  end
end

--- A moment on an axis of this step and length.
function M.tick(seconds, step, wall)
  local scale, unit = 1, "s"
  if wall >= 100 then
    local whole = math.floor(seconds + 0.5)
    return wall < 3600
      and ("%d:%02d"):format(math.floor(whole / 60), whole % 60)
      or ("%d:%02d:%02d"):format(math.floor(whole / 3600),
        math.floor(whole / 60) % 60, whole % 60)
  elseif wall < 0.001 then
    scale, unit = 1e6, "us"
  elseif wall < 1 then
    scale, unit = 1e3, "ms"
  end
  local digits = math.max(0, -math.floor(math.log10(step * scale) + 1e-9))
  return (("%%.%df %%s"):format(digits)):format(seconds * scale, unit)
end

return M
