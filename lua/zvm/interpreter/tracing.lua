--- Traces of all runs that begin while that is wanted, shown as they grow.
--
-- zvm.run and zvm.start of the module's table are others then, so that runs
-- that zvm's own Lua begins are seen: of zvm.lua, of a pipeline, of a pattern.
--
-- SPDX-License-Identifier: Apache-2.0
local zvm = require "zvm"

local M = {}

local open, remove, tmpname = io.open, os.remove, os.tmpname
local error, next, pcall, select, tostring, type, unpack = error, next, pcall,
  select, tostring, type, unpack

local Tracing = {}
Tracing.__index = Tracing

--- Nothing is traced yet.
--
-- @tparam function write takes text
function M.new(write)
  return setmetatable({ write = write, on = false, list = {},
    sessions = setmetatable({}, { __mode = "v" }), plain = {}, own = {} },
    Tracing)
end

local function name_of(program)
  return type(program) == "string" and program
    or tostring(program):match "%((.*)%)" or "a program"
end

local function all(...)
  return { n = select("#", ...), ... }
end

-- The file of a trace is ours alone from its beginning on.
local function traced(self, call, options)
  if type(options) ~= "table" or options.trace ~= nil then
    return call(options)
  end
  local copy = {}
  for key, value in next, options do
    copy[key] = value
  end
  copy.trace = tmpname()
  local entry = { file = open(copy.trace, "rb"), name = name_of(
    copy.program) }
  local results = all(pcall(call, copy))
  remove(copy.trace)
  if entry.file then
    self.list[#self.list + 1] = entry
    self.sessions[entry] = type(results[2]) == "userdata" and results[2]
      or nil
  end
  if not results[1] then
    self:show()
    error(results[2], 0)
  end
  return unpack(results, 2, results.n)
end

-- Whether nothing more will come.
local function is_over(session)
  local ok, progress = pcall(function()
    return session:progress().state
  end)
  return not ok or progress == "ended"
end

--- Shows what has come since the last time.
function Tracing:show()
  local kept = {}
  for _, entry in ipairs(self.list) do
    local over = is_over(self.sessions[entry])
    local text = entry.file:read "*a" or ""
    if text ~= "" then
      self.write(("-- trace of %s\n%s"):format(entry.name, text))
    end
    if over then
      entry.file:close()
    else
      kept[#kept + 1] = entry
    end
  end
  self.list = kept
end

--- Begin or end to trace.
--
-- @tparam boolean on
function Tracing:set(on)
  for _, name in ipairs { "run", "start" } do
    if on and not self.on then
      local call = zvm[name]
      self.plain[name] = call
      self.own[name] = function(options)
        return traced(self, call, options)
      end
      zvm[name] = self.own[name]
    elseif self.on and not on and zvm[name] == self.own[name] then
      zvm[name] = self.plain[name]
    end
  end
  self.on = on
end

return M
