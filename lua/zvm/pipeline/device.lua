--- The devices of a group of a job, as channels, inputs and outputs of a
-- stage.
--
-- SPDX-License-Identifier: Apache-2.0
local location = require "zvm.pipeline.location"
local option = require "zvm.manifest.option"
local show = require "zvm.manifest.show"
local tar = require "zvm.tar"

local M = {}

local DEVICE = { "name", "device", "path", "content_type", "meta", "mode",
  "min_size" }

-- Devices by what is done with them.
local READABLE = { stdin = true, input = true, script = true }
local WRITABLE = { stdout = true, stderr = true, output = true }
local REFUSED = {
  debug = "the network is not there, and a debugger has other ways in",
  db = "a device that is kept from one run to the next is not there",
}
local NAMES = { "stdin", "stdout", "stderr", "input", "output", "image",
  "script" }
local MODES = { file = true, block = true, char = true, pipe = true }

-- An archive is read whole when a program or a device is a file of it.
local ARCHIVE_MOST = 512 * 2 ^ 20

-- -- Archives ---------------------------------------------------------------

local function slurp(path)
  local file, message = io.open(path, "rb")
  if not file then
    return nil, message
  end
  local bytes
  bytes, message = file:read(ARCHIVE_MOST + 1)
  file:close()
  if not bytes then
    return nil, ("%s: %s"):format(path, message or "an empty file")
  elseif #bytes > ARCHIVE_MOST then
    return nil, ("%s: more than %d bytes"):format(path, ARCHIVE_MOST)
  end
  return bytes
end

--- The bytes of a file in an archive; or nil and what is wrong.
--
-- @tparam table place of location.read, of kind "image"
-- @tparam table archives name of an image -> path of its archive
function M.entry(place, archives)
  local path = archives[place.image]
  if not path and place.image == "image" then
    return nil, "the group has no device image, in whose archive that could "
      .. "be; a file below the root is written without file://"
  elseif not path then
    return nil, ('no image %s is known: give one as option "images"'):format(
      show.quote(place.image))
  end
  local archive, message = slurp(path)
  if not archive then
    return nil, message
  end
  local entries
  entries, message = tar.unpack(archive)
  if not entries then
    return nil, ("%s: %s"):format(path, message)
  end
  local found
  for _, each in ipairs(entries) do
    if each.name == place.path and each.type == "file" then
      found = each.data -- a later one replaces an earlier one
    end
  end
  return found, not found and ("%s: no file %s"):format(path,
    show.quote(place.path)) or nil
end

-- -- One device -------------------------------------------------------------

local function read_name(check, node, group, images)
  local key = node.value.device ~= nil and "device" or "name"
  local name = check:text(node, key)
  if not name then
    check:fail(node, nil, "name is missing")
  elseif key == "device" and node.value.name ~= nil then
    check:fail(node, "device", "is the older name of name, which is given "
      .. "too")
  elseif REFUSED[name] then
    check:fail(node, key, "%s: %s", name, REFUSED[name])
  elseif not (READABLE[name] or WRITABLE[name] or name == "image"
    or images[name])
  then
    check:fail(node, key, 'unknown device %s; did you mean "%s"?',
      show.quote(name), show.nearest(name, NAMES))
  elseif group.devices[name] then
    check:fail(node, key, "the group has two devices %s", show.quote(name))
  end
  group.devices[name] = true
  return name
end

-- What ZeroCloud kept beside an object, and has no place in a file.
local function read_rest(check, node)
  check:text(node, "content_type")
  if node.value.meta ~= nil then
    local meta = check:node(node, "meta", "object")
    for _, key in ipairs(option.keys(meta.value)) do
      check:text(meta, key)
    end
  end
  local mode = check:text(node, "mode")
  if mode and not MODES[mode] then
    check:fail(node, "mode", '"file", "block", "char" or "pipe" expected, '
      .. "got %s", show.quote(mode))
  end
  local least = check:whole(node, "min_size", 0, 2 ^ 53)
  if least and least > 0 then
    check:fail(node, "min_size", "outputs are kept whatever their size: 0 "
      .. "expected, got %d", least)
  end
end

local function read_path(check, node, options)
  local text = check:text(node, "path")
  if not text then
    return nil
  end
  local place, reason = location.read(text, options)
  if not place then
    check:fail(node, "path", "%s", reason)
  end
  return place
end

-- -- Kinds of devices -------------------------------------------------------

local function add_readable(check, node, group, name, place)
  local stage = group.stage
  if not place then
    check:fail(node, nil, "path is missing: %s is read", name)
  elseif place.kind == "group" then
    check:fail(node, "path", "%s is read: a connection begins at the group "
      .. "that writes", name)
  elseif place.kind == "image" then
    local bytes, reason = M.entry(place, group.archives)
    if not bytes then
      check:fail(node, "path", "%s: %s", show.quote(node.value.path), reason)
    end
    stage.channels[name] = { data = bytes }
  elseif location.wildcards(place) == 0 then
    stage.channels[name] = { path = place.path }
  elseif group.spread then
    check:fail(node, "path", '"*" is in the path of %s already: one device '
      .. "says how many instances there are", group.spread)
  elseif location.wildcards(place) > location.WILDCARDS then
    check:fail(node, "path", 'more than %d times "*"', location.WILDCARDS)
  elseif place.path:find("?", 1, true) then
    check:fail(node, "path", '"?" beside "*": it would stand for any letter')
  else
    group.spread, group.captures = name, location.wildcards(place)
    stage.input = name == "stdin" and place.path
      or { path = place.path, channel = name }
  end
end

-- %1, %2 for what "*" stands for in the input, or %n, the instance's name.
local function pattern(check, node, group, place)
  local wanted, n = location.wildcards(place), 0
  if group.spread and wanted > group.captures then
    check:fail(node, "path", '%d times "*", and %d in the path of %s', wanted,
      group.captures, group.spread)
  end
  return (place.path:gsub("[%%*]", function(c)
    if c == "%" then
      return "%%"
    end
    n = n + 1
    return group.spread and "%" .. n or "%n"
  end))
end

local function add_writable(check, node, group, name, place)
  local stage, many = group.stage, group.spread or group.count > 1
  if not place then
    group.outputs[#group.outputs + 1] = { channel = name, buffer = true }
    return
  elseif place.kind == "image" then
    check:fail(node, "path", "%s is written, and an archive is only read",
      name)
  elseif place.kind == "group" then
    if name ~= "stdout" or place.device ~= "stdin" then
      check:fail(node, "path", "a device is joined with one of another group "
        .. "from stdout to stdin; other connections are made by connect")
    end
    group.pipe = { node = node, group = place.group }
    return
  elseif many and location.wildcards(place) == 0 then
    check:fail(node, "path", '%s: one file for %s instances: "*" expected '
      .. "in it", show.quote(node.value.path),
      group.spread and "many" or group.count)
  end
  stage.channels[name] = nil
  group.outputs[#group.outputs + 1] = { channel = name,
    path = pattern(check, node, group, place) }
end

local function add_image(check, node, group, name, place, images)
  local path = images[name]
  if path and place then
    check:fail(node, "path", "the path of a system image is an option")
  elseif not path and not place then
    check:fail(node, nil, "path is missing: the archive")
  elseif place and place.kind ~= "file" then
    check:fail(node, "path", "an archive below the root expected")
  elseif place and location.wildcards(place) > 0 then
    check:fail(node, "path", 'no "*" in the path of an image')
  end
  path = path or place.path
  local stage = group.stage
  stage.images = stage.images or {}
  stage.images[#stage.images + 1] = path
  group.archives[name] = path
end

-- -- All of a group ---------------------------------------------------------

-- Writers come after readers: their paths depend on what was read.
local ORDER = { "image", "readable", "writable" }

local function kind_of(name)
  return READABLE[name] and "readable" or WRITABLE[name] and "writable"
    or "image"
end

-- The devices that a stage has without being asked are not there, unless the
-- job names them.
local function finish(group)
  local stage = group.stage
  for _, name in ipairs { "stdout", "stderr" } do
    if not group.devices[name] then
      stage.channels[name] = { null = true }
    end
  end
  local outputs = {}
  for _, each in ipairs(group.outputs) do
    if each.path or each.channel ~= "stderr" then
      outputs[#outputs + 1] = each
    end
  end
  if group.devices.output then
    stage.channels.output = { type = 2 } -- written anywhere, as a file is
  end
  local first = outputs[1]
  if #outputs == 1 and first.channel == "stdout" then
    outputs[1] = first.path or true
  end
  stage.output = #outputs > 1 and outputs or outputs[1]
end

--- Read the devices of a group into its stage.
--
-- @tparam table check of zvm.pipeline.judge
-- @tparam table group `stage` and `count`; gets `devices`, a set of names,
--  `archives`, `spread`, the device whose path has "*", and `pipe`
-- @tparam ?table list the node of the devices
-- @tparam table options of job.read
function M.read(check, group, list, options)
  group.devices, group.outputs, group.archives = {}, {}, {}
  for name, path in pairs(options.images) do
    group.archives[name] = path
  end
  local found = { image = {}, readable = {}, writable = {} }
  for i in ipairs(list and list.value or {}) do
    local node = check:node(list, i, "object")
    check:keys(node, DEVICE)
    local name = read_name(check, node, group, options.images)
    read_rest(check, node)
    local kind = found[kind_of(name)]
    kind[#kind + 1] = { node = node, name = name,
      place = read_path(check, node, options) }
  end
  for _, kind in ipairs(ORDER) do
    for _, each in ipairs(found[kind]) do
      if kind == "image" then
        add_image(check, each.node, group, each.name, each.place,
          options.images)
      elseif kind == "readable" then
        add_readable(check, each.node, group, each.name, each.place)
      else
        add_writable(check, each.node, group, each.name, each.place)
      end
    end
  end
  finish(group)
end

return M
