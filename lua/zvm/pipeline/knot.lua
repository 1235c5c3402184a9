--- Who waits for whom.
--
-- A process of a Kahn network waits for one channel at a time, so each that
-- waits leads to one other, and who follows that comes to one that does not
-- wait, or around in a circle. A circle in which somebody waits for room in a
-- ring is there only because rings are finite: more room in the smallest of
-- them opens it. In any other circle everybody waits for what nobody will
-- write.
--
-- Sources: Parks, Bounded Scheduling of Process Networks, 1995; Geilen and
-- Basten, Requirements on the Execution of Kahn Process Networks, 2003.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

-- The names on the circle that `start` leads to, in order; or nil.
local function circle_from(start, waits, seen)
  local at, path = {}, {}
  local name = start
  while waits[name] and not seen[name] do
    if at[name] then
      local circle = {}
      for i = at[name], #path do
        circle[#circle + 1] = path[i]
      end
      return circle, path
    end
    path[#path + 1], at[name] = name, #path + 1
    name = waits[name].whom
  end
  return nil, path
end

--- All circles. `waits`: from name to { whom =, way = "get" | "put", ... };
-- `names`: those to begin at, in order.
function M.circles(waits, names)
  local seen, list = {}, {}
  for _, name in ipairs(names) do
    local circle, path = circle_from(name, waits, seen)
    list[#list + 1] = circle
    for _, each in ipairs(path) do
      seen[each] = true
    end
  end
  return list
end

--- Of a circle the wait for room in the smallest ring; nil if nobody there
-- waits for room. `size(wait)` is how large a ring is.
function M.smallest_full(circle, waits, size)
  local best, least
  for _, name in ipairs(circle) do
    local wait = waits[name]
    local room = wait.way == "put" and size(wait)
    if room and (not least or room < least) then
      best, least = wait, room
    end
  end
  return best
end

local function arrow(wait)
  return wait.way == "get"
    and ("%s waits to read %s from %s"):format(wait.who, wait.channel,
      wait.whom)
    or ("%s waits to write %s, which %s does not read"):format(wait.who,
      wait.channel, wait.whom)
end

--- The circle in words.
function M.text(circle, waits)
  local out = {}
  for i, name in ipairs(circle) do
    out[i] = arrow(waits[name])
  end
  return table.concat(out, "; ")
end

return M
