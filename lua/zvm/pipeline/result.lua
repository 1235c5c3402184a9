--- What p:run gives: plain tables, with methods in a metatable.
--
-- SPDX-License-Identifier: Apache-2.0
local reports = require "zvm.report"

local M = {}

local Report = {}
Report.__index = Report

M.TAIL = 400

-- A summary without the backtrace of a fault.
local function first_line(report)
  return reports.summary(report):match "^[^\n]*"
end

--- Lines for people: how it ended, then one for each instance.
function Report:text()
  local out = { self.state == "exit" and "exit"
    or ("%s: %s"):format(self.state, self.reason or "") }
  for _, stage in ipairs(self.stages) do
    for _, instance in ipairs(stage.instances) do
      out[#out + 1] = ("  %-16s %s"):format(instance.name,
        M.ending(instance))
    end
  end
  return table.concat(out, "\n")
end

--- Whether a value is what p:run gave.
function M.is_report(value)
  return getmetatable(value) == Report
end

--- A picture of who ran when.
function Report:svg(path)
  return require "zvm.pipeline.svg".write(self, path)
end

--- How an instance ended, or what it had done when all was stopped.
function M.ending(report)
  if report.state == "unbegun" then
    return "did not begin"
  elseif report.state == "unfinished" then
    return ("was stopped, after %.0f bytes in and %.0f out"):format(
      report.get_bytes, report.put_bytes)
  end
  return first_line(report)
end

-- The end of what a guest said, as one line.
local function tail(report)
  local stderr = report.channels and report.channels.stderr
  local data = stderr and stderr.data or ""
  data = data:sub(-M.TAIL):gsub("%s+$", ""):gsub("[%c\127-\255]+", function(s)
    return s:find "^\n+$" and " | " or "?"
  end)
  return data ~= "" and ": " .. data or ""
end

--- Why an instance that ended makes the pipeline fail, in words.
function M.reason(name, report, message)
  return name .. ": " .. (message or first_line(report) .. tail(report))
end

-- Channels under the names that the graph has for them.
local function rename(channels)
  local out = {}
  for key, channel in pairs(channels) do
    out[key:match "^/dev/(.+)$" or key] = channel
  end
  return out
end

--- The report of an instance from that of its run.
function M.instance(instance, report)
  report.name, report.index = instance.name, instance.index
  report.channels = rename(report.channels or {})
  if report.channel then
    report.channel = report.channel:match "^/dev/(.+)$" or report.channel
  end
  return report
end

--- Of one that had not ended; `progress` nil: it had not begun.
function M.partial(instance, progress)
  return { name = instance.name, index = instance.index,
    state = progress and "unfinished" or "unbegun",
    get_bytes = progress and progress.get_bytes,
    put_bytes = progress and progress.put_bytes,
    channels = progress and rename(progress.channels or {}) or {} }
end

local function add_times(sum, times)
  for _, key in ipairs { "user", "system" } do
    sum[key] = sum[key] + (times and times[key] or 0)
  end
end

-- What was kept in memory of an instance's outputs.
local function add_outputs(outputs, instance, report)
  for _, output in ipairs(instance.outputs) do
    local channel = output.buffer and report.channels[output.channel]
    if channel and channel.data then
      outputs[output.channel == "stdout" and instance.name
        or instance.name .. ":" .. output.channel] = channel.data
    end
  end
end

--- The report of a pipeline. `outcome`: state, reason, failed, deadlock,
-- signal, as far as there are; `of(instance)`: an instance's report.
function M.new(graph, outcome, of, wall)
  local report = setmetatable({ stages = {}, instances = {}, outputs = {},
    times = { wall = wall, user = 0, system = 0 } }, Report)
  for key, value in pairs(outcome) do
    report[key] = value
  end
  for i, stage in ipairs(graph.stages) do
    local list = {}
    for k, instance in ipairs(stage.instances) do
      local each = of(instance)
      list[k], report.instances[instance.name] = each, each
      add_times(report.times, each.times)
      if report.state == "exit" then
        add_outputs(report.outputs, instance, each)
      end
    end
    report.stages[i] = { name = stage.name, count = stage.count,
      instances = list }
  end
  return report
end

return M
