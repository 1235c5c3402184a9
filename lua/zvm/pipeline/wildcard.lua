--- Files whose names match a pattern: `*` is any part of a name, `?` one
-- byte of it. In directories' names too; neither matches a slash, nor the dot
-- that a name begins with.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "zvm".host

local M = {}

--- The most wildcards of one pattern: %1 to %9 say what they matched.
M.MOST = 9

--- How many wildcards there are in a text.
function M.count(text)
  return select(2, text:gsub("[*?]", ""))
end

-- What is between the stars: patterns of Lua's, and how long their matches
-- are. All but those in the middle have one place.
local function compile(part)
  local segments = {}
  for text in (part .. "*"):gmatch "([^*]*)%*" do
    segments[#segments + 1] = { size = #text,
      pattern = text:gsub(".", function(byte)
        return byte == "?" and "(.)" or byte:find "%w" and byte
          or "%" .. byte
      end) }
  end
  segments[1].anchored = true
  segments[#segments].anchored = true
  return segments
end

-- What the wildcards matched of a name, or nil. Of two stars the first takes
-- as little as it can. That is each segment at its first place: one further on
-- leaves less for those behind, so there is no going back, and no pattern that
-- takes long.
local function captures_of(name, segments)
  local captures, at = {}, 1
  for i, segment in ipairs(segments) do
    local from = i == #segments and #name - segment.size + 1 or at
    if from < at or i == 1 and from > 1 then
      return nil
    end
    local found = { name:find((segment.anchored and "^" or "")
      .. segment.pattern, from) }
    if not found[1] then
      return nil
    elseif i > 1 then
      captures[#captures + 1] = name:sub(at, found[1] - 1)
    end
    for k = 3, #found do
      captures[#captures + 1] = found[k]
    end
    at = found[2] + 1
  end
  return captures
end

local function joined(captures, more)
  local out = {}
  for _, list in ipairs { captures, more } do
    for _, text in ipairs(list) do
      out[#out + 1] = text
    end
  end
  return out
end

-- The names of one directory that match; `kind` is what they must be.
local function match(found, part, kind, out)
  local entries, message = host.entries(found.path == "" and "."
    or found.path)
  if not entries then
    return nil, message
  end
  local segments, hidden = compile(part), part:sub(1, 1) == "."
  for name, is in pairs(entries) do
    local captures = is == kind and (hidden or name:sub(1, 1) ~= ".")
      and captures_of(name, segments)
    if captures then
      out[#out + 1] = {
        path = found.path .. name,
        captures = joined(found.captures, captures),
      }
    end
  end
  return true
end

-- A name without wildcards, below what has been found.
local function follow(found, part, kind, out)
  if part ~= "." and part ~= ".." then
    local entries = host.entries(found.path == "" and "." or found.path)
    if not entries or entries[part] ~= kind then
      return
    end
  end
  out[#out + 1] = { path = found.path .. part, captures = found.captures }
end

-- What is below each of `list`; a directory that cannot be read is an error
-- only if it was named, and not found.
local function step(list, part, kind, named)
  local out = {}
  for _, found in ipairs(list) do
    if M.count(part) > 0 then
      local ok, message = match(found, part, kind, out)
      if not ok and named then
        return nil, message
      end
    else
      follow(found, part, kind, out)
    end
  end
  return out
end

local function by_path(list)
  local at, paths = {}, {}
  for i, found in ipairs(list) do
    at[found.path], paths[i] = found, found.path
  end
  local out = {}
  for i, path in ipairs(host.sorted(paths)) do
    out[i] = at[path]
  end
  return out
end

--- The files that match, in the byte order of their paths: a list of tables
-- with `path` and `captures`; or nil and a message.
function M.expand(pattern)
  local start, rest = pattern:match "^([^*?]*/)([^/]*[*?].*)$"
  local list = { { path = start or "", captures = {} } }
  rest = (rest or pattern):gsub("/+", "/")
  local named = true
  for part, slash in rest:gmatch "([^/]+)(/?)" do
    local kind = slash == "/" and "directory" or "file"
    local found, message = step(list, part, kind, named)
    if not found then
      return nil, message
    end
    named = false
    if slash == "/" then
      for _, each in ipairs(found) do
        each.path = each.path .. "/"
      end
    end
    list = found
  end
  return by_path(list)
end

return M
