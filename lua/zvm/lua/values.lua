--- Lua values as bytes, between host and guest.
--
-- stdlib/ports/lua/values.c is the other side, values.h has the format. What
-- is read may have been written by anyone: reading takes time and memory in
-- proportion to the bytes, and gives values or says what is wrong with them.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

local byte, find, match, sub = string.byte, string.find, string.match,
  string.sub

local DEPTH = 200
-- So often the clock is asked while reading: strings can be made such that
-- Lua takes long to intern them.
local CHECK = 100
-- Lua makes a table larger in one step, in which the clock is not asked, and
-- which takes the square of the number of keys that collide. Lua 5.1 has
-- numbers that collide only then: of these a table has so many at most. Whole
-- numbers from 1 to WHOLE are too few to collide that often. Strings that
-- collide did so in the smaller table, where the clock was asked: one step
-- more takes no longer than all before it.
local NUMBERS_MOST, WHOLE = 10000, 2 ^ 20

-- -- Writing ----------------------------------------------------------------

local write_value

local function key_text(key)
  if type(key) == "number" then
    return ("[%.14g]"):format(key)
  elseif type(key) == "string" then
    if #key < 60 and find(key, "^[%a_][%w_]*$") then
      return "." .. key
    end
    return ('["%s"]'):format(sub(key, 1, 40):gsub("[^\32-\126]", "?"))
  end
  return "[" .. tostring(key) .. "]"
end

local function write_number(out, value)
  if value ~= value then
    out[#out + 1] = "dnan\n"
  elseif value == math.huge then
    out[#out + 1] = "dinf\n"
  elseif value == -math.huge then
    out[#out + 1] = "d-inf\n"
  else
    out[#out + 1] = ("d%.17g\n"):format(value)
  end
end

local function write_string(out, value)
  out[#out + 1] = "s" .. #value .. "\n"
  out[#out + 1] = value
end

-- Keys but 1 to `size`, in an order that the table's history does not change.
local function sorted_keys(t, size)
  local numbers, strings, booleans = {}, {}, {}
  for key in next, t do
    if type(key) == "number" then
      if key % 1 ~= 0 or key < 1 or key > size then
        numbers[#numbers + 1] = key
      end
    elseif type(key) == "string" then
      strings[#strings + 1] = key
    elseif type(key) == "boolean" then
      table.insert(booleans, key and #booleans + 1 or 1, key)
    else
      return nil, type(key)
    end
  end
  table.sort(numbers)
  table.sort(strings)
  for _, list in ipairs { strings, booleans } do
    for i = 1, #list do
      numbers[#numbers + 1] = list[i]
    end
  end
  return numbers
end

local function write_items(out, t, size, depth)
  for i = 1, size do
    local ok, why, where = write_value(out, rawget(t, i), depth)
    if not ok then
      return nil, why, key_text(i) .. where
    end
  end
  local keys, other = sorted_keys(t, size)
  if not keys then
    return nil, ("a %s as a key cannot be sent"):format(other), ""
  end
  for i = 1, #keys do
    local key = keys[i]
    write_value(out, key, depth)
    local ok, why, where = write_value(out, rawget(t, key), depth)
    if not ok then
      return nil, why, key_text(key) .. where
    end
  end
  return true
end

local function write_table(out, t, depth)
  local number = out.tables[t]
  if number and number < 0 then
    return nil, "a table that contains itself", ""
  elseif number then
    out[#out + 1] = "r" .. number .. "\n"
    return true
  elseif depth >= DEPTH then
    return nil, "tables nested too deeply", ""
  end
  out.count = out.count + 1
  number = out.count
  out.tables[t] = -number
  local size = 0
  while rawget(t, size + 1) ~= nil do
    size = size + 1
  end
  out[#out + 1] = "{" .. size .. "\n"
  local ok, why, where = write_items(out, t, size, depth + 1)
  out[#out + 1] = "}\n"
  out.tables[t] = number
  return ok, why, where
end

function write_value(out, value, depth)
  local kind = type(value)
  if kind == "nil" then
    out[#out + 1] = "z\n"
  elseif kind == "boolean" then
    out[#out + 1] = value and "t\n" or "f\n"
  elseif kind == "number" then
    write_number(out, value)
  elseif kind == "string" then
    write_string(out, value)
  elseif kind == "table" then
    return write_table(out, value, depth)
  else
    return nil, ("a %s cannot be sent"):format(kind), ""
  end
  return true
end

--- What M.write adds to.
function M.writer()
  return { tables = {}, count = 0 }
end

--- Add a value. True; or nil and why not, with the place: `name` and keys.
function M.write(writer, value, name)
  local ok, why, where = write_value(writer, value, 0)
  if not ok then
    if #where > 200 then
      where = where:sub(1, 100) .. "..." .. where:sub(-60)
    end
    return nil, ("%s%s: %s"):format(name, where, why)
  end
  return true
end

function M.bytes(writer)
  return table.concat(writer)
end

-- -- Reading ----------------------------------------------------------------

local NUMBERS = { inf = math.huge, ["-inf"] = -math.huge, nan = 0 / 0,
  ["-nan"] = 0 / 0 }

local read_value

-- A whole number and the place behind its line.
local function read_count(r)
  local digits, at = match(r.data, "^(%d+)\n()", r.at)
  if not digits or #digits > 10 then
    return nil
  end
  r.at = at
  return tonumber(digits)
end

local function read_number(r)
  local text, at = match(r.data, "^([%d.e+%-infa]+)\n()", r.at)
  if not text then
    return nil, "number"
  end
  local value = NUMBERS[text] or find(text, "^%-?%d") and tonumber(text)
  if not value then
    return nil, "number"
  end
  r.at = at
  return true, value
end

local function read_string(r)
  local size = read_count(r)
  if not size or size > #r.data - r.at + 1 then
    return nil, "string"
  end
  local at = r.at
  r.at = at + size
  return true, sub(r.data, at, at + size - 1)
end

local function is_sparse(key)
  return type(key) == "number"
    and (key < 1 or key > WHOLE or key % 1 ~= 0)
end

-- A nil is not assigned: it would take room, and make tables grow often.
local function read_pairs(r, t, depth)
  local numbers = 0
  while byte(r.data, r.at) ~= 125 do -- }
    local ok, key = read_value(r, depth)
    if not ok then
      return nil, key
    end
    if key == nil or key ~= key or type(key) == "table" then
      return nil, "key"
    elseif is_sparse(key) then
      numbers = numbers + 1
      if numbers > NUMBERS_MOST then
        return nil, "room"
      end
    end
    local value
    ok, value = read_value(r, depth)
    if not ok then
      return nil, value
    end
    if value ~= nil then
      t[key] = value
    end
  end
  if byte(r.data, r.at + 1) ~= 10 then
    return nil, "table"
  end
  r.at = r.at + 2
  return true, t
end

local function read_table(r, depth)
  local size = read_count(r)
  if not size then
    return nil, "table"
  elseif depth >= DEPTH then
    return nil, "depth"
  end
  local t = {}
  -- Its number is good for others when it is whole, else it was a cycle.
  local number = r.count + 1
  r.count = number
  for i = 1, size do
    local ok, value = read_value(r, depth + 1)
    if not ok then
      return nil, value
    end
    if value ~= nil then
      t[i] = value
    end
  end
  local ok, why = read_pairs(r, t, depth + 1)
  if not ok then
    return nil, why
  end
  r.tables[number] = t
  return true, t
end

local function read_again(r)
  local t = r.tables[read_count(r) or 0]
  if not t then
    return nil, "reference"
  end
  return true, t
end

local function read_refusal(r)
  local ok, text = read_string(r)
  r.refusal = ok and text
  return nil, ok and "refusal" or text
end

local READERS = {
  [byte "d"] = read_number, [byte "s"] = read_string,
  [byte "{"] = read_table, [byte "r"] = read_again,
  [byte "!"] = read_refusal,
}
local PLAIN = { [byte "z"] = true, [byte "t"] = true, [byte "f"] = true }

-- True and the value; or nil and what is wrong at r.at.
function read_value(r, depth)
  r.left = r.left - 1
  if r.left == 0 then
    r.left = CHECK
    if os.clock() > r.deadline then
      return nil, "time"
    end
  end
  local at = r.at
  local letter = byte(r.data, at)
  local reader = READERS[letter]
  if reader then
    r.at = at + 1
    return reader(r, depth)
  elseif PLAIN[letter] and byte(r.data, at + 1) == 10 then
    r.at = at + 2
    if letter == 122 then -- z
      return true, nil
    end
    return true, letter == 116 -- t
  end
  return nil, "value"
end

--- A reader of bytes from `at` on, which may take `seconds` of this process'
-- processor time.
function M.reader(data, at, seconds)
  return { data = data, at = at, tables = {}, count = 0, left = CHECK,
    deadline = os.clock() + seconds }
end

--- The next value: true and it; or nil and why not, in one line. When it was
-- the writer who refused, the reader's `refusal` is what it said.
function M.read(reader)
  local ok, value = read_value(reader, 0)
  if ok and os.clock() > reader.deadline then
    ok, value = nil, "time"
  end
  if ok then
    return true, value
  elseif value == "refusal" then
    return nil, reader.refusal
  elseif value == "time" then
    return nil, "reading takes too long"
  elseif value == "depth" then
    return nil, "tables nested too deeply"
  elseif value == "room" then
    return nil, ("a table with more than %d keys that are numbers, but no "
      .. "whole numbers from 1 to %d, cannot leave the sandbox; strings can")
      :format(NUMBERS_MOST, WHOLE)
  end
  return nil, ("damaged at byte %d: no %s"):format(reader.at, value)
end

return M
