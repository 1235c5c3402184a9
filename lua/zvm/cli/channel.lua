--- Channels as they are written on a command line, as zvm.run takes them.
--
-- SPDX-License-Identifier: Apache-2.0
local arguments = require "zvm.cli.arguments"
local commands = require "zvm.cli.commands"
local quantity = require "zvm.cli.quantity"

local M = {}

local STANDARD = { stdin = 0, stdout = 1, stderr = 2 }

--- The limits that a channel has.
M.LIMITS = { "gets", "get_bytes", "puts", "put_bytes", "file_size" }

--- /dev/x and x are one channel: the shorter name.
local function short(alias)
  local name = alias:match "^/dev/([^/]+)$"
  return name or alias
end

M.short = short

-- -- URI --------------------------------------------------------------------

local SCHEMES = {}

function SCHEMES.file(rest)
  if rest == "" then
    return nil, "file: wants a path"
  end
  return { path = rest }
end

function SCHEMES.fd(rest)
  local fd = rest:find "^%d+$" and tonumber(rest)
  if not fd or fd > 2147483647 then
    return nil, "fd: wants a number, such as fd:3"
  end
  return { fd = fd }
end

function SCHEMES.null(rest)
  if rest ~= "" then
    return nil, "null: takes nothing"
  end
  return { null = true }
end

function SCHEMES.tcp(rest)
  local host, port = rest:match "^(.+):(%d+)$"
  if not host or tonumber(port) > 65535
    or host:find ":" and not host:find "^%[.*%]$"
  then
    return nil, "tcp: wants HOST:PORT, such as tcp:127.0.0.1:8080 or "
      .. "tcp:[::1]:8080"
  end
  return { uri = "tcp:" .. rest }
end

function SCHEMES.unix(rest)
  if rest == "" then
    return nil, "unix: wants a path"
  end
  return { uri = "unix:" .. rest }
end

-- The source that a URI names.
local function source(uri)
  local scheme, rest = uri:match "^(%a[%w+.-]*):(.*)$"
  if not scheme then
    if uri == "" then
      return nil, "no path or URI after ="
    end
    return { path = uri }
  elseif not SCHEMES[scheme] then
    return nil, ("there is no %s:, but file:, fd:, null:, tcp: and unix:; a "
      .. "path with a colon is written file:%s"):format(scheme, uri)
  end
  return SCHEMES[scheme](rest)
end

-- -- Keys and flags ---------------------------------------------------------

local MODES = { "r", "w", "a", "r+" }
local TYPES = { "0", "1", "2", "3" }
local FLAGS = { "etag", "listen", "partial" }
local CHOICES = { mode = MODES, type = TYPES, etag = commands.DIGESTS,
  on_limit = { "error", "stop" } }

--- What may follow a URI.
M.KEYS = { "mode", "type", "etag", "on_limit", "gets", "get_bytes", "puts",
  "put_bytes", "file_size" }
M.FLAGS = { "r", "w", "a", "r+", "etag", "listen", "partial" }

local function set(spec, key, value)
  if spec[key] ~= nil then
    return key .. " is given twice"
  end
  spec[key] = value
end

-- `given` holds what the command line has said already.
local function set_limit(spec, name, text, given)
  local limits = spec.limits or {}
  spec.limits = limits
  local value, expected = quantity.limit(text)
  if not value then
    return ("%s wants %s, not %s"):format(name, expected,
      arguments.told(text))
  elseif given[name] then
    return name .. " is given twice"
  end
  limits[name], given[name] = value, true
end

-- "type=3", "w" or "etag"; what is wrong with it, or nil.
local function add(spec, part, given)
  local key, value = part:match "^([^=]*)=(.*)$"
  if not key then
    if arguments.contains(MODES, part) then
      return set(spec, "mode", part)
    elseif arguments.contains(FLAGS, part) then
      return set(spec, part, true)
    elseif arguments.contains(M.KEYS, part) then
      return ("%s wants a value: %s=..."):format(part, part)
    end
  elseif arguments.contains(M.LIMITS, key) then
    return set_limit(spec, key, value, given)
  elseif CHOICES[key] then
    if not arguments.contains(CHOICES[key], value) then
      return ("%s wants %s, not %s"):format(key,
        arguments.one_of(CHOICES[key]), arguments.told(value))
    end
    return set(spec, key, key == "type" and tonumber(value) or value)
  elseif arguments.contains(M.FLAGS, key) then
    return key .. " takes no value"
  end
  return ('there is no key "%s"%s; keys are %s, flags %s; a comma in a path '
    .. "is written twice"):format(key or part,
    arguments.hint(key or part, key and M.KEYS or M.FLAGS),
    table.concat(M.KEYS, ", "), table.concat(M.FLAGS, ", "))
end

-- The parts between commas; two commas stand for one that is meant.
local function split(text)
  local parts, from = { "" }, 1
  while true do
    local at = text:find(",", from, true)
    parts[#parts] = parts[#parts] .. text:sub(from, (at or 0) - 1)
    if not at then
      return parts
    elseif text:sub(at + 1, at + 1) == "," then
      parts[#parts] = parts[#parts] .. ","
      from = at + 2
    else
      parts[#parts + 1] = ""
      from = at + 1
    end
  end
end

--- Read "ALIAS=URI,...".
--
-- @treturn[1] string the channel's name
-- @treturn[1] table its specification
-- @treturn[2] nil
-- @treturn[2] string what is wrong
function M.parse(word)
  local alias, rest = word:match "^([^=]*)=(.*)$"
  if not alias then
    return nil, "ALIAS=URI is wanted"
  elseif alias == "" then
    return nil, "no alias before ="
  elseif alias:find("/", 1, true) and alias:sub(1, 1) ~= "/" then
    return nil, "an alias has no slash, or is an absolute path"
  end
  local parts, given = split(rest), {}
  local spec, message = source(parts[1])
  if not spec then
    return nil, message
  end
  for i = 2, #parts do
    message = add(spec, parts[i], given)
    if message then
      return nil, message
    end
  end
  return short(alias), spec
end

-- -- All of a run -----------------------------------------------------------

local function names(channels)
  local list = {}
  for name in pairs(channels) do
    list[#list + 1] = name
  end
  table.sort(list)
  return table.concat(list, ", ")
end

--- Add what --channel says to the channels of a manifest, or to none. What a
-- command has itself comes through, unless it is given otherwise.
--
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] string what is wrong
function M.add_all(channels, list)
  local given = {}
  for _, word in ipairs(list or {}) do
    local name, spec = M.parse(word)
    if not name then
      return nil, ("--channel %s: %s"):format(word, spec)
    elseif given[name] then
      return nil, ("--channel %s: there is one %s already"):format(word, name)
    end
    given[name], channels[name] = true, spec
  end
  for name, fd in pairs(STANDARD) do
    channels[name] = channels[name] or { fd = fd }
  end
  return true
end

--- Add what --limit says: "ALIAS.LIMIT=SIZE". It wins over what was there.
function M.limit_all(channels, list)
  local given = {}
  for _, word in ipairs(list or {}) do
    local alias, limit, size = word:match "^(.+)%.([^.=]*)=(.*)$"
    if not alias then
      return nil, ("--limit %s: ALIAS.LIMIT=SIZE is wanted"):format(word)
    elseif not arguments.contains(M.LIMITS, limit) then
      return nil, ('--limit %s: there is no limit "%s", but %s'):format(word,
        limit, arguments.one_of(M.LIMITS))
    end
    local spec = channels[short(alias)]
    if not spec then
      return nil, ('--limit %s: there is no channel "%s", but %s'):format(
        word, alias, names(channels))
    end
    given[spec] = given[spec] or {}
    local message = set_limit(spec, limit, size, given[spec])
    if message then
      return nil, ("--limit %s: %s"):format(word, message)
    end
  end
  return true
end

--- Digest all channels that do not say by what.
function M.etag_all(channels, etag)
  for _, spec in pairs(channels) do
    if etag and not spec.etag then
      spec.etag = etag
    end
  end
end

-- -- Files as arguments -----------------------------------------------------

--- Map each argument @PATH as a channel to read. As zvsh named them, the
-- N-th file is /dev/N.NAME; one that is named again is the same channel.
--
-- @treturn[1] table arguments for the guest
-- @treturn[2] nil
-- @treturn[2] string what is wrong
function M.map_arguments(channels, args)
  local out, known, n = {}, {}, 0
  for i, word in ipairs(args) do
    local path = word:match "^@([^@].*)$"
    if word == "@" then
      return nil, "@: no path after it; the argument @ is written @@"
    elseif word:find "^@@" then
      out[i] = word:sub(2)
    elseif not path then
      out[i] = word
    else
      if not known[path] then
        n = n + 1
        local base = path:match "([^/]*)/*$":gsub("[^%w._-]", "_"):sub(-200)
        known[path] = ("%d.%s"):format(n, base)
        if channels[known[path]] then
          return nil, ("%s: there is a channel %s already"):format(word,
            known[path])
        end
        channels[known[path]] = { path = path, mode = "r" }
      end
      out[i] = "/dev/" .. known[path]
    end
  end
  return out
end

return M
