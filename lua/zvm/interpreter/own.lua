--- What zvm's own modules in the executable have of Lua's library, which no
-- script can reach or replace; and what scripts have of the debug library.
--
-- All that is global at the start is a local of each of these modules, and
-- libraries are copies. So neither a global that a script replaces, nor the
-- environment of a function, nor a field of a library has to do with what they
-- do. Methods of strings and files are still those of all: what is given to
-- them is nobody's secret.
--
-- Functions of zvm's own and their insides are not shown: to scripts, which
-- functions lie on the stack; to zvm.lua, which reads upvalues to send a
-- function, what is in those of zvm.
--
-- SPDX-License-Identifier: Apache-2.0
local getinfo, getupvalue = debug.getinfo, debug.getupvalue
local next, select, sub, tonumber, type, unpack = next, select, string.sub,
  tonumber, type, unpack
local error, running = error, coroutine.running

local M = {}

-- -- Whose functions --------------------------------------------------------

local sources = {}   -- names of chunks of zvm's own
local public = {}    -- functions in C that a script has anyhow

local function is_own(info)
  return sources[info.source] or sub(info.source, 1, 5) == "=zvm."
end

-- What stands for a function that is not shown: so who counts calls by function
-- counts these as one.
local function not_shown()
  error("zvm shows no functions of its own, nor those of C in no library", 2)
end

local function copy(t)
  local out = {}
  for key, value in next, t do
    out[key] = value
  end
  return out
end

local function publish(t)
  for _, value in next, t do
    if type(value) == "function" then
      public[value] = true
    end
  end
end

-- -- The debug library ------------------------------------------------------

-- As debug.getinfo; but who asks for what is at a level gets no function of
-- zvm's, nor one in C that is in no library: a hook sees those within a call.
local function shown_info(...)
  local thread, at, what = ...
  local count = select("#", ...)
  if type(thread) ~= "thread" then
    thread, at, what, count = running(), thread, at, count + 1
  end
  if type(at) ~= "function" then
    local level = tonumber(at)
    if not level then
      error("bad argument #1 to 'getinfo' (function or level expected)", 2)
    end
    at = thread == running() and level >= 0 and level + 1 or level
  end
  local info
  if thread then
    info = getinfo(thread, at, unpack({ what }, 1, count - 2))
  else
    info = getinfo(at, unpack({ what }, 1, count - 2))
  end
  if not info or type(at) == "function" or not info.func then
    return info
  end
  local about = getinfo(info.func, "S")
  local hidden = is_own(about)
  if about.what == "C" then
    hidden = not public[info.func]
  end
  if hidden then
    info.func = not_shown
  end
  return info
end

-- As debug.getupvalue, of functions that are not zvm's.
local function foreign_upvalue(f, i)
  if is_own(getinfo(f, "S")) then
    return nil
  end
  return getupvalue(f, i)
end

-- -- The whole --------------------------------------------------------------

local prelude, values, count

--- Called once, when the libraries are what scripts get, but for `debug`,
-- which becomes what they get.
--
-- @tparam function own_require
function M.start(own_require)
  local G, whole = _G, debug
  G.debug = { getinfo = shown_info, gethook = whole.gethook,
    sethook = whole.sethook, traceback = whole.traceback }
  package.loaded.debug = G.debug
  local names = {}
  for name in next, G do
    names[#names + 1] = name
  end
  table.sort(names)
  values, count = {}, #names
  for i, name in ipairs(names) do
    local value = G[name]
    if name ~= "_G" and name ~= "package" and type(value) == "table" then
      publish(value)
      value = copy(value)
    end
    if name == "require" then
      value = own_require
    elseif name == "debug" then
      value = { getinfo = getinfo, getlocal = whole.getlocal,
        getmetatable = whole.getmetatable, getupvalue = foreign_upvalue,
        traceback = whole.traceback }
    end
    values[i] = value
  end
  publish(G)
  publish(package)
  local files = getmetatable(io.stdout)
  publish(files)
  publish(files.__index)
  prelude = "local " .. table.concat(names, ",") .. "=... "
end

--- A chunk of zvm's own; call it with what M.values gives.
function M.load(load, text, source)
  sources[source] = true
  return load(prelude .. text, source, "t")
end

function M.values()
  return unpack(values, 1, count)
end

return M
