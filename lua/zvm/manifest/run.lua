--- From a document to options of zvm.run.
--
-- SPDX-License-Identifier: Apache-2.0
local field = require "zvm.manifest.field"
local source = require "zvm.manifest.source"

local M = {}

-- ZeroVM counts program and stack into the memory, zvm does not: of what a
-- guest can address some is left for them. No run has more than ALL.
local ALL = 0xf0000000
local MOST = 0xe0000000

-- The longest timeout of zvm.run. A longer one, 49 days, is none.
M.TIMEOUT = 4294967

--- The memory that a run gets for the size in a manifest.
function M.memory(size)
  return size < ALL and size or MOST
end

--- "input" for "/dev/input"; other aliases are keys as they are.
function M.key(alias)
  return alias:match "^/dev/([^/]+)$" or alias
end

--- What the rights of a channel mean for how its file is opened: with puts
-- only, a file of type 1 is kept and appended to, others are emptied.
function M.mode(channel)
  local get, put = field.rights(channel)
  if get then
    return put and "r+" or "r"
  end
  return channel.type == 1 and "a" or "w"
end

local function take_source(spec, read, mode)
  if read.scheme == "null" then
    spec.null = true
    return nil
  elseif read.scheme == "fd" then
    spec.fd = read.fd
  elseif read.scheme == "path" or read.scheme == "file" then
    spec.path = read.path
  elseif read.node then
    return ("node %.0f has no address without its name server; see zvm.nodes")
      :format(read.node)
  elseif source.is_stream(read) then
    spec.uri = read.uri
    spec.listen = mode == "r" or nil
  else
    return "zvm has no broker that would know opaque sources"
  end
  spec.mode = mode
end

-- `given`: what stands for the source, if that is known already.
local function channel_spec(channel, given)
  local spec = {
    type = channel.type,
    etag = channel.etag,
    limits = {
      gets = channel.gets, get_bytes = channel.get_size,
      puts = channel.puts, put_bytes = channel.put_size,
    },
  }
  local mode = M.mode(channel)
  if not given then
    return spec, take_source(spec, source.read(channel.uri), mode)
  end
  for key, value in pairs(given) do
    spec[key] = value
  end
  spec.mode = mode
  return spec
end

-- As zvm.run has them: times in seconds as numbers, digits without 0x.
local function seconds(clock)
  return clock and clock:find "^%d+$" and tonumber(clock) or clock
end

local function number(seed)
  return seed and (seed:match "^0x(.*)$" or tonumber(seed))
end

local function images(list)
  local out = {}
  for i, image in ipairs(list) do
    out[i] = { path = image.path, at = image.at }
  end
  return out
end

--- The options. The document is known to be right.
--
-- @tparam table doc
-- @tparam[opt] table sources by index of channel: { fd = } or { uri = },
--   instead of what the uri says
-- @treturn[1] table
-- @treturn[2] nil
-- @treturn[2] string the field that a run cannot have, and why
function M.options(doc, sources)
  local options = {
    program = doc.program,
    memory = M.memory(doc.memory.size),
    memory_etag = doc.memory.etag or nil,
    timeout = doc.timeout <= M.TIMEOUT and doc.timeout or nil,
    channels = {},
    directory = doc.directory,
    clock = seconds(doc.clock),
    seed = number(doc.seed),
    images = doc.images and images(doc.images),
  }
  for i, channel in ipairs(doc.channels) do
    local spec, wrong = channel_spec(channel, sources and sources[i])
    if wrong then
      return nil, ("channels.%d.uri: %s"):format(i, wrong)
    end
    options.channels[M.key(channel.alias)] = spec
  end
  return options
end

return M
