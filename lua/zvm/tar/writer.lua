--- Writes tar archives: ustar, and pax records for what does not fit there.
--
-- Same entries, same bytes: user, group and time are fixed.
--
-- Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended
-- Header".
--
-- SPDX-License-Identifier: Apache-2.0

local block = require "zvm.tar.block"

local M = {}

local format, rep = string.format, string.rep

local NAME_MAX, PREFIX_MAX = 100, 155
local OCTAL_MAX = 8 ^ 11 - 1 -- eleven digits
local OWNER = 1000
local MTIME = 946684800 -- 2000-01-01T00:00:00Z

local FLAGS = { file = "0", link = "1", symlink = "2", directory = "5" }
local MODES = {
  file = tonumber("644", 8), link = tonumber("644", 8),
  symlink = tonumber("777", 8), directory = tonumber("755", 8),
}

-- -- What an entry says ------------------------------------------------------

local function fail(index, what)
  error(("entry %d: %s"):format(index, what), 0)
end

--- A path below the root, as it stands in the archive.
local function plain_name(index, field, name)
  if type(name) ~= "string" then
    fail(index, field .. ": string expected, got " .. type(name))
  end
  local plain = name:gsub("^/", "")
  if plain:find("%z") then
    fail(index, field .. ": has a zero byte")
  end
  local part = block.odd_part(plain)
  if part then
    fail(index, ("%s: %q has a part that is %q"):format(field, name, part))
  end
  return plain
end

local function number(index, field, value, default, max)
  if value == nil then
    return default
  end
  if type(value) ~= "number" or value ~= value or value > max or value < -max
  then
    fail(index, field .. ": number in range expected")
  end
  return value
end

local function target_of(index, entry, kind)
  if kind == "link" then
    return plain_name(index, "target", entry.target)
  end
  local target = kind == "symlink" and entry.target or ""
  if type(target) ~= "string" or target:find("%z")
    or kind == "symlink" and target == ""
  then
    fail(index, "target: string expected")
  end
  return target
end

local function checked(index, entry)
  if type(entry) ~= "table" then
    fail(index, "table expected, got " .. type(entry))
  end
  local kind = entry.type or "file"
  if not FLAGS[kind] then
    fail(index, "type: file, directory, symlink or link expected")
  end
  local data = kind == "file" and entry.data or ""
  if type(data) ~= "string" then
    fail(index, "data: string expected, got " .. type(data))
  end
  local mode = number(index, "mode", entry.mode, MODES[kind], 4095)
  if mode < 0 or mode % 1 ~= 0 then
    fail(index, "mode: number in range expected")
  end
  local name = entry.name
  if kind == "directory" and type(name) == "string" then
    name = name:gsub("(.)/$", "%1")
  end
  return {
    name = plain_name(index, "name", name)
      .. (kind == "directory" and "/" or ""),
    flag = FLAGS[kind], data = data, mode = mode,
    target = target_of(index, entry, kind),
    mtime = number(index, "mtime", entry.mtime, MTIME, 2 ^ 53),
  }
end

-- -- Blocks ------------------------------------------------------------------

local function field(text, size)
  return text .. rep("\0", size - #text)
end

--- One header block, of values that fit.
local function header(h)
  local before = field(h.name, NAME_MAX)
    .. format("%07o\0%07o\0%07o\0", h.mode, OWNER, OWNER)
    .. format("%011o\0%011o\0", h.size, h.mtime)
  local after = h.flag .. field(h.target, NAME_MAX) .. "ustar\00000"
    .. rep("\0", 64) .. "0000000\0000000000\0" .. field(h.prefix, 167)
  local total = block.sum(before, 1, #before) + block.sum(after, 1, #after)
  return before .. format("%06o\0 ", total + 8 * 32) .. after
end

--- `name` as prefix and name of a header; nil if it does not fit.
local function split(name)
  if #name <= NAME_MAX then
    return "", name
  end
  local at = name:find("/", -NAME_MAX - 1, true)
  if at and at > 1 and at <= PREFIX_MAX + 1 and at < #name then
    return name:sub(1, at - 1), name:sub(at + 1)
  end
  return nil
end

local function is_ascii(text)
  return not text:find "[\128-\255]"
end

--- "LENGTH KEY=VALUE\n"; the length counts its own digits.
local function record(key, value)
  local rest = (" %s=%s\n"):format(key, value)
  local length = #rest + 1
  while #tostring(length) + #rest > length do
    length = length + 1
  end
  return length .. rest
end

--- Nanoseconds are as fine as a record gets.
local function decimal(seconds)
  return (format("%.9f", seconds):gsub("%.?0+$", ""))
end

local function fits(value)
  return value >= 0 and value <= OCTAL_MAX and value % 1 == 0
end

--- The header of an entry, with an extended one before where it must be.
local function headers(entry)
  local prefix, name = split(entry.name)
  local h = {
    name = name, prefix = prefix, flag = entry.flag, mode = entry.mode,
    target = entry.target, size = #entry.data, mtime = entry.mtime,
  }
  local records = ""
  if not name or not is_ascii(entry.name) then
    h.prefix, h.name = "", entry.name:sub(-NAME_MAX):gsub("[\128-\255]", "_")
    records = record("path", entry.name)
  end
  if #h.target > NAME_MAX or not is_ascii(h.target) then
    h.target = h.target:sub(1, NAME_MAX):gsub("[\128-\255]", "_")
    records = records .. record("linkpath", entry.target)
  end
  if not fits(h.size) then
    h.size = 0
    records = records .. record("size", #entry.data)
  end
  if not fits(h.mtime) then
    h.mtime = math.min(math.max(math.floor(h.mtime), 0), OCTAL_MAX)
    records = records .. record("mtime", decimal(entry.mtime))
  end
  if records == "" then
    return header(h)
  end
  return header {
    name = "PaxHeaders/" .. h.name:sub(-NAME_MAX + 11), prefix = "",
    flag = "x", mode = MODES.file, target = "", size = #records,
    mtime = h.mtime,
  } .. records .. rep("\0", block.padding(#records)) .. header(h)
end

--- Pack entries, in their order.
--
-- @tparam {table,...} entries
-- @treturn string the archive
-- @raise an entry that is none
function M.pack(entries)
  if type(entries) ~= "table" then
    error("bad argument #1 to 'pack' (table expected, got " .. type(entries)
      .. ")", 2)
  end
  local out = {}
  for index, entry in ipairs(entries) do
    local ok, plain = pcall(checked, index, entry)
    if not ok then
      error(plain, 2)
    end
    out[#out + 1] = headers(plain)
    out[#out + 1] = plain.data
    out[#out + 1] = rep("\0", block.padding(#plain.data))
  end
  out[#out + 1] = rep("\0", 2 * block.SIZE)
  return table.concat(out)
end

return M
