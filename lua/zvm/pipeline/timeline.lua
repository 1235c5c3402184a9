--- What a run of a pipeline did when: gathered from its events, as plain
-- data.
--
-- An instance's time is parted into spans of one state. How it was between two
-- looks at it is not known: the later look says it for both.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

local Timeline = {}
Timeline.__index = Timeline

-- So many spans of one instance are kept: more would not be seen.
local SPANS = 256

--- A timeline of a run that is about to begin.
--
-- @tparam table graph of zvm.pipeline.graph
-- @treturn table timeline; timeline:event(e) for each event of the run, then
--  timeline:result()
function M.new(graph)
  local self = setmetatable({ rows = {}, by_name = {}, last = 0 }, Timeline)
  for _, stage in ipairs(graph.stages) do
    for _, instance in ipairs(stage.instances) do
      local row = { name = instance.name, stage = stage.name, spans = {},
        get_bytes = 0, put_bytes = 0 }
      self.rows[#self.rows + 1] = row
      self.by_name[instance.name] = row
    end
  end
  return self
end

-- Half as many: of two neighbours the longer one says the state.
local function thin(spans)
  local out = {}
  for i = 1, #spans, 2 do
    local a, b = spans[i], spans[i + 1]
    if b then
      local state = a.stop - a.start >= b.stop - b.start and a.state
        or b.state
      a = { start = a.start, stop = b.stop, state = state }
    end
    local before = out[#out]
    if before and before.state == a.state then
      before.stop = a.stop
    else
      out[#out + 1] = a
    end
  end
  return out
end

-- The row was in this state since the last event of it.
local function extend(row, time, state)
  local last = row.spans[#row.spans]
  local start = last and last.stop or row.start
  if last and last.state == state then
    last.stop = time
  elseif time > start or not last then
    row.spans[#row.spans + 1] = { start = start, stop = time, state = state }
  end
  if #row.spans > SPANS then
    row.spans = thin(row.spans)
  end
end

local function count(row, moved)
  row.get_bytes = moved and moved.get_bytes or row.get_bytes
  row.put_bytes = moved and moved.put_bytes or row.put_bytes
end

local TAKE = {}

function TAKE.start(row, event)
  row.start, row.stop, row.spans = event.time, nil, {}
end

function TAKE.progress(row, event)
  if row.start and not row.stop and event.progress then
    local waits = event.progress.blocked
      or event.progress.state == "waiting" -- for its turn
    extend(row, event.time, waits and "waiting" or "running")
    count(row, event.progress)
  end
end

TAKE["end"] = function(row, event)
  row.start, row.stop = row.start or event.time, event.time
  extend(row, event.time, "running")
  local report = event.report or {}
  row.state, row.code = report.state, report.code
  count(row, report.totals)
end

TAKE["look-up"] = function(row, event)
  TAKE["end"](row, event)
  row.memo = true
end

--- Take an event: { kind, time, instance, report, progress }, its instance one
-- of the graph.
function Timeline:event(event)
  local row = self.by_name[event.instance.name]
  self.last = math.max(self.last, event.time)
  if row and TAKE[event.kind] then
    TAKE[event.kind](row, event)
  end
end

--- What is known: { wall, rows }; a row is { name, stage, start, stop, state,
-- code, memo, get_bytes, put_bytes, spans = { { start, stop, state } } }, with
-- no start if the instance was never run. Times are seconds.
function Timeline:result()
  for _, row in ipairs(self.rows) do
    if row.start and not row.stop then
      extend(row, self.last, "running")
    end
  end
  return { wall = self.last, rows = self.rows }
end

return M
