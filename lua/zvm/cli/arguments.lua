--- Options and other words of a subcommand, by its table in
-- zvm.cli.commands.
--
-- SPDX-License-Identifier: Apache-2.0
local distance = require "zvm.distance"
local exits = require "zvm.cli.exits"
local symbols = require "zvm.symbols"

local M = {}

--- A word of the command line, in a message of one line.
M.shown = symbols.shown

--- Say on stderr what is in the way; gives the exit code for it.
function M.trouble(command, message)
  io.stderr:write(("zvm %s: %s\n"):format(command.name,
    (message:gsub("[^\n]+", M.shown))))
  return exits.trouble(command.exits)
end

--- The same of a command line that is wrong.
function M.fail(command, message)
  return M.trouble(command, ("%s; try `zvm help %s`"):format(message,
    command.name))
end

-- -- Options ----------------------------------------------------------------

local function find(command, name)
  for _, option in ipairs(command.options) do
    if option.name == name then
      return option
    end
  end
end

local function one_of(values)
  if #values == 1 then
    return values[1]
  end
  return table.concat(values, ", ", 1, #values - 1) .. " or "
    .. values[#values]
end

--- "a, b or c".
M.one_of = one_of

local function contains(list, value)
  for _, each in ipairs(list) do
    if each == value then
      return true
    end
  end
  return false
end

--- Whether a value is in a list.
M.contains = contains

--- " (did you mean X?)" for what is nearly a word of a list, or the beginning
-- of one; else "".
function M.hint(word, list, prefix)
  local best, least = nil, 3
  for _, each in ipairs(list) do
    local d = #word < 32 and distance(word, each) or least
    if #word > 1 and each:sub(1, #word) == word then
      d = 1 - 1 / #each -- of those that begin with it, the shortest
    end
    if d < least and d < #each then
      best, least = each, d
    end
  end
  return best and (" (did you mean %s%s?)"):format(prefix or "", best) or ""
end

-- A value in a message.
local function told(value)
  return value == "" and '""' or value
end

M.told = told

local function option_names(command)
  local names = {}
  for i, option in ipairs(command.options) do
    names[i] = option.name
  end
  return names
end

-- What is wrong with an option's value, or nil.
local function fault_of(option, value)
  local number = option.number and tonumber(value)
  if option.number and not number then
    return ("--%s wants a number, not %s"):format(option.name, told(value))
  elseif option.most and not (number >= 1 and number <= option.most
    and number % 1 == 0) then
    return ("--%s wants a whole number from 1 to %d, not %s"):format(
      option.name, option.most, told(value))
  elseif option.values and not contains(option.values, value) then
    return ("--%s wants %s, not %s"):format(option.name,
      one_of(option.values), told(value))
  end
end

local function store(options, option, value)
  if not option.many then
    if options[option.name] ~= nil then
      return ("--%s is given twice"):format(option.name)
    end
    options[option.name] = option.number and tonumber(value) or value
    return nil
  end
  local list = options[option.name] or {}
  list[#list + 1] = value
  options[option.name] = list
end

-- How many of the following words were used; or nil and what is wrong.
local function read_option(command, options, word, following)
  local name, equals, value = word:match "^%-%-([^=]*)(=?)(.*)$"
  local option = find(command, name)
  if word == "-h" then
    name, equals, option = "help", "", find(command, "help")
  end
  if not option then
    return nil, ("unknown option %s"):format(name and "--" .. name or word)
      .. M.hint(name or "", option_names(command), "--")
  end
  if equals == "" then
    value = nil
  end
  local used = 0
  if not option.value then
    if value then
      return nil, ("--%s takes no value"):format(name)
    end
    value = true
  elseif not value then
    if option.optional then
      value = true
    elseif following == nil then
      return nil, ("--%s wants %s"):format(name, option.number and "a number"
        or option.values and one_of(option.values) or "a value: "
        .. option.value)
    else
      value, used = following, 1
    end
  end
  local message = value ~= true and fault_of(option, value)
    or store(options, option, value)
  if message then
    return nil, message
  end
  return used
end

-- Whether a word behind the program is an option of the command's own.
local function is_own(command, word)
  local name = word:match "^%-%-([^=]+)"
  return name and name ~= "help" and find(command, name) ~= nil
end

--- Read a command line. `--` ends options. If the command's first word is a
-- program, what follows it belongs to that, but for the command's own options
-- before a `--`; of these, help is the program's.
--
-- @tparam table command of zvm.cli.commands
-- @tparam table args
-- @treturn[1] table options by name; of those that may be given many times
--  lists
-- @treturn[1] table the other words
-- @treturn[2] nil
-- @treturn[2] string what is wrong
function M.read(command, args)
  local options, words = {}, {}
  local i = 1
  while args[i] do
    local word = args[i]
    local behind = command.first and words[1] ~= nil
    if word == "--" then
      for k = i + 1, #args do
        words[#words + 1] = args[k]
      end
      break
    elseif word:find "^%-." and (not behind or is_own(command, word)) then
      local used, message = read_option(command, options, word, args[i + 1])
      if not used then
        return nil, message
      end
      i = i + used
    else
      words[#words + 1] = word
    end
    i = i + 1
  end
  return options, words
end

-- -- Files ------------------------------------------------------------------

--- The bytes of a file, or its first `most`; or nil and a message that names
-- it.
function M.slurp(path, most)
  local file, message = io.open(path, "rb")
  if not file then
    return nil, message
  end
  local bytes
  bytes, message = file:read(most or "*a")
  file:close()
  if bytes == nil and message == nil then
    return most and "" or nil, path .. ": no file"
  end
  return bytes, bytes == nil and path .. ": " .. message or nil
end

--- A word of the command line as the path that it is: zvm.load takes some
-- strings for the bytes of a program.
function M.path(word)
  return (word == "" or word:byte() == 127) and "./" .. word or word
end

return M
