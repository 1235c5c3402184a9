--- The interpreter that is the executable `zvm`: what a script finds, and what
-- zvm's own modules find.
--
-- Called once, before any script, with what main.c has:
--   find    gives the text of one of zvm's modules, or nil
--   own     C that those modules need and scripts do not get: name -> opener
--   catch   whether SIGINT interrupts the script, or ends the process
--   person  whether a descriptor is a terminal
--   folder  of the executable
--   words   of the command line, from 0
--
-- A script may do what Lua can do: files, commands, its own modules in Lua. It
-- gets no C but zvm: package.cpath is empty, package.loadlib is gone, and
-- bytecode, which LuaJIT trusts, is not loaded.
--
-- A script may put what it likes in place of any global, any field of a library
-- and any module. So zvm's own modules use none: whatever is global now, is a
-- local of theirs (zvm.interpreter.own), and so is what is used here after the
-- start.
--
-- SPDX-License-Identifier: Apache-2.0
local here = ...

local assert, error, pcall, require, type = assert, error, pcall, require, type
local concat, gmatch, gsub = table.concat, string.gmatch, string.gsub
local match = string.match
local package, _G = package, _G
local find, own_c = here.find, here.own

-- -- Text -------------------------------------------------------------------

local plain_load, open, read = load, io.open, io.read

local WRONG_MODE = "attempt to load chunk with wrong mode"

local function text_of(chunk, name, environment)
  local loaded, message = plain_load(chunk, name, "t", environment or _G)
  if message == WRONG_MODE then
    message = (match(name, "^[@=](.*)") or "load")
      .. ": bytecode is not loaded, only text is"
  end
  return loaded, message
end

local function read_all(path)
  if path == nil then
    return read "*a"
  end
  local file, message = open(path, "rb")
  if not file then
    return nil, "cannot open " .. message
  end
  local text
  text, message = file:read "*a"
  file:close()
  if not text then
    return nil, "cannot read " .. path .. ": " .. (message or "no file")
  end
  return text
end

local function load_file(path, _, environment)
  local text, message = read_all(path)
  if not text then
    return nil, message
  end
  text = gsub(text, "^#[^\n]*", "", 1) -- the line keeps its number
  if not path then
    require "zvm.lua.sources"["=stdin"] = text
  end
  return text_of(text, path and "@" .. path or "=stdin", environment)
end

local function exists(path)
  local file = open(path, "rb")
  return file ~= nil and file:close()
end

local function load_text(chunk, name, _, environment)
  return text_of(chunk, name or type(chunk) == "string" and chunk
    or "=(load)", environment)
end

local function do_file(path)
  return assert(load_file(path))()
end

-- A mode such as "r,ccs=NAME" has the C library look for code of that name.
local function open_plainly(path, mode)
  if mode and match(mode, "^[%w+]*$") == nil then
    error("bad argument #2 to 'open' (invalid mode)", 2)
  end
  return open(path, mode)
end

-- -- Modules ----------------------------------------------------------------

-- Where zvm-cc is: installed beside the executable, else in the tree.
local function folders()
  local folder = here.folder or "."
  if exists(folder .. "/zvm-cc") then
    return folder, gsub(folder, "/[^/]*$", "") .. "/share/lua/5.1/"
  end
  local root = gsub(folder, "/[^/]*/[^/]*$", "")
  return root .. "/lua/bin", root .. "/lua/"
end

local _, ROOT = folders()

-- What zvm's own modules require: C that is theirs, then what all get.
local own_loaded = {}

local function own_require(name)
  if own_loaded[name] == nil and own_c[name] then
    own_loaded[name] = own_c[name](name) or true
  end
  return own_loaded[name] or require(name)
end

-- These two have been used when a script runs, and are nobody's modules.
local START = { ["zvm.interpreter"] = true, ["zvm.interpreter.own"] = true }

local own = plain_load(find "zvm.interpreter.own", "=zvm.interpreter.own")()

-- Modules find what comes with zvm by where they are: as if they were files.
local function own_chunk(name, text)
  local source = "@" .. ROOT .. gsub(name, "%.", "/") .. ".lua"
  return own.load(plain_load, text, source)
end

local function embedded(name)
  local text = not START[name] and find(name)
  if not text then
    return "\n\tno module '" .. name .. "' in the executable"
  end
  local chunk = own_chunk(name, text)
  return function()
    return chunk(own.values())
  end
end

local function in_files(name)
  local tried = {}
  for pattern in gmatch(package.path, "[^;]+") do
    local path = gsub(pattern, "%?", (gsub(name, "%.", "/")))
    local file = open(path, "rb")
    if file then
      file:close()
      local chunk, message = load_file(path)
      if not chunk then
        error("error loading module '" .. name .. "' from file '" .. path
          .. "':\n\t" .. message, 0)
      end
      return chunk
    end
    tried[#tried + 1] = "\n\tno file '" .. path .. "'"
  end
  return concat(tried)
end

-- -- What a script finds ----------------------------------------------------

local DEFAULT_PATH = "./?.lua;./?/init.lua;/usr/local/share/lua/5.1/?.lua;"
  .. "/usr/local/share/lua/5.1/?/init.lua;/usr/share/lua/5.1/?.lua;"
  .. "/usr/share/lua/5.1/?/init.lua"

-- An error in a profile's callback has nowhere to go, and LuaJIT would end the
-- process for it: the profile ends instead.
local open_profile = package.preload["jit.profile"]
local stderr, write = io.stderr, io.stderr.write

local function safe_profile(name)
  local profile = open_profile(name)
  local start, stop = profile.start, profile.stop
  function profile.start(mode, callback)
    return start(mode, type(callback) == "function" and function(...)
      local ok, message = pcall(callback, ...)
      if not ok then
        stop()
        pcall(write, stderr, "zvm: jit.profile: ", type(message) == "string"
          and message or "(error object is a " .. type(message) .. " value)",
          "; the profile has ended\n")
      end
    end or callback)
  end
  return profile
end

local function restrict()
  package.loaders = { package.loaders[1], embedded, in_files }
  package.cpath, package.loadlib = "", nil
  -- ";;" is where those come that are there without it, as Lua has it.
  package.path = gsub(gsub(gsub(os.getenv "LUA_PATH" or DEFAULT_PATH, ";;",
    ";" .. DEFAULT_PATH .. ";", 1), "^;", ""), ";$", "")
  _G.load, _G.loadstring = load_text, load_text
  _G.loadfile, _G.dofile, _G.io.open = load_file, do_file, open_plainly
  -- These show functions of others, and their insides.
  _G.jit.attach, package.preload["jit.util"] = nil, nil
  package.preload["jit.profile"] = safe_profile
  -- This makes addresses, as light userdata, of strings.
  package.preload["string.buffer"] = nil
end

restrict()
own.start(own_require)
return own_chunk("zvm.interpreter.start", find "zvm.interpreter.start")(
  own.values())({ catch = here.catch, person = here.person, exists = exists,
  folders = folders, load_file = load_file }, here.words)
