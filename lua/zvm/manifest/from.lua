--- From options of zvm.run to a document.
--
-- Which of several mistakes is told of never depends on the order in which
-- a Lua table is walked, and no metamethod runs.
--
-- SPDX-License-Identifier: Apache-2.0
local channels = require "zvm.manifest.channels"
local field = require "zvm.manifest.field"
local option = require "zvm.manifest.option"
local run = require "zvm.manifest.run"
local show = require "zvm.manifest.show"
local writer = require "zvm.manifest.writer"

local M = {}

local KNOWN = { "program", "name", "args", "env", "memory", "stack",
  "channels", "isolation", "timeout", "cpu", "resident", "on_limit",
  "symbols", "memory_etag", "trace", "images", "directory", "clock", "seed",
  "files", "collect", "progress" }

-- What zvm.run takes when nothing is said.
local MEMORY = 64 * 1024 ^ 2

local function is_empty(value)
  return type(value) == "table" and next(value) == nil
end

-- What a manifest cannot hold, unless it is the default.
local ABSENT = {
  { "name", "the name that the program knows itself by" },
  { "args", "arguments: let the program read them from a channel", is_empty },
  { "env", "an environment: let the program read it from a channel",
    is_empty },
  { "stack", "the size of the stack" },
  { "isolation", "where a program runs", "process" },
  { "cpu", "a limit of CPU time" },
  { "resident", "a limit of resident memory" },
  { "on_limit", "what a limit does but give an error", "error" },
  { "symbols", "whether faults are located", true },
  { "trace", "where a trace goes" },
  { "progress", "whether a run tells its progress", false },
  { "files", "the contents of files: put them into an image", is_empty },
  { "collect", "what comes back: let the program write to channels",
    is_empty },
}

local function check_absent(opt)
  for _, item in ipairs(ABSENT) do
    local value, default = rawget(opt, item[1]), item[3]
    local is_default = value == default
    if type(default) == "function" then
      is_default = default(value)
    end
    if value ~= nil and not is_default then
      return ("%s: a manifest cannot hold %s"):format(item[1], item[2])
    end
  end
end

local function read_program(opt)
  local program = rawget(opt, "program")
  if type(program) ~= "string" then
    return nil, "program: a manifest names a file: path expected, got "
      .. show.value(program)
  elseif program:byte() == 127 or program:find("%z") or program == "" then
    return nil, "program: a manifest names a file: path expected, got bytes"
  end
  local reason = field.check_text(program)
  if reason then
    return nil, "program: " .. reason
  end
  return program
end

local function read_memory(opt)
  local size, etag, reason = MEMORY
  local memory = rawget(opt, "memory")
  if memory ~= nil then
    size, reason = option.size(memory)
    if not size then
      return nil, "memory: " .. reason
    elseif size == 0 then
      return nil, "memory: more than 0 bytes expected"
    elseif run.memory(size) ~= size then
      return nil, ("memory: %.0f bytes are too many for a run"):format(size)
    end
  end
  etag, reason = option.etag(rawget(opt, "memory_etag"))
  if etag == nil then
    return nil, "memory_etag: " .. reason
  end
  return { size = size, etag = etag }
end

local function read_timeout(opt)
  local timeout = rawget(opt, "timeout")
  if timeout == nil then
    return field.TIMEOUT
  end
  local seconds, reason = option.time(timeout)
  if not seconds then
    return nil, "timeout: " .. reason
  elseif seconds > run.TIMEOUT then
    return nil, ("timeout: at most %d seconds expected, got %s"):format(
      run.TIMEOUT, show.value(timeout))
  end
  return seconds
end

-- -- What a program starts with --------------------------------------------

local function checked(fields, name, text)
  for _, item in ipairs(fields) do
    if item.name == name then
      local _, reason = item.field.text(text)
      return not reason and text or nil, reason and name .. ": " .. reason
    end
  end
end

local function read_directory(opt)
  local directory = rawget(opt, "directory")
  if directory == nil then
    return nil
  end
  return checked(field.SINGLE, "directory", directory)
end

local function read_clock(opt)
  local clock = rawget(opt, "clock")
  if clock == nil then
    return nil
  elseif type(clock) == "number" then
    if clock ~= math.floor(clock) then
      return nil, "clock: a manifest has whole seconds, or a time as text"
    end
    clock = ("%.0f"):format(clock)
  end
  return checked(field.SINGLE, "clock", clock)
end

local function read_seed(opt)
  local seed = rawget(opt, "seed")
  if seed == nil then
    return nil
  elseif type(seed) == "number" then
    seed = ("%.0f"):format(seed)
  elseif type(seed) == "string" then
    seed = "0x" .. seed
  end
  return checked(field.SINGLE, "seed", seed)
end

local function read_image(image)
  if type(image) == "string" then
    return { path = image, at = "/" }
  end
  local wrong = option.check_keys(image, { "path", "file", "at" })
  if wrong then
    return nil, wrong
  end
  return { path = rawget(image, "path") or rawget(image, "file"),
    at = rawget(image, "at") or "/" }
end

local function read_images(opt)
  local list = rawget(opt, "images")
  if list == nil then
    return nil
  elseif type(list) ~= "table" then
    return nil, "images: table expected, got " .. show.value(list)
  end
  local images = {}
  for i = 1, #list do
    local image, wrong = read_image(rawget(list, i))
    if not image then
      return nil, ("images.%d: %s"):format(i, wrong)
    end
    images[i] = image
  end
  return images
end

--- The document; or nil, and the option that is wrong and why.
function M.document(opt)
  local wrong = option.check_keys(opt, KNOWN) or check_absent(opt)
  if wrong then
    return nil, wrong
  end
  local doc = { version = field.VERSION }
  for _, part in ipairs {
    { "program", read_program }, { "memory", read_memory },
    { "timeout", read_timeout }, { "channels", channels.list },
    { "directory", read_directory }, { "clock", read_clock },
    { "seed", read_seed }, { "images", read_images },
  } do
    doc[part[1]], wrong = part[2](opt)
    if wrong then
      return nil, wrong
    end
  end
  -- Each part was right by itself: too many channels, too long a text.
  local text
  text, wrong = writer.write(doc)
  if not text then
    return nil, wrong
  end
  return doc
end

return M
