--- JSON documents of strangers, each value with its place.
--
-- A decoder that keeps nothing but values cannot say where a wrong one is,
-- and of two equal keys it lets one win. This one says both, and bounds what
-- it reads: bytes, depth and values.
--
-- Source: RFC 8259.
--
-- SPDX-License-Identifier: Apache-2.0
local show = require "zvm.manifest.show"
local utf8 = require "zvm.utf8"

local M = {}

M.SIZE = 16 * 2 ^ 20 -- bytes
M.DEPTH = 64
M.VALUES = 2 ^ 20

--- What `null` is read as.
M.null = setmetatable({}, { __tostring = function() return "null" end })

local Reader = {}
Reader.__index = Reader

-- -- Places -----------------------------------------------------------------

--- Line and column, both from 1 and in bytes, of an offset.
local function place(text, at)
  local line, first = 1, 1
  for newline in text:sub(1, at - 1):gmatch "()\n" do
    line, first = line + 1, newline + 1
  end
  return line, at - first + 1
end

-- Ends the reading; caught in M.read.
local function fail(reader, at, message, ...)
  error({ at = at, message = message:format(...), reader = reader }, 0)
end

-- What stands there, in a message.
local function found(reader, at)
  local text = reader.text
  if at > #text then
    return "the end"
  elseif text:byte(at) == 34 then
    return "a string"
  end
  local last = text:byte(at) > 127 and utf8.sequence_end(text, at) or at
  return show.quote(text:match("^[%w_]+", at) or text:sub(at, last))
end

local function skip(reader)
  reader.at = reader.text:match("^[ \t\r\n]*()", reader.at)
  return reader.text:sub(reader.at, reader.at)
end

-- -- Values -----------------------------------------------------------------

local ESCAPES = { ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b",
  f = "\f", n = "\n", r = "\r", t = "\t" }

-- The character of \uXXXX at `at`, and where it ends.
local function read_code(reader, at)
  local text = reader.text
  local digits = text:match("^\\u(%x%x%x%x)", at)
  local code = digits and tonumber(digits, 16)
  if not code then
    fail(reader, at, "\\u and four hexadecimal digits expected")
  elseif code < 0xd800 or code > 0xdfff then
    return utf8.char(code), at + 6
  end
  local low = tonumber(text:match("^\\u([dD][c-fC-F]%x%x)", at + 6) or "", 16)
  if code > 0xdbff or not low then
    fail(reader, at, "half of a surrogate pair")
  end
  return utf8.char(0x10000 + (code - 0xd800) * 1024 + low - 0xdc00), at + 12
end

local function read_string(reader)
  local text, first = reader.text, reader.at
  local out, at = {}, first + 1
  while true do
    local stop = text:find('[%z\1-\31"\\]', at)
    if not stop then
      fail(reader, first, "a string that is not closed")
    end
    out[#out + 1] = text:sub(at, stop - 1)
    local c = text:sub(stop, stop)
    if c == '"' then
      reader.at = stop + 1
      return table.concat(out)
    elseif c ~= "\\" then
      fail(reader, stop, "a control character in a string: write \\u%04x",
        c:byte())
    end
    local escape = text:sub(stop + 1, stop + 1)
    if escape == "u" then
      out[#out + 1], at = read_code(reader, stop)
    elseif ESCAPES[escape] then
      out[#out + 1], at = ESCAPES[escape], stop + 2
    else
      fail(reader, stop, "unknown escape \\%s", show.text(escape))
    end
  end
end

local function read_number(reader)
  local text, at = reader.text, reader.at
  local last = text:match("^%-?%d+()", at)
  local whole = last and text:sub(at, last - 1)
  if not whole or whole:find "^%-?0%d" then
    fail(reader, at, "a number begins with 1 to 9, or is 0")
  end
  if text:sub(last, last) == "." then
    last = text:match("^%.%d+()", last)
      or fail(reader, last, "digits expected after the point")
  end
  if text:find("^[eE]", last) then
    last = text:match("^[eE][+-]?%d+()", last)
      or fail(reader, last, "digits expected in the exponent")
  end
  local value = tonumber(text:sub(at, last - 1))
  if value == math.huge or value == -math.huge then
    fail(reader, at, "a number that is too large")
  end
  reader.at = last
  return value
end

local read_value

-- Reads members until `close`; `member` reads one, and leaves `at` behind it.
local function read_members(reader, close, member)
  local first = reader.at
  reader.at = first + 1
  if skip(reader) == close then
    reader.at = reader.at + 1
    return
  end
  while true do
    member()
    local c = skip(reader)
    if c ~= "," and c ~= close then
      fail(reader, reader.at, '"," or "%s" expected, got %s', close,
        found(reader, reader.at))
    end
    reader.at = reader.at + 1
    if c == close then
      return
    end
  end
end

local function read_list(reader, depth)
  local out = {}
  local places = {}
  reader.places[out], reader.kinds[out] = places, "list"
  read_members(reader, "]", function()
    skip(reader)
    places[#out + 1] = reader.at
    out[#out + 1] = read_value(reader, depth)
  end)
  return out
end

local function read_object(reader, depth)
  local out, places = {}, {}
  reader.places[out], reader.kinds[out] = places, "object"
  read_members(reader, "}", function()
    local c, at = skip(reader), reader.at
    if c ~= '"' then
      fail(reader, at, "a name in quotes expected, got %s", found(reader, at))
    end
    local name = read_string(reader)
    if out[name] ~= nil then
      fail(reader, at, "%s is there twice", show.quote(name))
    end
    if skip(reader) ~= ":" then
      fail(reader, reader.at, '":" expected, got %s',
        found(reader, reader.at))
    end
    reader.at = reader.at + 1
    places[name] = at
    out[name] = read_value(reader, depth)
  end)
  return out
end

local WORDS = { ["true"] = true, ["false"] = false, null = M.null }

function read_value(reader, depth)
  local c, at = skip(reader), reader.at
  reader.values = reader.values + 1
  if reader.values > M.VALUES then
    fail(reader, at, "more than %d values", M.VALUES)
  end
  if c == "{" or c == "[" then
    if depth >= M.DEPTH then
      fail(reader, at, "more than %d lists and objects in each other",
        M.DEPTH)
    end
    return (c == "{" and read_object or read_list)(reader, depth + 1)
  elseif c == '"' then
    return read_string(reader)
  elseif c:find "[%-%d]" then
    return read_number(reader)
  end
  local word = reader.text:match("^%a+", at)
  if WORDS[word] == nil then
    fail(reader, at, "a value expected, got %s", found(reader, at))
  end
  reader.at = at + #word
  return WORDS[word]
end

-- -- Document ---------------------------------------------------------------

local function read_all(reader)
  local text = reader.text
  if #text > M.SIZE then
    fail(reader, 1, "more than %d bytes", M.SIZE)
  end
  local odd = utf8.fault(text)
  if odd then
    fail(reader, odd, "byte 0x%02x is not UTF-8", text:byte(odd))
  elseif text:find "^\239\187\191" then
    fail(reader, 1, "a byte order mark, which JSON has not")
  end
  local value = read_value(reader, 0)
  skip(reader)
  if reader.at <= #text then
    fail(reader, reader.at, "nothing more expected, got %s",
      found(reader, reader.at))
  end
  return value
end

--- Read a document.
--
-- @tparam string text
-- @treturn[1] any its value: objects and lists are tables, null is M.null
-- @treturn[1] table document: document:kind(t) is "list" or "object" of a
--  table, document:place(t, key) line and column of a member
-- @treturn[2] nil
-- @treturn[2] string what is wrong
-- @treturn[2] number line
-- @treturn[2] number column
function M.read(text)
  local reader = setmetatable({ text = text, at = 1, values = 0,
    places = {}, kinds = {} }, Reader)
  local ok, value = pcall(read_all, reader)
  if ok then
    return value, reader
  elseif type(value) ~= "table" or value.reader ~= reader then
    error(value, 0)
  end
  return nil, value.message, place(text, value.at)
end

--- "list" or "object", or nil of what is none.
function Reader:kind(value)
  return self.kinds[value]
end

--- Line and column of a member.
function Reader:place(container, key)
  return place(self.text, self.places[container][key])
end

return M
