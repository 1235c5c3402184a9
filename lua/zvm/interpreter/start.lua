--- What the executable `zvm` does with its command line: scripts, chunks, the
-- conversation, commands.
--
-- SPDX-License-Identifier: Apache-2.0

local here -- what zvm.interpreter gives

local traceback = debug.traceback
local OURS = debug.getinfo(1, "S").short_src

local USAGE = [=[
usage: zvm [-e CHUNK] [-l MODULE] [-i] [-v] [SCRIPT [ARGUMENT...]]
       zvm COMMAND ...; `zvm help` lists them
  -e CHUNK   run it
  -l MODULE  require it
  -i         read lines when all is done, as zvm alone does at a terminal
  -v         say the version; --version does that alone
  -          the script is standard input
  --         what follows is a script, whatever its name
  -h, --help say this
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
  local ours = trace:find("\n\t[C]: in function 'xpcall'\n\t" .. OURS
    .. ":", 1, true)
  trace = ours and trace:sub(1, ours - 1) or trace
  -- C without a name has an address, which says nothing.
  return (trace:gsub("\n\t%[C%]: at 0x%x+", "")
    :gsub("\nstack traceback:$", ""))
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
  local chunks = 0
  for _, step in ipairs(steps) do
    local letter, text = step[1], step[2]
    if letter == "e" then
      chunks = chunks + 1
      local name = chunks == 1 and "=(command line)"
        or ("=(command line, chunk %d)"):format(chunks)
      require "zvm.lua.sources"[name] = text
      if not attempt(load(text, name)) then
        return false
      end
    elseif letter == "l" and not attempt(_G.require, nil, text) then
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
    return attempt(here.load_file()) and 0 or 1
  end
  return 0
end

local function interpret(words)
  if words[1] == "-h" or words[1] == "--help" then
    io.write(USAGE)
    return 0
  elseif words[1] == "--version" then
    say_version()
    return 0
  end
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
  local chunk, message = here.load_file(path)
  local ok = attempt(chunk, message, unpack(words, at + 1))
  if ok and steps.i then
    return require "zvm.interpreter.session".run(here)
  end
  return ok and 0 or 1
end

--- Called once; gives the exit code.
--
-- @tparam table given by zvm.interpreter: catch, person, exists, folders,
--  load_file
-- @tparam table words of the command line, from 0
return function(given, words)
  here = given
  local first = words[1]
  if first and not first:find "^%-" then
    local known = require "zvm.cli.commands".find(first)
    if known or not (first:find "[./]" or here.exists(first)) then
      here.catch(true)
      return require "zvm.cli".main(words, here.folders())
    end
  end
  return interpret(words)
end
