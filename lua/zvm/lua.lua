--- Lua in the sandbox: chunks and functions that run in a guest, and give back
-- values.
--
--    zvm.lua { source = "return ...", args = { 1, 2 } }   --> 1, 2
--    zvm.sandbox(function(a, b) return a + b end, 1, 2)   --> 3
--
-- Each call is a run of lua.zvm; docs/sandbox.md has the contract.
--
-- SPDX-License-Identifier: Apache-2.0
local reply = require "zvm.lua.reply"
local request = require "zvm.lua.request"
local guests = require "zvm.guests"
local zvm = require "zvm"

local M = {}

local module

local function program()
  if not module then
    local path, message = guests.find "lua.zvm"
    if not path then
      return nil, message, "SYSTEM"
    end
    local code
    module, message, code = zvm.load(path)
    if not module then
      return nil, message, code
    end
  end
  return module
end

-- What zvm.run and zvm.start take, and what is to be known of it later.
local function prepare(options, name)
  local job, message, code = request.read(options, name)
  if not job then
    return nil, message, code
  end
  job.run.program, message, code = program()
  if not job.run.program then
    return nil, ("%s: %s"):format(name, message), code
  end
  return job
end

-- Messages of zvm.run speak of options that are ours as well.
local function named(name, message)
  return name .. ": " .. message:gsub("^zvm%.%a+: ", "", 1)
end

local function run(options, name)
  local job, message, code = prepare(options, name)
  if not job then
    return nil, message, code
  end
  local report
  report, message, code = zvm.run(job.run)
  if not report then
    return nil, named(name, message), code
  end
  return reply.read(report, job)
end

local function give(outcome, message, code)
  if not outcome then
    return nil, message, code
  elseif not outcome.ok then
    return nil, outcome.message, outcome.code, outcome.report
  end
  return unpack(outcome, 1, outcome.n)
end

--- Run a chunk, and give all that is known of it: a table with `ok`; then `n`
-- and the results at 1 to n, or `message`, `code` and `error`; and `output`
-- and `report`. Or nil, message, code: nothing was run.
function M.run(options)
  return run(options, "zvm.lua")
end

local Session = {}
Session.__index = Session

--- Begin to run a chunk; the script goes on.
function M.start(options)
  local job, message, code = prepare(options, "zvm.lua")
  if not job then
    return nil, message, code
  end
  local session
  session, message, code = zvm.start(job.run)
  if not session then
    return nil, named("zvm.lua", message), code
  end
  return setmetatable({ session = session, job = job }, Session)
end

--- What M.run would have given.
function Session:wait()
  local report, message, code = self.session:wait()
  if not report then
    return nil, named("zvm.lua", message), code
  end
  return reply.read(report, self.job)
end

function Session:close()
  return self.session:close()
end

-- Options of zvm.lua that are arguments of zvm.sandbox.
local ARGUMENTS = { "source", "path", "args" }

--- What may be told, for zvm.interpreter.names; `sandbox`: to zvm.sandbox.
function M.options(sandbox)
  local taken, keys = {}, {}
  for _, key in ipairs(sandbox and ARGUMENTS or {}) do
    taken[key] = true
  end
  for _, key in ipairs(request.options().keys) do
    keys[#keys + 1] = not taken[key] and key or nil
  end
  return { keys = keys }
end

local function is_code(value)
  return type(value) == "function" or type(value) == "string"
end

--- Call a function in the sandbox: its results; or nil, message, code, report.
--
-- @tparam[opt] table options
-- @tparam function|string f
-- @param ... its arguments
function M.sandbox(first, ...)
  local options, f, args = {}, first, { n = select("#", ...), ... }
  if type(first) == "table" then
    f = args[1]
    args = { n = math.max(args.n - 1, 0), select(2, ...) }
    for key, value in next, first do
      options[key] = value
    end
    for _, key in ipairs(ARGUMENTS) do
      if options[key] ~= nil then
        return nil, ("zvm.sandbox: %s: it is given as an argument"):format(
          key), "OPTION"
      end
    end
  end
  if not is_code(f) then
    error(("zvm.sandbox: function or string expected, got %s"):format(
      type(f)), 2)
  end
  options.source, options.args = f, args
  return give(run(options, "zvm.sandbox"))
end

return setmetatable(M, {
  __call = function(_, options)
    return give(run(options, "zvm.lua"))
  end,
})
