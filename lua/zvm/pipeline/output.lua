--- Where the instances of a stage write: files, memory, functions.
--
-- SPDX-License-Identifier: Apache-2.0
local check = require "zvm.pipeline.check"
local show = require "zvm.manifest.show"
local template = require "zvm.pipeline.template"

local M = {}

local KEYS = { "path", "buffer", "write", "channel" }

--- What an output may say, for zvm.interpreter.names.
function M.options()
  return { keys = KEYS, list = { keys = KEYS } }
end

local function read_table(where, value, wildcards)
  check.keys(where, value, KEYS)
  local path, buffer = rawget(value, "path"), rawget(value, "buffer")
  local write = rawget(value, "write")
  local n = (path ~= nil and 1 or 0) + (buffer ~= nil and 1 or 0)
    + (write ~= nil and 1 or 0)
  if n ~= 1 then
    check.fail(where, "one of path, buffer and write expected, got %s",
      n == 0 and "none" or "several")
  elseif buffer ~= nil and buffer ~= true then
    check.fail(where .. ".buffer", "true expected, got %s",
      show.value(buffer))
  elseif write ~= nil and type(write) ~= "function" then
    check.fail(where .. ".write", "function expected, got %s",
      show.value(write))
  elseif path ~= nil then
    check.text(where .. ".path", path, "path")
    template.check(where .. ".path", path, wildcards)
  end
  local channel = rawget(value, "channel")
  return { path = path, buffer = buffer, write = write, channel = channel
    and check.text(where .. ".channel", channel, "name of a channel")
    or "stdout" }
end

local function read_one(where, value, wildcards)
  if value == true then
    return { channel = "stdout", buffer = true }
  elseif type(value) == "function" then
    return { channel = "stdout", write = value }
  elseif type(value) == "string" then
    check.text(where, value, "path")
    template.check(where, value, wildcards)
    return { channel = "stdout", path = value }
  elseif type(value) == "table" then
    return read_table(where, value, wildcards)
  end
  check.fail(where, "path, true, function or table expected, got %s",
    show.value(value))
end

--- The outputs of a stage, a list. `wildcards`: how many the input has.
function M.read(where, value, wildcards)
  if type(value) ~= "table" or rawget(value, 1) == nil then
    return { read_one(where, value, wildcards) }
  end
  local outputs, has = {}, {}
  for i = 1, check.list(where, value, "outputs") do
    local place = ("%s[%d]"):format(where, i)
    local each = read_one(place, rawget(value, i), wildcards)
    if has[each.channel] then
      check.fail(place, "%s has an output already", show.quote(each.channel))
    end
    has[each.channel], outputs[i] = true, each
  end
  return outputs
end

local function parts(path)
  return (path .. "/"):gmatch "([^/]*)/"
end

local LEAVES = { [""] = true, ["."] = true, [".."] = true }

-- Whoever gives files their names does not say in which directory outputs are:
-- what is looked at is the result, as ".." may be of two wildcards.
local function expand(where, text, instance)
  local path = template.expand(text, instance)
  local made = parts(path)
  for part in parts(text) do
    local now = made()
    if LEAVES[now] and now ~= part then
      check.fail(where, "%s is the name for %s: its part %s became %s",
        show.quote(path), instance.name, show.quote(part), show.quote(now))
    end
  end
  return path
end

--- What one instance has of an output.
function M.of(where, output, instance)
  return { channel = output.channel, buffer = output.buffer,
    write = output.write,
    path = output.path and expand(where, output.path, instance) }
end

-- A path is written in several ways; devices may be written by many.
local function plain(path)
  if not path:find "^/dev/" then
    return (path:gsub("/+", "/"):gsub("/%./", "/"):gsub("^%./", ""))
  end
end

--- Refuse two outputs into one file. `where(instance)` names its stage.
function M.check_files(instances, where)
  local writers = {}
  for _, instance in ipairs(instances) do
    for _, output in ipairs(instance.outputs) do
      local path = output.path and plain(output.path)
      if path and writers[path] then
        check.fail(where(instance) .. ": output", "%s would be written by %s "
          .. "and %s; %%i or %%n in the name makes it another for each",
          show.quote(output.path), writers[path], instance.name)
      elseif path then
        writers[path] = instance.name
      end
    end
  end
end

return M
