--- Regular expressions of PCRE2's, matched in the sandbox.
--
-- A pattern, a subject or PCRE2 itself can do no harm: what matches is a guest,
-- with limits. See docs/re.md.
--
-- SPDX-License-Identifier: Apache-2.0

local engine = require "zvm.re.engine"
local option = require "zvm.manifest.option"
local template = require "zvm.re.template"
local zvm = require "zvm"

local M = {}

local host, sub = zvm.host, string.sub
local captured = host.captured -- false for a group that took no part
local MOST = 0xffffffff

-- -- Options ----------------------------------------------------------------

local FLAGS = { i = 0x8, m = 0x400, s = 0x20, x = 0x80, u = 0xa0000,
  U = 0x40000, A = 0x80000000, D = 0x10, J = 0x40, n = 0x2000 }

local function options_of(flags)
  local options, seen = 0, {}
  for flag in flags:gmatch "." do
    if not FLAGS[flag] then
      return nil, ("re.compile: flags: %q is none of A, D, J, U, i, m, n, s, u "
        .. "and x"):format(flag), "OPTION"
    end
    if not seen[flag] then options = options + FLAGS[flag] end
    seen[flag] = true
  end
  return options
end

local DEFAULTS = { memory = "256M", timeout = 5, match_limit = 10000000,
  depth_limit = 10000000, heap_limit = 64 * 1024, offset_limit = 2 ^ 24 }

--- What an engine may be told, for zvm.interpreter.names.
function M.options()
  local keys = {}
  for name in pairs(DEFAULTS) do
    keys[#keys + 1] = name
  end
  table.sort(keys)
  return { keys = keys }
end

local function engine_options(given)
  local options = {}
  for name, value in pairs(DEFAULTS) do
    options[name] = value
  end
  for name, value in pairs(given or {}) do
    if DEFAULTS[name] == nil then
      local keys = M.options().keys
      return nil, ("re.new: unknown option %q; there are %s and %s"):format(
        tostring(name), table.concat(keys, ", ", 1, #keys - 1), keys[#keys]),
        "OPTION"
    end
    local most = name == "timeout" and 86400 or 2 ^ 32 - 1
    local least = name == "timeout" and 0.001 or 1
    local _, wrong = option.size(name == "memory" and value or 0)
    if wrong then
      return nil, "re.new: memory: " .. wrong, "OPTION"
    elseif name ~= "memory" and (type(value) ~= "number"
      or not (value >= least and value <= most)
      or name ~= "timeout" and value % 1 ~= 0) then
      return nil, ("re.new: %s: number from %g to %.0f expected"):format(name,
        least, most), "OPTION"
    end
    options[name] = value
  end
  return options
end

-- -- Patterns ---------------------------------------------------------------

local Pattern = {}
Pattern.__index = Pattern
Pattern.__metatable = "zvm.re.pattern"

function Pattern:__tostring()
  return ("zvm.re.pattern: %q"):format(self.source)
end

-- `level`: above who calls this, of whose error it is; 2 if not given.
local function check(value, what, n, name, level)
  if type(value) ~= what then
    error(("bad argument #%d to '%s' (%s expected, got %s)"):format(n, name,
      what, type(value)), (level or 2) + 1)
  end
end

-- A whole number, as the string library takes one. `level`: whose error it is.
local function integer(value, n, name, level)
  local number = tonumber(value)
  if not number or number ~= number then
    error(("bad argument #%d to '%s' (number expected, got %s)"):format(n, name,
      number and "not a number" or type(value)), level + 1)
  end
  return number < 0 and math.ceil(number) or math.floor(number)
end

-- The text that a pattern is, if it is nothing but that.
local function text_of(source, options)
  if options == 0 and #source > 0 and #source <= host.text_most
    and not source:find "[\\^$.|?*+()%[%]{}]" then
    return source
  end
end

-- Where to begin, from 0; nil: behind the end.
local function start_of(subject, init, name, level)
  if not init then return 0 end
  init = integer(init, 2, name, level + 1)
  if init < 0 then init = #subject + init + 1 end
  if init < 1 then init = 1 end
  if init > #subject + 1 then return nil end
  return init - 1
end

-- What find gives without a match: nil, or nil, message, code.
local function none(message, code)
  if message then return nil, message, code end
  return nil
end

-- What is not as usual with find and match (zvm.host.find): `name` is its own.
local function slow_search(name, finished)
  return function(self, subject, init)
    check(subject, "string", 1, name, 3) -- the finder called this
    local start = start_of(subject, init, name, 3)
    if not start then return nil end
    return finished(self, subject, self.engine:find(self, subject, start))
  end
end

local function searching(name, finished)
  return host[name](slow_search(name, finished), engine.answered, finished)
end

--- Where the first match is.
--
-- @function Pattern:find
-- @tparam string subject
-- @tparam[opt=1] number init where to begin; from the end if it is negative
-- @treturn[1] number first
-- @treturn[1] number last
-- @treturn[1] string... captures; false for one that took no part
-- @treturn[2] nil if there is none
-- @treturn[3] nil
-- @treturn[3] string message
-- @treturn[3] string code: "LIMIT", "TIMEOUT", "UTF", "NOMEM", "LOST", ...
Pattern.find = searching("find", function(self, subject, first, last, groups)
  if not first then return none(last, groups) end
  if not groups then return first + 1, last end
  return first + 1, last, captured(subject, groups, 0, self.captures)
end)

--- The captures of the first match, or the whole if there are no groups.
-- Arguments and failures as of `find`.
-- @function Pattern:match
Pattern.match = searching("match", function(self, subject, first, last, groups)
  if not first then return none(last, groups) end
  if not groups then return sub(subject, first + 1, last) end
  return captured(subject, groups, 0, self.captures)
end)

--- The first match as first, last, and a table with captures by number and by
-- name. Arguments and failures as of `find`.
function Pattern:exec(subject, init)
  check(subject, "string", 1, "exec")
  local start = start_of(subject, init, "exec", 2)
  if not start then return nil end
  if self.captures == 0 then
    local first, last, code = self:find(subject, start + 1)
    if not first then return none(last, code) end
    return first, last, {}
  end
  local first, last, offsets = self.engine:find(self, subject, start)
  if not first then return none(last, offsets) end
  local groups = {}
  for i = 1, self.captures do
    groups[i] = captured(subject, offsets, i - 1, 1)
  end
  for name, indices in pairs(self.names) do
    groups[name] = false
    for _, index in ipairs(indices) do
      groups[name] = groups[name] or groups[index]
    end
  end
  return first + 1, last, groups
end

--- An iterator over the captures of all matches, or over the wholes; or nil,
-- message, code: `for word in assert(p:gmatch(subject)) do ... end`.
function Pattern:gmatch(subject)
  check(subject, "string", 1, "gmatch")
  local all, count, code = self.engine:all(self, subject, 0, MOST)
  if not all then return nil, count, code end
  local n, i = self.captures, -1
  local skipped = n > 0 and 1 or 0 -- the whole
  return function()
    i = i + 1
    if i >= count then return nil end
    return captured(subject, all, i * (n + 1) + skipped, n + 1 - skipped)
  end
end

-- What takes a match's place, as zvm.re.template has it; or nil, message. That
-- of a string is kept for the next call.
local function template_of(p, replacement)
  if type(replacement) == "string" and p.replacement == replacement then
    return p.template
  end
  local with, message = template.compile(replacement, p)
  if with and type(replacement) == "string" then
    p.replacement, p.template = replacement, with
  end
  return with, message
end

--- The subject with matches replaced, and how many were; or nil, message, code.
--
-- @tparam string subject
-- @param replacement string with %0 to %9, %{name} and %%; table, of which the
--  first capture is the key; or function, which gets the captures. What is nil
--  or false keeps the match
-- @tparam[opt] number most how many to replace
function Pattern:gsub(subject, replacement, most)
  check(subject, "string", 1, "gsub")
  local kind = type(replacement)
  if kind ~= "string" and kind ~= "number" and kind ~= "table"
    and kind ~= "function" then
    error(("bad argument #2 to 'gsub' (string, table or function expected, "
      .. "got %s)"):format(kind), 2)
  end
  local with, message = template_of(self, replacement)
  if not with then
    error("bad argument #2 to 'gsub' (" .. message .. ")", 2)
  end
  most = most and integer(most, 3, "gsub", 2) or MOST
  most = math.max(0, math.min(most, MOST))
  local all, count, code = self.engine:all(self, subject, 0, most)
  if not all then return nil, count, code end
  local width = self.captures + 1
  if type(with) == "string" then
    return host.replace(subject, all, width, with), count
  end
  local out, n, at = {}, 0, 0
  for i = 0, count - 1 do
    local first, last = host.span(all, i * width)
    local text = with(subject, all, i * width)
    if text and first >= at then
      out[n + 1], out[n + 2] = sub(subject, at + 1, first), text
      n, at = n + 2, last
    end
  end
  out[n + 1] = sub(subject, at + 1)
  return table.concat(out), count
end

-- -- Engines ----------------------------------------------------------------

local Engine = {}
Engine.__index = Engine
Engine.__metatable = "zvm.re"

-- When a pattern is collected its slot may be used again.
local function watch(p)
  local e = p.engine
  local proxy = newproxy(true)
  getmetatable(proxy).__gc = function()
    if p.generation == e.link:generation() then
      e.dead[#e.dead + 1] = p.slot
    end
    p.generation, p[1] = nil, nil -- another finalizer may keep it
  end
  return proxy
end

--- Compile a pattern.
--
-- @tparam string source
-- @tparam[opt] string flags of `i`, `m`, `s`, `x`, `u` and others
-- @treturn[1] zvm.re.pattern
-- @treturn[2] nil
-- @treturn[2] string message, with the position
-- @treturn[2] string code: "PATTERN", "OPTION", ...
function Engine:compile(source, flags)
  check(source, "string", 1, "compile")
  if flags ~= nil then check(flags, "string", 2, "compile") end
  local options, message, code = options_of(flags or "")
  if not options then return nil, message, code end
  local p = setmetatable({ source = source, options = options,
    text = text_of(source, options), engine = self.engine }, Pattern)
  local ok, place
  ok, message, code, place = self.engine:compile(p)
  if not ok then
    if code == "PATTERN" then
      message = ("re.compile: at %d: %s"):format(place + 1, message)
    end
    return nil, message, code
  end
  p.watch = watch(p)
  return p
end

local KEPT = 100 -- patterns that are used by their source

-- The pattern of a source; an error if it is none.
local function pattern_of(self, source, flags)
  local key = (flags or "") .. "/" .. source
  local p = self.cache[key]
  if p then return p end
  local message, code
  p, message, code = self:compile(source, flags)
  if not p then return nil, message, code end
  self.kept = self.kept + 1
  if self.kept > KEPT then self.cache, self.kept = {}, 1 end
  self.cache[key] = p
  return p
end

function Engine:find(subject, source, init, flags)
  check(subject, "string", 1, "find")
  check(source, "string", 2, "find")
  init = init and integer(init, 3, "find", 2)
  local p, message, code = pattern_of(self, source, flags)
  if not p then return nil, message, code end
  return p:find(subject, init)
end

function Engine:match(subject, source, init, flags)
  check(subject, "string", 1, "match")
  check(source, "string", 2, "match")
  init = init and integer(init, 3, "match", 2)
  local p, message, code = pattern_of(self, source, flags)
  if not p then return nil, message, code end
  return p:match(subject, init)
end

function Engine:gmatch(subject, source, flags)
  check(subject, "string", 1, "gmatch")
  check(source, "string", 2, "gmatch")
  local p, message, code = pattern_of(self, source, flags)
  if not p then return nil, message, code end
  return p:gmatch(subject)
end

function Engine:gsub(subject, source, replacement, most, flags)
  check(subject, "string", 1, "gsub")
  check(source, "string", 2, "gsub")
  local p, message, code = pattern_of(self, source, flags)
  if not p then return nil, message, code end
  return p:gsub(subject, replacement, most)
end

--- End the instance now. The next use begins another.
--
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] string message
-- @treturn[2] string code: "STATE" within another call
function Engine:close()
  return self.engine:close()
end

--- An engine of its own: an instance, and limits.
--
-- @tparam[opt] table options memory, timeout, match_limit, depth_limit,
--  heap_limit, offset_limit
-- @treturn[1] zvm.re
-- @treturn[2] nil
-- @treturn[2] string message
-- @treturn[2] string code
function M.new(options)
  if options ~= nil then check(options, "table", 1, "new") end
  local read, message, code = engine_options(options)
  if not read then return nil, message, code end
  return setmetatable({ engine = engine.new(read), cache = {}, kept = 0 },
    Engine)
end

-- The module itself has an engine, which begins at the first use.
local own
for name in pairs { compile = 1, find = 1, match = 1, gmatch = 1, gsub = 1,
  close = 1 } do
  M[name] = function(...)
    own = own or assert(M.new())
    return own[name](own, ...)
  end
end

return M
