--- A Lua function as what a Lua elsewhere makes it of again: its source, and
-- what it has from outside.
--
-- Bytecode does not travel: that of LuaJIT is another one, that of a 64-bit
-- Lua has other sizes. So the source is cut out of the file, or the string,
-- that the function was made of, and compiled here to see that it is the same.
--
-- SPDX-License-Identifier: Apache-2.0
local bytecode = require "zvm.lua.bytecode"
local functions = require "zvm.lua.functions"
local sources = require "zvm.lua.sources"

local M = {}

local load = loadstring or load

-- LuaJIT has escapes in strings that the guest's Lua takes for letters.
local HAS_ESCAPES = load [[return "\x41"]]() == "A"

local function wrong_escape(list)
  return HAS_ESCAPES and list.escape and ("a string in it has %s, which Lua "
    .. "5.1 does not know; \\065 is an A there"):format(list.escape)
end

local NAMES = {
  _G = [[assert collectgarbage dofile error getfenv getmetatable ipairs load
    loadfile loadstring module newproxy next pairs pcall print rawequal rawget
    rawset require select setfenv setmetatable tonumber tostring type unpack
    xpcall]],
  coroutine = "create resume running status wrap yield",
  debug = [[debug getfenv gethook getinfo getlocal getmetatable getregistry
    getupvalue setfenv sethook setlocal setmetatable setupvalue traceback]],
  io = [[close flush input lines open output popen read tmpfile type write]],
  math = [[abs acos asin atan atan2 ceil cos cosh deg exp floor fmod frexp
    ldexp log log10 max min modf pow rad random randomseed sin sinh sqrt tan
    tanh]],
  os = [[clock date difftime execute exit getenv remove rename setlocale time
    tmpname]],
  string = [[byte char dump find format gmatch gsub len lower match rep
    reverse sub upper]],
  table = "concat insert maxn remove sort",
}

-- What the guest has as well: value -> name.
local function list_libraries()
  local names = {}
  for library, words in pairs(NAMES) do
    local t = library == "_G" and _G or rawget(_G, library)
    if type(t) == "table" then
      for word in words:gmatch "%S+" do
        local value = rawget(t, word)
        if type(value) == "function" then
          names[value] = library == "_G" and word or library .. "." .. word
        end
      end
      names[t] = library
    end
  end
  return names
end

local LIBRARIES = list_libraries()

-- -- The source -------------------------------------------------------------

local texts = {}          -- by name of the source: text, and functions in it
local known = setmetatable({}, { __mode = "k" }) -- function -> chunk

local function read_text(source)
  if source:sub(1, 1) ~= "@" then
    return sources[source] or source
  end
  local file, message = io.open(source:sub(2), "rb")
  if not file then
    return nil, message
  end
  local text = file:read "*a"
  file:close()
  return text
end

local function functions_of(source)
  local text, message = read_text(source)
  if not text then
    return nil, message
  end
  local entry = texts[source]
  if not entry or entry.text ~= text then
    entry = { text = text, list = functions.list(text) }
    if source:sub(1, 1) == "@" then
      texts[source] = entry
    end
  end
  return entry.list
end

local function upvalue_names(f)
  local names = {}
  while true do
    local name = debug.getupvalue(f, #names + 1)
    if not name then
      return names
    end
    names[#names + 1] = name
  end
end

-- A chunk that gives the function, with nothing from outside.
local function wrap(names, text, line)
  local locals = #names > 0 and "local " .. table.concat(names, ",") .. " "
    or ""
  return ("\n"):rep(line - 1) .. locals .. "return " .. text
end

-- Several may be the same; then any of them will do.
local function find_same(f, info, list)
  local names = upvalue_names(f)
  for _, each in ipairs(list) do
    if each.last == info.lastlinedefined and info.linedefined >= each.first
      and info.linedefined <= each.head_last then
      local source = wrap(names, each.text, each.first)
      local chunk = load(source, info.source)
      local ok, other = pcall(chunk or error)
      if ok and bytecode.is_same(f, other) then
        local wrong = wrong_escape(each)
        return not wrong and source or nil, wrong
      end
    end
  end
  return nil, "its source there is another one than what runs"
end

local function place(info)
  return ("the function at %s:%d"):format(info.short_src, info.linedefined)
end

-- A whole chunk: its name may be anything, and its file another one by now.
local function main_source(f, info)
  local text, message = read_text(info.source)
  if not text then
    return nil, message
  end
  text = text:gsub("^#[^\n]*", "", 1)
  local other = load(text, info.source)
  if other and bytecode.is_same(f, other) then
    local wrong = wrong_escape(functions.list(text))
    return not wrong and text or nil, wrong
  end
  return nil, "its source there is another one than what runs"
end

local function find_source(f, info)
  if info.what == "main" then
    return main_source(f, info)
  end
  local list, message = functions_of(info.source)
  if not list then
    return nil, message
  end
  return find_same(f, info, list)
end

-- The chunk of a function: name, source, and whether that gives the function.
local function chunk_of(f)
  local chunk = known[f]
  if chunk then
    return chunk
  end
  local info = debug.getinfo(f, "S")
  if info.what == "C" then
    return nil, "a function in C cannot be sent"
  elseif info.source:find "^[=\27]" and not sources[info.source] then
    return nil, ("%s: its source is not known, only its name %s"):format(
      place(info), info.short_src)
  end
  local source, message = find_source(f, info)
  if not source then
    return nil, place(info) .. ": " .. message
  end
  local name = info.source
  if not name:find "^@" then
    name = name:sub(1, 200)
  end
  chunk = { name = name, source = source, closure = info.what ~= "main",
    place = place(info) }
  known[f] = chunk
  return chunk
end

-- -- What it has from outside -----------------------------------------------

local PLAIN = { ["nil"] = true, boolean = true, number = true, string = true }

local add_function

local function add_upvalue(call, number, name, value)
  local how, what = "value", value
  if LIBRARIES[value] then
    how, what = "library", LIBRARIES[value]
  elseif type(value) == "function" then
    local message
    how = "chunk"
    what, message = add_function(call, value)
    if not what then
      return nil, ("upvalue %s of %s: %s"):format(name,
        call.chunks[number].place, message)
    end
  elseif not PLAIN[type(value)] then
    return nil, ("upvalue %s of %s is a %s: pass it as an argument"):format(
      name, call.chunks[number].place, type(value))
  end
  if value ~= nil then
    table.insert(call.upvalues, { chunk = number, name = name, how = how,
      value = what })
  end
  return true
end

-- The number of the function's chunk in the call.
function add_function(call, f)
  if call.numbers[f] then
    return call.numbers[f]
  end
  local chunk, message = chunk_of(f)
  if not chunk then
    return nil, message
  end
  local number = #call.chunks + 1
  call.chunks[number], call.numbers[f] = chunk, number
  for i, name in ipairs(upvalue_names(f)) do
    local _, value = debug.getupvalue(f, i)
    local ok
    ok, message = add_upvalue(call, number, name, value)
    if not ok then
      return nil, message
    end
  end
  return number
end

--- What to send for a function: a list of chunks, the first one is it, and
-- one of upvalues. Or nil and a message.
function M.read(f)
  local name = LIBRARIES[f]
  if name then
    return { chunks = { { name = "=" .. name, source = "return " .. name,
      closure = true } }, upvalues = {} }
  end
  local call = { chunks = {}, upvalues = {}, numbers = {} }
  local ok, message = add_function(call, f)
  if not ok then
    return nil, message
  end
  return call
end

return M
