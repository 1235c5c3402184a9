--- From one channel in options of zvm.run to one of a document.
--
-- SPDX-License-Identifier: Apache-2.0
local field = require "zvm.manifest.field"
local number = require "zvm.manifest.number"
local option = require "zvm.manifest.option"
local run = require "zvm.manifest.run"
local show = require "zvm.manifest.show"
local source = require "zvm.manifest.source"

local M = {}

--- Of the standard channels, their handles.
M.STANDARD = { ["/dev/stdin"] = 0, ["/dev/stdout"] = 1, ["/dev/stderr"] = 2 }

local KNOWN = { "path", "data", "buffer", "fd", "null", "uri", "read",
  "write", "pipe", "listen", "partial", "mode", "type", "limits", "on_limit",
  "etag", "slice" }

-- Sources that exist only in the process that has the options.
local TRANSIENT = {
  { "data", "a manifest cannot hold what a channel reads: put it into a "
    .. "file" },
  { "buffer", "a manifest cannot hold a buffer: let the channel write to a "
    .. "file" },
  { "read", "a manifest cannot hold a function" },
  { "write", "a manifest cannot hold a function" },
  { "pipe", "a manifest cannot hold a pipe" },
}

-- Of the options, and what a document calls them.
local LIMITS = {
  { "gets", "gets" }, { "get_bytes", "get_size" }, { "puts", "puts" },
  { "put_bytes", "put_size" }, { "file_size" },
}

-- What a mode lets a guest do: get, put.
local MODES = { r = { true, false }, w = { false, true }, a = { false, true },
  ["r+"] = { true, true } }

local FDS = 2 ^ 31 - 1

-- -- Source -----------------------------------------------------------------

local function path_uri(path)
  if type(path) ~= "string" then
    return nil, "string expected, got " .. show.value(path)
  elseif path == "" then
    return nil, "path expected, got nothing"
  end
  return path:byte() == 47 and path or "file:" .. path
end

local function fd_uri(fd)
  if not number.is_whole(fd, 0, FDS) then
    return nil, number.range_reason(fd, 0, FDS)
  end
  return ("fd:%.0f"):format(fd)
end

local function null_uri(given)
  if given ~= true then
    return nil, "boolean expected, got " .. show.value(given)
  end
  return "null:"
end

local function any_uri(uri)
  if type(uri) ~= "string" then
    return nil, "string expected, got " .. show.value(uri)
  elseif uri:byte() == 47 then
    return nil, 'a scheme such as "file:" expected, got ' .. show.quote(uri)
  end
  return uri
end

local LASTING = { { "path", path_uri }, { "fd", fd_uri },
  { "null", null_uri }, { "uri", any_uri } }

-- The source that a value of an option stands for.
local function to_source(value, to_uri)
  local uri, reason = to_uri(value)
  reason = reason or field.check_text(uri, true)
  if reason then
    return nil, reason
  end
  local read
  read, reason = source.read(uri)
  if read and (read.node or read.scheme == "opaque") then
    return nil, "zvm.run has no source " .. show.quote(uri)
  end
  return read, reason
end

local function find_source(spec)
  local found
  for _, item in ipairs(LASTING) do
    local value = rawget(spec, item[1])
    if value ~= nil and value ~= false then
      if found then
        return nil, ('%s: a channel has one source, and "%s" is given too')
          :format(item[1], found[1])
      end
      found = item
    end
  end
  return found
end

-- -- Steps: each completes the draft, or gives "option: what is wrong" ------

local function read_source(draft)
  local found, wrong = find_source(draft.spec)
  if not found then
    return wrong
  end
  draft.source, wrong = to_source(rawget(draft.spec, found[1]), found[2])
  if not draft.source then
    return ("%s: %s"):format(found[1], wrong)
  end
  draft.made.uri = draft.source.uri
end

-- The mode that zvm.run would have. null has none, and does what its limits
-- say.
local function read_mode(draft)
  local mode, handle = rawget(draft.spec, "mode"), M.STANDARD[draft.alias]
  local default = (handle or 0) > 0 and "w" or "r"
  if draft.source.scheme == "null" then
    if mode ~= nil then
      return "mode: null has no mode"
    end
    draft.mode = handle and default or "r+"
    return nil
  end
  draft.mode = mode == nil and default or mode
  if not MODES[draft.mode] then
    return ('mode: "r", "w", "a" or "r+" expected, got %s'):format(
      show.value(mode))
  end
end

local function read_type(draft)
  local kind, is_open = rawget(draft.spec, "type"), true
  if M.STANDARD[draft.alias] or draft.source.scheme == "null"
    or source.is_stream(draft.source) then
    is_open = false
  end
  if kind == nil and is_open then
    return "type: 0 to 3 expected: a manifest has to say it, and what "
      .. "zvm.run takes depends on the file"
  end
  kind = kind == nil and 0 or kind
  if kind ~= 0 and kind ~= 1 and kind ~= 2 and kind ~= 3 then
    return "type: whole number from 0 to 3 expected, got "
      .. show.value(kind)
  end
  draft.made.type = kind
end

local function read_limit(draft, limits, i)
  local name, verb = LIMITS[i][1], i < 3 and "read" or "written"
  local may = MODES[draft.mode][i < 3 and 1 or 2]
  local value, reason = rawget(limits, name), nil
  if value == nil then
    value = may and math.huge or 0
  else
    value, reason = option.limit(value)
    if value and value > 0 and not may then
      reason = "this channel cannot be " .. verb
    end
  end
  if reason then
    return ("limits.%s: %s"):format(name, reason)
  end
  draft.made[LIMITS[i][2]] = value
end

local function read_limits(draft)
  local limits, names = rawget(draft.spec, "limits"), {}
  limits = limits == nil and {} or limits
  for i, item in ipairs(LIMITS) do
    names[i] = item[1]
  end
  local wrong = option.check_keys(limits, names)
  if wrong then
    return "limits: " .. wrong
  elseif rawget(limits, "file_size") ~= nil then
    return "limits.file_size: a manifest cannot hold a limit of the size of "
      .. "a file"
  end
  for i = 1, 4 do
    wrong = wrong or read_limit(draft, limits, i)
  end
  return wrong
end

local function read_etag(draft)
  local reason
  draft.made.etag, reason = option.etag(rawget(draft.spec, "etag"))
  return reason and "etag: " .. reason
end

local function check_rules(draft)
  local name, reason = field.check_channel(draft.made)
  for _, item in ipairs(LIMITS) do
    if name and item[2] == name then
      name = "limits." .. item[1]
      reason = reason:gsub("_size", "_bytes")
      break
    end
  end
  return name and ("%s: %s"):format(name, reason)
end

-- A manifest says by limits and type how a file is opened.
local function check_mode(draft)
  local meant = run.mode(draft.made)
  if draft.source.scheme ~= "null" and meant ~= draft.mode then
    return ('mode: limits and type of a manifest would make it "%s", not '
      .. '"%s"'):format(meant, draft.mode)
  end
end

local function check_listen(draft)
  local listen = rawget(draft.spec, "listen")
  if listen ~= nil and type(listen) ~= "boolean" then
    return "listen: boolean expected, got " .. show.value(listen)
  end
  local meant = source.is_stream(draft.source) and draft.mode == "r"
  if (listen or false) ~= meant then
    return meant and "listen: true expected: in a manifest who reads listens"
      or "listen: in a manifest only a connection that is read listens"
  end
end

local function check_rest(draft)
  local on_limit = rawget(draft.spec, "on_limit")
  if rawget(draft.spec, "partial") then
    return "partial: a manifest cannot hold what becomes of an output of a "
      .. "run that failed"
  elseif rawget(draft.spec, "slice") ~= nil then
    return "slice: a manifest cannot hold a part of a file: put it into a "
      .. "file of its own"
  elseif on_limit ~= nil and on_limit ~= "error" then
    return "on_limit: a manifest cannot hold what a limit does but give an "
      .. "error"
  end
end

local STEPS = { read_source, read_mode, read_type, read_limits, read_etag,
  check_rules, check_mode, check_listen, check_rest }

-- -- One channel ------------------------------------------------------------

--- The channel of a document that says what a specification says.
--
-- @tparam string|table spec
-- @tparam string alias known to be right
-- @treturn[1] table
-- @treturn[2] nil
-- @treturn[2] string what is wrong: ".option: ..." or ": ..."
function M.read(spec, alias)
  if type(spec) == "string" then
    spec = { data = spec }
  elseif type(spec) ~= "table" then
    return nil, ": string or table expected, got " .. show.value(spec)
  end
  local wrong = option.check_keys(spec, KNOWN)
  if wrong then
    return nil, ": " .. wrong
  end
  for _, item in ipairs(TRANSIENT) do
    if rawget(spec, item[1]) then
      return nil, (".%s: %s"):format(item[1], item[2])
    end
  end
  local found
  found, wrong = find_source(spec)
  if not found and not wrong then
    return nil, ": no source: one of path, fd, null or uri expected"
  end
  local draft = { spec = spec, alias = alias, made = { alias = alias } }
  for _, step in ipairs(STEPS) do
    wrong = step(draft)
    if wrong then
      return nil, "." .. wrong
    end
  end
  return draft.made
end

return M
