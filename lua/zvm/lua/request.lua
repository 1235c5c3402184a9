--- Options of zvm.lua as what zvm.run takes, and the bytes of the call.
--
-- SPDX-License-Identifier: Apache-2.0
local closure = require "zvm.lua.closure"
local option = require "zvm.manifest.option"
local show = require "zvm.manifest.show"
local values = require "zvm.lua.values"

local M = {}

M.CALL, M.REPLY = "/dev/zvm/call", "/dev/zvm/reply"

-- Passed on to zvm.run as they are.
local PASSED = { "channels", "clock", "collect", "cpu", "directory", "env",
  "files", "images", "isolation", "memory", "on_limit", "resident", "seed",
  "stack", "timeout" }
local OWN = { "args", "modules", "name", "output", "path", "results",
  "source" }
local KNOWN = {}
for _, list in ipairs { OWN, PASSED } do
  for _, key in ipairs(list) do
    KNOWN[#KNOWN + 1] = key
  end
end
table.sort(KNOWN)

--- What zvm.lua may be told, for zvm.interpreter.names.
function M.options()
  return { keys = KNOWN }
end

local DEFAULTS = { cpu = 5, memory = "64M", timeout = 10 }

-- -- The code ---------------------------------------------------------------

local function chunk(source, name)
  if source:sub(1, 1) == "\27" then
    return nil, "source: precompiled code does not run here, text does"
  end
  return { chunks = { { name = name, source = source, closure = false } },
    upvalues = {} }
end

local function read_path(path)
  if type(path) ~= "string" then
    return nil, "path: string expected, got " .. show.value(path)
  end
  local file, message = io.open(path, "rb")
  local text
  if file then
    text, message = file:read "*a"
    message = not text and path .. ": " .. message
    file:close()
  end
  if not text then
    return nil, "path: " .. message, "SYSTEM"
  end
  return text:gsub("^#[^\n]*", "", 1)
end

local function read_code(options)
  local source, name = options.source, options.name
  if name ~= nil and type(name) ~= "string" then
    return nil, "name: string expected, got " .. show.value(name)
  elseif (source == nil) == (options.path == nil) then
    return nil, "one of source and path is wanted"
  elseif type(source) == "function" then
    local call, message = closure.read(source)
    return call, message, "SOURCE"
  elseif options.path ~= nil then
    local message, code
    source, message, code = read_path(options.path)
    if not source then
      return nil, message, code
    end
    name = name or "@" .. options.path
  elseif type(source) ~= "string" then
    return nil, "source: string or function expected, got "
      .. show.value(source)
  end
  return chunk(source, name or "=chunk")
end

-- -- What goes along ----------------------------------------------------------

local function check_modules(modules)
  if type(modules) ~= "table" then
    return "modules: table expected, got " .. show.value(modules)
  end
  for name, source in next, modules do
    if type(name) ~= "string" then
      return "modules: a module without a name"
    elseif type(source) ~= "string" then
      return ("modules[%s]: string expected, got %s"):format(
        show.quote(name), show.value(source))
    end
  end
end

local function write_code(out, call)
  values.write(out, #call.chunks)
  for _, each in ipairs(call.chunks) do
    values.write(out, each.name)
    values.write(out, each.source)
    values.write(out, each.closure)
  end
  values.write(out, #call.upvalues)
  for _, each in ipairs(call.upvalues) do
    values.write(out, each.chunk)
    values.write(out, each.name)
    values.write(out, each.how)
    values.write(out, each.value)
  end
end

local function write_args(out, args)
  if type(args) ~= "table" then
    return nil, "args: table expected, got " .. show.value(args)
  end
  local n = rawget(args, "n") or #args
  if type(n) ~= "number" or n % 1 ~= 0 or n < 0 or n > 200 then
    return nil, "args: at most 200 are possible"
  end
  values.write(out, n)
  for i = 1, n do
    local ok, message = values.write(out, rawget(args, i),
      ("args[%d]"):format(i))
    if not ok then
      return nil, message, "VALUE"
    end
  end
  return true
end

local function write_call(options, call)
  local out = values.writer()
  local modules = options.modules or {}
  local wrong = check_modules(modules)
  if wrong then
    return nil, wrong
  end
  values.write(out, modules)
  write_code(out, call)
  local ok, message, code = write_args(out, options.args or {})
  if not ok then
    return nil, message, code
  end
  return values.bytes(out)
end

-- -- Channels -----------------------------------------------------------------

local function output_channel(output)
  if output == true then
    return { write = function(bytes)
      io.stdout:write(bytes)
    end }
  elseif type(output) == "function" then
    return { write = output }
  end
  return nil, "output: function or true expected, got " .. show.value(output)
end

local function add_channels(run, options, bytes)
  local channels = {}
  if type(options.channels) == "table" then
    for key, value in next, options.channels do
      channels[key] = value
    end
  elseif options.channels ~= nil then
    return nil, "channels: table expected, got "
      .. show.value(options.channels)
  end
  for _, key in ipairs { M.CALL, M.REPLY } do
    if channels[key] ~= nil then
      return nil, ("channels: %s is what results come by"):format(key)
    end
  end
  if options.output ~= nil then
    local message
    if channels.stdout ~= nil then
      return nil, "output: channels.stdout says it already"
    end
    channels.stdout, message = output_channel(options.output)
    if message then
      return nil, message
    end
  end
  channels[M.CALL] = { data = bytes }
  -- All that comes back and is kept here has a bound.
  for _, key in ipairs { M.REPLY, "stdout", "stderr" } do
    channels[key] = channels[key] or { buffer = true, on_limit = "stop",
      limits = { put_bytes = options.results or "16M" } }
  end
  run.channels = channels
  return true
end

-- Seconds, of a number or what zvm.run will have understood.
local function seconds(time)
  if type(time) == "number" then
    return time
  end
  local digits, unit = tostring(time):match "^(%d+)(m?s)$"
  return digits and tonumber(digits) / (unit == "ms" and 1000 or 1) or 0
end

local function read(options)
  local wrong = option.check_keys(options, KNOWN)
  if wrong then
    return nil, wrong
  end
  if options.results ~= nil then
    local size, message = option.size(options.results)
    if not size or size == 0 then
      return nil, "results: " .. (message or "1 byte at least expected, got 0")
    end
  end
  local call, message, code = read_code(options)
  if not call then
    return nil, message, code
  end
  local bytes
  bytes, message, code = write_call(options, call)
  if not bytes then
    return nil, message, code
  end
  local run = { name = "lua", args = { "-e", 'require "zvm.call"' } }
  for _, key in ipairs(PASSED) do
    run[key] = options[key]
    if run[key] == nil then
      run[key] = DEFAULTS[key]
    end
  end
  local ok
  ok, message = add_channels(run, options, bytes)
  if not ok then
    return nil, message
  end
  return { run = run, seconds = seconds(run.cpu), results = options.results
    or "16M" }
end

--- A table with `run`, options for zvm.run but the program; or nil, message,
-- code. `name` begins messages.
function M.read(options, name)
  local job, message, code = read(options)
  if not job then
    return nil, ("%s: %s"):format(name, message), code or "OPTION"
  end
  return job
end

return M
