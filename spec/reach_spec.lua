--- The executable `zvm`: what a script that replaces, hooks and looks cannot
-- get hold of: the C of zvm's own modules, the debug library, libraries.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"
local script = require "support.script"

-- look(value, ...): notes what is no script's; told() says it. Who finds
-- nothing has still to have looked at `least` values.
local HUNT = [[
local NAMES = { "getregistry", "getlocal", "getupvalue", "encode_sparse_array",
  "tcp", "print_history" }
local C = { "cjson", "zvm.step", "zvm.line", "zvm.disasm", "socket.core" }
local known, seen, found, looked = {}, {}, {}, 0
local pcall, type, rawget, pairs, ipairs, next, select, getinfo, print, concat,
  error = pcall, type, rawget, pairs, ipairs, next, select, debug.getinfo,
  print, table.concat, error
local TABLES = { _G, string, table, io, os, math, coroutine, debug, package,
  jit, bit }
for _, t in ipairs(TABLES) do
  for _, f in pairs(t) do known[f] = true end
end
local function is_power(value)
  for _, name in ipairs(NAMES) do
    if rawget(value, name) ~= nil then return true end
  end
  local start, read = rawget(value, "start"), rawget(value, "read")
  for _, f in ipairs { start or read or false } do
    return type(f) == "function" and getinfo(f).what == "C"
      and (start and next(value, next(value)) == nil
      or read and rawget(value, "add"))
  end
end
local OURS = getinfo(1, "S").source
local function try(f)
  local about = getinfo(f)
  if about.source == OURS then return end
  if about.what == "C" then
    local ok, _, _, where = pcall(f, "/nowhere/x.so", "*")
    if ok and where == "open" then found[#found + 1] = "loadlib" end
    return
  end
  for _, name in ipairs(C) do
    local ok, value = pcall(f, name)
    if ok and type(value) == "table" and is_power(value) then
      found[#found + 1] = "who gives " .. name
    end
  end
end
local busy
local function look_at(value, depth)
  local kind = type(value)
  if kind ~= "function" and kind ~= "table" or seen[value] or known[value] then
    return
  end
  seen[value], looked = true, looked + 1
  if kind == "function" then
    try(value)
  elseif is_power(value) then
    found[#found + 1] = "a library"
  elseif depth > 0 then
    for key, each in next, value do
      look_at(key, depth - 1)
      look_at(each, depth - 1)
    end
  end
end
local function look(...)
  if busy then return end
  busy = true
  for i = 1, select("#", ...) do look_at((select(i, ...)), 3) end
  busy = false
end
local function told(least)
  print(looked >= least and "looked" or "blind: " .. looked,
    concat(found, ", "))
end
-- Functions that go through it look as well, when they are called.
local function through(f, ...)
  if type(f) == "function" and not known[f] then
    return function(...) look(...) return f(...) end, ...
  end
  return f, ...
end
local function replace(t)
  for name, f in pairs(t) do
    if type(f) == "function" then
      t[name] = function(...) look(...) return through(f(...)) end
      known[t[name] ] = true
    end
  end
end
]]

-- What has zvm's modules do something, each of which must not show anything.
local ACT = [[
local function act()
  local zvm = require "zvm"
  for _, name in ipairs { "re", "report", "explain", "elf", "fault", "symbols",
    "cli", "nodes", "lua", "pipeline", "mapreduce", "interpreter.session",
    "interpreter.steps", "interpreter.start" } do
    pcall(require, "zvm." .. name)
  end
  local report = zvm.run { program = HELLO }
  require "zvm.report".json(report)
  require "zvm.report".format(report)
  require "zvm.explain".module(BAD)
  pcall(zvm.sandbox, {}, "return 1")
  pcall(zvm.pipeline, { { name = "a", program = HELLO } })
  local doc = require "zvm.manifest".read(DOCUMENT)
  assert(not require "zvm.nodes".join(doc, { timeout = 1 }))
  pcall(require "zvm.interpreter.session".run, {})
  require "zvm.interpreter.completion".of({}, "zvm.run { ", "pro", {})
end
]]

local DOCUMENT = [[
Version = 20130611
Program = %s
Memory = 0x1000000, 0
Timeout = 20
Node = 1
NameServer = tcp:127.0.0.1:1
Channel = null:, /dev/stdin, 0, 0, 1, 1, 0, 0
Channel = null:, /dev/stdout, 0, 0, 0, 0, 9, 9
Channel = null:, /dev/stderr, 0, 0, 0, 0, 9, 9
Channel = tcp:9:, /dev/a, 0, 0, 0, 0, 9, 9
]]

describe("a script of the executable", function()
  local function run(text, words)
    local hello = host.guest "01-hello/main"
    local _, said = script.run((words or "") .. " SCRIPT",
      ("local HELLO, BAD, DOCUMENT = %q, %q, %q\n"):format(hello,
        host.guest "08-explain/bad", DOCUMENT:format(hello))
      .. HUNT .. ACT .. text)
    return said
  end

  it("hunts well: it finds what it is given", function()
    assert.equal("looked\ta library, who gives cjson, loadlib\n", run [[
      look { { tcp = 1 } }
      look(load("local name = ... "
        .. "return name == 'cjson' and { encode_sparse_array = 1 }", "=other"))
      local real = getinfo
      getinfo = function() return { what = "C" } end
      look(function() return nil, "no file", "open" end)
      getinfo = real
      told(3)
    ]])
  end)

  it("gets nothing by globals and libraries that it replaces", function()
    assert.equal("looked\t\n", run [[
      for _, t in ipairs(TABLES) do replace(t) end
      act()
      told(20)
    ]])
  end)

  it("gets nothing by methods of strings and files", function()
    assert.equal("looked\t\n", run [[
      local methods = string
      local function index(_, name)
        return function(...) look(...) return methods[name](...) end
      end
      getmetatable("").__index = index
      replace(getmetatable(io.stdout).__index)
      act()
      told(20)
    ]])
  end)

  it("gets nothing by a hook, a finalizer, or a level", function()
    assert.equal("looked\t\n", run [[
      local function levels()
        local level, info = 2, getinfo(2, "f")
        while info do
          look(info.func)
          level = level + 1
          info = getinfo(level, "f")
        end
      end
      jit.off()
      local left = 50
      local function finalizer()
        levels()
        left = left - 1
        if left > 0 then getmetatable(newproxy(true)).__gc = finalizer end
      end
      finalizer()
      local calls = 0
      debug.sethook(function()
        calls = calls + 1
        levels()
      end, "cr")
      act()
      debug.sethook()
      told(calls > 1000 and 1 or 1e9)
    ]])
  end)

  it("gets nothing by modules in place of zvm's", function()
    assert.equal("looked\t\n", run [[
      local real = require
      local JSON = real "zvm.report".json
      local function fake(name)
        local made = real(name)
        if type(made) == "table" then replace(made) end
      end
      local zvm = real "zvm"
      for _, name in ipairs { "elf", "report", "lua.closure", "lua.functions",
        "lua.values", "lua.request", "lua.bytecode", "repl", "explain",
        "explain.bundle", "interpreter.commands", "interpreter.completion",
        "interpreter.names", "nodes.protocol", "manifest", "sorted" } do
        fake("zvm." .. name)
      end
      replace(zvm)
      act()
      local closure = real "zvm.lua.closure"
      for _, f in pairs(real "zvm.re") do
        if type(f) == "function" then look(closure.read(f)) end
      end
      local _, message = closure.read(JSON)
      if not message or message:find "upvalue" then print(message) end
      told(20)
    ]])
  end)

  it("gets nothing by a conversation of its own after it", function()
    assert.equal("looked\t\n", run([[
      package.loaded["zvm.interpreter.session"] = { run = function(...)
        look(...)
        told(1)
        return 0
      end }
    ]], "-i"))
  end)

  it("has no library loaded from where it says", function()
    host.inside(function(folder)
      host.shell("mkdir %s/socket && cp %s/zvm.so %s/socket/core.so", folder,
        host.build(), folder)
      assert.equal("name server\tnil\n", run(([[
        local there = %q
        local function other() return next, { there .. "/" }, nil end
        _G.ipairs = other
        package.cpath = there .. "/?.so"
        package.loaders[4] = package.loaders[3]
        assert(not pcall(require, "socket.core"))
        local doc = require "zvm.manifest".read(DOCUMENT)
        local _, message = require "zvm.nodes".join(doc, { timeout = 1 })
        local file = io.open "/proc/self/maps"
        print(message:match "name server", file:read "*a":find(there, 1, true))
      ]]):format(folder)))
    end)
  end)

  it("sees no functions by what LuaJIT has for looking at code", function()
    assert.equal("nil\tfalse\tfalse\tnil\n", run [[
      print(jit.attach, (pcall(require, "jit.util")),
        (pcall(require, "string.buffer")), debug.getupvalue)
    ]])
  end)

  it("is told by debug.getinfo of its own functions, and of no other's",
    function()
      assert.equal("f\ttrue\t2\tprint\ttrue\tfalse\n", run [[
        local function f()
          local info = debug.getinfo(1, "fn")
          return info.name, info.func
        end
        local name, func = f()
        local co = coroutine.create(function()
          coroutine.yield(debug.getinfo(1, "l").currentline)
        end)
        local _, line = coroutine.resume(co)
        local shown
        debug.sethook(function()
          local info = debug.getinfo(2, "f")
          if info.func == print then shown = "print" end
        end, "c")
        print()
        debug.sethook()
        local own = require "zvm.report".json
        local at
        debug.sethook(function()
          at = at or debug.getinfo(2, "f").func == own
        end, "c")
        pcall(own, {})
        debug.sethook()
        print(name, func == f, line - getinfo(co, 1, "l").currentline + 2,
          shown, getinfo(own, "f").func == own, at)
      ]]:gsub("^\n", ""))
    end)

  it("cannot have the C library look for code by a file's mode", function()
    assert.equal("false\n", run [[print((pcall(io.open, BAD, "r,ccs=X")))]])
  end)

  it("finds each of zvm's modules, whose locals are not too many", function()
    local names = {}
    for path in host.output "find lua/zvm -name '*.lua'":gmatch "lua/(%S+)%.lua"
    do
      names[#names + 1] = path:gsub("/", ".")
    end
    assert.truthy(#names > 100)
    assert.equal("2\n", run(([[
      local missing = 0
      for name in (%q):gmatch "%%S+" do
        local found = package.loaders[2](name)
        missing = missing + (type(found) == "function" and 0 or 1)
      end
      print(missing)
    ]]):format(table.concat(names, " "))))
  end)
end)
