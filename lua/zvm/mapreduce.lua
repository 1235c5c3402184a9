--- Map, combine, sort and reduce in sandboxes: docs/mapreduce.md.
--
--    local job = assert(zvm.mapreduce {
--      input = { path = "big.txt", split = "newline" }, mappers = 4,
--      map = "words.zvm", reduce = "words.zvm", partitions = 2,
--      output = "counts-%i.txt",
--    })
--    local report = assert(job:run())
--
-- @module zvm.mapreduce
-- SPDX-License-Identifier: Apache-2.0
local check = require "zvm.pipeline.check"
local option = require "zvm.manifest.option"
local show = require "zvm.manifest.show"
local zvm = require "zvm"

local M = {}

local Job = {}
Job.__index = Job

local KEYS = { "input", "map", "combine", "reduce", "mappers", "partitions",
  "partition", "records", "buffer", "scratch", "scratch_size", "output" }

-- What a table for a program may say: options of a stage, but for what a job
-- says itself.
local PROGRAM = { "program", "args", "env", "memory", "stack", "timeout",
  "cpu", "resident", "on_limit", "symbols", "memory_etag", "clock", "seed",
  "directory", "files", "images", "collect", "channels", "codes", "etag" }

--- What a job may say, for zvm.interpreter.names.
function M.options()
  local program = { keys = PROGRAM }
  return { keys = KEYS, inner = { map = program, combine = program,
    reduce = program, input = require "zvm.pipeline.input".options(),
    output = require "zvm.pipeline.output".options() } }
end

local VARIABLE = "ZVM_MAPREDUCE"
local MOST_PARTITIONS = 256
local MAP_MEMORY = "256M"

-- A reducer has a block of each mapper in memory, and a little more.
local REDUCE_MEMORY, REDUCE_WINDOW = 64 * 1024 ^ 2, 512 * 1024

-- -- Reading ----------------------------------------------------------------

local function read_program(key, value)
  local where = "mapreduce: " .. key
  if type(value) == "string" or type(value) == "userdata" then
    return { program = value }
  elseif type(value) ~= "table" then
    check.fail(where, "module, path or table expected, got %s",
      show.value(value))
  end
  check.keys(where, value, PROGRAM)
  local stage = {}
  for name, each in next, value do
    stage[name] = each
  end
  local env = stage.env
  if type(env) == "table" and rawget(env, VARIABLE) ~= nil then
    check.fail(where .. ": env", "%s belongs to the job", VARIABLE)
  end
  return stage
end

local function read_size(key, value, low, high)
  local size, reason = option.size(value)
  if not size then
    check.fail("mapreduce: " .. key, "%s", reason)
  elseif size < low or size > high then
    check.fail("mapreduce: " .. key, "%.0f to %.0f bytes expected, got %s",
      low, high, show.value(value))
  end
  return size
end

-- Keys at which partitions begin, so that all of them have as many of the
-- first two bytes as there can be.
local function even_keys(partitions)
  local keys = {}
  for i = 1, partitions - 1 do
    local at = math.floor(i * 65536 / partitions)
    keys[i] = string.char(math.floor(at / 256), at % 256)
  end
  return keys
end

-- By bytes, whatever the locale.
local function is_less(a, b)
  for i = 1, math.min(#a, #b) do
    if a:byte(i) ~= b:byte(i) then
      return a:byte(i) < b:byte(i)
    end
  end
  return #a < #b
end

local function read_keys(value)
  local where = "mapreduce: partition"
  for i = 1, check.list(where, value, "keys") do
    local key = rawget(value, i)
    local place = ("%s[%d]"):format(where, i)
    if type(key) ~= "string" then
      check.fail(place, "key expected, got %s", show.value(key))
    elseif i > 1 and not is_less(value[i - 1], key) then
      check.fail(place, "a greater key than the one before expected, got %s",
        show.quote(key))
    end
  end
  if #value >= MOST_PARTITIONS then
    check.fail(where, "at most %d keys expected, got %d",
      MOST_PARTITIONS - 1, #value)
  end
  return value
end

-- How many partitions there are, and the keys between them; no keys: by hash.
local function read_partitions(given)
  local count, how = rawget(given, "partitions"), rawget(given, "partition")
  if count ~= nil then
    check.whole("mapreduce: partitions", count, 1, MOST_PARTITIONS)
  end
  if type(how) == "table" then
    local keys = read_keys(how)
    if count and count ~= #keys + 1 then
      check.fail("mapreduce: partitions", "%d expected, one more than there "
        .. "are keys, got %d", #keys + 1, count)
    end
    return #keys + 1, keys
  elseif how == "range" then
    return count or 1, even_keys(count or 1)
  elseif how ~= nil and how ~= "hash" then
    check.fail("mapreduce: partition", '"hash", "range" or a list of keys '
      .. "expected, got %s", show.value(how))
  end
  return count or 1
end

local CUTS = { lines = true, blocks = true, whole = true }

-- As the input is split, if the job does not say.
local function read_records(value, input)
  if value == nil then
    local split = type(input) == "table" and rawget(input, "split")
    return type(split) == "number" and split
      or type(split) == "table" and "whole" or "lines"
  elseif type(value) == "number" then
    return check.whole("mapreduce: records", value, 1, 2 ^ 30)
  elseif not CUTS[value] then
    check.fail("mapreduce: records", '"lines", "blocks", "whole" or a number '
      .. "of bytes expected, got %s", show.value(value))
  end
  return value
end

local function read_scratch(given)
  local value = rawget(given, "scratch")
  if value == false then
    return false
  elseif value ~= nil then
    return check.text("mapreduce: scratch", value, "directory or false")
  end
  return os.getenv "TMPDIR" or "/tmp"
end

-- A table for a program is the caller's: it is not written to.
local function add_channel(stage, name, spec)
  local own = stage.channels
  if own == nil or type(own) == "table" then
    stage.channels = { [name] = spec }
    for key, each in next, own or {} do
      if key == name or key == "/dev/" .. name then
        check.fail("mapreduce: map: channels", "%s belongs to the job", name)
      end
      stage.channels[key] = each
    end
  end
end

local function hex(keys)
  local out = {}
  for i, key in ipairs(keys) do
    out[i] = key:gsub(".", function(c)
      return ("%02x"):format(c:byte())
    end)
  end
  return table.concat(out, ",")
end

-- What the library in a guest reads: stdlib/mapreduce/setup.c.
local function variable(job, role)
  local words = { "role=" .. role,
    ("partitions=%d"):format(job.partitions),
    type(job.records) == "number" and ("records=%d"):format(job.records)
      or "records=" .. job.records }
  if job.buffer then
    words[#words + 1] = ("buffer=%.0f"):format(job.buffer)
  end
  if job.keys then
    words[#words + 1] = "keys=" .. hex(job.keys)
  end
  return table.concat(words, " ")
end

-- -- The pipeline -----------------------------------------------------------

local function add_stage(job, role, stage)
  local env = stage.env
  if env == nil or type(env) == "table" then
    stage.env = {}
    for name, value in next, env or {} do
      stage.env[name] = value
    end
    stage.env[VARIABLE] = variable(job, role)
  end
  stage.name = role
  job.stages[#job.stages + 1] = stage
end

local function read(given)
  check.keys("mapreduce", given, KEYS)
  local job = { stages = {} }
  if rawget(given, "map") == nil then
    check.fail("mapreduce: map", "module, path or table expected, got none")
  end
  local map = read_program("map", given.map)
  local combine = given.combine ~= nil
    and read_program("combine", given.combine) or nil
  local reduce = read_program("reduce", given.reduce == nil and {}
    or given.reduce)
  job.partitions, job.keys = read_partitions(given)
  job.records = read_records(rawget(given, "records"), given.input)
  job.buffer = given.buffer ~= nil
    and read_size("buffer", given.buffer, 16384, 3.5 * 1024 ^ 3) or nil
  local scratch_size = given.scratch_size ~= nil
    and read_size("scratch_size", given.scratch_size, 0, 2 ^ 53) or nil
  local scratch = read_scratch(given)
  if scratch then
    add_channel(map, "scratch", { scratch = scratch,
      limits = { file_size = scratch_size } })
  end
  map.input, map.count = given.input, given.mappers
  map.memory = map.memory or MAP_MEMORY
  if combine then
    map.pipe, combine.connect = "combine", "reduce"
    combine.memory = combine.memory or nil
  else
    map.connect = "reduce"
  end
  if reduce.program == nil then
    reduce.program = map.program
    reduce.args = reduce.args == nil and map.args or reduce.args
  end
  reduce.count, reduce.output = job.partitions, given.output
  add_stage(job, "map", map)
  if combine then
    add_stage(job, "combine", combine)
  end
  add_stage(job, "reduce", reduce)
  return job
end

-- The job's words for what zvm.pipeline says.
local OURS = { ["map: count"] = "mappers", ["map: input"] = "input",
  ["reduce: count"] = "partitions", ["reduce: output"] = "output" }

local function rename(message)
  local name, rest = message:match "^pipeline%.stages%[%d%] %((%l+)%)(.*)$"
  if not name then
    return message
  end
  for theirs, ours in pairs(OURS) do
    if (name .. rest):sub(1, #theirs) == theirs then
      return "mapreduce: " .. ours .. (name .. rest):sub(#theirs + 1)
    end
  end
  return "mapreduce: " .. name .. rest
end

local function make_pipeline(stages)
  local pipeline, message, code = zvm.pipeline(stages)
  if not pipeline then
    return nil, rename(message), code
  end
  return pipeline
end

--- Check a job.
--
-- @tparam table given see docs/mapreduce.md
-- @treturn[1] table with `graph`, `run` and `dot`
-- @treturn[2] nil
-- @treturn[2] string message
-- @treturn[2] string code: "OPTION"
function M.new(given)
  local self, message, code = check.read(read, given)
  if not self then
    return nil, message, code
  end
  local reduce = self.stages[#self.stages]
  local wanted = reduce.memory
  local pipeline
  pipeline, message, code = make_pipeline(self.stages)
  if pipeline and wanted == nil then
    reduce.memory = math.max(REDUCE_MEMORY, REDUCE_MEMORY / 4
      + REDUCE_WINDOW * pipeline.graph.stages[1].count)
    pipeline, message, code = make_pipeline(self.stages)
  end
  if not pipeline then
    return nil, message, code
  end
  return setmetatable({ pipeline = pipeline, graph = pipeline.graph }, Job)
end

--- Run it to its end. Any number of times.
--
-- @tparam[opt] table options as of a pipeline's run
-- @treturn[1] table report of the pipeline
-- @treturn[2] nil
-- @treturn[2] string message
-- @treturn[2] string code
function Job:run(options)
  return self.pipeline:run(options)
end

--- The graph for Graphviz.
function Job:dot()
  return self.pipeline:dot()
end

return setmetatable(M, {
  __call = function(_, given)
    return M.new(given)
  end,
})
