--- Judging a document of a job: each complaint has a path in it.
--
-- SPDX-License-Identifier: Apache-2.0
local document = require "zvm.pipeline.document"
local show = require "zvm.manifest.show"

local M = {}

local Check = {}
Check.__index = Check

--- Checks for a value that document.read gave.
function M.new(places)
  return setmetatable({ places = places }, Check)
end

-- "job[2].devices[1]" of a container and a key.
local function path_of(path, key)
  if type(key) == "number" then
    return ("%s[%d]"):format(path, key)
  elseif key:find "^[%a_][%w_]*$" then
    return path .. "." .. key
  end
  return ("%s[%s]"):format(path, show.quote(key))
end

M.path = path_of

--- The value of a document as a node, which is { value, path, parent, key }.
function M.top(value, path)
  return { value = value, path = path }
end

-- Line and column of a node. They are counted from the start of the text, so
-- only for what is wrong.
local function place_of(check, node)
  if node.parent then
    return check.places:place(node.parent.value, node.key)
  end
  return 1, 1
end

--- Raise what is wrong with the member `key` of a node, or with the node.
-- Check:catch takes it.
function Check:fail(node, key, message, ...)
  if key ~= nil then
    node = { path = path_of(node.path, key), parent = node, key = key }
  end
  local line, column = place_of(self, node)
  error({ check = self, path = node.path, line = line, column = column,
    reason = message:format(...) }, 0)
end

--- Call; true and its result, or false and the table that `fail` raised.
function Check:catch(body, ...)
  local ok, result = pcall(body, ...)
  if not ok and not (type(result) == "table" and result.check == self) then
    error(result, 0)
  end
  return ok, result
end

--- What a value is, in a message.
function Check:told(value)
  if value == document.null or type(value) == "boolean" then
    return tostring(value)
  end
  return self.places:kind(value) or show.value(value)
end

--- The member `key` as a node of its own: a list or an object.
function Check:node(node, key, kind)
  local value = node.value[key]
  if self.places:kind(value) ~= kind then
    self:fail(node, key, "%s expected, got %s", kind, self:told(value))
  end
  return { value = value, path = path_of(node.path, key), parent = node,
    key = key }
end

--- The member, a string; nil if it is not there.
function Check:text(node, key)
  local value = node.value[key]
  if value ~= nil and type(value) ~= "string" then
    self:fail(node, key, "string expected, got %s", self:told(value))
  end
  return value
end

--- The member, a whole number within bounds; nil if it is not there.
function Check:whole(node, key, least, most)
  local value = node.value[key]
  if value == nil then
    return nil
  elseif type(value) ~= "number" or value % 1 ~= 0 or value < least
    or value > most
  then
    self:fail(node, key, "whole number from %d to %d expected, got %s",
      least, most, self:told(value))
  end
  return value
end

--- Refuse keys that are not in a list, in byte order.
function Check:keys(node, known)
  local is_known, unknown = {}, nil
  for _, name in ipairs(known) do
    is_known[name] = true
  end
  for key in pairs(node.value) do
    if not is_known[key] and (not unknown or key < unknown) then
      unknown = key
    end
  end
  if unknown then
    self:fail({ path = node.path, parent = node, key = unknown }, nil,
      'unknown key %s; did you mean "%s"?', show.quote(unknown),
      show.nearest(unknown, known))
  end
end

return M
