--- From a document to the text of a manifest.
--
-- A document is checked by the fields that read one: what is written can be
-- read back, and is the same then.
--
-- SPDX-License-Identifier: Apache-2.0
local field = require "zvm.manifest.field"
local reader = require "zvm.manifest.reader"
local show = require "zvm.manifest.show"

local M = {}

local NAMES = { "version", "program", "memory", "timeout", "channels",
  "node", "name_server", "job", "etag", "images", "directory", "clock",
  "seed" }

local function names_of(fields)
  local names = {}
  for i, item in ipairs(fields) do
    names[i] = item.name
  end
  return names
end

-- The first key in byte order that is not among `known`; nil if there is
-- none.
local function stranger(t, known)
  local is_known = {}
  for _, name in ipairs(known) do
    is_known[name] = true
  end
  local found
  for key in next, t do
    local text = type(key) == "string" and key or "[" .. tostring(key) .. "]"
    if not is_known[key] and (not found or text < found) then
      found = text
    end
  end
  return found
end

local function check_names(t, path, known)
  if type(t) ~= "table" then
    return ("%s: table expected, got %s"):format(path, show.value(t))
  end
  local found = stranger(t, known)
  if found then
    return ('%s: unknown field %s; did you mean "%s"?'):format(path,
      show.quote(found), show.nearest(found, known))
  end
end

-- "a, b, c" of a table's fields; or nil and what is wrong.
local function join(t, path, fields)
  local wrong = check_names(t, path, names_of(fields))
  if wrong then
    return nil, wrong
  end
  local tokens = {}
  for i, item in ipairs(fields) do
    local token, reason = item.field.text(rawget(t, item.name))
    if not token then
      return nil, ("%s.%s: %s"):format(path, item.name, reason)
    end
    tokens[i] = token
  end
  return table.concat(tokens, ", ")
end

local function write_channel(lines, channel, i)
  local path = "channels." .. i
  local value, wrong = join(channel, path, field.CHANNEL)
  if not value then
    return wrong
  end
  local name, reason = field.check_channel(channel)
  if name then
    return ("%s.%s: %s"):format(path, name, reason)
  end
  lines[#lines + 1] = "Channel = " .. value
end

local function write_image(lines, image, i)
  local value, wrong = join(image, "images." .. i, field.IMAGE)
  lines[#lines + 1] = value and "Image = " .. value
  return wrong
end

local function write_list(lines, doc, name, write)
  local list = rawget(doc, name)
  if type(list) ~= "table" then
    return name .. ": table expected, got " .. show.value(list)
  end
  local count = 0
  for _ in next, list do
    count = count + 1
  end
  for i = 1, count do
    if rawget(list, i) == nil then
      return name .. ": list expected, got holes or names in it"
    end
    local wrong = write(lines, rawget(list, i), i)
    if wrong then
      return wrong
    end
  end
end

local function write_memory(lines, doc)
  local value, wrong = join(rawget(doc, "memory"), "memory",
    field.MEMORY_FIELDS)
  if not value then
    return wrong
  end
  lines[#lines + 1] = "Memory = " .. value
end

local function write_single(lines, doc, item)
  local value = rawget(doc, item.name)
  if value == nil and not item.must then
    return nil
  end
  local token, reason = item.field.text(value)
  if not token then
    return item.name .. ": " .. reason
  end
  lines[#lines + 1] = item.key .. " = " .. token
end

local function write_all(lines, doc)
  local wrong = check_names(doc, "document", NAMES)
  for _, item in ipairs(field.SINGLE) do
    wrong = wrong or write_single(lines, doc, item)
    if item.key == "Program" then
      wrong = wrong or write_memory(lines, doc)
    end
  end
  if not wrong and rawget(doc, "images") ~= nil then
    wrong = write_list(lines, doc, "images", write_image)
  end
  return wrong or write_list(lines, doc, "channels", write_channel)
end

-- What a text has that no field shows: a channel missing or given twice, a
-- node without a server, too much of something.
local function check_whole(text)
  local _, errors = reader.read(text, true)
  local first = errors[1]
  return first and ("%s: %s"):format(first.key, first.reason)
end

--- Write a document.
--
-- @tparam table doc
-- @treturn[1] string text
-- @treturn[2] nil
-- @treturn[2] string the first field that is wrong, and why
function M.write(doc)
  local lines = {}
  local wrong = write_all(lines, doc)
  if wrong then
    return nil, wrong
  end
  local text = table.concat(lines, "\n") .. "\n"
  wrong = check_whole(text)
  if wrong then
    return nil, wrong
  end
  return text
end

return M
