--- The interpreter's conversation with a person: lines edited, completed and
-- kept; values shown so that they can be read; commands that begin with a dot.
--
-- SPDX-License-Identifier: Apache-2.0
local commands = require "zvm.interpreter.commands"
local completion = require "zvm.interpreter.completion"
local explain = require "zvm.explain"
local line = require "zvm.line"
local paths = require "zvm.interpreter.paths"
local repl = require "zvm.repl"
local reports = require "zvm.report"
local result = require "zvm.pipeline.result"
local tracing = require "zvm.interpreter.tracing"
local zvm = require "zvm"

local jit = jit -- luacheck: globals jit

local M = {}

local KEPT = 1000 -- lines of history

-- -- Values -----------------------------------------------------------------

local function findings(value)
  local out = {}
  for i, each in ipairs(value) do
    out[i] = ("0x%x: %s: %s\n  to do: %s"):format(each.address, each.rule,
      each.text, each.remedy)
  end
  return table.concat(out, "\n")
end

local function pipeline(graph)
  local out = {}
  for i, stage in ipairs(graph.stages) do
    local to = {}
    for _, name in ipairs(stage.connect or {}) do
      to[#to + 1] = "to all of " .. name
    end
    to[#to + 1] = stage.pipe and "piped into " .. stage.pipe
    out[i] = ("%-16s x %-4d %s"):format(repl.show(stage.name):sub(2, -2),
      stage.count, table.concat(to, ", ")):gsub("%s+$", "")
  end
  return ("a pipeline of %d stages\n%s"):format(#graph.stages,
    table.concat(out, "\n"))
end

-- What the module has: functions, then all else; some names a line.
local function module()
  local names = { ["function"] = {}, other = {} }
  for name, value in next, zvm do
    local list = names[type(value)] or names.other
    list[#list + 1] = name
  end
  local function listed(list)
    table.sort(list)
    local lines = { "" }
    for i, name in ipairs(list) do
      local text = name .. (list[i + 1] and ", " or "")
      if #lines[#lines] + #text > 60 then
        lines[#lines + 1] = ""
      end
      lines[#lines] = lines[#lines] .. text
    end
    return (table.concat(lines, "\n             "):gsub(" +\n", "\n"))
  end
  return ("zvm %s\n  functions  %s\n  others     %s"):format(zvm.VERSION,
    listed(names["function"]), listed(names.other))
end

-- Parts of the module that can be called are tables to look at.
local function part_of_module(value)
  for _, each in next, zvm do
    if rawequal(each, value) then
      local plain = {}
      for key, member in next, value do
        plain[key] = member
      end
      return repl.show(plain)
    end
  end
end

-- Text for what has a form of its own to be read in, or nil. Nobody's code is
-- run for it but zvm's.
local function form(value)
  if type(value) ~= "table" then
    return nil
  elseif value == zvm then
    return module()
  elseif rawget(value, "state") and type(rawget(value, "channels")) == "table"
  then
    return reports.format(value)
  elseif type(rawget(value, "accepted")) == "boolean" then
    return explain.format(value)
  elseif result.is_report(value) then
    return value:text()
  end
  local first = rawget(value, 1)
  if type(first) == "table" and rawget(first, "rule")
    and rawget(first, "remedy")
  then
    return findings(value)
  end
  local graph = rawget(value, "graph")
  if type(graph) == "table" and type(rawget(graph, "stages")) == "table" then
    return pipeline(graph)
  end
  return debug.getmetatable(value) and part_of_module(value)
end

local function show(value)
  return repl.show(value, form)
end

-- -- Reading ----------------------------------------------------------------

local function history_path()
  local folder = os.getenv "XDG_STATE_HOME"
  if folder and folder ~= "" then
    return folder .. "/zvm_history"
  end
  local home = os.getenv "HOME"
  return home and home ~= "" and home .. "/.zvm_history" or nil
end

local Session = {}
Session.__index = Session

-- From a file or a pipe: no prompt.
local function plain_reader()
  return io.read()
end

local function complete(self, before, word)
  local pending = self.loop.pending
  before = (pending and pending .. "\n" or "") .. before
  local list, skip = paths.of(before .. word, word, commands.list, line.names)
  if list then
    return list, skip
  end
  return completion.of(self.loop.environment, before, word, commands.names)
end

local function editing_reader(self)
  local path = history_path()
  if path then
    line.load(path)
  end
  return function(prompt, words)
    local text = line.read(prompt, function(before, word)
      if words then
        return completion.among(words, before, word)
      end
      return complete(self, before, word)
    end)
    if text and text:find "%S" then
      line.add(text)
      if path then
        line.save(path, KEPT)
      end
    elseif not text then
      self.write "\n" -- the prompt's line is done
    end
    return text
  end
end

-- -- The loop ---------------------------------------------------------------

--- The value of an expression; nil if it is none.
function Session:value(text)
  local chunk = loadstring("return " .. text)
  if not chunk then
    return nil
  end
  local ok, value = pcall(setfenv(chunk, self.loop.environment))
  return ok and value or nil
end

-- One line, which may be a command, else goes to the loop.
function Session:take(text)
  if not self.loop.pending and commands.is(text) then
    local ok, said = pcall(commands.take, self, text)
    return not ok and tostring(said) or said, false
  end
  local meant = not self.loop.pending and commands.meant(text)
  local said, more = self.loop:line(text)
  return said == "nil" and meant and "nil; " .. meant or said, more
end

-- Takes a line and prints what it gives; whether more lines are wanted.
function Session:answer(text)
  local said, more = self:take(text)
  self.tracing:show()
  if said then
    self.write(said .. "\n")
  end
  return more
end

function Session:talk()
  local more = false
  while not self.done do
    self.here.catch(true) -- one interrupt uses it up
    local ok, text = pcall(self.read, more and ">> " or "> ")
    if ok and text then
      ok, more = pcall(self.answer, self, text)
    elseif ok then
      break
    end
    if not ok then -- interrupted: what was begun is given up
      self.loop.pending, more = nil, false
      self.write "\n"
    end
  end
  local said = self.loop:finish()
  if said then
    self.write(said .. "\n")
  end
end

local function write(text)
  io.write(text)
  io.flush()
end

-- Fields of the module that would be there from their first use on: who looks
-- at it is to see them.
local function complete_module()
  for _, name in ipairs(debug.getmetatable(zvm).lazy) do
    pcall(function()
      return zvm[name]
    end)
  end
end

--- Talk until the end of the input.
--
-- @tparam table here what zvm.interpreter has
-- @treturn number exit code
function M.run(here)
  local self = setmetatable({ write = write }, Session)
  self.loop = repl.new({}, show)
  self.loop.environment.zvm = zvm
  self.tracing = tracing.new(write)
  complete_module()
  local person = here.person(0) and here.person(1)
  self.read = person and editing_reader(self) or plain_reader
  if person then
    write(("zvm %s, %s; .help says what there is\n"):format(zvm.VERSION,
      _VERSION))
  end
  self.here = here
  -- Compiled loops, those of a script before it too, do not look whether they
  -- are interrupted.
  jit.off()
  jit.flush()
  self:talk()
  return 0
end

return M
