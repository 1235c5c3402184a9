--- The assembler that gcc runs: rewrite, then GNU as.
--
-- Takes GNU as's command line. gcc finds the launcher beside this file
-- (bin/as) through -B.
--
-- SPDX-License-Identifier: Apache-2.0

local response = require "zvm.toolchain.response"
local rewrite = require "zvm.toolchain.rewrite"
local shell = require "zvm.toolchain.shell"

local M = {}

local WITH_VALUE = { ["-o"] = true, ["-I"] = true, ["--defsym"] = true,
  ["--MD"] = true, ["--debug-prefix-map"] = true }
local DROPPED = { ["--32"] = true, ["--64"] = true, ["--x32"] = true }

-- Split a command line into options, inputs and the output's name.
local function parse(args)
  local options, inputs, output = {}, {}, "a.out"
  local i = 1
  while args[i] do
    local arg = args[i]
    if arg == "-o" then
      output = args[i + 1]
    elseif arg:find "^%-o." then
      output = arg:sub(3)
    elseif arg == "-" or arg == "--" or not arg:find "^%-" then
      if not arg:find "^%-" then inputs[#inputs + 1] = arg end
    elseif not DROPPED[arg] then
      options[#options + 1] = arg
      if WITH_VALUE[arg] then options[#options + 1] = args[i + 1] end
    end
    i = i + (WITH_VALUE[arg] and 2 or 1)
  end
  return options, inputs, output
end

local function read(path)
  if not path then return io.read "*a" or "", "{standard input}" end
  local file, message = io.open(path, "rb")
  if not file then return nil, message end
  local text = file:read "*a"
  file:close()
  if not text then return nil, path .. ": cannot be read" end
  return text, path
end

-- Rewritten text of all inputs, or nil, a message, and whether the message
-- names a line of the source.
local function rewritten(inputs)
  local parts = {}
  for i = 1, math.max(#inputs, 1) do
    local text, name = read(inputs[i])
    if not text then return nil, name, true end
    parts[i] = text
    if #inputs > 1 then
      parts[i] = ("# 1 %q\n%s\n"):format(name, text)
    end
  end
  return rewrite.rewrite(table.concat(parts), inputs[1] or
    "{standard input}", { level = tonumber(os.getenv "ZVM_LEVEL"),
      tables = os.getenv "ZVM_TABLES" == "1" })
end

-- A message without a line goes to the file that zvm-cc names; then it asks
-- the compiler again, with line numbers.
local function complain(message, exact)
  local path = not exact and os.getenv "ZVM_UNPLACED"
  local file = path and path ~= "" and io.open(path, "wb") or io.stderr
  file:write(message, "\n")
  if file ~= io.stderr then file:close() end
end

--- Run; returns the exit code.
function M.main(args)
  collectgarbage("setpause", 400) -- short-lived: space for time
  args = response.expand(args)
  local as = os.getenv "ZVM_AS" or "as"
  for _, arg in ipairs(args) do
    if arg == "--version" or arg == "--help" or arg == "-version" then
      return shell.run(as, args)
    end
  end
  local options, inputs, output = parse(args)
  local text, message, exact = rewritten(inputs)
  if not text then
    complain(message, exact)
    return 1
  end
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  local written = file:write(text) and file:close()
  local code = 1
  if written then
    for _, extra in ipairs { "--x32", "-mindex-reg",
      "-mrelax-relocations=no", "-o", output, path } do
      options[#options + 1] = extra
    end
    code = shell.run(as, options)
  else
    io.stderr:write(path, ": cannot be written\n")
  end
  os.remove(path)
  return code
end

return M
