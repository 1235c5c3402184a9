--- Contents by their digest, and results by theirs, in a directory.
--
-- DIRECTORY/contents/<SHA-256>   bytes
-- DIRECTORY/results/<key>        a packed value, and a line with its digest
-- DIRECTORY/.zvm-<letters>       what is being written
--
-- Files take their names when they are whole, so any number of processes may
-- share a directory. What is read is as good as none if its digest is another
-- one. Nobody but this user and root may write here: zvm.host.own.
--
-- SPDX-License-Identifier: Apache-2.0
local pack = require "zvm.pipeline.pack"
local term = require "zvm.pipeline.term"
local zvm = require "zvm"
local host = zvm.host

local M = {}

local Contents = {}
Contents.__index = Contents

--- Open a directory, which is made if it is missing. `term` of what it gives
-- may be set to that of a run: see zvm.pipeline.term.
--
-- @tparam string path
-- @treturn[1] table
-- @treturn[2] nil
-- @treturn[2] string message
-- @treturn[2] string code
function M.open(path)
  for _, each in ipairs { path, path .. "/contents", path .. "/results" } do
    local ok, message, code = host.own(each)
    if not ok then
      return nil, message, code
    end
  end
  return setmetatable({ path = path, term = term.new() }, Contents)
end

--- A new file without a name that counts.
function Contents:temporary()
  local _, path = host.beside(self.path .. "/x")
  return path, not path and _ or nil
end

--- Where a content is.
function Contents:place(digest)
  return self.path .. "/contents/" .. digest
end

-- Give a temporary file its name.
local function settle(temporary, ok, place)
  ok = ok and os.rename(temporary, place)
  if not ok then
    os.remove(temporary)
  end
  return ok and true or nil
end

--- Whether a content is there, whole. One that is damaged is removed.
function Contents:has(digest)
  local place = self:place(digest)
  local is = host.kind(place) == "file" and self.term:digest_file(place)
  if is and is ~= digest then
    os.remove(place)
  end
  return is == digest
end

--- Keep what a file holds, whose digest is known: a copy, or with `move` the
-- file itself.
function Contents:put_file(path, digest, move)
  local place = self:place(digest)
  if self:has(digest) then
    if move then
      os.remove(path)
    end
    return true
  elseif move then
    return os.rename(path, place) and true or nil
  end
  local temporary = self:temporary()
  return temporary and settle(temporary, term.guarded(function()
    os.remove(temporary)
  end, function()
    return self.term:copy_file(path, temporary)
      and self.term:digest_file(temporary) == digest
  end), place)
end

local function write_file(path, bytes)
  local file = io.open(path, "wb")
  local ok = file and file:write(bytes)
  return file and file:close() and ok
end

--- Keep bytes; gives their digest, or nil.
function Contents:put(bytes)
  local digest = zvm.digest(bytes)
  if self:has(digest) then
    return digest
  end
  local temporary = self:temporary()
  return temporary and settle(temporary, write_file(temporary, bytes),
    self:place(digest)) and digest or nil
end

local function read_file(path)
  local file = host.kind(path) == "file" and io.open(path, "rb")
  local bytes = file and file:read "*a"
  if file then
    file:close()
  end
  return bytes
end

--- The bytes of a content, or nil.
function Contents:get(digest)
  local bytes = read_file(self:place(digest))
  return bytes and zvm.digest(bytes) == digest and bytes or nil
end

--- Keep a result, a plain value, by its key.
function Contents:put_result(key, value)
  local text = pack.pack { key = key, value = value }
  local temporary = text and self:temporary()
  return temporary and settle(temporary, write_file(temporary,
    text .. "\n" .. zvm.digest(text) .. "\n"),
    self.path .. "/results/" .. key)
end

--- The result of a key; nil if there is none that is whole.
function Contents:get_result(key)
  local bytes = read_file(self.path .. "/results/" .. key)
  local text, digest = (bytes or ""):match "^(.*)\n(%x+)\n$"
  local entry = text and zvm.digest(text) == digest and pack.unpack(text)
  if type(entry) == "table" and entry.key == key then
    return entry.value
  end
end

return M
