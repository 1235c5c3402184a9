--- Reads tar archives that a guest may have written: input is hostile.
--
-- Nothing here raises an error for what the archive says. Time and memory are
-- linear in its length: each byte is looked at a few times, contents are cut
-- out once, and a link shares those of its target. What a careful tar would
-- not write is refused, so that two readers cannot see two archives.
--
-- Known are ustar, pax ("x" and "g") and GNU's long names ("L" and "K").
--
-- Source: POSIX.1-2017, pax; GNU tar 1.34, "Basic Tar Format".
--
-- SPDX-License-Identifier: Apache-2.0

local block = require "zvm.tar.block"

local M = {}

local byte, find, match, sub = string.byte, string.find, string.match,
  string.sub

local BLOCK = block.SIZE
local SHOWN_MAX = 120
local INTEGER_MAX = 2 ^ 53

local TYPES = {
  ["0"] = "file", ["\0"] = "file", ["7"] = "file", ["1"] = "link",
  ["2"] = "symlink", ["5"] = "directory",
}

--- What is wrong, on its way to `unpack`; no other error is raised here.
local refusal = {}

local function refuse(state, what)
  local name = state.name
    or state.last and "after " .. state.last or "at the start"
  name = sub(name, 1, SHOWN_MAX):gsub("[%c\127-\255]", "?")
  state.message = ("entry %s at %.0f: %s"):format(name, state.start, what)
  error(refusal, 0)
end

-- -- Fields of a header -------------------------------------------------------

--- A string that ends with a zero byte or with its field. `at` from 0.
local function text_field(state, at, size)
  local first = state.at + at
  local text = sub(state.archive, first + 1, first + size)
  return match(text, "^[^%z]*")
end

--- Two's complement, big-endian, after a first byte that is 0x80 or 0xff.
local function binary(text)
  local first = byte(text)
  local value = first == 0xff and -1 or 0
  for i = 2, #text do
    value = value * 256 + byte(text, i)
    if value > INTEGER_MAX or value < -INTEGER_MAX then
      return nil
    end
  end
  return value
end

local function number_field(state, at, size, what)
  local first = state.at + at
  local text = sub(state.archive, first + 1, first + size)
  local marker = byte(text)
  local value
  if marker == 0x80 or marker == 0xff then
    value = binary(text)
  else
    local digits = match(text, "^ *([0-7]*)[ %z]*$")
    value = digits and (digits == "" and 0 or tonumber(digits, 8))
  end
  return value or refuse(state, what .. " is no number")
end

local function check_sum(state)
  local s, at = state.archive, state.at
  local total = block.sum(s, at + 1, at + 148) + 8 * 32
    + block.sum(s, at + 157, at + BLOCK)
  if number_field(state, 148, 8, "checksum") ~= total then
    refuse(state, "bad checksum")
  end
end

-- -- Extended headers ---------------------------------------------------------

--- The bytes after the header, which become those before the next one.
local function take(state, size, what)
  local first = state.at + BLOCK
  local stop = first + size + block.padding(size)
  if stop > #state.archive then
    refuse(state, ("%s: %.0f bytes past the end")
      :format(what, stop - #state.archive))
  end
  state.at = stop
  return sub(state.archive, first + 1, first + size)
end

--- Seconds as a record has them, "-1.5".
local function seconds(value)
  local number = match(value, "^%-?%d+%.?%d*$") and tonumber(value)
  return number and math.abs(number) <= INTEGER_MAX and number
end

local RECORDS = {
  path = function(value)
    return value
  end,
  linkpath = function(value)
    return value
  end,
  size = function(value)
    return match(value, "^%d+$") and tonumber(value)
  end,
  mtime = seconds,
}

-- Of one entry. For all that follow it would make them one another's doubles,
-- and each would cost as much as that header is long.
local OWN = { path = true, linkpath = true, size = true }

--- Records into a table. One without a value takes an earlier one back.
local function read_records(state, records, into)
  local at = 1
  while at <= #records do
    local length, first = match(records, "^(%d+) ()", at)
    length = length and #length <= 10 and tonumber(length)
    local stop = length and at + length - 1
    if not stop or stop > #records or stop < first
      or sub(records, stop, stop) ~= "\n"
    then
      refuse(state, "bad record in an extended header")
    end
    local text = sub(records, first, stop - 1)
    local key, value = match(text, "^([^=]+)=(.*)$")
    if not key then
      refuse(state, "bad record in an extended header")
    elseif find(key, "^GNU%.sparse%.") then
      refuse(state, "sparse files are not supported")
    elseif into == state.global and OWN[key] then
      refuse(state, "a global header that speaks of one entry")
    elseif value == "" then
      into[key] = nil
    elseif RECORDS[key] then
      into[key] = RECORDS[key](value) or refuse(state, "bad " .. key)
    end
    at = stop + 1
  end
end

--- Headers that speak of the next entry, or of all that follow.
local EXTENSIONS = {
  x = function(state, size)
    read_records(state, take(state, size, "extended header"), state.next)
  end,
  g = function(state, size)
    read_records(state, take(state, size, "extended header"), state.global)
  end,
  L = function(state, size)
    state.next.path = match(take(state, size, "long name"), "^[^%z]*")
  end,
  K = function(state, size)
    state.next.linkpath = match(take(state, size, "long link"), "^[^%z]*")
  end,
}

-- -- Entries ------------------------------------------------------------------

local function check_name(state, what, name)
  if name == "" then
    refuse(state, what .. " is empty")
  elseif find(name, "%z") then
    refuse(state, what .. " has a zero byte")
  elseif sub(name, 1, 1) == "/" then
    refuse(state, what .. " is absolute")
  end
  local part = block.odd_part(name)
  if part then
    refuse(state, ("%s has a part that is %q"):format(what, part))
  end
end

local function header_name(state)
  local name = text_field(state, 0, 100)
  if sub(state.archive, state.at + 258, state.at + 263) == "ustar\0" then
    local prefix = text_field(state, 345, 155)
    return prefix ~= "" and prefix .. "/" .. name or name
  end
  return name
end

--- Where a link leads: for one more name of a file, the file with its bytes.
-- One more name of a symbolic link is one too, as nothing else tells its end.
local function read_target(state, entry)
  local target = state.next.linkpath or text_field(state, 157, 100)
  if entry.type == "symlink" then
    if target == "" or find(target, "%z") then
      refuse(state, "link leads nowhere")
    end
    state.links[entry.name] = target
  elseif state.links[target] then
    entry.type, target = "symlink", state.links[target]
    state.links[entry.name] = target
  else
    check_name(state, "target", target)
    entry.data = state.files[target]
      or refuse(state, ("links to %q, no file before it")
        :format(sub(target, 1, SHOWN_MAX)))
  end
  entry.target = target
end

local function read_entry(state, flag, size)
  local entry = {
    name = state.name, type = TYPES[flag],
    mode = number_field(state, 100, 8, "mode") % 4096,
    mtime = state.next.mtime or state.global.mtime
      or number_field(state, 136, 12, "mtime"),
  }
  if not entry.type then
    refuse(state, ("type %q is not supported"):format(flag))
  elseif sub(entry.name, -1) == "/" and #entry.name > 1
    and (entry.type == "directory" or flag == "\0")
  then
    entry.type, entry.name = "directory", sub(entry.name, 1, -2)
  end
  check_name(state, "name", entry.name)
  if entry.type ~= "file" and size ~= 0 then
    refuse(state, "a " .. entry.type .. " with contents")
  end
  if entry.type == "link" or entry.type == "symlink" then
    read_target(state, entry)
  end
  local data = take(state, size, "contents")
  if entry.type == "file" then
    entry.data = data
  end
  state.files[entry.name] = entry.data
  if entry.type ~= "symlink" then
    state.links[entry.name] = nil
  end
  return entry
end

--- The next header: an entry, or nil after one that speaks of others.
local function step(state)
  if state.at + BLOCK > #state.archive then
    refuse(state, "header past the end")
  end
  check_sum(state)
  local flag = sub(state.archive, state.at + 157, state.at + 157)
  local size = number_field(state, 124, 12, "size")
  state.name = header_name(state)
  local extend = EXTENSIONS[flag]
  if not extend then
    state.name = state.next.path or state.name
    size = state.next.size or size
  end
  if size < 0 or size > INTEGER_MAX then
    refuse(state, "size out of range")
  elseif extend then
    extend(state, size)
    return nil
  end
  local entry = read_entry(state, flag, size)
  state.next, state.start = {}, state.at
  state.name, state.last = nil, entry.name
  return entry
end

local function is_zero(archive, first, last)
  return not find(sub(archive, first, last), "[^%z]")
end

--- Whether a header is to be read here, or what is no end.
local function goes_on(archive, at)
  return byte(archive, at + 1) ~= 0
    or not is_zero(archive, at + 1, at + BLOCK)
end

local function read_all(state)
  local entries = {}
  local size = #state.archive
  if size == 0 or size % BLOCK ~= 0 then
    refuse(state, "not a whole number of blocks")
  end
  while goes_on(state.archive, state.at) do
    entries[#entries + 1] = step(state)
  end
  if next(state.next) then
    refuse(state, "extended header without an entry")
  elseif size - state.at < 2 * BLOCK
    or not is_zero(state.archive, state.at + 1, size)
  then
    refuse(state, "no end where one should be")
  end
  return entries
end

--- Read an archive.
--
-- Names are relative, without empty parts, `.` and `..`; a directory's has no
-- slash at its end. A "link" has the `data` of its target; one to a
-- symbolic link is a "symlink" too. A name may come more than once: the last
-- counts.
--
-- @tparam string archive
-- @treturn[1] {table,...} its entries in order
-- @treturn[2] nil
-- @treturn[2] string what is wrong, with the entry and its offset
function M.unpack(archive)
  if type(archive) ~= "string" then
    error("bad argument #1 to 'unpack' (string expected, got " .. type(archive)
      .. ")", 2)
  end
  local state = {
    archive = archive, at = 0, start = 0,
    next = {}, global = {}, files = {}, links = {},
  }
  local ok, entries = pcall(read_all, state)
  if ok then
    return entries
  elseif entries == refusal then
    return nil, state.message
  end
  error(entries, 0)
end

return M
