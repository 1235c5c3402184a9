--- How a run of a pipeline gets on, for people, from its events: a line a
-- stage, drawn again in place on a terminal; elsewhere a line now and then.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "zvm".host
local symbols = require "zvm.symbols"
local units = require "zvm.pipeline.units"
local utf8 = require "zvm.utf8"

local M = {}

local Progress = {}
Progress.__index = Progress

local DRAW = 0.1 -- seconds between two pictures on a terminal
local SAY = 5 -- seconds between two lines elsewhere
local RATE = 1 -- seconds over which a rate is taken
local STAGES = 20 -- lines on a terminal

--- Show a run that is about to begin.
--
-- @tparam table graph of zvm.pipeline.graph
-- @tparam[opt] table options `out`: where it is shown (standard error);
--  `columns`: how wide that is, false where it is no terminal
-- @treturn table progress; progress:event(e) for each event of the run, then
--  progress:finish()
function M.new(graph, options)
  options = options or {}
  local columns = options.columns
  local ours = columns == nil and options.out == nil
  if ours then
    columns = host.columns()
  end
  local self = setmetatable({ out = options.out or io.stderr,
    columns = columns or nil, measured = ours, stages = {}, by_name = {},
    lines = 0, drawn = -math.huge, time = 0 }, Progress)
  for i, stage in ipairs(graph.stages) do
    local line = { name = M.shown(stage.name), count = stage.count, done = 0,
      failed = 0, looked_up = 0, get_bytes = 0, put_bytes = 0, live = {},
      marks = {} }
    self.stages[i] = line
    for _, instance in ipairs(stage.instances) do
      self.by_name[instance.name] = line
    end
  end
  return self
end

--- A name on a terminal.
function M.shown(name)
  return symbols.shown(utf8.clean(name))
end

-- -- What is known ----------------------------------------------------------

local TAKE = {}

function TAKE.start(line, event)
  line.live[event.instance.name] = { get_bytes = 0, put_bytes = 0 }
  line.begun = line.begun or event.time
end

-- Counters may be a stranger's; they never run back.
local function count(line, instance, moved)
  local known = line.live[instance] or { get_bytes = 0, put_bytes = 0 }
  for _, key in ipairs { "get_bytes", "put_bytes" } do
    local news = math.max(moved[key] or 0, known[key])
    line[key] = line[key] + news - known[key]
    known[key] = news
  end
  line.live[instance] = known
end

function TAKE.progress(line, event)
  local moved = event.progress
  if moved and line.live[event.instance.name] then
    count(line, event.instance.name, moved)
    line.live[event.instance.name].waits = moved.blocked ~= nil
      or moved.state == "waiting" -- for its turn
  end
end

TAKE["end"] = function(line, event)
  local report = event.report or {}
  if report.totals then
    count(line, event.instance.name, report.totals)
  end
  line.live[event.instance.name] = nil
  line.begun, line.last = line.begun or event.time, event.time
  line.done = line.done + 1
  if report.state ~= "exit" then
    line.failed = line.failed + 1
    line.why = report.state
  end
end

TAKE["look-up"] = function(line, event)
  line.looked_up = line.looked_up + 1
  TAKE["end"](line, event)
end

local function state_of(line)
  if line.failed > 0 then
    return line.why or "failed"
  elseif line.done >= line.count then
    return line.looked_up == line.count and "looked up" or "done"
  elseif not line.begun then
    return "-"
  end
  for _, each in pairs(line.live) do
    if not each.waits then
      return "running"
    end
  end
  return next(line.live) and "waiting" or "queued"
end

-- Bytes a second, of what came in and what went out, of late; at the end, of
-- all its time.
local function rate_of(line, now)
  local moved = line.get_bytes + line.put_bytes
  if not line.begun then
    return nil
  elseif line.done >= line.count then
    local took = line.last - line.begun
    return took > 0 and moved / took or nil
  end
  local marks = line.marks
  marks[#marks + 1] = { time = now, moved = moved }
  while #marks > 2 and marks[2].time <= now - RATE do
    table.remove(marks, 1)
  end
  local took = now - marks[1].time
  return took > 0 and (moved - marks[1].moved) / took or nil
end

-- -- Lines ------------------------------------------------------------------

-- What a line says, most important first.
local function fields(line, now)
  local rate = rate_of(line, now)
  return { ("%-9s"):format(state_of(line)),
    ("%7s"):format(("%d/%d"):format(line.done, line.count)),
    ("in %8s"):format(units.bytes(line.get_bytes)),
    ("out %8s"):format(units.bytes(line.put_bytes)),
    rate and ("%8s/s"):format(units.bytes(rate)) or nil }
end

-- Characters that a name takes: each counts as one.
local function shorten(name, width)
  local n, at = 0, 1
  while at <= #name do
    local last = utf8.sequence_end(name, at) or at
    n = n + 1
    if n > width then
      return name:sub(1, at - 1), width
    end
    at = last + 1
  end
  return name, n
end

-- One line of at most `columns` characters: fields that do not fit are left
-- out, the last first.
local function line_of(line, now, columns, width)
  local name, length = shorten(line.name, math.min(width, columns))
  local text, used = name .. (" "):rep(width - length), width
  if used >= columns then
    return name
  end
  for _, field in ipairs(fields(line, now)) do
    if used + 2 + #field > columns then
      break
    end
    text, used = text .. "  " .. field, used + 2 + #field
  end
  return text
end

local function name_width(self)
  local width = 4
  for _, line in ipairs(self.stages) do
    local _, length = shorten(line.name, 24)
    width = math.max(width, length)
  end
  return width
end

-- -- A terminal -------------------------------------------------------------

-- Of many stages those are shown that are under way.
local function chosen(self)
  if #self.stages <= STAGES then
    return self.stages
  end
  local list = {}
  for _, wanted in ipairs { true, false } do
    for _, line in ipairs(self.stages) do
      local under_way = line.begun ~= nil and line.done < line.count
      if under_way == wanted and #list < STAGES then
        list[#list + 1] = line
      end
    end
  end
  return list
end

-- The last column stays free: in it some terminals break the line.
local function draw(self)
  if self.measured then
    self.columns = host.columns() or self.columns
  end
  local columns, out = math.max(1, self.columns - 1), {}
  local width = name_width(self)
  if self.lines > 0 then
    out[1] = ("\27[%dA"):format(self.lines)
  end
  local list = chosen(self)
  for _, line in ipairs(list) do
    out[#out + 1] = "\r" .. line_of(line, self.time, columns, width)
      .. "\27[K\n"
  end
  self.lines, self.drawn = #list, self.time
  self.out:write(table.concat(out))
  self.out:flush()
end

-- -- Elsewhere --------------------------------------------------------------

local function say(self, line)
  local words = table.concat(fields(line, self.time), ", ")
    :gsub(" +", " "):gsub(" ,", ",")
  self.out:write(("%s: %s: %s\n"):format(units.time(self.time), line.name,
    words))
  self.out:flush()
end

local function say_now_and_then(self, line, event)
  if event.kind == "end" or event.kind == "look-up" then
    if line.done == line.count then
      say(self, line)
      self.drawn = self.time
      return
    end
  end
  self.drawn = math.max(self.drawn, 0)
  if self.time - self.drawn >= SAY then
    for _, each in ipairs(self.stages) do
      if next(each.live) then
        say(self, each)
      end
    end
    self.drawn = self.time
  end
end

--- Take an event: { kind, time, instance, report, progress }, its instance one
-- of the graph.
function Progress:event(event)
  local line = self.by_name[event.instance.name]
  self.time = math.max(self.time, event.time)
  if not line or not TAKE[event.kind] or self.finished then
    return
  end
  TAKE[event.kind](line, event)
  if not self.columns then
    say_now_and_then(self, line, event)
  elseif self.time - self.drawn >= DRAW then
    draw(self)
  end
end

--- The run is over, however: show how it was left. Twice is fine.
function Progress:finish()
  if not self.finished and self.columns then
    draw(self)
  end
  self.finished = true
end

return M
