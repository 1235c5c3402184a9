--- Values of options as zvm.run takes them, read by its rules.
--
-- Each function gives what the value means, or nil and a reason.
--
-- SPDX-License-Identifier: Apache-2.0
local show = require "zvm.manifest.show"

local M = {}

local UNITS = { [""] = 1, K = 1024, M = 1024 ^ 2, G = 1024 ^ 3 }

local function is_whole(value)
  return value >= 0 and value <= 2 ^ 53 and value % 1 == 0
end

--- A size: a number of bytes, or digits with K, M or G.
function M.size(value)
  if type(value) == "number" then
    if is_whole(value) then
      return value
    end
    return nil, "whole number of bytes expected, got " .. show.value(value)
  elseif type(value) ~= "string" then
    return nil, "number or size string expected, got " .. show.value(value)
  end
  local digits, unit = value:match "^(%d+)([KMG]?)$"
  local size = digits and tonumber(digits) * UNITS[unit]
  if not size or not is_whole(size) then
    return nil, 'size such as 4096 or "64M" expected, got '
      .. show.quote(value)
  end
  return size
end

--- A limit: a size, or without one.
function M.limit(value)
  if value == math.huge or value == "unlimited" then
    return math.huge
  end
  return M.size(value)
end

--- Seconds, of which a manifest has whole ones.
function M.time(value)
  local seconds = value
  if type(value) == "string" then
    local digits, unit = value:match "^(%d+)(m?s)$"
    if not digits then
      return nil, 'time such as 0.5, "250ms" or "10s" expected, got '
        .. show.quote(value)
    end
    seconds = tonumber(digits) / (unit == "ms" and 1000 or 1)
  elseif type(value) ~= "number" then
    return nil, "number of seconds or string expected, got "
      .. show.value(value)
  end
  if not (seconds > 0 and seconds % 1 == 0) then
    return nil, "a manifest has whole seconds, from 1 on, got "
      .. show.value(value)
  end
  return seconds
end

--- Whether a digest is wanted: a manifest has no name for it.
function M.etag(value)
  if value == nil or value == false then
    return false
  elseif value == true or value == "sha256" then
    return true
  elseif value == "sha1" or value == "md5" then
    return nil, ("a manifest cannot say which digest, and %s is not the "
      .. "default"):format(show.quote(value))
  end
  return nil, "boolean or name of a digest expected, got "
    .. show.value(value)
end

--- The keys of a table in byte order, as strings. A key that is none comes
-- as nil and a reason.
function M.keys(t)
  local keys = {}
  for key in next, t do
    if type(key) ~= "string" then
      return nil, "a value without a name"
    end
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

--- What is wrong with the keys of an option table, or nil.
function M.check_keys(t, known)
  if type(t) ~= "table" then
    return "table expected, got " .. show.value(t)
  end
  local keys, wrong = M.keys(t)
  if not keys then
    return wrong
  end
  local is_known = {}
  for _, key in ipairs(known) do
    is_known[key] = true
  end
  for _, key in ipairs(keys) do
    if not is_known[key] then
      return ('unknown option %s; did you mean "%s"?'):format(
        show.quote(key), show.nearest(key, known))
    end
  end
end

return M
