--- What the keys of a manifest hold, field by field.
--
-- A field has `parse(token)`, which gives the value that goes into a
-- document, or nil and a reason; and `text(value)`, the other way, nil and a
-- reason for a value that has no text. parse(text(value)) == value.
--
-- SPDX-License-Identifier: Apache-2.0
local number = require "zvm.manifest.number"
local show = require "zvm.manifest.show"
local source = require "zvm.manifest.source"

local M = {}

M.VERSION = "20130611"
M.MEMORY = 2 ^ 32     -- all that a guest can address
M.TIMEOUT = 2 ^ 31 - 1 -- seconds
M.CLOCK = 7258118400   -- seconds: 2200-01-01T00:00:00Z

-- -- Kinds of fields --------------------------------------------------------

local function whole(least, most)
  local function check(value)
    if not number.is_whole(value, least, most) then
      return nil, number.range_reason(value, least, most)
    end
    return value
  end
  return {
    parse = function(token)
      local value, reason = number.parse(token)
      if not value then
        return nil, reason
      end
      return check(value)
    end,
    text = function(value)
      local checked, reason = check(value)
      if not checked then
        return nil, reason
      end
      return number.text(checked)
    end,
  }
end

local switch = {
  parse = function(token)
    local value, reason = number.parse(token)
    if not value then
      return nil, reason
    elseif value > 1 then
      return nil, ("0 or 1 expected, got %s"):format(number.text(value))
    end
    return value == 1
  end,
  text = function(value)
    if type(value) ~= "boolean" then
      return nil, "boolean expected, got " .. show.value(value)
    end
    return value and "1" or "0"
  end,
}

--- What keeps a string from being a field, or nil. `comma`: it has one that
-- does not separate.
function M.check_text(value, comma)
  if type(value) ~= "string" then
    return "string expected, got " .. show.value(value)
  elseif value:find "[%z\1-\8\10-\31\127]" then
    return "a manifest cannot hold control characters, got "
      .. show.quote(value)
  elseif value:find("=", 1, true) then
    return 'a manifest cannot hold "=" in a value, got ' .. show.quote(value)
  elseif comma and value:find(",", 1, true) then
    return 'a manifest cannot hold "," in a field, got ' .. show.quote(value)
  elseif value:find "^[ \t]" or value:find "[ \t]$" then
    return "a manifest cannot hold blanks at an end of a value, got "
      .. show.quote(value)
  end
end

-- `check(token)` gives the value, or nil and a reason.
local function word(check, comma)
  return {
    parse = check,
    text = function(value)
      local reason = M.check_text(value, comma)
      if reason then
        return nil, reason
      end
      local read
      read, reason = check(value)
      if read and read ~= value then
        reason = ("%s would be read as %s"):format(show.quote(value),
          show.quote(read))
      end
      if reason then
        return nil, reason
      end
      return value
    end,
  }
end

local function bounded(what, most)
  return function(token)
    if token == "" then
      return nil, what .. " expected, got nothing"
    elseif most and #token > most then
      return nil, ("%s of at most %d bytes expected, got %d"):format(what,
        most, #token)
    end
    return token
  end
end

-- -- The fields -------------------------------------------------------------

local DATE = "^%d%d%d%d%d%d%d%d$"

local version = word(function(token)
  if token == M.VERSION then
    return token
  elseif token:find(DATE) then
    return nil, ("version %s expected, got %s, which is another format")
      :format(M.VERSION, token)
  end
  return nil, ("version %s expected, got %s"):format(M.VERSION,
    token == "" and "nothing" or show.quote(token))
end)

local uri = word(function(token)
  local read, reason = source.read(token)
  return read and read.uri, reason
end, true)

local server = word(function(token)
  local read, reason = source.read_server(token)
  return read and read.uri, reason
end)

local alias = word(function(token)
  local reason = source.check_alias(token)
  return not reason and token or nil, reason
end, true)

local limit = whole(0, math.huge)

-- Of the guest's files.
local place = word(function(token)
  if token:sub(1, 1) ~= "/" then
    return nil, "absolute path expected, got " .. show.quote(token)
  elseif #token > 4095 then
    return nil, ("path of at most 4095 bytes expected, got %d"):format(#token)
  end
  for part in token:sub(2):gmatch "[^/]*" do
    if part == "." or part == ".." or #part > 255 then
      return nil, "a part of the path is . or .., or longer than 255 bytes"
    end
  end
  if token ~= "/" and (token:find("//", 1, true) or token:find "/$") then
    return nil, "a part of the path is empty"
  end
  return token
end)

-- What zvm.run takes as a time. Days of months are for it to count.
local clock = word(function(token)
  local seconds = token:find "^%d+$" and tonumber(token)
  local year = tonumber(token:match
    "^(%d%d%d%d)%-%d%d%-%d%dT%d%d:%d%d:%d%d%.?%d*Z$")
  if seconds and seconds <= M.CLOCK or year and year >= 1970 and year < 2200
  then
    return token
  end
  return nil, "seconds since 1970, or a time such as 2024-02-29T12:00:00Z, "
    .. "expected, before 2200, got " .. show.quote(token)
end)

local seed = word(function(token)
  local hex = token:match "^0x(%x+)$"
  if hex and #hex <= 16
    or token:find "^%d+$" and tonumber(token) <= 2 ^ 53 then
    return token
  end
  return nil, "number up to 2^53, or 0x and 1 to 16 digits, expected, got "
    .. show.quote(token)
end)

--- Of a channel, in their order.
M.CHANNEL = {
  { name = "uri", field = uri },
  { name = "alias", field = alias },
  { name = "type", field = whole(0, 3) },
  { name = "etag", field = switch },
  { name = "gets", field = limit },
  { name = "get_size", field = limit },
  { name = "puts", field = limit },
  { name = "put_size", field = limit },
}

M.MEMORY_FIELDS = {
  { name = "size", field = whole(1, M.MEMORY) },
  { name = "etag", field = switch },
}

--- The keys that hold one value, in the order in which they are written:
-- `key` in the text, `name` in a document.
M.SINGLE = {
  { key = "Version", name = "version", field = version, must = true },
  { key = "Program", name = "program", must = true,
    field = word(bounded "path of a program") },
  { key = "Timeout", name = "timeout", must = true,
    field = whole(1, M.TIMEOUT) },
  { key = "Node", name = "node", field = whole(1, source.NODES) },
  { key = "NameServer", name = "name_server", field = server },
  { key = "Job", name = "job",
    field = word(bounded("path of a socket", 107)) },
  { key = "Etag", name = "etag", field = word(bounded "text") },
  { key = "Directory", name = "directory", field = place },
  { key = "Clock", name = "clock", field = clock },
  { key = "Seed", name = "seed", field = seed },
}

--- Of an image, in their order; without the second it is `/`.
M.IMAGE = {
  { name = "path", field = word(bounded "path of an image", true) },
  { name = "at", field = place },
}

-- -- Rules between the fields of a channel ----------------------------------

--- Whether a channel can be read, and whether it can be written.
function M.rights(channel)
  return channel.gets > 0 and channel.get_size > 0,
    channel.puts > 0 and channel.put_size > 0
end

local PAIRS = { { "gets", "get_size" }, { "puts", "put_size" } }

local function check_stream(channel, get, put)
  if not source.is_stream(source.read(channel.uri)) then
    return nil
  elseif channel.type ~= 0 then
    return "type", ("a connection is sequential: 0 expected, got %d"):format(
      channel.type)
  elseif get and put then
    return "puts", "a connection is read or written, not both"
  end
end

--- The first rule that a channel breaks, all of whose fields are right.
--
-- @treturn ?string name of the field at which to say it
-- @treturn ?string reason
function M.check_channel(channel)
  for _, pair in ipairs(PAIRS) do
    for i, name in ipairs(pair) do
      local other = pair[3 - i]
      if channel[name] == 0 and channel[other] > 0 then
        return name, ("0, while %s is %s: set both or neither"):format(other,
          number.text(channel[other]))
      end
    end
  end
  local get, put = M.rights(channel)
  if not get and not put then
    return "gets", "all four limits are 0: the channel could do nothing"
  end
  return check_stream(channel, get, put)
end

return M
