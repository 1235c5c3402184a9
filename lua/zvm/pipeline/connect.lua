--- Which instance writes to which: connect joins all of two stages, pipe each
-- with the one of its number.
--
-- SPDX-License-Identifier: Apache-2.0
local check = require "zvm.pipeline.check"
local show = require "zvm.manifest.show"

local M = {}

local function target(where, name, graph)
  local stage = graph.by_name[name]
  if not stage then
    check.fail(where, "no stage is named %s; did you mean %s?",
      show.quote(name), show.quote(show.nearest(name, graph.names)))
  end
  return stage
end

--- Refuse names of stages that are not there, and the same one twice.
function M.check_names(graph)
  for _, stage in ipairs(graph.stages) do
    local has = {}
    for i, name in ipairs(stage.connect) do
      local where = #stage.connect > 1
        and ("%s: connect[%d]"):format(stage.where, i)
        or stage.where .. ": connect"
      target(where, name, graph)
      if has[name] then
        check.fail(where, "%s is connected already", show.quote(name))
      end
      has[name] = true
    end
    if stage.others ~= nil and type(stage.others) ~= "boolean" then
      check.fail(stage.where .. ": others", "boolean expected, got %s",
        show.value(stage.others))
    elseif stage.others and not has[stage.name] then
      check.fail(stage.where .. ": others", "the stage is not connected with "
        .. "itself; connect = %s", show.quote(stage.name))
    end
    if stage.pipe then
      target(stage.where .. ": pipe", stage.pipe, graph)
    end
  end
end

-- Both have as many instances, as soon as it is known of one.
local function agree(stage, other)
  if stage.count and other.count and stage.count ~= other.count then
    check.fail(stage.where .. ": pipe", "as many instances expected of %s "
      .. "as of %s, which has %d, got %d; connect = %s joins each with each",
      other.name, stage.name, stage.count, other.count,
      show.quote(other.name))
  end
  local known = stage.count or other.count
  local news = stage.count ~= other.count
  stage.count, other.count = known, known
  return news
end

--- Counts that are not said: those of the stages that they are piped to.
function M.spread_counts(graph)
  local news = true
  while news do
    news = false
    for _, stage in ipairs(graph.stages) do
      if stage.pipe and agree(stage, graph.by_name[stage.pipe]) then
        news = true
      end
    end
  end
end

local function add(graph, from, to, from_channel, to_channel)
  local edges = graph.edges
  edges[#edges + 1] = { from = from.name, to = to.name,
    from_channel = from_channel, to_channel = to_channel }
end

--- The edges between instances, in the order of the description.
function M.make_edges(graph)
  for _, stage in ipairs(graph.stages) do
    for _, name in ipairs(stage.connect) do
      for _, from in ipairs(stage.instances) do
        for _, to in ipairs(graph.by_name[name].instances) do
          if from ~= to or not stage.others then
            add(graph, from, to, "out/" .. to.name, "in/" .. from.name)
          end
        end
      end
    end
    for i, from in ipairs(stage.pipe and stage.instances or {}) do
      add(graph, from, graph.by_name[stage.pipe].instances[i], "stdout",
        "stdin")
    end
  end
end

return M
