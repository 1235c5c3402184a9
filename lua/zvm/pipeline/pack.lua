--- Plain values as bytes: equal values are equal bytes, and nothing but these.
--
-- A string is s<length>:<bytes>, a number n<digits>;, a boolean t or f, a
-- table {<key><value>...} with its keys in order, numbers first.
--
-- SPDX-License-Identifier: Apache-2.0
local sorted = require "zvm".host.sorted

local M = {}

M.DEPTH = 100

-- Keys without NUL bytes are sorted by the host; others are refused.
local function keys_of(value)
  local numbers, texts = {}, {}
  for key in pairs(value) do
    if type(key) == "number" then
      numbers[#numbers + 1] = key
    elseif type(key) == "string" and not key:find "%z" then
      texts[#texts + 1] = key
    else
      return nil
    end
  end
  table.sort(numbers)
  for _, key in ipairs(sorted(texts)) do
    numbers[#numbers + 1] = key
  end
  return numbers
end

local put

local function put_table(out, value, depth)
  local keys = depth < M.DEPTH and keys_of(value)
  if not keys then
    return nil, "a table that is no plain data"
  end
  out[#out + 1] = "{"
  for _, key in ipairs(keys) do
    put(out, key, depth)
    local ok, message = put(out, value[key], depth + 1)
    if not ok then
      return nil, message
    end
  end
  out[#out + 1] = "}"
  return true
end

function put(out, value, depth)
  local kind = type(value)
  if kind == "string" then
    out[#out + 1] = ("s%d:"):format(#value)
    out[#out + 1] = value
  elseif kind == "number" then
    out[#out + 1] = ("n%.17g;"):format(value)
  elseif kind == "boolean" then
    out[#out + 1] = value and "t" or "f"
  elseif kind == "table" then
    return put_table(out, value, depth)
  else
    return nil, "a " .. kind
  end
  return true
end

--- A value as bytes; or nil and what it has that is no plain data.
function M.pack(value)
  local out = {}
  local ok, message = put(out, value, 0)
  return ok and table.concat(out), message
end

-- The value at `at` and where it ends; nil if there is none.
local function get(text, at, depth)
  local c = text:sub(at, at)
  if c == "s" then
    local size, from = text:match("^s(%d+):()", at)
    local last = size and from + tonumber(size) - 1
    if last and last <= #text then
      return text:sub(from, last), last + 1
    end
  elseif c == "n" then
    local digits, from = text:match("^n([%w.+-]+);()", at)
    return digits and tonumber(digits), from
  elseif c == "t" or c == "f" then
    return c == "t", at + 1
  elseif c == "{" and depth < M.DEPTH then
    local out = {}
    at = at + 1
    while text:sub(at, at) ~= "}" do
      local key, value
      key, at = get(text, at, depth)
      if key == nil or at == nil or type(key) == "table" then
        return nil
      end
      value, at = get(text, at, depth + 1)
      if value == nil or at == nil then
        return nil
      end
      out[key] = value
    end
    return out, at + 1
  end
  return nil
end

--- The value of bytes that M.pack gave; nil of others.
function M.unpack(text)
  local value, last = get(text, 1, 0)
  if last == #text + 1 then
    return value
  end
end

return M
