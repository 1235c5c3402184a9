--- Names of options, for completion: of what C reads they stand here, and a
-- spec holds them to it; of what Lua reads they are the tables by which it
-- checks them.
--
-- What may stand in a pair of braces is a table: `keys` (a list of names),
-- `inner` (from a name to what may stand in the braces of its value), `list`
-- (what may stand in braces without a name), `named` (in those of any name).
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

local function words(text)
  local list = {}
  for word in text:gmatch "%S+" do
    list[#list + 1] = word
  end
  table.sort(list)
  return list
end

-- -- Read by C --------------------------------------------------------------

M.run = words [[program name args env memory stack channels on_stop isolation
  timeout cpu resident on_limit symbols trace memory_etag directory clock seed
  images files collect progress]]

M.channel = words [[path data buffer fd null uri read write pipe listen mode
  type limits on_limit etag partial slice]]

M.limits = words "gets get_bytes puts put_bytes file_size"

M.file = words "data directory link mode mtime"

M.image = words "path file data string fd uri at limits on_limit etag"

M.saved = words "data directory mode"

M.pipe = words "size eager"

M.load = words "cache"

M.code = words "address level"

-- What stands in the braces of options that several calls have.
local COMMON = {
  channels = { named = { keys = M.channel } },
  files = { named = { keys = M.file } },
  images = { list = { keys = M.image } },
  limits = { keys = M.limits },
  collect = { keys = { "put_bytes" } },
}

-- -- Read by Lua ------------------------------------------------------------

-- Channels of a stage of a pipeline.
local function stage_channels()
  local own = require "zvm.pipeline.channels".options()
  local keys = {}
  for _, key in ipairs(own.more) do
    keys[#keys + 1] = key
  end
  for _, key in ipairs(M.channel) do
    keys[#keys + 1] = key ~= own.less[1] and key or nil
  end
  return { named = { keys = keys } }
end

local function stage()
  local read = require "zvm.pipeline.graph".options()
  read.inner.channels = stage_channels()
  read.inner.each = { list = read.inner.channels }
  return read
end

local function job()
  local read = require "zvm.mapreduce".options()
  for _, name in ipairs { "map", "combine", "reduce" } do
    read.inner[name].inner = { channels = stage_channels() }
  end
  return read
end

local function lua()
  return require "zvm.lua".options()
end

-- What a call's first argument may say.
local FIRST = {
  ["zvm.run"] = { keys = M.run },
  ["zvm.start"] = { keys = M.run },
  ["zvm.pipe"] = { keys = M.pipe },
  ["zvm.pipeline"] = function()
    return { list = stage() }
  end,
  ["zvm.mapreduce"] = job,
  ["zvm.lua"] = lua,
  ["zvm.lua.run"] = lua,
  ["zvm.lua.start"] = lua,
  ["zvm.sandbox"] = function()
    return require "zvm.lua".options(true)
  end,
  ["zvm.re.new"] = function()
    return require "zvm.re".options()
  end,
  [":run"] = function()
    return require "zvm.pipeline.options".options()
  end,
}
FIRST["re.new"] = FIRST["zvm.re.new"]

-- What its last argument may say, where that is another one.
local LAST = {
  ["zvm.load"] = { keys = M.load },
  ["zvm.validate"] = { keys = M.code },
  ["zvm.save"] = { named = { keys = M.saved } },
  ["zvm.survey"] = { keys = M.code },
}

--- What may stand in the braces of a call's argument, or nil.
--
-- @tparam string name such as "zvm.run" or "pipeline:run"
-- @tparam boolean first whether it is the first argument
function M.of_call(name, first)
  local found = (first and FIRST or LAST)[name:match ":.*$" or name]
  return type(found) == "function" and found() or found
end

--- What may stand in the braces of a value, or nil.
--
-- @tparam table outer what may stand around them
-- @tparam string name "" if they have none
function M.of_value(outer, name)
  if name == "" then
    return outer.list or outer.named
  elseif outer.inner and outer.inner[name] then
    return outer.inner[name]
  end
  for _, key in ipairs(outer.keys or {}) do
    if key == name then
      return COMMON[name]
    end
  end
  return outer.named
end

return M
