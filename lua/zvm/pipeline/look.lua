--- What the instances that run wait for, found out by looking twice.
--
-- An instance that waits says at which turn it does: one that is the same in
-- two looks lasted from the one to the other. If that is so of several, they
-- all waited at the moment between. What a worker says is hostile: a lie only
-- makes a ring larger, or ends its own pipeline.
--
-- A worker that has been woken, and was given no time since, still says that
-- it waits. So the ring counts: who reads waits if it is empty and will be
-- written, who writes if it is full and will be read.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}
M.__index = M

--- `states`: from instance name to its state, see run.lua.
function M.new(graph, states, pipes)
  local self = setmetatable({ graph = graph, states = states, pipes = pipes,
    edges = {}, turns = {} }, M)
  for n, edge in ipairs(graph.edges) do
    self.edges[edge.from .. "\0" .. edge.from_channel] = n
    self.edges[edge.to .. "\0" .. edge.to_channel] = n
  end
  return self
end

local function ended(state)
  return state.status == "ended"
end

-- Whether what an instance waits for has not come meanwhile.
local function still(self, n, way, whom)
  local pipe = self.pipes[n]
  local level = pipe and pipe:level()
  if not level or ended(self.states[whom]) then
    return false
  end
  if way == "get" then
    return level.used == 0
  end
  return level.used >= level.size
end

-- What an instance waits for, by its progress; nil if it does not, or for
-- what is not of the graph.
local function read_wait(self, state, progress)
  local blocked = progress and progress.blocked
  if not blocked then
    return nil
  end
  local name = state.instance.name
  local channel = blocked.channel:match "^/dev/(.+)$" or blocked.channel
  local n = self.edges[name .. "\0" .. channel]
  if not n then
    return nil
  end
  local edge, way = self.graph.edges[n], blocked.way
  return { who = name, channel = channel, way = way, edge = n,
    whom = way == "get" and edge.from or edge.to, turn = blocked.turn }
end

--- Look at `live` (a list of states). Gives the waits that were there at the
-- last look too, by name, and how many of `live` wait, sure or not.
function M:look(live)
  local sure, turns, waiting = {}, {}, 0
  for _, state in ipairs(live) do
    local wait = read_wait(self, state, state.session:progress())
    if wait and still(self, wait.edge, wait.way, wait.whom) then
      waiting = waiting + 1
      turns[wait.who] = wait.turn
      if self.turns[wait.who] == wait.turn then
        sure[wait.who] = wait
      end
    end
  end
  self.turns = turns
  return sure, waiting
end

return M
