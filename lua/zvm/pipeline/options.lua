--- The options of a pipeline's run.
--
-- SPDX-License-Identifier: Apache-2.0
local check = require "zvm.pipeline.check"
local host = require "zvm".host
local option = require "zvm.manifest.option"
local show = require "zvm.manifest.show"

local M = {}

local KEYS = { "workers", "ring", "timeout", "memo", "verify", "progress",
  "listener", "store" }

--- What a run may be told, for zvm.interpreter.names.
function M.options()
  return { keys = KEYS }
end

local function read_time(where, value)
  local seconds = value
  if type(value) == "string" then
    local digits, unit = value:match "^(%d+%.?%d*)(m?s)$"
    if not digits then
      check.fail(where, 'time such as 0.5, "250ms" or "10s" expected, got %s',
        show.quote(value))
    end
    seconds = tonumber(digits) / (unit == "ms" and 1000 or 1)
  elseif type(value) ~= "number" then
    check.fail(where, "number of seconds or string expected, got %s",
      show.value(value))
  end
  if not (seconds > 0 and seconds < 2 ^ 32) then
    check.fail(where, "more than 0 and less than 2^32 seconds expected, "
      .. "got %s", show.value(value))
  end
  return seconds
end

local function read_ring(where, value)
  local size, reason = option.size(value)
  if not size then
    check.fail(where, "%s", reason)
  elseif size < 4096 or size > 2 ^ 30 then
    check.fail(where, "4K to 1G expected, got %s", show.value(value))
  end
  return size
end

local function read(options)
  check.keys("pipeline:run", options, KEYS)
  local function get(key, reader, ...)
    local value = rawget(options, key)
    if value ~= nil then
      return reader("pipeline:run: " .. key, value, ...)
    end
  end
  local function is(kind)
    return function(where, value)
      if type(value) ~= kind then
        check.fail(where, "%s expected, got %s", kind, show.value(value))
      end
      return value
    end
  end
  local progress = rawget(options, "progress")
  if progress ~= nil and type(progress) ~= "boolean"
    and type(progress) ~= "function" then
    check.fail("pipeline:run: progress", "true or function expected, got %s",
      show.value(progress))
  end
  return {
    workers = get("workers", check.whole, 1, 1024) or host.processors(),
    ring = get("ring", read_ring),
    timeout = get("timeout", read_time),
    memo = get("memo", check.text),
    verify = get("verify", check.whole, 1, 100),
    progress = progress,
    listener = get("listener", is "function"),
    store = get("store", is "table"),
  }
end

--- Options of p:run, checked; or nil, message, "OPTION".
function M.read(options)
  return check.read(read, options == nil and {} or options)
end

return M
