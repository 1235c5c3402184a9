--- zvm version: this version, and what it runs on.
--
-- SPDX-License-Identifier: Apache-2.0
local arguments = require "zvm.cli.arguments"
local commands = require "zvm.cli.commands"
local zvm = require "zvm"

local M = {}

-- As core/entry/cpu.c asks, in the kernel's words: what it does not name, it
-- does not save.
local V2 = { "pni", "ssse3", "cx16", "sse4_1", "sse4_2", "popcnt",
  "lahf_lm" }
local V3 = { "fma", "movbe", "avx", "f16c", "bmi1", "avx2", "bmi2", "abm" }

local function has_all(flags, names)
  for _, name in ipairs(names) do
    if not flags:find(" " .. name .. " ", 1, true) then
      return false
    end
  end
  return true
end

--- The CPU level that /proc/cpuinfo tells of.
function M.level(cpuinfo)
  local flags = (" %s "):format(cpuinfo:match "\nflags%s*:%s*([^\n]*)" or "")
  if not has_all(flags, V2) then
    return "below x86-64-v2: no program can run here"
  end
  return has_all(flags, V3) and "x86-64-v3" or "x86-64-v2"
end

local function barriers()
  local all, message = zvm.barriers()
  if not all then
    return "none, there can be no workers: " .. message
  end
  local names = {}
  for name in pairs(all) do
    names[#names + 1] = name
  end
  table.sort(names)
  return table.concat(names, ", ")
end

function M.run(_, words)
  if words[1] then
    return arguments.fail(commands.version, "takes no arguments")
  end
  local jit = rawget(_G, "jit")
  local cpuinfo, message = arguments.slurp "/proc/cpuinfo"
  io.write(("zvm %s\nlua: %s\ncpu: %s\nbarriers: %s\n"):format(zvm.VERSION,
    jit and ("%s (%s)"):format(_VERSION, jit.version) or _VERSION,
    cpuinfo and M.level(cpuinfo) or "not known: " .. message, barriers()))
  return 0
end

return M
