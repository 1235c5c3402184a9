--- The lines of the conversation that begin with a dot.
--
-- Each is { name, wants, about, run }; `run` takes the session and the words
-- after the name, and gives what there is to print.
--
-- SPDX-License-Identifier: Apache-2.0
local arguments = require "zvm.cli.arguments"
local explain = require "zvm.explain"
local map = require "zvm.interpreter.map"
local steps = require "zvm.interpreter.steps"

local M = { list = {}, names = {} }

local function command(name, wants, about, run)
  local entry = { name = name, wants = wants, about = about, run = run }
  M.list[#M.list + 1], M.list[name] = entry, entry
  M.names[#M.names + 1] = "." .. name
end

-- What is between blanks; or between quotes, with blanks in it.
local function words_of(text)
  local words, at = {}, 1
  while true do
    at = text:find("%S", at)
    if not at then
      return words
    end
    local _, word, past = text:match("^([\"'])(.-)%1%f[%s%z]()", at)
    if not word then
      word, past = text:match("^(%S+)()", at)
    end
    words[#words + 1] = word
    at = past
  end
end

-- A program that a person names: a path as it is, or an expression.
local function program(session, text)
  local file = text ~= "" and io.open(text, "rb")
  if file then
    file:close()
    return text
  end
  local value = session:value(text)
  if value ~= nil and type(value) ~= "string" then
    error(("%s is a %s; a program's path is wanted"):format(text, type(value)),
      0)
  end
  return value or text
end

local TOPICS = {
  run = [[
zvm.run { program = "x.zvm", args = { "a" }, channels = { stdin = { data =
"text" } } } runs a program and gives a report; `_` is the last value, so
_.channels.stdout.data is what it printed. zvm.start does not wait.
Tab after a brace shows the options.]],
  channels = [[
A guest has what it is given: stdin, stdout, stderr, and further channels by
name, each a file (path =), bytes (data =), a buffer, a descriptor, a socket
(uri =), or functions (read =, write =), with limits and etags.]],
  sandbox = [[
A program is machine code that the validator has accepted: no instruction
reaches memory beyond its own 4 GiB, no jump leaves the text or enters an
instruction in its middle. `.explain` says why one is refused, `.map` draws
its memory, `.step` shows each bundle with the rule that makes it safe.
zvm.sandbox(f, ...) calls a Lua function in such a guest: `.help lua`.]],
  lua = [[
zvm.sandbox([options,] f, ...) calls a Lua function, or a string of Lua, in a
guest, and gives its results; or nil, message, code, report. zvm.lua { source =
"return ...", args = { 1 } } does the same, zvm.lua.run gives a table with all
that is known, zvm.lua.start does not wait. What is printed is kept, as
zvm.lua.run's output; with the option output = true it is shown.]],
  pipeline = [[
p = zvm.pipeline { { program = "a.zvm" }, { program = "b.zvm" } } is a list of
stages, each piped into the next, or to those that `connect` names; p:run()
runs it and gives a report, which has instances and outputs.]],
  re = [[
re = require "zvm.re" has PCRE2, in a guest: p = re.compile("(\\w+)@", "i"),
then p:match(text), p:find, p:gmatch, p:gsub; re.match(text, pattern).]],
  step = [[
.step x.zvm runs it bundle by bundle, and says of each instruction which rule
makes it safe. It stops at a fault before that is delivered: a return goes on,
to the guest's own handler or to the end. Ctrl-C stops n and c where it is.]],
  trace = [[
.trace on shows what every run that begins then asks of its host, when a line
is done: those of zvm.run, zvm.start, zvm.lua, zvm.sandbox, pipelines, zvm.re.
A run that goes on is shown as far as it is, after each line. In a line:
when it was, in microseconds, and how long it took; what it was; what belongs to
it.]],
}

local function topics()
  local list = {}
  for name in pairs(TOPICS) do
    list[#list + 1] = name
  end
  table.sort(list)
  return table.concat(list, ", ")
end

command("help", "[TOPIC]", "what there is; of a topic more",
  function(_, text)
    if TOPICS[text] then
      return TOPICS[text]
    elseif text ~= "" then
      return ("no topic %q; there are %s"):format(text, topics())
    end
    local out = { "A line is Lua: an expression is printed, `_` is the last "
      .. "value.", "zvm is there; Tab completes names and options.", "" }
    for _, each in ipairs(M.list) do
      out[#out + 1] = ("  .%-8s %-22s %s"):format(each.name, each.wants,
        each.about)
    end
    out[#out + 1] = "Topics: " .. topics()
    return table.concat(out, "\n")
  end)

command("explain", "PROGRAM", "why it is refused, or what it consists of",
  function(session, text)
    if text == "" then
      return ".explain wants a program's path, or a Lua expression for one"
    end
    return (explain.format(explain.module(program(session, text))))
  end)

command("map", "PROGRAM", "the memory of an instance, drawn",
  function(session, text)
    if text == "" then
      return ".map wants a program's path"
    end
    local run, message = steps.start(program(session, text), {})
    if not run then
      return message
    end
    local drawing = map.draw(run:maps(), run.about)
    run:close()
    return drawing
  end)

command("trace", "on|off", "show each trap of all runs that begin",
  function(session, text)
    if text ~= "on" and text ~= "off" then
      return (".trace is %s; .trace on, .trace off"):format(
        session.tracing.on and "on" or "off")
    end
    session.tracing:set(text == "on")
    return "tracing is " .. text
  end)

-- -- Steps ------------------------------------------------------------------

local STEP_HELP = [[
  return      the next bundle          n COUNT   so many
  m ADDRESS [BYTES]   memory           map       the memory map
  c           to the end, unwatched    q         stop here]]

local STEP = {}

function STEP.m(run, words)
  local address = tonumber(words[2] or "")
  local count = tonumber(words[3] or "64")
  if not address or address < 0 or address >= 2 ^ 32 or not count
    or count < 1
  then
    return "m wants an address below 4 GiB, such as 0x20000, and how many "
      .. "bytes"
  end
  local text, message = run:memory(math.floor(address), math.floor(count))
  return text or message
end

function STEP.map(run)
  return map.draw(run:maps(), run.about)
end

function STEP.c(run)
  local ok, message = run:finish()
  return ok and run:show() or message
end

function STEP.q(run)
  run.over = "stopped"
  return ("stopped after %d steps"):format(run.steps)
end

function STEP.n(run, words)
  local count = tonumber(words[2] or "1")
  if not count or count < 1 or count % 1 ~= 0 then
    return "n wants a number of bundles"
  end
  local ok, message = run:next(count)
  return ok and run:show() or message
end

local function take_step(run, line)
  local words = words_of(line)
  local name = words[1] or "n"
  local action = STEP[name]
  return action and action(run, words) or STEP_HELP
end

local STEP_NAMES = { "c", "m ", "map", "n ", "q" }

-- One line of a person who watches a run. An interrupt is for the line alone.
local function converse(session, run)
  session.here.catch(true)
  local ok, line = pcall(session.read, "step> ", STEP_NAMES)
  if not ok then
    session.write "\n"
    return true
  elseif not line then
    return false
  end
  local _, said = pcall(take_step, run, line)
  said = tostring(said)
  session.write((said:find "interrupted!$" and "interrupted" or said) .. "\n")
  return not run.over
end

command("step", "PROGRAM [ARGUMENT...]", "run it bundle by bundle",
  function(session, text)
    local words = words_of(text)
    if not words[1] then
      return ".step wants a program's path, and maybe arguments"
    end
    local run, message = steps.start(program(session, table.remove(words, 1)),
      words)
    if not run then
      return message
    end
    session.write(STEP_HELP .. "\n" .. run:show() .. "\n")
    while converse(session, run) do end
    run:close()
    return nil
  end)

command("quit", "", "end; so does the end of file", function(session)
  session.done = true
end)

-- What may have been meant, in words; of those as near, one that begins alike.
local function hint(name)
  local list = {}
  for _, each in ipairs(M.list) do
    local alike = each.name:sub(1, 1) == name:sub(1, 1)
    table.insert(list, alike and 1 or #list + 1, each.name)
  end
  return arguments.hint(name, list, ".")
end

--- For a line that is a command's name without its dot: what to say; or nil.
function M.meant(line)
  local name = line:match "^%s*(%a+)%s*$"
  name = name == "exit" and "quit" or name
  return name and M.list[name] and (".%s is with a dot"):format(name) or nil
end

--- Take a line that begins with a dot and a letter. Gives what there is to
-- print; nil for none.
function M.take(session, line)
  local name, text = line:match "^%s*%.(%a+)%s*(.-)%s*$"
  local entry = M.list[name]
  if not entry then
    return ("no command .%s%s; .help lists them"):format(name,
      hint(name:lower()))
  end
  return entry.run(session, text)
end

--- Whether a line is one.
function M.is(line)
  return line:find "^%s*%.%a" ~= nil
end

return M
