--- What came of a call: from a report, and from bytes that the guest wrote.
--
-- SPDX-License-Identifier: Apache-2.0
local reports = require "zvm.report"
local request = require "zvm.lua.request"
local values = require "zvm.lua.values"

local M = {}

local MOST = 1000 -- results; Lua's stack ends somewhere

local function fail(outcome, code, message)
  outcome.ok, outcome.code, outcome.message = false, code, message
  return outcome
end

-- -- Runs that were ended ---------------------------------------------------

local function limit(outcome, report, job)
  if report.channel == request.REPLY then
    return fail(outcome, "LIMIT", ("the results are larger than %s (results)")
      :format(tostring(job.results)))
  elseif report.limit == "put_bytes" and (report.channel == "stdout"
    or report.channel == "stderr") then
    return fail(outcome, "LIMIT", ("what the chunk wrote to %s is larger than "
      .. "%s (results)"):format(report.channel, tostring(job.results)))
  elseif report.limit == "cpu" then
    return fail(outcome, "LIMIT", ("the chunk took more than %s of processor "
      .. "time (cpu)"):format(type(job.run.cpu) == "number"
      and job.run.cpu .. " s" or job.run.cpu))
  end
  return fail(outcome, "LIMIT", ("the chunk met a limit: %s%s"):format(
    report.limit, report.channel and " of " .. report.channel or ""))
end

local function ended(outcome, report, job)
  if report.state == "limit" then
    return limit(outcome, report, job)
  elseif report.state == "timeout" then
    return fail(outcome, "TIMEOUT", "the chunk took longer than its timeout")
  end
  return fail(outcome, report.state:upper(), "the chunk's run ended: "
    .. (reports.summary(report):match "^[^\n]*"))
end

-- -- Runs that said something -------------------------------------------------

local function drop_results(outcome)
  for i = 1, MOST do
    outcome[i] = nil
  end
  return outcome
end

local function no_memory(outcome, job)
  return fail(outcome, "LIMIT", ("not enough memory (memory = %s)"):format(
    tostring(job.run.memory)))
end

local function read_results(outcome, reader, n, job)
  if n > MOST then
    return fail(outcome, "VALUE", ("%d results; at most %d are possible")
      :format(n, MOST))
  end
  for i = 1, n do
    local ok, value = values.read(reader)
    if not ok then
      for j = 1, i do
        outcome[j] = nil
      end
      if value == "not enough memory" then -- while it wrote them
        return no_memory(outcome, job)
      end
      return fail(outcome, "VALUE", value)
    end
    outcome[i] = value
  end
  outcome.ok, outcome.n = true, n
  return outcome
end

local function read_error(outcome, reader)
  local ok, message = values.read(reader)
  if not ok or type(message) ~= "string" then
    return fail(outcome, "VALUE", "the reply is damaged: no message")
  end
  ok, outcome.error = values.read(reader)
  if not ok then
    outcome.error = nil
  end
  return fail(outcome, "ERROR", message)
end

local function said(outcome, bytes, job)
  local letter, n, at = bytes:match "^([REM])(%d*)\n()"
  local reader = at and values.reader(bytes, at, job.seconds)
  if letter == "M" then
    return no_memory(outcome, job)
  elseif letter == "E" then
    return read_error(outcome, reader)
  elseif letter == "R" and #n > 0 and #n < 8 then
    return read_results(outcome, reader, tonumber(n), job)
  end
  return fail(outcome, "VALUE", "the reply is damaged: it is of no kind")
end

-- What Lua and LuaJIT say when the host's memory, or a table or a string of it,
-- has no more room.
local NO_ROOM = { "not enough memory", "block too big", "table overflow",
  "string length overflow", "stack overflow" }

local function is_memory(message)
  for _, text in ipairs(NO_ROOM) do
    if type(message) == "string" and message:find(text, 1, true) then
      return true
    end
  end
  return false
end

--- The outcome of a run: see zvm.lua's run.
function M.read(report, job)
  local channels = report.channels
  local outcome = { report = report, output = channels.stdout.data }
  if report.state ~= "exit" then
    return ended(outcome, report, job)
  end
  local bytes = channels[request.REPLY].data
  channels[request.REPLY].data = nil
  if bytes == "" then
    return fail(outcome, "EXIT", ("the chunk ended by itself, with code %d")
      :format(report.code))
  end
  local ok, message = pcall(said, outcome, bytes, job)
  if not ok and not is_memory(message) then
    error(message, 0) -- of a hook, for example: not the guest's doing
  elseif not ok then
    return fail(drop_results(outcome), "NOMEM", "the results do not fit: "
      .. message)
  end
  return outcome
end

return M
