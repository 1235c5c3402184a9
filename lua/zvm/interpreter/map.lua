--- The memory map of an instance, drawn: what `.map` shows.
--
-- What lies there is read from the system while the guest stands before its
-- first instruction; what it is called comes from the module.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

local GIB = 2 ^ 32

local function size(bytes)
  for _, unit in ipairs { { 2 ^ 30, "GiB" }, { 2 ^ 20, "MiB" },
    { 2 ^ 10, "KiB" } }
  do
    if bytes >= unit[1] then
      return (("%.1f"):format(bytes / unit[1]):gsub("%.0$", "")) .. " "
        .. unit[2]
    end
  end
  return ("%d bytes"):format(bytes)
end

-- What an area is, by the map of core/memory/layout.h.
local function name_of(area, about)
  if area.from >= 0x200000000 then
    return area.rights:find "x" and "springboard: the way in and out (host)"
      or "registers of host and guest (host)"
  elseif area.from >= GIB then
    return "guard: a stack pointer and its displacement reach no further"
  elseif area.from == 0x10000 and area.to <= 0x20000 then
    return "gate: 32 bytes a trap, the only ways out"
  elseif area.rights == "---" then
    return "reserved: any access is a fault"
  elseif area.from >= 0xFF000000 then
    return "stack"
  elseif area.rights == "r-x" then
    return "text: validated"
  elseif area.from >= about.data_end and area.rights == "rw-" then
    return "heap"
  elseif area.rights == "rw-" then
    return "data and bss"
  elseif area.from >= 0xF0000000 then
    return "manifest: arguments, channels"
  end
  return "read-only data"
end

-- The kernel joins data and heap: they are told apart where data ends.
local function split(list, about)
  local out = {}
  for _, area in ipairs(list) do
    if area.rights == "rw-" and area.from < about.data_end
      and area.to > about.data_end
    then
      out[#out + 1] = { from = area.from, to = about.data_end, rights = "rw-" }
      out[#out + 1] = { from = about.data_end, to = area.to, rights = "rw-" }
    else
      out[#out + 1] = area
    end
  end
  return out
end

--- Draw it.
--
-- @tparam table areas `from`, `to`, `rights`, by address
-- @tparam table about of the module
-- @treturn string a line each, the highest address first, as maps are drawn
function M.draw(areas, about)
  local out, above = {}, nil
  local list = split(areas, about)
  for i = #list, 1, -1 do
    local area = list[i]
    if above and above ~= area.to then
      out[#out + 1] = ("                 |     | %-9s nothing"):format(
        size(above - area.to))
    end
    out[#out + 1] = ("0x%x_%04x_%04x %s %s | %-9s %s"):format(
      math.floor(area.from / GIB), math.floor(area.from / 65536) % 65536,
      area.from % 65536, " |", area.rights, size(area.to - area.from),
      name_of(area, about))
    above = area.from
  end
  if above and above > 0 then
    out[#out + 1] = ("0x0_0000_0000  |     | %-9s nothing: null pointers")
      :format(size(above))
  end
  return table.concat(out, "\n")
end

return M
