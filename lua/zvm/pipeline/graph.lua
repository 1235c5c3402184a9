--- The description of a pipeline, checked and spelt out: which instances
-- there are, what each reads and writes, and what lies between them. Plain
-- data, the only form that all else works on.
--
-- graph.stages[i]: name, count, where (its place, for messages), options (for
-- zvm.run, but for channels), codes (a set of exit codes that are fine),
-- connect (names), pipe (name or nil), instances.
--
-- An instance: name, index, stage (its stage's name), argv0 (or nil), captures
-- (a list of strings), input (nil, or a table with `channel` and either
-- `source`, for zvm.run, or `path`, `split`, `part` and `parts`), outputs (a
-- list of tables with `channel` and one of `path`, `buffer`, `write`), and
-- channels: from key to specification. A specification is for zvm.run, or
-- lacks its source: then `edge` is the number of the edge, with `mode`; or
-- `input` is true; or `output` is the number of the output.
--
-- graph.edges[n]: from, to (instances), from_channel, to_channel.
--
-- Keys are as the guest sees channels below /dev: "stdin", "out/sum-2".
--
-- SPDX-License-Identifier: Apache-2.0
local channels = require "zvm.pipeline.channels"
local check = require "zvm.pipeline.check"
local connect = require "zvm.pipeline.connect"
local input = require "zvm.pipeline.input"
local output = require "zvm.pipeline.output"
local show = require "zvm.manifest.show"
local template = require "zvm.pipeline.template"

local M = {}

local KEYS = { "name", "program", "args", "env", "count", "connect", "others",
  "pipe", "input", "output", "channels", "each", "codes", "etag", "argv0",
  "memory", "stack", "timeout", "cpu", "resident", "on_limit", "symbols",
  "memory_etag", "clock", "seed", "directory", "files", "images", "collect" }

-- What zvm.run gets as it is.
local PASSED = { "program", "args", "env", "memory", "stack", "timeout",
  "cpu", "resident", "on_limit", "symbols", "memory_etag", "clock", "seed",
  "directory", "files", "images", "collect" }

M.MOST_INSTANCES = 100000

--- What a stage may say, for zvm.interpreter.names.
function M.options()
  return { keys = KEYS, inner = { input = input.options(),
    output = output.options() } }
end

local function read_name(where, stage)
  local name = rawget(stage, "name")
  if name == nil then
    local program = rawget(stage, "program")
    local path = type(program) == "string" and program:byte() ~= 127
      and program:match "([^/]+)$"
    name = path and path:gsub("%.zvm$", "")
    if not name or not name:find "^[%w_.-]+$" then
      check.fail(where .. ": name", "a stage needs one, which its program "
        .. "does not have")
    end
  end
  check.text(where .. ": name", name, "name")
  if #name > 64 or not name:find "^[%w_][%w_.-]*$" then
    check.fail(where .. ": name", "up to 64 letters, digits, dots, dashes "
      .. "and underscores expected, got %s", show.quote(name))
  end
  return name
end

local function read_codes(where, codes)
  local set = {}
  if codes == nil then
    return { [0] = true }
  end
  for i = 1, check.list(where, codes, "exit codes") do
    set[check.whole(("%s[%d]"):format(where, i), rawget(codes, i), 0,
      2 ^ 31 - 1)] = true
  end
  if not next(set) then
    check.fail(where, "at least one exit code expected")
  end
  return set
end

local function read_program(where, program)
  if program == nil then
    check.fail(where, "a module, a path or bytes expected, got none")
  elseif type(program) ~= "string" and type(program) ~= "userdata" then
    check.fail(where, "module, path or bytes expected, got %s",
      show.value(program))
  end
end

-- The count that a stage says, or that its input has; nil if neither.
local function read_count(stage, value)
  local where = stage.where .. ": count"
  local count = value ~= nil
    and check.whole(where, value, 1, M.MOST_INSTANCES) or nil
  local entries = stage.input and stage.input.entries
  if entries and count and count ~= #entries then
    check.fail(where, "%d expected, as %s, got %d%s", #entries, #entries == 1
      and "there is one input" or "many as there are inputs", count,
      #entries == 1 and "; input = { path = ..., split = ... } cuts a file"
      or "")
  end
  return count or entries and #entries
end

local function read_stage(where, description)
  check.table(where, description)
  local name = read_name(where, description)
  local stage = { name = name, where = ("%s (%s)"):format(where, name),
    options = {}, connect = {} }
  check.keys(stage.where, description, KEYS)
  read_program(stage.where .. ": program", rawget(description, "program"))
  for _, key in ipairs(PASSED) do
    stage.options[key] = rawget(description, key)
  end
  stage.codes = read_codes(stage.where .. ": codes",
    rawget(description, "codes"))
  stage.etag, stage.argv0 = rawget(description, "etag"),
    rawget(description, "argv0")
  local value = rawget(description, "input")
  if value ~= nil then
    stage.input = input.read(stage.where .. ": input", value)
  end
  stage.count = read_count(stage, rawget(description, "count"))
  value = rawget(description, "connect")
  stage.joins = value ~= nil
  if value ~= nil then
    stage.connect = check.texts(stage.where .. ": connect", value,
      "name of a stage", "names of stages")
  end
  stage.others = rawget(description, "others")
  value = rawget(description, "pipe")
  if value ~= nil then
    stage.pipe = check.text(stage.where .. ": pipe", value,
      "name of a stage")
  end
  stage.channels = channels.read(stage, rawget(description, "channels"))
  return stage
end

-- A list without any connect or pipe is a pipeline as a shell has it.
local function join_as_shell(stages)
  for _, stage in ipairs(stages) do
    if stage.joins or stage.pipe then
      return
    end
  end
  for i = 1, #stages - 1 do
    stages[i].pipe = stages[i + 1].name
  end
end

local function make_instances(stage)
  stage.count = stage.count or 1
  stage.instances = {}
  for i = 1, stage.count do
    local instance = { index = i, stage = stage.name, captures = {},
      outputs = {} }
    instance.name = stage.count == 1 and stage.name
      or ("%s-%d"):format(stage.name, i)
    if stage.input then
      instance.input, instance.captures = input.of(stage.input, i,
        stage.count)
    end
    stage.instances[i] = instance
  end
end

-- argv[0], if it is said.
local function add_names(stage)
  if stage.argv0 ~= nil then
    local where = stage.where .. ": argv0"
    check.text(where, stage.argv0)
    template.check(where, stage.argv0,
      stage.input and stage.input.wildcards or 0)
    for _, instance in ipairs(stage.instances) do
      instance.argv0 = template.expand(stage.argv0, instance)
    end
  end
end

local function add_outputs(stage, value)
  local outputs = {}
  if value ~= nil then
    outputs = output.read(stage.where .. ": output", value,
      stage.input and stage.input.wildcards or 0)
  elseif #stage.connect == 0 and not stage.pipe
    and not channels.has_source(stage.channels.stdout) then
    outputs = { { channel = "stdout", buffer = true } }
  end
  for _, instance in ipairs(stage.instances) do
    for i, each in ipairs(outputs) do
      instance.outputs[i] = output.of(stage.where .. ": output", each,
        instance)
    end
  end
end

-- All instances in stage and instance order; no two have one name.
local function all_instances(graph)
  local list, owner = {}, {}
  for _, stage in ipairs(graph.stages) do
    for _, instance in ipairs(stage.instances) do
      if owner[instance.name] then
        check.fail(stage.where .. ": name", "there would be two instances "
          .. "named %s, the other one of stage %s", show.quote(instance.name),
          show.quote(owner[instance.name]))
      end
      owner[instance.name] = stage.name
      list[#list + 1] = instance
    end
  end
  return list
end

local function read_stages(description)
  local graph = { stages = {}, edges = {}, by_name = {}, names = {} }
  for i = 1, check.list("pipeline", description, "stages") do
    local where = ("pipeline.stages[%d]"):format(i)
    local stage = read_stage(where, rawget(description, i))
    if graph.by_name[stage.name] then
      check.fail(stage.where .. ": name", "there is a stage of that name, %s",
        graph.by_name[stage.name].where:match "^[^ ]+")
    end
    graph.stages[i], graph.names[i] = stage, stage.name
    graph.by_name[stage.name] = stage
  end
  if #graph.stages == 0 then
    check.fail("pipeline", "at least one stage expected")
  end
  return graph
end

local function count_instances(stages)
  local total = 0
  for _, stage in ipairs(stages) do
    total = total + (stage.count or 1)
    if total > M.MOST_INSTANCES then
      check.fail(stage.where .. ": count", "at most %d instances expected in "
        .. "all, got %d", M.MOST_INSTANCES, total)
    end
  end
end

local function read(description)
  local graph = read_stages(description)
  join_as_shell(graph.stages)
  connect.check_names(graph)
  connect.spread_counts(graph)
  count_instances(graph.stages)
  for i, stage in ipairs(graph.stages) do
    make_instances(stage)
    add_names(stage)
    channels.read_each(stage, rawget(rawget(description, i), "each"))
    add_outputs(stage, rawget(rawget(description, i), "output"))
  end
  local instances = all_instances(graph)
  output.check_files(instances, function(instance)
    return graph.by_name[instance.stage].where
  end)
  channels.check_number(graph)
  connect.make_edges(graph)
  channels.make(graph, instances)
  for _, stage in ipairs(graph.stages) do
    stage.input, stage.channels, stage.joins, stage.etag = nil, nil, nil, nil
    stage.argv0, stage.each, stage.others = nil, nil, nil
  end
  graph.by_name, graph.names = nil, nil
  return graph
end

--- Check a description.
--
-- @tparam table description a list of stages, see docs/pipelines.md
-- @treturn[1] table the graph
-- @treturn[2] nil
-- @treturn[2] string message
-- @treturn[2] string code: "OPTION"
function M.read(description)
  return check.read(read, description)
end

return M
