--- Lists of records in the order of a number, for hostile data: sorting is
-- n log n whatever the order was, which table.sort does not promise.
--
-- Source: Knuth, The Art of Computer Programming, volume 3, 5.2.4 (merging)
-- and 6.2.1 (binary search).
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

local function merge(from, to, key, low, mid, high)
  local i, j = low, mid
  for k = low, high - 1 do
    if i < mid and (j >= high or from[i][key] <= from[j][key]) then
      to[k] = from[i]
      i = i + 1
    else
      to[k] = from[j]
      j = j + 1
    end
  end
end

--- A list in ascending order of the field `key`; equal ones keep theirs.
-- `list` itself may be overwritten.
--
-- @tparam table list of tables
-- @tparam string|number key of what can be compared
-- @treturn table
function M.by(list, key)
  local n, width = #list, 1
  local from, to = list, {}
  while width < n do
    for low = 1, n, 2 * width do
      merge(from, to, key, low, math.min(low + width, n + 1),
        math.min(low + 2 * width, n + 1))
    end
    from, to = to, from
    width = 2 * width
  end
  return from
end

--- The last index in [low, high] whose `at(index)` is not above `value`;
-- nil when there is none.
--
-- @tparam number low
-- @tparam number high
-- @tparam number value
-- @tparam function at index to number, ascending
-- @treturn ?number
function M.last(low, high, value, at)
  local found
  while low <= high do
    local mid = math.floor((low + high) / 2)
    if at(mid) <= value then
      found, low = mid, mid + 1
    else
      high = mid - 1
    end
  end
  return found
end

return M
