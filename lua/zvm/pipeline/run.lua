--- Runs a graph: instances in workers, rings between them.
--
-- At most `workers` instances run at once, and begin in the order that
-- order.lua gives. One that waits for somebody who has not begun gets him
-- beside these: when all wait, and only then. When all have begun, and all
-- wait, and no ring is full on the circles in which they do, that is a
-- deadlock, whatever else was done in which order before.
--
-- A state of an instance: instance, stage, status ("unbegun", "live",
-- "ended"), session, report, runs.
--
-- `store`, an object, may answer for instances (see docs/pipelines.md): its
-- methods are is_file(edge), edge(edge, way, again), find(instance, options,
-- again), kept(instance, report), close(ok).
--
-- SPDX-License-Identifier: Apache-2.0
local knot = require "zvm.pipeline.knot"
local look = require "zvm.pipeline.look"
local order = require "zvm.pipeline.order"
local reports = require "zvm.report"
local result = require "zvm.pipeline.result"
local wire = require "zvm.pipeline.wire"
local zvm = require "zvm"
local host = zvm.host

local M = {}

local Runner = {}
Runner.__index = Runner

-- How long the looks at who waits are apart: soon after something happened,
-- then ever less often.
local SOONEST, LATEST = 0.0005, 0.1
-- How often a listener hears how far each is.
local PROGRESS = 0.1

local function load_programs(graph)
  local modules, by_path = {}, {}
  for _, stage in ipairs(graph.stages) do
    local program = stage.options.program
    if type(program) == "string" then
      if not by_path[program] then
        local module, message, code, findings = zvm.load(program)
        if not module then
          return nil, stage.where .. ": program: " .. message, code, findings
        end
        by_path[program] = module
      end
      program = by_path[program]
    end
    modules[stage.name] = program
  end
  return modules
end

local function new_runner(graph, options, modules)
  local self = setmetatable({ graph = graph, options = options,
    modules = modules, began = host.now(), states = {}, order = {}, live = {},
    next = 1, left = 0, tick = SOONEST, heard = 0 }, Runner)
  self.wire = wire.new(graph, options.ring, options.store)
  local stages = {}
  for _, stage in ipairs(graph.stages) do
    stages[stage.name] = stage
  end
  for i, instance in ipairs(order.of(graph)) do
    local state = { instance = instance, stage = stages[instance.stage],
      status = "unbegun", runs = 0, edges = {} }
    self.states[instance.name], self.order[i] = state, state
    self.left = self.left + 1
  end
  for n, edge in ipairs(graph.edges) do
    table.insert(self.states[edge.from].edges, n)
    table.insert(self.states[edge.to].edges, n)
  end
  self.look = look.new(graph, self.states)
  return self
end

-- -- Events -----------------------------------------------------------------

function Runner:tell(kind, state, fields)
  if self.options.listener then
    local event = fields or {}
    event.kind, event.instance = kind, state.instance
    event.time = host.now() - self.began
    self.options.listener(event)
  end
end

function Runner:tell_progress()
  local now = host.now()
  if self.options.listener and now - self.heard >= PROGRESS then
    self.heard = now
    for _, state in ipairs(self.live) do
      self:tell("progress", state, { progress = state.session:progress() })
    end
  end
end

-- -- Beginnings -------------------------------------------------------------

-- The pipeline is over: what `outcome` says is why.
function Runner:stop(outcome)
  self.outcome = self.outcome or outcome
end

function Runner:fail(state, report, message)
  local name = state.instance.name
  local text = result.reason(name, report, message)
  self:stop { state = "failed", reason = text,
    failed = { stage = state.stage.name, instance = name, report = report,
      text = text } }
end

-- Whether all that it reads from files is written.
function Runner:is_ready(state)
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

function Runner:options_of(state)
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
function Runner:start(state)
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
  self.tick = SOONEST
  self:tell("start", state)
end

-- The next of those in order that could begin.
function Runner:next_ready()
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

function Runner:start_some()
  while not self.outcome and #self.live < self.options.workers do
    local state = self:next_ready()
    if not state then
      return
    end
    self:start(state)
  end
end

-- -- Ends -------------------------------------------------------------------

-- An edge whose two ends are over needs no ring any more.
function Runner:close_edges(state)
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
      return ("%s: output: %s"):format(state.instance.name, channel.error)
    end
  end
end

function Runner:finish(state, report)
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
  self.wire:finish(state.instance)
end

-- One of the live ones has ended.
function Runner:reap(i)
  local state = table.remove(self.live, i)
  local session = state.session
  local report, message, code = session:wait()
  state.session = nil
  self.tick = SOONEST
  if not report then
    report = reports.refusal(message, code)
  end
  self:tell("end", state, { report = report })
  self:finish(state, report)
end

-- -- Who waits for whom -----------------------------------------------------

-- A ring of a circle is made larger; false if no circle has one.
function Runner:grow(circles, waits)
  local grown, why = false, nil
  for _, circle in ipairs(circles) do
    local wait = knot.smallest_full(circle, waits, function(each)
      return self.wire.pipes[each.edge]:level().size
    end)
    if wait then
      local ok, message = self.wire.pipes[wait.edge]:grow()
      grown, why = grown or ok, why or message
    end
  end
  return grown, why
end

-- Somebody who has not begun, for whom one waits.
function Runner:wanted(waits)
  for _, state in ipairs(self.order) do
    local wait = waits[state.instance.name]
    local whom = wait and self.states[wait.whom]
    if whom and whom.status == "unbegun" and self:is_ready(whom) then
      return whom
    end
  end
  return self:next_ready()
end

function Runner:deadlock(waits, circles, why)
  local list, texts = {}, {}
  for _, state in ipairs(self.order) do
    local wait = waits[state.instance.name]
    if wait then
      list[#list + 1] = { who = wait.who, channel = wait.channel,
        way = wait.way, whom = wait.whom }
    end
  end
  for i, circle in ipairs(circles) do
    texts[i] = knot.text(circle, waits)
  end
  local text = table.concat(texts, ". ") .. (why and ": " .. why or "")
  self:stop { state = "deadlock", reason = text,
    deadlock = { text = text, waits = list } }
end

local function names_of(live)
  local names = {}
  for i, state in ipairs(live) do
    names[i] = state.instance.name
  end
  return names
end

-- Look at who waits, and do what has to be done for them.
function Runner:look_around()
  local waits, waiting = self.look:look(self.live)
  local circles = knot.circles(waits, names_of(self.live))
  local grown, why = self:grow(circles, waits)
  local sure = 0
  for _ in pairs(waits) do
    sure = sure + 1
  end
  if grown then
    self.tick = SOONEST
  elseif sure == #self.live then
    local state = self:wanted(waits)
    if state then
      self:start(state)
    else
      self:deadlock(waits, circles, why)
    end
  elseif waiting == #self.live then
    self.tick = SOONEST -- to be sure
  else
    self.tick = math.min(self.tick * 2, LATEST)
  end
end

-- -- The run ----------------------------------------------------------------

-- Until one ends, or it is time to look.
function Runner:wait()
  local sessions = {}
  for i, state in ipairs(self.live) do
    sessions[i] = state.session
  end
  local seconds = self.tick
  local timeout = self.options.timeout
  if timeout then
    local left = self.began + timeout - host.now()
    if left <= 0 then
      return self:stop { state = "timeout",
        reason = ("%g seconds are over"):format(timeout) }
    end
    seconds = math.min(seconds, left)
  end
  local i = zvm.wait(sessions, seconds)
  if i then
    self:reap(i)
  end
  local signal = host.stopped()
  if signal then
    self:stop { state = "stopped", signal = signal,
      reason = ("signal %d"):format(signal) }
  end
  if not i and not self.outcome and #self.live > 0 then
    self:look_around()
  end
end

function Runner:go()
  while not self.outcome and self.left > 0 do
    self:start_some()
    if not self.outcome and #self.live > 0 then
      self:wait()
      self:tell_progress()
    end
  end
  if not self.outcome then
    local ok, message = self.wire:commit()
    self:stop(ok and { state = "exit" } or { state = "failed",
      reason = message, failed = { text = message } })
  end
end

-- What all had done, and an end of it.
function Runner:end_all()
  local peers = {}
  for _, state in ipairs(self.live) do
    peers[state] = state.session:progress() or { get_bytes = 0,
      put_bytes = 0 }
  end
  self:close()
  return peers
end

function Runner:close()
  for _, state in ipairs(self.live) do
    state.session:close()
  end
  self.live = {}
  self.wire:close()
end

function Runner:report()
  local peers = self:end_all()
  local report = result.new(self.graph, self.outcome, function(instance)
    local state = self.states[instance.name]
    return state.report or result.partial(instance, peers[state])
  end, host.now() - self.began)
  if report.failed then
    report.failed.peers = {}
    for name, each in pairs(report.instances) do
      if name ~= report.failed.instance then
        report.failed.peers[name] = each
      end
    end
  end
  return report
end

--- Run a graph.
--
-- @tparam table graph of zvm.pipeline.graph
-- @tparam table options of zvm.pipeline.options
-- @treturn[1] table report
-- @treturn[2] nil
-- @treturn[2] string message
-- @treturn[2] string code
function M.run(graph, options)
  local modules, message, code, findings = load_programs(graph)
  if not modules then
    return nil, message, code, findings
  end
  local runner = new_runner(graph, options, modules)
  host.hold_stops()
  local ok, report = pcall(function()
    runner:go()
    return runner:report()
  end)
  if not ok then
    runner:close()
  end
  if options.store then
    options.store:close(ok and report.state == "exit")
  end
  host.release_stops()
  if not ok then
    error(report, 0)
  end
  return report
end

return M
