--- Reports as JSON: one line, keys sorted, the same bytes for the same report.
--
-- JSON is UTF-8 and knows lists and objects only, so three things of a report
-- look different in it:
--   * `data` of a channel, any bytes, is `data_base64` (RFC 4648);
--   * `stop` of a backtrace is `backtrace_stop` beside it, `more` of findings
--     `findings_more`;
--   * a byte of other text that is no UTF-8 is written \xNN.
--
-- SPDX-License-Identifier: Apache-2.0
local cjson = require "cjson"
local utf8 = require "zvm.utf8"

local M = {}

local BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
  .. "+/"

-- -- Text -------------------------------------------------------------------

local byte, floor, sub = string.byte, math.floor, string.sub

local function letter(n)
  return sub(BASE64, n + 1, n + 1)
end

local function triple(text)
  local a, b, c = byte(text, 1, 3)
  local n = a * 65536 + (b or 0) * 256 + (c or 0)
  return letter(floor(n / 262144)) .. letter(floor(n / 4096) % 64)
    .. (b and letter(floor(n / 64) % 64) or "=")
    .. (c and letter(n % 64) or "=")
end

--- RFC 4648, section 4.
function M.base64(bytes)
  return (bytes:gsub("..?.?", triple))
end

-- -- Values -----------------------------------------------------------------

-- cjson has 14 digits; counters are whole and have up to 16.
local function number(n)
  if n == floor(n) and math.abs(n) <= 2 ^ 53 then
    return ("%.0f"):format(n)
  end
  return cjson.encode(n)
end

-- cjson writes "/" as "\/", and never without it.
local function quoted(text)
  return (cjson.encode(utf8.clean(text)):gsub("\\/", "/"))
end

local LISTS = { backtrace = "stop", findings = "more" }

local encode

local function list(values)
  local out = {}
  for i, value in ipairs(values) do
    out[i] = encode(value)
  end
  return "[" .. table.concat(out, ",") .. "]"
end

-- What a run collected: path -> bytes.
local function files(values)
  local names = {}
  for name in pairs(values) do
    names[#names + 1] = name
  end
  table.sort(names)
  for i, name in ipairs(names) do
    names[i] = quoted(name) .. ':"' .. M.base64(values[name]) .. '"'
  end
  return "{" .. table.concat(names, ",") .. "}"
end

-- The members of an object, encoded, by name.
local function members(values)
  local out = {}
  for key, value in pairs(values) do
    local rest = LISTS[key]
    if key == "files" then
      out.files_base64 = files(value)
    elseif key == "data" and type(value) == "string" then
      out.data_base64 = '"' .. M.base64(value) .. '"'
    elseif rest and type(value) == "table" then
      out[key] = list(value)
      out[key .. "_" .. rest] = value[rest] ~= nil and encode(value[rest])
        or nil
    else
      out[key] = encode(value)
    end
  end
  return out
end

local function object(values)
  local all, names = members(values), {}
  for name in pairs(all) do
    names[#names + 1] = name
  end
  table.sort(names)
  for i, name in ipairs(names) do
    names[i] = quoted(name) .. ":" .. all[name]
  end
  return "{" .. table.concat(names, ",") .. "}"
end

function encode(value)
  local kind = type(value)
  if kind == "table" then
    return value[1] ~= nil and list(value) or object(value)
  elseif kind == "number" then
    return number(value)
  elseif kind == "string" then
    return quoted(value)
  end
  return cjson.encode(value)
end

--- A report, or another table of a kind like it, as JSON without a newline.
function M.format(report)
  return encode(report)
end

return M
