--- What a function is given, written down: so that it can be given the same
-- again, in the same pieces.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

local Tee = {}
Tee.__index = Tee

--- A tee that writes to a file at `path`, which it owns; or nil and a
-- message.
function M.new(path)
  local file, message = io.open(path, "wb")
  return file and setmetatable({ path = path, file = file, sizes = {} },
    Tee), message
end

--- The function that takes the place of `write`.
function Tee:wrap(write)
  return function(bytes)
    local ok, message = self.file:write(bytes)
    self.wrong = self.wrong or not ok and message or nil
    local last = self.sizes[#self.sizes]
    if last and last[1] == #bytes then
      last[2] = last[2] + 1
    else
      self.sizes[#self.sizes + 1] = { #bytes, 1 }
    end
    return write(bytes)
  end
end

local function settle(self)
  if self.file then
    local file = self.file
    self.file = nil
    local ok, message = file:close()
    self.wrong = self.wrong or not ok and message or nil
  end
  return not self.wrong, self.wrong and self.path .. ": " .. self.wrong
end

--- The digest of all bytes; or nil and a message. `term`: of the run.
function Tee:digest(term)
  local ok, message = settle(self)
  if not ok then
    return nil, message
  end
  return term:digest_file(self.path)
end

--- The sizes of the pieces: { size, how often }, a list.
function Tee:pieces()
  return self.sizes
end

--- Keep the bytes, of this digest, as a content.
function Tee:keep(shelf, digest)
  return settle(self) and shelf:put_file(self.path, digest, true)
end

--- Forget it. Twice is fine.
function Tee:close()
  settle(self)
  os.remove(self.path)
end

--- Give `write` what is in a file, in these pieces.
function M.replay(path, pieces, write, term)
  local file = assert(io.open(path, "rb"))
  local ok, message = pcall(function()
    for _, each in ipairs(pieces) do
      for _ = 1, each[2] do
        term:check()
        write((assert(file:read(each[1]), "it has become shorter")))
      end
    end
  end)
  file:close()
  if not ok then
    error(message, 0)
  end
end

return M
