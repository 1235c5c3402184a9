--- Who begins, and when.
--
-- Methods of a runner: see run.lua.
--
-- SPDX-License-Identifier: Apache-2.0
local reports = require "zvm.report"
local result = require "zvm.pipeline.result"
local zvm = require "zvm"

local M = {}

-- Whether all that it reads from files is written.
function M:is_ready(state)
  for _, n in ipairs(state.edges) do
    local edge = self.graph.edges[n]
    if edge.to == state.instance.name and self.states[edge.from] ~= state
      and self.states[edge.from].status ~= "ended"
      and self.options.store and self.options.store:is_file(edge) then
      return false
    end
  end
  return true
end

function M:options_of(state)
  local options = {}
  for key, value in pairs(state.stage.options) do
    options[key] = value
  end
  options.name, options.progress = state.instance.argv0, true
  options.program = self.modules[state.stage.name]
  local message, code
  options.channels, message, code = self.wire:open(state.instance,
    state.runs > 0)
  if not options.channels then
    return nil, message, code
  end
  return options
end

-- Begin one; or have it from the store.
function M:start(state)
  local options, message, code = self:options_of(state)
  local store = self.options.store
  local report = options and store
    and store:find(state.instance, options, state.runs > 0)
  if report then
    state.status = "live"
    self:tell("look-up", state, { report = report })
    return self:finish(state, report)
  end
  local session
  if options then
    session, message, code = zvm.start(options)
  end
  if not session then
    local refusal = result.instance(state.instance,
      reports.refusal(message, code))
    state.status, state.report = "ended", refusal
    self.left = self.left - 1
    return self:fail(state, refusal, message)
  end
  state.session, state.status = session, "live"
  self.live[#self.live + 1] = state
  self:look_soon()
  self:tell("start", state)
end

-- The next of those in order that could begin.
function M:next_ready()
  while self.order[self.next]
    and self.order[self.next].status ~= "unbegun" do
    self.next = self.next + 1
  end
  for i = self.next, #self.order do
    local state = self.order[i]
    if state.status == "unbegun" and self:is_ready(state) then
      return state
    elseif not self.options.store then
      break
    end
  end
end

function M:start_some()
  while not self.outcome and #self.live < self.options.workers do
    local state = self:next_ready()
    if not state then
      return
    end
    self.term:check()
    self:start(state)
  end
end

return M
