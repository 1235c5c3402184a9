--- zvm pipeline: many programs in the sandbox, of a job or a Lua script.
--
-- stdout is for what the stages write, or for the graph; all else is told on
-- stderr.
--
-- SPDX-License-Identifier: Apache-2.0
local arguments = require "zvm.cli.arguments"
local commands = require "zvm.cli.commands"
local exits = require "zvm.cli.exits"
local jobs = require "zvm.pipeline.job"
local pipelines = require "zvm.pipeline"
local quantity = require "zvm.cli.quantity"

local M = {}

local COMMAND = commands.pipeline

-- Each line says who speaks.
local function say(text)
  for line in text:gmatch "[^\n]+" do
    io.stderr:write(line:find "^  " and "" or "zvm pipeline: ",
      arguments.shown(line), "\n")
  end
end

-- -- What is to run ---------------------------------------------------------

local function read_images(list)
  local images = {}
  for _, word in ipairs(list or {}) do
    local name, path = word:match "^([^=]+)=(.+)$"
    if not name then
      return nil, ("--sysimage %s: NAME=FILE is wanted"):format(word)
    elseif images[name] then
      return nil, ("--sysimage %s: %s is given twice"):format(word, name)
    end
    images[name] = path
  end
  return images
end

-- Stages and options of a run, of JSON; or nil and what is wrong.
local function read_json(path, options)
  local images, wrong = read_images(options.sysimage)
  if not images then
    return nil, wrong
  end
  local text, message = arguments.slurp(path)
  if not text then
    return nil, message
  end
  local stages, run, _, details = jobs.read(text, { root = options.root,
    account = options.account, images = images })
  if stages then
    return stages, run
  elseif not details then
    return nil, (run:gsub("^job%.read: ", "--"))
  end
  return nil, ("%s:%d:%d: %s%s"):format(path, details.line, details.column,
    details.path and details.path .. ": " or "", details.reason)
end

-- The same of a script: text, as compiled code could do anything at all to
-- the interpreter. Its globals are its own.
local function read_script(path)
  local text, message = arguments.slurp(path)
  if not text then
    return nil, message
  elseif text:byte() == 27 then
    return nil, path .. ": compiled Lua; the script itself is wanted"
  end
  local chunk
  chunk, message = loadstring((text:gsub("^#[^\n]*", "")), "@" .. path)
  if not chunk then
    return nil, message
  end
  setfenv(chunk, setmetatable({ zvm = require "zvm" }, { __index = _G }))
  local ok, stages, run = pcall(chunk)
  if not ok then
    return nil, tostring(stages)
  elseif type(stages) ~= "table" then
    return nil, ("%s: a list of stages expected, got %s"):format(path,
      type(stages))
  elseif run ~= nil and type(run) ~= "table" then
    return nil, ("%s: a table of options expected as the second value, got %s")
      :format(path, type(run))
  end
  return stages, run or {}
end

-- Options of p:run over those that the file has; or nil and what is wrong.
local function read_options(options, run)
  local out = {}
  for key, value in pairs(run) do
    out[key] = value
  end
  for _, row in ipairs { { "ring", quantity.amount },
    { "timeout", quantity.time } }
  do
    local text = options[row[1]]
    if text then
      local value, expected = row[2](text)
      if not value then
        return nil, ("--%s wants %s, not %s"):format(row[1], expected,
          arguments.told(text))
      end
      out[row[1]] = value
    end
  end
  for _, key in ipairs { "workers", "memo", "verify", "progress" } do
    if options[key] ~= nil then
      out[key] = options[key]
    end
  end
  return out
end

-- A pipeline, and options of its run; or nil and what is wrong.
local function read(path, options)
  local stages, run
  if path:find "%.lua$" then
    stages, run = read_script(path)
  else
    stages, run = read_json(path, options)
  end
  if not stages then
    return nil, run
  elseif stages.graph and stages.run then
    return stages, run -- zvm.pipeline made it
  end
  local pipeline, message = pipelines(stages)
  return pipeline, pipeline and run or path .. ": " .. tostring(message)
end

-- -- What came of it --------------------------------------------------------

-- What instances said on stderr, in their order.
local function write_stderr(report)
  for _, stage in ipairs(report.stages) do
    for _, instance in ipairs(stage.instances) do
      local channel = (instance.channels or {}).stderr
      io.stderr:write(channel and channel.data or "")
    end
  end
end

local function write_outputs(pipeline, report)
  for _, stage in ipairs(pipeline.graph.stages) do
    for _, instance in ipairs(stage.instances) do
      for _, output in ipairs(instance.outputs) do
        local channel = output.buffer
          and report.instances[instance.name].channels[output.channel]
        if channel and channel.data then
          io.write(channel.data)
        end
      end
    end
  end
end

local WRITERS = {}

function WRITERS.text(report)
  return report:text()
end

-- What stands there twice stands there once.
function WRITERS.json(report)
  local out = {}
  for key, value in pairs(report) do
    out[key] = value
  end
  out.instances, out.outputs = nil, nil
  if out.failed then
    out.failed = { stage = out.failed.stage, instance = out.failed.instance,
      text = out.failed.text, replaced = out.failed.replaced,
      unreplaced = out.failed.unreplaced }
  end
  return require "zvm.report".json(out)
end

local function tell(options, report)
  if options.report then
    io.stderr:write(WRITERS[options.report](report), "\n")
  elseif report.state ~= "exit" then
    say(("%s: %s"):format(report.state, report.reason or "no reason known"))
  end
end

local function finish(pipeline, options, report)
  write_stderr(report)
  if report.state == "exit" then
    write_outputs(pipeline, report)
  end
  tell(options, report)
  if options.svg then
    local ok, message = report:svg(options.svg)
    if not ok then
      say("--svg " .. message)
      return exits.CANNOT
    end
  end
  return exits.of_pipeline(report)
end

local function check(options, words)
  if not words[1] or words[1] == "" then
    return "no job is given"
  elseif words[2] then
    return ("one job is wanted, and %s is another one"):format(
      arguments.told(words[2]))
  elseif options.report == "json" and not pcall(require, "cjson") then
    return "--report json needs the Lua module cjson: install lua-cjson, or "
      .. "take another format"
  end
end

--- Run the command: its options, the words after them; gives the exit code.
function M.run(options, words)
  local wrong = check(options, words)
  if wrong then
    return arguments.fail(COMMAND, wrong)
  end
  local pipeline, run = read(words[1], options)
  if not pipeline then
    return arguments.trouble(COMMAND, run)
  elseif options.dot then
    io.write(pipeline:dot())
    return exits.DONE
  end
  run, wrong = read_options(options, run)
  if not run then
    return arguments.fail(COMMAND, wrong)
  end
  local report, message, code = pipeline:run(run)
  if not report then
    say(message)
    return exits.of_refusal(code)
  end
  return finish(pipeline, options, report)
end

return M
