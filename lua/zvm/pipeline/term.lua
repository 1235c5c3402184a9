--- How long a run may go on: until its timeout, or a signal that stops it.
--
-- What the host itself does for a run, such as digests and copies of files, it
-- does in pieces, and looks between them whether the run is over. If it is,
-- they leave nothing half-done and raise that, for zvm.pipeline.run to catch.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "zvm".host

local M = {}
M.__index = M

local Over = {}

-- What is copied at once.
local BLOCK = 2 ^ 20

--- `timeout`: seconds from now; nil: any number.
function M.new(timeout)
  return setmetatable({ timeout = timeout,
    last = timeout and host.now() + timeout or math.huge }, M)
end

--- Seconds until the timeout.
function M:left()
  return self.last - host.now()
end

--- How a run ends that a signal stops; nil: there was none.
function M.stopped()
  local signal = host.stopped()
  return signal and { state = "stopped", signal = signal,
    reason = ("signal %d"):format(signal) } or nil
end

--- How a run ends that is over; nil: it is not.
function M:over()
  if self:left() <= 0 then
    return { state = "timeout",
      reason = ("%g seconds are over"):format(self.timeout) }
  end
  return M.stopped()
end

--- Raise that the run is over.
function M.raise(outcome)
  error(setmetatable({ outcome = outcome }, Over), 0)
end

--- Raise it if it is.
function M:check()
  local outcome = self:over()
  if outcome then
    M.raise(outcome)
  end
end

--- How a run ends, by an error that was caught; nil: it was another error.
function M.caught(problem)
  return type(problem) == "table" and getmetatable(problem) == Over
    and problem.outcome or nil
end

--- What work(...) gives, up to three values; clean() is called if it raises.
function M.guarded(clean, work, ...)
  local ok, a, b, c = pcall(work, ...)
  if not ok then
    clean()
    error(a, 0)
  end
  return a, b, c
end

--- The SHA-256 of a file; or nil and a message.
function M:digest_file(path)
  local digester, message = host.digester(path)
  if not digester then
    return nil, message
  end
  local outcome, digest
  repeat
    outcome = self:over()
    if not outcome then
      digest, message = digester:step()
    end
  until outcome or digest ~= nil
  digester:close()
  if outcome then
    M.raise(outcome)
  end
  return digest or nil, digest == false and path .. ": " .. message or nil
end

-- Until the end of `source`; true, or nil and a message.
local function copy(self, source, target)
  while true do
    self:check()
    local bytes, message = source:read(BLOCK)
    if not bytes then
      return not message or nil, message
    end
    local ok
    ok, message = target:write(bytes)
    if not ok then
      return nil, message
    end
  end
end

--- Copy one file over another; true, or nil and a message.
function M:copy_file(from, to)
  local source, message = io.open(from, "rb")
  if not source then
    return nil, message
  end
  local target
  target, message = io.open(to, "wb")
  if not target then
    source:close()
    return nil, message
  end
  local ok
  ok, message = M.guarded(function()
    source:close()
    target:close()
  end, copy, self, source, target)
  source:close()
  local closed, why = target:close()
  return ok and closed and true or nil, message or why
end

return M
