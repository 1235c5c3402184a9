--- Read, evaluate, print: the loop of `zvm repl`, without a terminal.
--
-- An object takes one line after the other and gives what there is to print;
-- who reads lines, and how, is no concern of it. Each line is a chunk of its
-- own: its locals end with it.
--
-- SPDX-License-Identifier: Apache-2.0
local symbols = require "zvm.symbols"

local M = {}

local Repl = {}
Repl.__index = Repl

-- -- Values as text ---------------------------------------------------------

local DEPTH, WIDTH, LONGEST = 6, 72, 1024
local KEYWORDS = {}
for word in ("and break do else elseif end false for function if in local "
  .. "nil not or repeat return then true until while"):gmatch "%a+" do
  KEYWORDS[word] = true
end

local ESCAPES = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t",
  ['"'] = '\\"', ["\\"] = "\\\\" }

-- Printable on one line, whatever the bytes are.
local function quoted(text)
  local shown = text:sub(1, LONGEST):gsub('[%c"\\\127-\255]', function(c)
    return ESCAPES[c] or ("\\%03d"):format(c:byte())
  end)
  return ('"%s"%s'):format(shown, #text > LONGEST
    and (" .. %d more bytes"):format(#text - LONGEST) or "")
end

-- What a value calls itself: its metatable may be anybody's.
local function named(value)
  local ok, text = pcall(tostring, value)
  return ok and type(text) == "string" and symbols.shown(text)
    or ("(%s)"):format(type(value))
end

local RANK = { number = 1, string = 2 }

local function before(a, b)
  if a.rank ~= b.rank then
    return a.rank < b.rank
  end
  return a.by < b.by
end

-- Names are asked for once: who gives them may say something else each time.
local function sorted_keys(values)
  local list, keys = {}, {}
  for key in next, values do
    local rank = key == key and RANK[type(key)] or 3
    list[#list + 1] = { key = key, rank = rank,
      by = rank == 3 and named(key) or key }
  end
  table.sort(list, before)
  for i, each in ipairs(list) do
    keys[i] = each.key
  end
  return keys
end

-- A message, which may have lines. A chunk has its own text as its name, so
-- that zvm.sandbox can take functions out of it; nobody wants to read that.
local function told(message)
  return (message:gsub('%[string "[^\n]-"%]:(%d+)', "repl:%1")
    :gsub("\t", "  "):gsub("[^\n]+", symbols.shown))
end

local show

local function show_key(key, walk, depth)
  if type(key) == "string" and key:find "^[%a_][%w_]*$"
    and not KEYWORDS[key]
  then
    return key
  end
  return "[" .. show(key, walk, depth) .. "]"
end

local function show_members(values, walk, depth)
  local parts, n = {}, 0
  for i, value in ipairs(values) do
    parts[i], n = show(value, walk, depth), i
  end
  for _, key in ipairs(sorted_keys(values)) do
    local listed = type(key) == "number" and key >= 1 and key <= n
      and key % 1 == 0
    if not listed then
      parts[#parts + 1] = ("%s = %s"):format(show_key(key, walk, depth),
        show(values[key], walk, depth))
    end
  end
  return parts
end

local function show_table(values, walk, depth)
  if walk.seen[values] then
    return "{ ... }"
  elseif next(values) == nil then
    return "{}"
  elseif depth >= DEPTH then
    return "{ ... }"
  end
  walk.seen[values] = true
  local parts = show_members(values, walk, depth + 1)
  walk.seen[values] = nil
  local line = "{ " .. table.concat(parts, ", ") .. " }"
  if #line + 2 * depth <= WIDTH and not line:find "\n" then
    return line
  end
  local indent = "\n" .. ("  "):rep(depth + 1)
  return "{" .. indent .. table.concat(parts, "," .. indent) .. "\n"
    .. ("  "):rep(depth) .. "}"
end

-- Text of a form of its own, or nil; further lines of it are set in.
local function formed(value, walk, depth)
  local ok, text = pcall(walk.form, value)
  return ok and type(text) == "string" and (text:gsub("\n$", "")
    :gsub("\n", "\n" .. ("  "):rep(depth))) or nil
end

function show(value, walk, depth)
  local text = walk.form and formed(value, walk, depth)
  if text then
    return text
  end
  if type(value) == "string" then
    return quoted(value)
  elseif type(value) == "table" and not getmetatable(value) then
    return show_table(value, walk, depth)
  elseif type(value) == "number" and value % 1 == 0
    and math.abs(value) <= 2 ^ 53
  then
    return ("%.0f"):format(value)
  end
  return named(value)
end

--- A value as Lua would write it; tables in the order of their keys.
--
-- @param value
-- @tparam[opt] function form gives text for what has a form of its own, or nil;
--  values within others too
-- @treturn string of several lines for a table that has parts
function M.show(value, form)
  return show(value, { seen = {}, form = form }, 0)
end

-- -- Evaluation -------------------------------------------------------------

local function ends_early(message)
  return message:find "'?<eof>'?$" ~= nil
end

-- A chunk that gives values if it can; nil, a message, and whether more lines
-- could make it one.
local function compile(source, environment)
  local chunk, as_value = loadstring("return " .. source)
  local message
  if not chunk then
    chunk, message = loadstring(source)
  end
  if not chunk then
    return nil, message, ends_early(message) or ends_early(as_value)
  end
  return setfenv(chunk, environment)
end

-- Whether values are nil, message and code: those are to be read.
local function is_failure(first, message, code)
  return first == nil and type(message) == "string"
    and type(code) == "string" and code:find "^%u+$" ~= nil
end

local function results(self, ok, ...)
  if not ok then
    local message = ...
    return type(message) == "string" and told(message)
      or "error: " .. self.show(message)
  end
  local n = select("#", ...)
  if n == 0 then
    return nil
  end
  local parts, first = {}, 1
  if is_failure(...) then
    local _, message, code = ...
    parts[1], first = ("nil, %s: %s"):format(code, told(message)), 4
  end
  for i = first, n do
    parts[#parts + 1] = self.show((select(i, ...)))
  end
  self.environment._ = (...)
  return table.concat(parts, "\n")
end

--- Take a line.
--
-- @tparam string line
-- @treturn[1] string|nil what there is to print, without a newline
-- @treturn[1] boolean whether more lines are wanted
function Repl:line(line)
  if not self.pending then
    line = line:gsub("^%s*=", "return ", 1) -- as in Lua's own
  end
  local source = self.pending and self.pending .. "\n" .. line or line
  local chunk, message, early = compile(source, self.environment)
  if early then
    self.pending = source
    return nil, true
  end
  self.pending = nil
  if not chunk then
    return told(message), false
  end
  return results(self, pcall(chunk)), false
end

--- The input is over: what was not complete is told.
function Repl:finish()
  local source = self.pending
  self.pending = nil
  if source then
    return told((select(2, compile(source, self.environment))))
  end
end

--- A new loop.
--
-- @tparam table globals what its lines see beside the standard library
-- @tparam[opt] function how to show a value: a string for any; `show`
-- @treturn table with `line` and `finish`, `environment`, and `pending`: the
--  lines that are not complete yet, or nil
function M.new(globals, how)
  local environment = setmetatable({}, { __index = _G })
  for name, value in pairs(globals) do
    environment[name] = value
  end
  return setmetatable({ environment = environment, show = how or M.show },
    Repl)
end

--- Read lines to their end.
--
-- @tparam table globals
-- @tparam function read takes a prompt, gives a line, or nil at the end
-- @tparam function write takes what is to be printed
function M.run(globals, read, write)
  local repl = M.new(globals)
  local more = false
  for line in function() return read(more and ">> " or "> ") end do
    local text
    text, more = repl:line(line)
    if text then
      write(text .. "\n")
    end
  end
  local text = repl:finish()
  if text then
    write(text .. "\n")
  end
end

return M
