--- Where a device of a job is: ZeroCloud's URLs, as files below one directory.
--
--   swift://ACCOUNT/CONTAINER/OBJECT   ROOT/ACCOUNT/CONTAINER/OBJECT
--   PATH                               ROOT/PATH, with or without a "/" first
--   file://IMAGE:PATH, file://PATH     a file in an archive
--   zvm://GROUP:DEVICE                 a device of another group
--
-- A job may be a stranger's. No location is above the root, whatever it says;
-- what symbolic links below it lead to is up to who made them.
--
-- SPDX-License-Identifier: Apache-2.0
local show = require "zvm.manifest.show"

local M = {}

local FORMS = "swift://ACCOUNT/CONTAINER/OBJECT, a path below the root, "
  .. "file://IMAGE:PATH or zvm://GROUP:DEVICE"

-- URL encoding: %20 for a space.
local function decode(text)
  local bad = text:match "%%%X" or text:match "%%%x%X" or text:match "%%%x?$"
  if bad then
    return nil, ("%s: %% and two hexadecimal digits expected"):format(
      show.quote(bad))
  end
  return (text:gsub("%%(%x%x)", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

-- The parts between slashes; or nil and what is wrong with one.
local function split(path)
  local parts = {}
  for part in (path .. "/"):gmatch "([^/]*)/" do
    if part == "" then
      return nil, "has an empty part"
    elseif part == "." or part == ".." then
      return nil, ("has a part %s"):format(show.quote(part))
    elseif part:find "[%z\1-\31\127]" then
      return nil, "has a control character"
    end
    parts[#parts + 1] = part
  end
  return parts
end

local function join(root, parts)
  local whole = root:gsub("(.)/+$", "%1") .. "/" .. table.concat(parts, "/")
  return (whole:gsub("^//", "/"))
end

-- -- Schemes ----------------------------------------------------------------

local SCHEMES = {}

-- Each part is decoded by itself: an account cannot bring a slash along.
function SCHEMES.swift(rest, options)
  local parts, reason = split(rest)
  if not parts then
    return nil, reason
  elseif #parts < 3 then
    return nil, "swift://ACCOUNT/CONTAINER/OBJECT expected"
  end
  local home = parts[1] == "~"
  for i, part in ipairs(parts) do
    local decoded
    decoded, reason = decode(part)
    if not decoded then
      return nil, reason
    elseif part:find "%%2[aA]" then
      return nil, 'an object with "*" in its name cannot be named'
    elseif decoded:find("/", 1, true) then
      return nil, "has a slash in one of its parts, written %2F"
    end
    parts[i] = decoded
  end
  if home then
    if not options.account then
      return nil, 'the account "~" is of who asks: give one as option '
        .. '"account"'
    end
    parts[1] = options.account
  elseif parts[1]:find("*", 1, true) then
    return nil, 'no "*" in the account'
  end
  local checked
  checked, reason = split(table.concat(parts, "/"))
  if not checked then
    return nil, reason
  end
  return { kind = "file", path = join(options.root, checked) }
end

function SCHEMES.file(rest)
  local image, path = rest:match "^([^:/]*):(.*)$"
  local reason
  path, reason = decode(path or rest)
  if not path then
    return nil, reason
  end
  local parts
  parts, reason = split(path:gsub("^/", ""))
  if not parts then
    return nil, reason
  end
  image = image or "image"
  if image == "" then
    return nil, "the image has no name"
  end
  return { kind = "image", image = image, path = table.concat(parts, "/") }
end

function SCHEMES.zvm(rest)
  local group, device = rest:match "^([%w_%-]+):(.+)$"
  if not group then
    return nil, "zvm://GROUP:DEVICE expected"
  end
  return { kind = "group", group = group,
    device = device:gsub("^/dev/", "") }
end

local REFUSED = {
  cache = "cache:// is of ZeroCloud's own servers",
  tcp = "the network is not there: a job has files and its groups",
  udp = "the network is not there: a job has files and its groups",
  http = "the network is not there: a job has files and its groups",
  https = "the network is not there: a job has files and its groups",
}

--- Read a location.
--
-- @tparam string text
-- @tparam table options `root`, `account`
-- @treturn[1] table `kind` "file" with `path`, "image" with `image` and
--  `path`, or "group" with `group` and `device`
-- @treturn[2] nil
-- @treturn[2] string what is wrong
function M.read(text, options)
  if text == "" then
    return nil, "is empty; " .. FORMS .. " expected"
  end
  local scheme, rest = text:match "^(%a[%w+.-]*)://(.*)$"
  if SCHEMES[scheme] then
    local location, reason = SCHEMES[scheme](rest, options)
    return location, reason and show.quote(text) .. ": " .. reason
  elseif scheme then
    return nil, ("%s: %s"):format(show.quote(text), REFUSED[scheme]
      or FORMS .. " expected")
  end
  local parts, reason = split(text:gsub("^/", ""))
  if not parts then
    return nil, show.quote(text) .. ": " .. reason
  end
  return { kind = "file", path = join(options.root, parts) }
end

--- The most "*" of one path.
M.WILDCARDS = 9

--- How many "*" are in a location.
function M.wildcards(location)
  return select(2, location.path:gsub("%*", ""))
end

return M
