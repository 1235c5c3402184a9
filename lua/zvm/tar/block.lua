--- What the reader and the writer of tar archives share: blocks, and the sum
-- that guards a header.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

local byte = string.byte

M.SIZE = 512

--- Bytes from the end of `size` bytes to the next block.
function M.padding(size)
  return -size % M.SIZE
end

--- The bytes of `text` from `first` to `last`, added up.
function M.sum(text, first, last)
  local total = 0
  for i = first, last, 8 do
    local a, b, c, d, e, f, g, h = byte(text, i, i + 7 < last and i + 7 or last)
    total = total + a + (b or 0) + (c or 0) + (d or 0) + (e or 0) + (f or 0)
      + (g or 0) + (h or 0)
  end
  return total
end

--- The first part of `name` that is empty, `.` or `..`; nil if it has none.
function M.odd_part(name)
  for part in (name .. "/"):gmatch "([^/]*)/" do
    if part == "" or part == "." or part == ".." then
      return part
    end
  end
  return nil
end

return M
