--- Strict reading of a pipeline's description. What is wrong is raised as a
-- problem, which the reader of the whole catches: see M.read.
--
-- SPDX-License-Identifier: Apache-2.0
local show = require "zvm.manifest.show"

local M = {}

local Problem = {}

--- Raise that something is wrong at a place of the description.
function M.fail(where, format, ...)
  local text = select("#", ...) > 0 and format:format(...) or format
  error(setmetatable({ message = where .. ": " .. text }, Problem), 0)
end

--- What reader(...) gives; or nil, the message of a problem, and "OPTION".
function M.read(reader, ...)
  local ok, result = pcall(reader, ...)
  if ok then
    return result
  elseif type(result) == "table" and getmetatable(result) == Problem then
    return nil, result.message, "OPTION"
  end
  error(result, 0)
end

function M.table(where, value)
  if type(value) ~= "table" then
    M.fail(where, "table expected, got %s", show.value(value))
  end
end

--- Strings of a table's keys are all known.
function M.keys(where, value, known)
  M.table(where, value)
  local is_known, unknown = {}, nil
  for _, key in ipairs(known) do
    is_known[key] = true
  end
  for key in next, value do
    if type(key) ~= "string" then
      M.fail(where, "a value without a name; options are %s = ...", known[1])
    elseif not is_known[key] and (not unknown or key < unknown) then
      unknown = key
    end
  end
  if unknown then
    M.fail(where, 'unknown option %s; did you mean "%s"?',
      show.quote(unknown), show.nearest(unknown, known))
  end
end

--- The length of a table that has no other keys than 1 to that; or nil.
function M.length(value)
  local n = 0
  for key in next, value do
    if type(key) ~= "number" then
      return nil
    end
    n = n + 1
  end
  for i = 1, n do
    if rawget(value, i) == nil then
      return nil
    end
  end
  return n
end

--- The length of a list of `what`.
function M.list(where, value, what)
  if type(value) ~= "table" then
    M.fail(where, "list of %s expected, got %s", what, show.value(value))
  end
  local n = M.length(value)
  if not n then
    M.fail(where, "list of %s expected, got holes or names in it", what)
  end
  return n
end

function M.whole(where, value, low, high)
  if type(value) ~= "number" then
    M.fail(where, "number expected, got %s", show.value(value))
  elseif not (value >= low and value <= high and value % 1 == 0) then
    M.fail(where, "whole number from %d to %d expected, got %s", low, high,
      show.value(value))
  end
  return value
end

function M.text(where, value, what)
  if type(value) ~= "string" then
    M.fail(where, "%s expected, got %s", what or "string", show.value(value))
  elseif value == "" then
    M.fail(where, "%s expected, got an empty string", what or "string")
  elseif value:find("\0", 1, true) then
    M.fail(where, "string contains a NUL byte")
  end
  return value
end

--- A string, or a list of them: as a list.
function M.texts(where, value, what, several)
  if type(value) == "string" then
    return { M.text(where, value, what) }
  end
  local out = {}
  for i = 1, M.list(where, value, several) do
    out[i] = M.text(("%s[%d]"):format(where, i), rawget(value, i), what)
  end
  return out
end

return M
