--- The interpreter that is the executable `zvm`: what a script finds, and
-- which script.
--
-- Called once, with what main.c has:
--   find    gives the text of one of zvm's modules, or nil
--   own     C that those modules need and scripts do not get: name -> opener
--   catch   whether SIGINT interrupts the script, or ends the process
--   person  whether a descriptor is a terminal
--   folder  of the executable
--   words   of the command line, from 0
--
-- A script may do what Lua can do: files, commands, its own modules in Lua. It
-- gets no C but zvm: package.cpath and package.loadlib are gone, and bytecode,
-- which LuaJIT trusts, is not loaded.
--
-- SPDX-License-Identifier: Apache-2.0
local here = ...

-- -- Modules ----------------------------------------------------------------

local plain_load, open = load, io.open

local traceback = debug.traceback

local function text_of(chunk, name, environment)
  return plain_load(chunk, name, "t", environment or _G)
end

local function read_all(path)
  if path == nil then
    return io.read "*a"
  end
  local file, message = open(path, "rb")
  if not file then
    return nil, "cannot open " .. message
  end
  local text
  text, message = file:read "*a"
  file:close()
  if not text then
    return nil, ("cannot read %s: %s"):format(path, message or "no file")
  end
  return text
end

local function load_file(path)
  local text, message = read_all(path)
  if not text then
    return nil, message
  end
  text = text:gsub("^#[^\n]*", "", 1) -- the line keeps its number
  return text_of(text, path and "@" .. path or "=stdin")
end

local function exists(path)
  local file = open(path, "rb")
  return file ~= nil and file:close()
end

-- LuaSocket, which is the system's: for zvm.nodes alone.
local loadlib = package.loadlib
local SYSTEM = { "/usr/local/lib/lua/5.1/",
  "/usr/lib/x86_64-linux-gnu/lua/5.1/", "/usr/lib/lua/5.1/",
  "/usr/lib64/lua/5.1/" }

here.own["socket.core"] = function()
  for _, folder in ipairs(SYSTEM) do
    local opener = loadlib(folder .. "socket/core.so", "luaopen_socket_core")
    if opener then
      return opener()
    end
  end
  error("LuaSocket is not there: install lua-socket", 0)
end

-- What zvm's own modules require: C that is theirs, then what all get.
local own_loaded = {}

local function own_require(name)
  if own_loaded[name] == nil and here.own[name] then
    own_loaded[name] = here.own[name](name) or true
  end
  return own_loaded[name] or require(name)
end

-- What scripts have of the debug library: nothing that reaches into functions,
-- frames or objects of others. zvm's own modules have it whole.
local own_debug = debug
local PLAIN_DEBUG = { getinfo = debug.getinfo, gethook = debug.gethook,
  sethook = debug.sethook, traceback = debug.traceback }

-- Where zvm-cc is: installed beside the executable, else in the tree.
local function launchers()
  local folder = here.folder or "."
  if exists(folder .. "/zvm-cc") then
    return folder, (folder:gsub("/[^/]*$", "")) .. "/share/lua/5.1/"
  end
  local root = folder:gsub("/[^/]*/[^/]*$", "")
  return root .. "/lua/bin", root .. "/lua/"
end

-- Modules find what comes with zvm by where they are: as if they were files.
local function embedded(name)
  local text = here.find(name)
  if not text then
    return ("\n\tno module '%s' in the executable"):format(name)
  end
  local _, root = launchers()
  local chunk = assert(text_of("local require, debug = ... " .. text,
    ("@%s%s.lua"):format(root, (name:gsub("%.", "/")))))
  return function()
    return chunk(own_require, own_debug)
  end
end

local function in_files(name)
  local tried = {}
  for pattern in package.path:gmatch "[^;]+" do
    local path = pattern:gsub("%?", (name:gsub("%.", "/")))
    local file = open(path, "rb")
    if file then
      file:close()
      local chunk, message = load_file(path)
      if not chunk then
        error(("error loading module '%s' from file '%s':\n\t%s"):format(name,
          path, message), 0)
      end
      return chunk
    end
    tried[#tried + 1] = ("\n\tno file '%s'"):format(path)
  end
  return table.concat(tried)
end

local function restrict()
  package.loaders = { package.loaders[1], embedded, in_files }
  package.cpath = ""
  rawset(package, "loadlib", nil)
  _G.debug, package.loaded.debug = PLAIN_DEBUG, PLAIN_DEBUG
  package.path = os.getenv "LUA_PATH" or "./?.lua;./?/init.lua;"
    .. "/usr/local/share/lua/5.1/?.lua;/usr/local/share/lua/5.1/?/init.lua;"
    .. "/usr/share/lua/5.1/?.lua;/usr/share/lua/5.1/?/init.lua"
  package.path = package.path:gsub(";;", ";./?.lua;"):gsub("^;", "")
  function _G.load(chunk, name, _, environment)
    return text_of(chunk, name or type(chunk) == "string" and chunk
      or "=(load)", environment)
  end
  _G.loadstring, _G.loadfile = _G.load, load_file
  function _G.dofile(path)
    return assert(load_file(path))()
  end
end

-- -- Command line -----------------------------------------------------------

local USAGE = [=[
usage: zvm [-e CHUNK] [-l MODULE] [-i] [-v] [SCRIPT [ARGUMENT...]]
       zvm COMMAND ...; `zvm help` lists them
  -e CHUNK   run it
  -l MODULE  require it
  -i         read lines when all is done, as zvm alone does at a terminal
  -v         say the version
  -          the script is standard input
  --         what follows is a script, whatever its name
]=]

local function traced(message)
  if type(message) ~= "string" then
    local text = type(message) == "table" and getmetatable(message)
    if not (text and text.__tostring) then
      return message
    end
    message = tostring(message)
  end
  local trace = traceback(message, 2)
  local ours = trace:find("\n\t[C]: in function 'xpcall'\n"
    .. "\tzvm.interpreter:", 1, true)
  return ours and trace:sub(1, ours - 1) or trace
end

-- Runs what a person wrote; false, and it is told on stderr, if that fails.
local function attempt(chunk, message, ...)
  local ok = chunk ~= nil
  if chunk then
    here.catch(true)
    local values = { xpcall(chunk, traced, ...) }
    here.catch(false)
    ok, message = values[1], values[2]
  end
  if not ok then
    io.stderr:write("zvm: ", type(message) == "string" and message
      or ("(error object is a %s value)"):format(type(message)), "\n")
  end
  return ok
end

local function set_arguments(words, at)
  local list = {}
  for i = 0, #words do
    list[i - at] = words[i]
  end
  _G.arg = list
end

-- Options before the script: what to do first, in order; where it stands.
local function read_options(words)
  local steps, at = {}, 1
  while words[at] and words[at]:find "^%-." and words[at] ~= "--" do
    local letter, rest = words[at]:match "^%-(%a)(.*)$"
    local wants = letter == "e" or letter == "l"
    if not letter or not ("eilv"):find(letter, 1, true)
      or (rest ~= "" and not wants)
    then
      return nil, ("unknown option %s"):format(words[at])
    elseif wants and rest == "" then
      at = at + 1
      rest = words[at]
      if not rest then
        return nil, ("-%s wants a %s"):format(letter,
          letter == "e" and "chunk" or "module")
      end
    end
    steps[#steps + 1] = { letter, rest }
    steps[letter] = true
    at = at + 1
  end
  if words[at] == "--" then
    at, steps.script = at + 1, true
  end
  return steps, at
end

local function take_steps(steps)
  for _, step in ipairs(steps) do
    local letter, text = step[1], step[2]
    if letter == "e" then
      if not attempt(text_of(text, "=(command line)")) then
        return false
      end
    elseif letter == "l" and not attempt(function() require(text) end) then
      return false
    end
  end
  return true
end

local function say_version()
  io.write(("zvm %s, %s without FFI\n"):format(require "zvm".VERSION,
    _G.jit.version))
end

-- What is done when there is no script.
local function converse(steps)
  if steps.i or (here.person(0) and not (steps.e or steps.v)) then
    return require "zvm.interpreter.session".run(here)
  elseif not (steps.e or steps.v or steps.l) then
    return attempt(load_file()) and 0 or 1
  end
  return 0
end

local function interpret(words)
  local steps, at = read_options(words)
  if not steps then
    io.stderr:write("zvm: ", at, "\n", USAGE)
    return 2
  end
  set_arguments(words, at)
  if steps.v then
    say_version()
  end
  if not take_steps(steps) then
    return 1
  elseif not words[at] then
    return converse(steps)
  end
  local path = words[at] ~= "-" and words[at] or nil
  local chunk, message = load_file(path)
  local ok = attempt(chunk, message, unpack(words, at + 1))
  if ok and steps.i then
    return require "zvm.interpreter.session".run(here)
  end
  return ok and 0 or 1
end

local function main(words)
  local first = words[1]
  if first and not first:find "^%-" then
    local known = require "zvm.cli.commands".find(first)
    if known or not (first:find "[./]" or exists(first)) then
      here.catch(true)
      return require "zvm.cli".main(words, launchers())
    end
  end
  return interpret(words)
end

restrict()
return main(here.words)
