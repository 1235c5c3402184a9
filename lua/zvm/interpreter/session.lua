--- The interpreter's conversation with a person: lines edited, completed and
-- kept; values shown so that they can be read; commands that begin with a dot.
--
-- SPDX-License-Identifier: Apache-2.0
local commands = require "zvm.interpreter.commands"
local completion = require "zvm.interpreter.completion"
local explain = require "zvm.explain"
local line = require "zvm.line"
local repl = require "zvm.repl"
local reports = require "zvm.report"
local zvm = require "zvm"

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

-- Text for what has a form of its own to be read in, or nil.
local function form(value)
  if type(value) ~= "table" then
    return nil
  elseif rawget(value, "state") and type(rawget(value, "channels")) == "table"
  then
    return reports.format(value)
  elseif type(rawget(value, "accepted")) == "boolean" then
    return explain.format(value)
  elseif type(value[1]) == "table" and rawget(value[1], "rule")
    and rawget(value[1], "remedy")
  then
    return findings(value)
  end
  local graph = rawget(value, "graph")
  if type(graph) == "table" and type(rawget(graph, "stages")) == "table" then
    return pipeline(graph)
  end
  local meta = debug.getmetatable(value)
  local index = type(meta) == "table" and rawget(meta, "__index")
  if type(index) == "table" and type(rawget(index, "text")) == "function" then
    return value:text()
  end
end

local function show(value)
  local ok, text = pcall(form, value)
  return ok and text and (text:gsub("\n$", "")) or repl.show(value)
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

local function editing_reader(self)
  local path = history_path()
  if path then
    line.load(path)
  end
  return function(prompt)
    local pending = self.loop.pending
    local text = line.read(prompt, function(before, word)
      return completion.of(self.loop.environment, (pending and pending .. "\n"
        or "") .. before, word, commands.names)
    end)
    if text and text:find "%S" then
      line.add(text)
      if path then
        line.save(path, KEPT)
      end
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

-- zvm as lines see it: runs are traced when that is on.
local function traced(self)
  local function run(options)
    if not self.tracing or type(options) ~= "table" or options.trace then
      return zvm.run(options)
    end
    local path = os.tmpname()
    local copy = {}
    for key, value in pairs(options) do
      copy[key] = value
    end
    copy.trace = path
    local results = { zvm.run(copy) }
    local file = io.open(path)
    if file then
      self.write(file:read "*a")
      file:close()
    end
    os.remove(path)
    return unpack(results, 1, 3)
  end
  return setmetatable({ run = run }, { __index = zvm, __newindex = zvm })
end

-- One line, which may be a command, else goes to the loop.
function Session:take(text)
  if not self.loop.pending and commands.is(text) then
    local ok, said = pcall(commands.take, self, text)
    return not ok and tostring(said) or said, false
  end
  return self.loop:line(text)
end

-- Takes a line and prints what it gives; whether more lines are wanted.
function Session:answer(text)
  local said, more = self:take(text)
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

--- Talk until the end of the input.
--
-- @tparam table here what zvm.interpreter has
-- @treturn number exit code
function M.run(here)
  local self = setmetatable({ write = write }, Session)
  self.loop = repl.new({}, show)
  self.loop.environment.zvm = traced(self)
  local person = here.person(0) and here.person(1)
  self.read = person and editing_reader(self) or plain_reader
  if person then
    write(("zvm %s, %s; .help says what there is\n"):format(zvm.VERSION,
      _VERSION))
  end
  self.here = here
  _G.jit.off() -- compiled loops do not look whether they are interrupted
  self:talk()
  if person and not self.done then
    write "\n"
  end
  return 0
end

return M
