--- Many sandboxed programs as one table: docs/pipelines.md.
--
-- SPDX-License-Identifier: Apache-2.0
local graph = require "zvm.pipeline.graph"
local options = require "zvm.pipeline.options"
local run = require "zvm.pipeline.run"

local M = {}

local Pipeline = {}
Pipeline.__index = Pipeline

--- Check a description, and make a pipeline of it.
--
-- @tparam table description list of stages
-- @treturn[1] table with `graph`, and methods
-- @treturn[2] nil
-- @treturn[2] string message
-- @treturn[2] string code
function M.new(description)
  local checked, message, code = graph.read(description)
  if not checked then
    return nil, message, code
  end
  return setmetatable({ graph = checked }, Pipeline)
end

-- One function for all who want to hear of events.
local function join(listeners)
  if #listeners < 2 then
    return listeners[1]
  end
  return function(event)
    for _, listener in ipairs(listeners) do
      listener(event)
    end
  end
end

-- Those that the options ask for, and the timeline.
local function listen(self, read)
  local listeners, bar = { read.listener }, nil
  local line = require "zvm.pipeline.timeline".new(self.graph)
  listeners[#listeners + 1] = function(event)
    line:event(event)
  end
  if read.progress == true then
    bar = require "zvm.pipeline.progress".new(self.graph, {})
    listeners[#listeners + 1] = function(event)
      bar:event(event)
    end
  elseif read.progress then
    listeners[#listeners + 1] = read.progress
  end
  read.listener = join(listeners)
  return line, bar
end

--- Run it to its end. Any number of times.
--
-- @tparam[opt] table given see docs/pipelines.md
-- @treturn[1] table report
-- @treturn[2] nil
-- @treturn[2] string message
-- @treturn[2] string code
function Pipeline:run(given)
  local read, message, code = options.read(given)
  if not read then
    return nil, message, code
  end
  local line, bar = listen(self, read)
  if (read.memo or read.verify) and not read.store then
    read.store, message, code = require "zvm.pipeline.memo".open(self.graph,
      { memo = read.memo, verify = read.verify })
    if not read.store then
      return nil, message, code
    end
  end
  local ok, report, why, kind, findings = pcall(run.run, self.graph, read)
  if bar then
    bar:finish()
  end
  if not ok then
    error(report, 0)
  elseif not report then
    return nil, why, kind, findings
  end
  report.timeline = line:result()
  return report
end

--- The graph for Graphviz.
function Pipeline:dot()
  return require "zvm.pipeline.dot".format(self.graph)
end

return setmetatable(M, {
  __call = function(_, description)
    return M.new(description)
  end,
})
