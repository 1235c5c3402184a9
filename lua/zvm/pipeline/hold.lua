--- What functions get of the instances' outputs: in the order of the
-- description, whoever is ready first.
--
-- The first output that is not whole yet is handed on at once. The others
-- wait, in memory or, above a limit, in files without names; a function is
-- called as often, and with the same bytes each time, as if they had not.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}
M.__index = M

--- What all outputs together keep in memory.
M.MEMORY = 8 * 1024 * 1024

-- What a write takes there beside its bytes.
local WRITE = 40

--- `at_once`: hand on what can be, before the end.
function M.new(at_once)
  return setmetatable({ sinks = {}, first = 1, held = 0, at_once = at_once },
    M)
end

--- One more output, behind all others. Gives the function for its channel.
function M:add(write, instance)
  local sink = { write = write, instance = instance, chunks = {} }
  self.sinks[#self.sinks + 1] = sink
  return sink
end

-- In a file each write has its size before it: none of it is in memory.
local function to_file(sink, bytes)
  assert(sink.file:write(#bytes, "\n", bytes))
end

local function drop(self, sink)
  for _, chunk in ipairs(sink.chunks) do
    self.held = self.held - #chunk - WRITE
  end
  if sink.file then
    sink.file:close()
  end
  sink.file, sink.chunks = nil, {}
end

local function keep(self, sink, bytes)
  if not sink.file and self.held + #bytes + WRITE > M.MEMORY then
    local chunks = sink.chunks
    drop(self, sink)
    sink.file = assert(io.tmpfile())
    for _, chunk in ipairs(chunks) do
      to_file(sink, chunk)
    end
  end
  if sink.file then
    to_file(sink, bytes)
  else
    sink.chunks[#sink.chunks + 1] = bytes
    self.held = self.held + #bytes + WRITE
  end
end

local function read_write(file)
  local line, message = file:read "*l"
  assert(line or not message, message)
  local size = tonumber(line)
  return size and (size == 0 and "" or assert(file:read(size)))
end

-- Hand on what a sink has kept.
local function replay(self, sink)
  local file = sink.file
  if file then
    assert(file:seek "set")
    local bytes = read_write(file)
    while bytes do
      sink.write(bytes, sink.instance)
      bytes = read_write(file)
    end
  end
  for _, chunk in ipairs(sink.chunks) do
    sink.write(chunk, sink.instance)
  end
  drop(self, sink)
end

-- Go on to the first one that is not whole.
local function advance(self)
  local sink = self.sinks[self.first]
  while sink do
    replay(self, sink)
    if not sink.whole then
      return
    end
    self.first = self.first + 1
    sink = self.sinks[self.first]
  end
end

--- What an instance writes.
function M:put(sink, bytes)
  if self.at_once and sink == self.sinks[self.first] then
    if sink.file or sink.chunks[1] then
      replay(self, sink)
    end
    sink.write(bytes, sink.instance)
  else
    keep(self, sink, bytes)
  end
end

--- An output is whole.
function M:finish(sink)
  sink.whole = true
  if self.at_once and sink == self.sinks[self.first] then
    advance(self)
  end
end

--- Forget what came of an output so far: its instance runs again.
function M:restart(sink)
  drop(self, sink)
end

--- All outputs are whole: hand on what was held.
function M:flush()
  advance(self)
end

function M:close()
  for _, sink in ipairs(self.sinks) do
    drop(self, sink)
  end
end

return M
