--- Runs a graph: instances in workers, rings between them.
--
-- At most `workers` instances run at once, and begin in the order that
-- order.lua gives. One that waits for another one leaves its place to whom it
-- waits for, if that one has not begun. When all have begun, and all
-- wait, and no ring is full on the circles in which they do, that is a
-- deadlock, whatever else was done in which order before.
--
-- A state of an instance: instance, stage, place (in the order), status
-- ("unbegun", "live", "ended"), session, report, runs, edges (numbers).
-- `outcome` is there when it is over; `blamed` is the state of who failed.
--
-- `store`, an object, may answer for instances (see docs/pipelines.md): its
-- methods are is_file(edge), edge(edge, way, again), find(instance, options,
-- again), kept(instance, report), close(ok); and, if it has one, begin(term),
-- with how long the run may last (zvm.pipeline.term).
--
-- SPDX-License-Identifier: Apache-2.0
local look = require "zvm.pipeline.look"
local order = require "zvm.pipeline.order"
local result = require "zvm.pipeline.result"
local term = require "zvm.pipeline.term"
local wire = require "zvm.pipeline.wire"
local zvm = require "zvm"
local host = zvm.host

local M = {}

local Runner = {}
Runner.__index = Runner

for _, part in ipairs { "starts", "ends", "waits" } do
  for name, method in pairs(require("zvm.pipeline." .. part)) do
    Runner[name] = method
  end
end

-- How long the looks at who waits are apart: soon after something happened,
-- then ever less often.
local SOONEST, LATEST = 0.0005, 0.03
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
    next = 1, left = 0, tick = SOONEST,
    heard = host.now() }, Runner)
  self.term = term.new(options.timeout)
  self.wire = wire.new(graph, options.ring, options.store, self.term)
  local stages = {}
  for _, stage in ipairs(graph.stages) do
    stages[stage.name] = stage
  end
  for i, instance in ipairs(order.of(graph)) do
    local state = { instance = instance, stage = stages[instance.stage],
      status = "unbegun", runs = 0, edges = {}, place = i }
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

-- -- The run ----------------------------------------------------------------

function Runner:look_soon()
  self.tick = SOONEST
end

function Runner:look_later()
  self.tick = math.min(self.tick * 2, LATEST)
end

-- Until one ends, or it is time to look.
function Runner:wait()
  local sessions = {}
  for i, state in ipairs(self.live) do
    sessions[i] = state.session
  end
  self.term:check()
  local i = zvm.wait(sessions, math.max(0, math.min(self.tick,
    self.term:left())))
  if i then
    self:reap(self.live[i])
  end
  local stopped = term.stopped()
  if stopped then
    self:stop(stopped)
  end
  if not i and not self.outcome and #self.live > 0 then
    self:look_around()
  end
end

function Runner:go_on()
  while not self.outcome and self.left > 0 do
    self:start_some()
    if not self.outcome and #self.live > 0 then
      self:wait()
      self:tell_progress()
    end
  end
  if self.blamed then
    self:hear_sources()
  end
end

function Runner:go()
  local went, problem = pcall(self.go_on, self)
  local over = not went and term.caught(problem)
  if over then
    self:stop(over)
  elseif not went then
    error(problem, 0)
  end
  if not self.outcome then
    local ok, failed = self.wire:commit()
    self:stop(ok and { state = "exit" } or { state = "failed",
      reason = failed.text, failed = failed })
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

-- The runner; or nil, message, code, findings.
local function make_ready(graph, options)
  local modules, message, code, findings = load_programs(graph)
  if not modules then
    return nil, message, code, findings
  end
  local runner = new_runner(graph, options, modules)
  if options.store and options.store.begin then
    options.store:begin(runner.term)
  end
  return runner
end

--- Run a graph. The store is closed, however that goes.
--
-- @tparam table graph of zvm.pipeline.graph
-- @tparam table options of zvm.pipeline.options
-- @treturn[1] table report
-- @treturn[2] nil
-- @treturn[2] string message
-- @treturn[2] string code
function M.run(graph, options)
  local store = options.store
  local ready, runner, message, code, findings = pcall(make_ready, graph,
    options)
  if not ready or not runner then
    if store then
      store:close(false)
    end
    if not ready then
      error(runner, 0)
    end
    return nil, message, code, findings
  end
  host.hold_stops()
  local ok, report = pcall(function()
    runner:go()
    return runner:report()
  end)
  if not ok then
    runner:close()
  end
  local closed, why = true, nil
  if store then
    closed, why = pcall(store.close, store, ok and report.state == "exit")
  end
  host.release_stops()
  if not ok then
    error(report, 0)
  elseif not closed then
    error(why, 0)
  end
  return report
end

return M
