--- What a word that is being typed may become.
--
-- Fields come from live tables, read without running anybody's code; options
-- from zvm.interpreter.names; commands from their own table.
--
-- SPDX-License-Identifier: Apache-2.0
local names = require "zvm.interpreter.names"

local M = {}

local KEYWORDS = {}
for word in ("and break do else elseif end false for function if in local "
  .. "nil not or repeat return then true until while"):gmatch "%a+" do
  KEYWORDS[#KEYWORDS + 1] = word
end

-- The table in which fields of a value are looked up, after the value itself.
local function index_of(value)
  local meta = debug.getmetatable(value)
  local index = type(meta) == "table" and rawget(meta, "__index")
  return type(index) == "table" and index or nil
end

local function field(value, name)
  local seen = 0
  while value ~= nil and seen < 8 do
    local found = type(value) == "table" and rawget(value, name)
    if found then
      return found
    end
    value, seen = index_of(value), seen + 1
  end
end

-- Adds the names of a value's fields that begin with `prefix`.
local function add_fields(set, value, prefix, methods_only)
  local seen = 0
  while value ~= nil and seen < 8 do
    if type(value) == "table" then
      for key, each in next, value do
        if type(key) == "string" and key:find "^[%a_][%w_]*$"
          and key:sub(1, #prefix) == prefix
          and (key:sub(1, 2) ~= "__" or prefix:sub(1, 2) == "__")
          and (not methods_only or type(each) == "function")
        then
          set[key] = true
        end
      end
    end
    value, seen = index_of(value), seen + 1
  end
end

local function add_words(set, list, prefix, suffix)
  for _, word in ipairs(list) do
    if word:sub(1, #prefix) == prefix then
      set[word .. (suffix or "")] = true
    end
  end
end

-- What opens a pair of braces, by the text before it: the name of an option
-- ("" without one); or nil, the name of a call, and whether it is the call's
-- first argument.
local function opener(text)
  local name = text:match "([%a_][%w_]*)%s*=%s*$"
  if name then
    return name
  elseif text:find "%]%s*=%s*$" then
    return ""
  end
  local call = text:match "([%w_.:]+)%s*%(?%s*$"
  if call then
    return nil, call, true
  end
  call = text:match "([%w_.:]+)%s*%([^()]*,%s*$"
  if call then
    return nil, call, false
  end
  return ""
end

-- The options that may stand at the end of `text`, or nil. Strings and
-- comments are left out.
local function options_at(text)
  text = text:gsub("%-%-[^\n]*", ""):gsub("\\.", "")
    :gsub('"[^"\n]*"', '""'):gsub("'[^'\n]*'", "''")
  local stack, from = {}, 1
  for at, mark in text:gmatch "()([{}])" do
    if mark == "{" then
      local name, call, first = opener(text:sub(from, at - 1))
      local outer = stack[#stack]
      stack[#stack + 1] = call and names.of_call(call, first)
        or not call and outer and names.of_value(outer, name) or false
    else
      stack[#stack] = nil
    end
    from = at + 1
  end
  return stack[#stack] and stack[#stack].keys
end

local function sorted(set, before)
  local list = {}
  for word in pairs(set) do
    list[#list + 1] = before .. word
  end
  table.sort(list)
  return list
end

-- "zvm.run" in "zvm.ru": the value before the last dot or colon.
local function owner_of(environment, path)
  local value
  for name in path:gmatch "[^.:]+" do
    if value == nil then
      value = rawget(environment, name)
      if value == nil then
        value = field(environment, name)
      end
    else
      value = field(value, name)
    end
    if value == nil then
      return nil
    end
  end
  return value
end

--- What the first word of a line may become, if it has to be one of these.
function M.among(words, before, word)
  local set = {}
  add_words(set, before:find "%S" and {} or words, word)
  return sorted(set, "")
end

--- All that `word` may become.
--
-- @tparam table environment of the loop
-- @tparam string before what is typed before the word, earlier lines too
-- @tparam string word
-- @tparam table commands names with their dot
-- @treturn table sorted list of whole words
function M.of(environment, before, word, commands)
  local set = {}
  if word:find "^%.%a*$" and not before:find "%S" then
    add_words(set, commands, word, " ")
    return sorted(set, "")
  end
  local path, mark, last = word:match "^(.*)([.:])([^.:]*)$"
  if path then
    local owner = owner_of(environment, path)
    if owner ~= nil then
      add_fields(set, owner, last, mark == ":")
    end
    return sorted(set, path .. mark)
  end
  local options = options_at(before)
  if options and before:find "[{,]%s*$" then
    add_words(set, options, word, " = ")
  end
  if not next(set) then
    add_fields(set, environment, word)
    add_words(set, KEYWORDS, word)
  end
  return sorted(set, "")
end

return M
