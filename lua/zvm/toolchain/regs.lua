--- Names of the general registers in their four widths.
--
-- SPDX-License-Identifier: Apache-2.0

local M = { to32 = {}, to64 = {}, is64 = {} }

local function add(r64, r32)
  M.to32["%" .. r64] = "%" .. r32
  M.to32["%" .. r32] = "%" .. r32
  M.to64["%" .. r64] = "%" .. r64
  M.to64["%" .. r32] = "%" .. r64
  M.is64["%" .. r64] = true
end

for _, n in ipairs { "ax", "bx", "cx", "dx", "si", "di", "bp", "sp" } do
  add("r" .. n, "e" .. n)
end
for n = 8, 15 do add("r" .. n, "r" .. n .. "d") end
M.to32["%riz"], M.to32["%eiz"] = "%eiz", "%eiz"

return M
