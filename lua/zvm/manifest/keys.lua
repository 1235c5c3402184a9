--- What stands after the "=" of each key, into a document.
--
-- READ[key](state, line, first): `first` is where the value begins. `state`
-- is the reader's: see there.
--
-- SPDX-License-Identifier: Apache-2.0
local field = require "zvm.manifest.field"
local show = require "zvm.manifest.show"
local source = require "zvm.manifest.source"

local M = {}

M.CHANNELS = 1024 -- the most, of zvm.run
M.IMAGES = 1000   -- each of them is a channel too

local function fail(state, column, key, reason)
  state.problems:fail(state.line, column, key, reason)
end

-- -- Lines and fields -------------------------------------------------------

-- What stands from `first` to `last` without the blanks around it, and its
-- column; that of nothing is the one after `last`.
function M.trim(line, first, last)
  local from = line:find("[^ \t]", first)
  if not from or from > last then
    return "", last + 1
  end
  while line:byte(last) == 32 or line:byte(last) == 9 do
    last = last - 1
  end
  return line:sub(from, last), from
end

-- The fields between commas; `more` counts those beyond `most`.
local function split(line, first, most)
  local fields, columns, count = {}, {}, 0
  repeat
    local comma = line:find(",", first, true)
    count = count + 1
    if count <= most then
      fields[count], columns[count] = M.trim(line, first,
        (comma or #line + 1) - 1)
    end
    first = comma and comma + 1
  until not comma
  return fields, columns, count
end

-- The fields of a value by their names, and their columns; or nil, when
-- their number is wrong. Fields that are wrong are left out.
local function read_fields(state, key, line, first, known)
  local tokens, columns, count = split(line, first, #known)
  if count ~= #known then
    local names = {}
    for i, item in ipairs(known) do
      names[i] = item.name
    end
    fail(state, columns[1], key, ("%d fields expected (%s), got %d"):format(
      #known, table.concat(names, ", "), count))
    return nil
  end
  local values, places, right = {}, {}, true
  for i, item in ipairs(known) do
    local value, reason = item.field.parse(tokens[i])
    if value == nil then
      fail(state, columns[i], key, item.name .. ": " .. reason)
      right = false
    end
    values[item.name], places[item.name] = value, columns[i]
  end
  return values, places, right
end

-- -- Keys -------------------------------------------------------------------

local READ = {}
M.READ = READ

for _, item in ipairs(field.SINGLE) do
  READ[item.key] = function(state, line, first)
    local token, column = M.trim(line, first, #line)
    local value, reason = item.field.parse(token)
    if value == nil then
      fail(state, column, item.key, reason)
    end
    state.doc[item.name] = value
    state.places[item.key] = { line = state.line, column = column }
  end
end

function READ.Memory(state, line, first)
  state.doc.memory = read_fields(state, "Memory", line, first,
    field.MEMORY_FIELDS)
end

local function check_alias(state, channel, columns)
  local before = state.aliases[channel.alias]
  if before then
    fail(state, columns.alias, "Channel", ("alias: %s is given in line %d "
      .. "already"):format(show.text(channel.alias), before))
    return false
  end
  state.aliases[channel.alias] = state.line
  return true
end

-- A channel of a node: whether there are Node and NameServer is known later.
local function note_node(state, channel, columns)
  local read = channel.uri and source.read(channel.uri)
  if read and read.node then
    state.nodes[#state.nodes + 1] = { node = read.node, line = state.line,
      column = columns.uri }
  end
end

function READ.Image(state, line, first)
  local images = state.doc.images or {}
  state.doc.images = images
  if #images == M.IMAGES then
    return fail(state, 1, "Image", ("more than %d images"):format(M.IMAGES))
  end
  if not line:find(",", first, true) then
    line = line .. ", /"
  end
  images[#images + 1] = read_fields(state, "Image", line, first, field.IMAGE)
end

function READ.Channel(state, line, first)
  state.count = state.count + 1
  if state.count == M.CHANNELS + 1 then
    fail(state, 1, "Channel", ("more than %d channels"):format(M.CHANNELS))
  end
  if state.count > M.CHANNELS then
    state.unsure = true
    return
  end
  local channel, columns, right = read_fields(state, "Channel", line, first,
    field.CHANNEL)
  if not channel or not channel.alias then
    state.unsure = true
    return
  end
  right = check_alias(state, channel, columns) and right
  note_node(state, channel, columns)
  if right then
    local name, reason = field.check_channel(channel)
    if name then
      fail(state, columns[name], "Channel", name .. ": " .. reason)
    end
  end
  table.insert(state.doc.channels, channel)
end

return M
