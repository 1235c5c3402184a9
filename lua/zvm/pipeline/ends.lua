--- Who ended, how, and whose fault it is.
--
-- Methods of a runner: see run.lua.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "zvm".host
local reports = require "zvm.report"
local result = require "zvm.pipeline.result"
local zvm = require "zvm"

-- How long those are waited for who may have failed before.
local HEARING = 2

local M = {}

-- The pipeline is over: what `outcome` says is why.
function M:stop(outcome)
  self.outcome = self.outcome or outcome
end

-- Of several who failed, the first in the order of beginnings is told of: the
-- others may have failed because their inputs ended.
function M:fail(state, report, message)
  local name = state.instance.name
  local text = result.reason(name, report, message)
  if not self.outcome or self.blamed and state.place < self.blamed.place then
    self.blamed = state
    self.outcome = { state = "failed", reason = text,
      failed = { stage = state.stage.name, instance = name, report = report,
        text = text } }
  end
end

-- An edge whose two ends are over needs no ring any more.
function M:close_edges(state)
  for _, n in ipairs(state.edges) do
    local edge = self.graph.edges[n]
    if self.states[edge.from].status == "ended"
      and self.states[edge.to].status == "ended" then
      self.wire:close_edge(n)
    end
  end
end

-- Whether a file that was written could not be: the host's failure.
local function lost_output(state)
  for _, output in ipairs(state.instance.outputs) do
    local channel = state.report.channels[output.channel]
    if channel and channel.error then
      return "output: " .. channel.error
    end
  end
end

function M:finish(state, report)
  local store = self.options.store
  report = result.instance(state.instance, report)
  state.report, state.session = report, nil
  if report.state == "stopped" then
    state.status, self.left = "ended", self.left - 1
    return self:stop { state = "stopped", signal = report.signal,
      reason = ("signal %d"):format(report.signal) }
  end
  local good = report.state == "exit" and state.stage.codes[report.code]
  local lost = good and lost_output(state)
  local kept, why
  if good and not lost and store then
    kept, why = store:kept(state.instance, report)
    lost = kept == false and why or nil
  end
  if kept == "again" then
    state.status, state.runs = "unbegun", state.runs + 1
    self.wire:restart(state.instance)
    return self:start(state)
  end
  state.status, self.left = "ended", self.left - 1
  self:close_edges(state)
  if not good or lost then
    return self:fail(state, report, lost or nil)
  end
  if not self.outcome then
    self.wire:finish(state.instance)
  end
end

-- A live one has ended.
function M:reap(state)
  for i, each in ipairs(self.live) do
    if each == state then
      table.remove(self.live, i)
      break
    end
  end
  local session = state.session
  local report, message, code = session:wait()
  state.session = nil
  self:look_soon()
  if not report then
    report = reports.refusal(message, code)
  end
  self:tell("end", state, { report = report })
  self:finish(state, report)
end

-- Whether it writes no more to somebody, and so is about to end.
function M:is_ending(state)
  for _, n in ipairs(state.edges) do
    local pipe = self.wire.pipes[n]
    if pipe and self.graph.edges[n].from == state.instance.name
      and pipe:level().writer == "ended" then
      return true
    end
  end
  return false
end

-- The live ones from whom bytes may have come to `state`, and who are ending.
function M:ending_sources(state, seen, list)
  seen[state], list = true, list or {}
  for _, n in ipairs(state.edges) do
    local edge = self.graph.edges[n]
    local from = self.states[edge.from]
    if not seen[from] then
      if from.status == "live" and self:is_ending(from) then
        list[#list + 1] = from
      end
      self:ending_sources(from, seen, list)
    end
  end
  return list
end

-- One has failed: hear those out who may have failed before it.
function M:hear_sources()
  local till = host.now() + HEARING
  repeat
    local list = self:ending_sources(self.blamed, {})
    local sessions = {}
    for i, state in ipairs(list) do
      sessions[i] = state.session
    end
    local i = #list > 0 and zvm.wait(sessions, till - host.now())
    if i then
      self:reap(list[i])
    end
  until not i or host.now() >= till
end

return M
