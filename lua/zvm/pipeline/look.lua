--- What the instances that run wait for, found out by looking twice.
--
-- An instance that waits says at which turn it does: one that is the same in
-- two looks lasted from the one to the other. If that is so of several, they
-- all waited at the moment between. What a worker says is hostile: a lie only
-- makes a ring larger, or ends its own pipeline.
--
-- A worker that has been woken, and was given no time since, does not count as
-- one that waits: session:progress looks at the ring itself.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}
M.__index = M

--- For one run of a graph. `states`: by name, see run.lua.
function M.new(graph, states)
  local self = setmetatable({ graph = graph, states = states, edges = {},
    turns = {} }, M)
  for n, edge in ipairs(graph.edges) do
    self.edges[edge.from .. "\0" .. edge.from_channel] = n
    self.edges[edge.to .. "\0" .. edge.to_channel] = n
  end
  return self
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
    if wait and self.states[wait.whom].status ~= "ended" then
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
