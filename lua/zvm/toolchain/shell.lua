--- Run a program with exact arguments.
--
-- SPDX-License-Identifier: Apache-2.0

local response = require "zvm.toolchain.response"

local M = {}

-- Linux takes at most 128 KiB in one argument, and the shell's is one.
local LONGEST = 100000

local function quote(word)
  if word:find "^[%w_%-+=/.,:@%%]+$" then return word end
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

--- Run `program`, wait, return its exit code; 128 + n for signal n.
-- `environment`: names and values to add.
function M.run(program, args, environment)
  local set = ""
  for name, value in pairs(environment or {}) do
    set = set .. name .. "=" .. quote(value) .. "; export " .. name .. "; "
  end
  local words = { set .. "exec", quote(program) }
  for _, arg in ipairs(args) do words[#words + 1] = quote(arg) end
  local command, path = table.concat(words, " "), nil
  if #command > LONGEST then
    path = os.tmpname()
    local file = assert(io.open(path, "wb"))
    assert(file:write(response.text(args)))
    assert(file:close())
    command = ("%sexec %s @%s"):format(set, quote(program), path)
  end
  local a, kind, code = os.execute(command)
  if path then os.remove(path) end
  if type(a) == "number" then
    if a % 256 == 0 then return a / 256 end
    return a < 256 and 128 + a % 128 or 255
  end
  return kind == "signal" and 128 + code or code
end

return M
