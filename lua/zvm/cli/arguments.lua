--- Options and files of a subcommand.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

--- Say on stderr what is wrong with a command line; gives the exit code.
function M.fail(command, message)
  io.stderr:write(("zvm %s: %s; try `zvm help`\n"):format(command, message))
  return 2
end

-- "flag" or "number"; nil for an option that is not known.
local function read_option(options, known, name, value, following)
  local kind = known[name]
  if not kind then
    return nil, ("unknown option --%s"):format(name)
  elseif kind == "flag" then
    if value then
      return nil, ("--%s takes no value"):format(name)
    end
    options[name] = true
    return 0
  end
  local used = value and 0 or 1
  value = value or following
  if not value or not tonumber(value) then
    return nil, ("--%s wants a number%s"):format(name,
      value and ", not " .. value or "")
  end
  options[name] = tonumber(value)
  return used
end

--- Read a command line: options may stand anywhere before `--`.
--
-- @tparam table args
-- @tparam table known option name → "flag" or "number"
-- @treturn[1] table options by name
-- @treturn[1] table the other arguments
-- @treturn[2] nil
-- @treturn[2] string what is wrong
function M.read(args, known)
  local options, files = {}, {}
  local i = 1
  while args[i] do
    local arg = args[i]
    local name, value = arg:match "^%-%-([^=]+)=?(.*)$"
    if arg == "--" then
      for k = i + 1, #args do
        files[#files + 1] = args[k]
      end
      break
    elseif name then
      value = arg:find("=", 1, true) and value or nil
      local used, message = read_option(options, known, name, value,
        args[i + 1])
      if not used then
        return nil, message
      end
      i = i + used
    elseif arg:find "^%-." then
      return nil, "unknown option " .. arg
    else
      files[#files + 1] = arg
    end
    i = i + 1
  end
  if not files[1] then
    return nil, "no file is given"
  end
  return options, files
end

--- The bytes of a file; or nil and a message that names it.
function M.slurp(path)
  local file, message = io.open(path, "rb")
  if not file then
    return nil, message
  end
  local bytes
  bytes, message = file:read "*a"
  file:close()
  return bytes, bytes == nil and path .. ": " .. (message or "no file") or nil
end

--- A word of the command line as the path that it is: zvm.load takes some
-- strings for the bytes of a program.
function M.path(word)
  return (word == "" or word:byte() == 127) and "./" .. word or word
end

return M
