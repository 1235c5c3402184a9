--- What a run depends on, as one digest: the program, and all of its options
-- that it can see, with files by what they hold.
--
-- SPDX-License-Identifier: Apache-2.0
local pack = require "zvm.pipeline.pack"
local zvm = require "zvm"
local host = zvm.host

local M = {}

-- To be raised whenever what is kept changes its form or its meaning.
local FORMAT = 1

-- Options that say nothing of what a run that ends well does: `timeout` and
-- `cpu` end it, by the host's clock.
local UNSEEN = { program = true, channels = true, images = true,
  timeout = true, cpu = true, isolation = true, on_stop = true,
  symbols = true, trace = true }

-- How a slice is digested: the digests of its pieces, in one.
local PIECE = 2 ^ 22

-- -- Files ------------------------------------------------------------------

local function digest_slice(path, offset, length)
  local file, message = io.open(path, "rb")
  if not file then
    return nil, message
  end
  file:seek("set", offset)
  local digests = {}
  while length > 0 do
    local bytes = file:read(math.min(length, PIECE))
    if not bytes then
      break
    end
    digests[#digests + 1] = zvm.digest(bytes)
    length = length - #bytes
  end
  file:close()
  return zvm.digest(table.concat(digests))
end

--- Files that were looked at: what they held then.
local Files = {}
Files.__index = Files

function M.files()
  return setmetatable({ known = {}, fixed = {} }, Files)
end

--- Say what a file holds that nobody changes any more.
function Files:fix(path, digest)
  self.fixed[path] = digest
end

-- The digest of a regular file, or of a part; nil and why not.
function Files:digest(path, slice, stamps)
  if self.fixed[path] and not slice then
    return self.fixed[path]
  end
  local kind, _, stamp = host.kind(path)
  if kind ~= "file" then
    return nil, path .. " is no regular file"
  end
  stamps[path] = stamp
  local name = slice and ("%s\0%.0f:%.0f"):format(path, slice[1], slice[2])
    or path
  local known = self.known[name]
  if known and known.stamp == stamp then
    return known.digest
  end
  local digest, message
  if slice then
    digest, message = digest_slice(path, slice[1], slice[2])
  else
    digest, message = zvm.digest_file(path)
  end
  if digest then
    self.known[name] = { stamp = stamp, digest = digest }
  end
  return digest, message
end

--- Whether files are as they were.
function M.unchanged(stamps)
  for path, stamp in pairs(stamps) do
    local _, _, now = host.kind(path)
    if now ~= stamp then
      return false
    end
  end
  return true
end

-- -- Channels ---------------------------------------------------------------

local SOURCES = { "fd", "uri", "read", "pipe" }
local STANDARD = { stdin = { null = true }, stdout = { buffer = true },
  stderr = { buffer = true } }
local FIELDS = { "mode", "type", "limits", "on_limit", "etag", "partial",
  "null", "buffer" }

--- The mode of a specification of a channel.
function M.mode(name, spec)
  return spec.mode or (name == "stdout" or name == "stderr") and "w" or "r"
end

-- What a channel is to its guest, as a plain value; nil and why that is not
-- known.
local function channel(files, name, spec, stamps)
  if type(spec) == "string" then
    spec = { data = spec }
  end
  for _, key in ipairs(SOURCES) do
    if spec[key] ~= nil then
      return nil, ("channel %s: what %s gives is not known"):format(name, key)
    end
  end
  local seen, mode = {}, M.mode(name, spec)
  for _, key in ipairs(FIELDS) do
    seen[key] = spec[key]
  end
  if spec.data then
    seen.data = zvm.digest(spec.data)
  elseif spec.write then
    seen.write = true
  elseif spec.path and mode == "r" then
    local digest, message = files:digest(spec.path, spec.slice, stamps)
    if not digest then
      return nil, ("channel %s: %s"):format(name, message)
    end
    seen.content, seen.part = digest, spec.slice ~= nil
  elseif spec.path and mode == "w" then
    if host.kind(spec.path) and host.kind(spec.path) ~= "file" then
      return nil, ("channel %s: %s is no regular file"):format(name,
        spec.path)
    end
    seen.file = true
  elseif spec.path then
    return nil, ("channel %s: a file of mode %s"):format(name, mode)
  elseif STANDARD[name] and not (seen.null or seen.buffer) then
    for key, value in pairs(STANDARD[name]) do
      seen[key] = value
    end
  end
  return seen
end

local function all_channels(files, list, stamps)
  local out = {}
  for name, spec in pairs(list or {}) do
    local seen, reason = channel(files, name, spec, stamps)
    if not seen then
      return nil, reason
    end
    out[name] = seen
  end
  return out
end

local IMAGE = { "at", "limits", "on_limit", "etag" }

local function all_images(files, list, stamps)
  local out = {}
  for i, image in ipairs(list or {}) do
    local spec = type(image) == "string" and { path = image } or image
    local path, bytes = spec.path or spec.file, spec.data or spec.string
    local seen, reason = {}, nil
    for _, key in ipairs(IMAGE) do
      seen[key] = spec[key]
    end
    if bytes then
      seen.content = zvm.digest(bytes)
    elseif path then
      seen.content, reason = files:digest(path, nil, stamps)
    else
      reason = "what a descriptor or an address gives is not known"
    end
    if not seen.content then
      return nil, ("image %d: %s"):format(i, reason)
    end
    out[i] = seen
  end
  return out
end

--- The key of a run.
--
-- @tparam table files of M.files
-- @tparam table options of zvm.start, with a loaded module as `program`
-- @treturn[1] string digest
-- @treturn[1] table from path to what M.unchanged compares
-- @treturn[2] nil
-- @treturn[2] string why the run cannot be known by what it is given
function M.key(files, options)
  local stamps, seen = {}, {}
  local channels, reason = all_channels(files, options.channels, stamps)
  if not channels then
    return nil, reason
  end
  local images
  images, reason = all_images(files, options.images, stamps)
  if not images then
    return nil, reason
  end
  for key, value in pairs(options) do
    if not UNSEEN[key] then
      seen[key] = value
    end
  end
  local text
  text, reason = pack.pack { format = FORMAT, version = zvm.VERSION,
    program = options.program:digest(), options = seen, channels = channels,
    images = images }
  if not text then
    return nil, reason
  end
  return zvm.digest(text), stamps
end

return M
