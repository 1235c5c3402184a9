--- What a run depends on, as one digest: the program, and all of its options
-- that it can see, with files by what they hold.
--
-- SPDX-License-Identifier: Apache-2.0
local pack = require "zvm.pipeline.pack"
local term = require "zvm.pipeline.term"
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

local function digest_pieces(limit, file, offset, length)
  file:seek("set", offset)
  local digests = {}
  while length > 0 do
    limit:check()
    local bytes = file:read(math.min(length, PIECE))
    if not bytes then
      break
    end
    digests[#digests + 1] = zvm.digest(bytes)
    length = length - #bytes
  end
  return zvm.digest(table.concat(digests))
end

local function digest_slice(limit, path, offset, length)
  local file, message = io.open(path, "rb")
  if not file then
    return nil, message
  end
  local digest = term.guarded(function()
    file:close()
  end, digest_pieces, limit, file, offset, length)
  file:close()
  return digest
end

--- Files that were looked at: what they held then. `term`: of the run.
local Files = {}
Files.__index = Files

function M.files()
  return setmetatable({ known = {}, fixed = {}, term = term.new() }, Files)
end

--- Say what a file holds that nobody changes any more.
function Files:fix(path, digest)
  self.fixed[path] = digest
end

local function digest_of(files, path, slice)
  if slice then
    return digest_slice(files.term, path, slice[1], slice[2])
  end
  return files.term:digest_file(path)
end

-- Whether a file was changed so short a time ago that another change could
-- have the same time: of such a file its stamp says nothing.
local function is_fresh(stamp)
  local changed = stamp:match ":(%-?%d+)%.%d+$"
  return not changed or tonumber(changed) >= os.time() - 2
end

-- The digest of a regular file, or of a part; nil and why not. `seen` is for
-- files:unchanged.
local function digest_seen(files, path, slice, seen)
  if files.fixed[path] and not slice then
    return files.fixed[path]
  end
  local kind, _, stamp = host.kind(path)
  if kind ~= "file" then
    return nil, path .. " is no regular file"
  end
  local name = slice and ("%s\0%.0f:%.0f"):format(path, slice[1], slice[2])
    or path
  local known, fresh = files.known[name], is_fresh(stamp)
  if not known or known.stamp ~= stamp or known.fresh then
    local digest, message = digest_of(files, path, slice)
    if not digest then
      return nil, message
    end
    known = { path = path, slice = slice, stamp = stamp, digest = digest,
      fresh = fresh }
    files.known[name] = known
  end
  seen[#seen + 1] = known
  return known.digest
end

--- Whether files are as they were.
function Files:unchanged(seen)
  for _, each in ipairs(seen) do
    local _, _, stamp = host.kind(each.path)
    if stamp ~= each.stamp
      or each.fresh and digest_of(self, each.path, each.slice) ~= each.digest
    then
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

local function fields_of(spec)
  local seen = {}
  for _, key in ipairs(FIELDS) do
    seen[key] = spec[key]
  end
  return seen
end

-- What a channel is to its guest, as a plain value; nil and why that is not
-- known.
local function channel(files, name, spec, read)
  if type(spec) == "string" then
    spec = { data = spec }
  end
  for _, key in ipairs(SOURCES) do
    if spec[key] ~= nil then
      return nil, ("channel %s: what %s gives is not known"):format(name, key)
    end
  end
  local seen, mode = fields_of(spec), M.mode(name, spec)
  if spec.data then
    seen.data = zvm.digest(spec.data)
  elseif spec.write then
    seen.write = true
  elseif spec.path and mode == "r" then
    local digest, message = digest_seen(files, spec.path, spec.slice, read)
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

local function all_channels(files, list, scratch, read)
  local out = {}
  for name, spec in pairs(list or {}) do
    local seen, reason
    if scratch[name] then -- an empty file of its own
      seen = fields_of(spec)
      seen.scratch = true
    else
      seen, reason = channel(files, name, spec, read)
    end
    if not seen then
      return nil, reason
    end
    out[name] = seen
  end
  return out
end

local IMAGE = { "at", "limits", "on_limit", "etag" }

local function all_images(files, list, read)
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
      seen.content, reason = digest_seen(files, path, nil, read)
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
-- @tparam table scratch set of the names of channels that are empty files, of
--  this run alone
-- @treturn[1] string digest
-- @treturn[1] table the files that it reads, for files:unchanged
-- @treturn[2] nil
-- @treturn[2] string why the run cannot be known by what it is given
function M.key(files, options, scratch)
  local read, seen = {}, {}
  local channels, reason = all_channels(files, options.channels, scratch,
    read)
  if not channels then
    return nil, reason
  end
  local images
  images, reason = all_images(files, options.images, read)
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
  return zvm.digest(text), read
end

return M
