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

--- `at_once`: hand on what can be, before the end.
function M.new(at_once)
  return setmetatable({ sinks = {}, first = 1, held = 0, at_once = at_once },
    M)
end

--- One more output, behind all others. Gives the function for its channel.
function M:add(write, instance)
  local sink = { write = write, instance = instance, sizes = {}, chunks = {},
    given = 0 }
  self.sinks[#self.sinks + 1] = sink
  return sink
end

local function to_file(sink, bytes)
  if not sink.file then
    sink.file = assert(io.tmpfile())
    assert(sink.file:write(table.concat(sink.chunks)))
    sink.chunks = {}
  end
  assert(sink.file:write(bytes))
end

local function keep(self, sink, bytes)
  sink.sizes[#sink.sizes + 1] = #bytes
  if sink.file or self.held + #bytes > M.MEMORY then
    for _, chunk in ipairs(sink.chunks) do
      self.held = self.held - #chunk
    end
    to_file(sink, bytes)
  else
    sink.chunks[#sink.chunks + 1] = bytes
    self.held = self.held + #bytes
  end
end

local function drop(self, sink)
  for _, chunk in ipairs(sink.chunks) do
    self.held = self.held - #chunk
  end
  if sink.file then
    sink.file:close()
  end
  sink.file, sink.chunks, sink.sizes = nil, {}, {}
end

-- Hand on what a sink has kept.
local function replay(self, sink)
  local file, sizes, chunks = sink.file, sink.sizes, sink.chunks
  if file then
    file:seek "set"
  end
  for i, size in ipairs(sizes) do
    sink.write(file and assert(file:read(size)) or chunks[i], sink.instance)
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
    if #sink.sizes > 0 then
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
