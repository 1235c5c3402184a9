--- What a path that is being typed may become.
--
-- SPDX-License-Identifier: Apache-2.0
local symbols = require "zvm.symbols"
local utf8 = require "zvm.utf8"

local M = {}

-- What is behind a quote that is not closed, or nil.
local function open_string(text)
  local at = 1
  while true do
    local from = text:find("[\"']", at)
    local comment = text:find("--", at, true)
    if not from then
      return nil
    elseif comment and comment < from then
      at = text:find("\n", comment, true)
      if not at then
        return nil
      end
    else
      local close = text:find(text:sub(from, from), from + 1, true)
      if not close then
        return text:sub(from + 1)
      end
      at = close + 1
    end
  end
end

-- The path at the end of what has been typed, or nil; whether it may be
-- something else: an expression.
local function path_at_end(text, commands)
  local name, rest = text:match "^%s*%.(%a+)%s+(.*)$"
  local entry = name and commands[name]
  if not entry then
    return open_string((text:gsub("\\.", "\\\\")))
  elseif entry.wants == "PROGRAM"
    or entry.wants:find "^PROGRAM" and not rest:find "%s"
  then
    return rest, true
  end
end

-- Names in the folder of a path that begin as it does. One that nobody could
-- read, or that Lua would read otherwise, is not among them.
local function matching(folder, start, names)
  local list = {}
  for _, name in ipairs(names(folder == "" and "." or folder)) do
    if name:sub(1, #start) == start
      and (start ~= "" or name:sub(1, 1) ~= ".")
      and not name:find "[\"'\\]" and symbols.shown(name) == name
      and not utf8.fault(name)
    then
      list[#list + 1] = name
    end
  end
  table.sort(list)
  return list
end

--- All that the path at the end may become; nil if there is no path.
--
-- @tparam string text all that is typed, earlier lines too
-- @tparam string word its end, which is no more than the path's last part
-- @tparam table commands those that begin with a dot (commands.list)
-- @tparam function names gives those in a folder
-- @treturn ?table sorted list of names in their folder
-- @treturn ?number how much of each is before the word
function M.of(text, word, commands, names)
  local path, maybe = path_at_end(text, commands)
  if not path then
    return nil
  end
  local folder, start = path:match "^(.*/)([^/]*)$"
  folder, start = folder or "", start or path
  local list = matching(folder, start, names)
  if maybe and #list == 0 or #word > #start then
    return nil
  end
  return list, #start - #word
end

return M
