--- The channels of each instance, from what its stage says of them, its
-- input, its outputs and the edges.
--
-- SPDX-License-Identifier: Apache-2.0
local check = require "zvm.pipeline.check"
local show = require "zvm.manifest.show"
local zvm = require "zvm"

local M = {}

local STANDARD = { stdin = true, stdout = true, stderr = true }
local SOURCES = { "data", "buffer", "path", "fd", "null", "uri", "read",
  "write", "pipe", "scratch" }
local ETAGS = { [true] = true, [false] = true, sha256 = true, sha1 = true,
  md5 = true }

--- The most channels of one guest.
M.MOST = 1024

--- The most edges of a pipeline.
M.MOST_EDGES = 100000

--- Whether a specification says by itself what the channel is.
function M.has_source(spec)
  if type(spec) ~= "table" then
    return spec ~= nil
  end
  for _, key in ipairs(SOURCES) do
    if rawget(spec, key) ~= nil then
      return true
    end
  end
  return false
end

--- What a channel of a stage may say that one of zvm.run may not, and the
-- other way round, for zvm.interpreter.names.
function M.options()
  return { more = { "scratch" }, less = { "pipe" } }
end

-- "/dev/out/sum" and "out/sum" are one.
local function plain(key)
  return key:match "^/dev/(.+)$" or key
end

-- As the key of an option of zvm.run.
function M.key(name)
  return name:sub(1, 1) ~= "/" and name:find("/", 1, true)
    and "/dev/" .. name or name
end

local function copy(spec)
  if type(spec) == "string" then
    return { data = spec }
  end
  local out = {}
  for key, value in next, spec do
    out[key] = value
  end
  return out
end

-- What zvm.run says of a file without a name is what it says of one with it.
local function without_scratch(where, spec)
  spec.scratch, spec.path = nil, check.text(where, spec.scratch, "directory")
  spec.mode = "r+"
  return spec
end

-- What zvm.run says of these options, but for the program: that is read last.
local function try(where, given, channels, prefix)
  local options = copy(given)
  prefix = prefix or "channels"
  options.program, options.channels = "", {}
  for name, spec in pairs(channels) do
    if type(spec) == "table" and rawget(spec, "scratch") ~= nil then
      spec = without_scratch(("%s: %s.%s: scratch"):format(where, prefix,
        show.text(name)), copy(spec))
    elseif type(spec) == "table" and not M.has_source(spec)
      and not STANDARD[name] then
      spec = copy(spec)
      spec.null = true
    end
    options.channels[M.key(name)] = spec
  end
  local _, message, code = zvm.run(options)
  if code == "OPTION" then
    check.fail(where, "%s", (message:gsub("^zvm%.run: ", "")
      :gsub("^channels", prefix)))
  end
end

-- A table of channels, as from plain key to specification.
local function read_own(where, value)
  local own = {}
  check.table(where, value)
  for key, spec in next, value do
    if type(key) ~= "string" then
      check.fail(where, "a channel without a name")
    elseif own[plain(key)] then
      check.fail(where, "%s is there twice", show.quote(plain(key)))
    elseif type(spec) == "table" and rawget(spec, "pipe") ~= nil then
      check.fail(("%s.%s: pipe"):format(where, show.text(key)), "connect or "
        .. "pipe of a stage joins it to another one")
    end
    own[plain(key)] = spec
  end
  return own
end

--- A stage's own channels: from plain key to specification. The stage's other
-- options are checked with them.
function M.read(stage, value)
  local where = stage.where .. ": channels"
  if stage.etag ~= nil and not ETAGS[stage.etag] then
    check.fail(stage.where .. ": etag", 'true, false, "sha256", "sha1" or '
      .. '"md5" expected, got %s', show.value(stage.etag))
  end
  stage.channels = value ~= nil and read_own(where, value) or {}
  try(stage.where, stage.options, stage.channels)
  return stage.channels
end

--- Further channels of each instance, if there are any.
function M.read_each(stage, value)
  local where = stage.where .. ": each"
  stage.each = {}
  if value == nil then
    return
  end
  local n = check.list(where, value, "tables of channels")
  if n ~= stage.count then
    check.fail(where, "as many tables expected as there are instances, %d, "
      .. "got %d", stage.count, n)
  end
  for i = 1, n do
    local place = ("each[%d]"):format(i)
    local own = read_own(("%s: %s"):format(stage.where, place),
      rawget(value, i))
    try(stage.where, {}, own, place)
    for name, spec in pairs(own) do
      if not M.has_source(spec) then
        check.fail(("%s: %s.%s"):format(stage.where, place,
          show.text(name)), "a source such as data, path or fd expected")
      end
    end
    stage.each[i] = own
  end
end

--- Refuse more channels than a guest can have, before they are made.
function M.check_number(graph)
  local has, edges = {}, 0
  for _, stage in ipairs(graph.stages) do
    for _, name in ipairs(stage.connect) do
      local other = graph.by_name[name]
      has[stage] = (has[stage] or 3) + other.count
      has[other] = (has[other] or 3) + stage.count
      edges = edges + stage.count * other.count
    end
    if edges > M.MOST_EDGES then
      check.fail(stage.where .. ": connect", "at most %d connections expected "
        .. "in all, got %d", M.MOST_EDGES, edges)
    end
  end
  for _, stage in ipairs(graph.stages) do
    if has[stage] and has[stage] > M.MOST then
      check.fail(stage.where, "an instance has at most %d channels, and "
        .. "would have %d by its connections", M.MOST, has[stage])
    end
  end
end

-- -- Putting together -------------------------------------------------------

local Maker = {}
Maker.__index = Maker

-- Give a channel of an instance its source. `use` is words for it.
function Maker:claim(instance, name, stage, options, use, fields)
  name = plain(name)
  local taken = self.uses[instance][name]
  if taken then
    check.fail(("%s: channels.%s"):format(stage.where, show.text(name)),
      "one source expected, got %s and %s", taken, use)
  end
  self.uses[instance][name] = use
  local spec = options and copy(options) or {}
  for key, value in pairs(fields) do
    spec[key] = value
  end
  instance.channels[name] = spec
end

-- The options that a stage gives a channel of an edge: under the name of the
-- instance at the other end, or of its stage.
function Maker:edge_options(stage, name, other)
  local way = name:match "^(%a+)/"
  for _, key in ipairs { name, way and way .. "/" .. other } do
    local spec = stage.channels[key]
    if spec ~= nil then
      self.used[stage][key] = true
      if M.has_source(spec) then
        check.fail(("%s: channels.%s"):format(stage.where, show.text(key)),
          "one source expected, got channels and the connection with %s",
          other)
      end
      return spec
    end
  end
end

function Maker:add_edge(n, edge)
  local from, to = self.by_name[edge.from], self.by_name[edge.to]
  local writer, reader = self.stage_of[from], self.stage_of[to]
  self:claim(from, edge.from_channel, writer,
    self:edge_options(writer, edge.from_channel, reader.name),
    "the way to " .. reader.name, { edge = n, mode = "w" })
  self:claim(to, edge.to_channel, reader,
    self:edge_options(reader, edge.to_channel, writer.name),
    "the way from " .. writer.name, { edge = n, mode = "r" })
end

function Maker:add_own(stage, instance)
  local each = stage.each[instance.index] or {}
  for name, spec in pairs(each) do
    self:claim(instance, name, stage, spec, "each", {})
  end
  for name, spec in pairs(stage.channels) do
    if M.has_source(spec) and each[name] == nil then
      if type(spec) == "table" and stage.count > 1 and rawget(spec, "path")
        and (rawget(spec, "mode") or "r") ~= "r"
        and not spec.path:find "^/dev/" then
        check.fail(("%s: channels.%s"):format(stage.where, show.text(name)),
          "%d instances would write %s; output = { path = ..., channel = %s "
          .. "} has %%i for the instance's number", stage.count,
          show.quote(spec.path), show.quote(name))
      end
      self.used[stage][name] = true
      self:claim(instance, name, stage, spec, "channels", {})
    end
  end
end

function Maker:options(stage, name)
  name = plain(name)
  self.used[stage][name] = true
  return stage.channels[name]
end

function Maker:add_ends(stage, instance)
  local input = instance.input
  if input then
    self:claim(instance, input.channel, stage,
      self:options(stage, input.channel), "input", { input = true })
    input.channel = plain(input.channel)
  end
  for n, output in ipairs(instance.outputs) do
    self:claim(instance, output.channel, stage,
      self:options(stage, output.channel), "output", { output = n })
    output.channel = plain(output.channel)
  end
end

-- What is left of a stage's channels are options for the standard ones, or
-- for none.
function Maker:add_rest(stage)
  local names = {}
  for name in pairs(stage.channels) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    if STANDARD[name] then
      for _, instance in ipairs(stage.instances) do
        instance.channels[name] = instance.channels[name]
          or copy(stage.channels[name])
      end
    elseif not self.used[stage][name] then
      check.fail(("%s: channels.%s"):format(stage.where, show.text(name)),
        "a source such as data or path expected, or an input, an output or "
        .. "a connection of that name")
    end
  end
end

local function add_etags(stage, instance)
  for name in pairs(STANDARD) do
    instance.channels[name] = instance.channels[name] or {}
  end
  for _, spec in pairs(instance.channels) do
    if spec.etag == nil then
      spec.etag = stage.etag
    end
  end
end

--- Fill `channels` of each instance.
function M.make(graph, instances)
  local maker = setmetatable({ uses = {}, used = {}, by_name = {},
    stage_of = {} }, Maker)
  for _, instance in ipairs(instances) do
    local stage = graph.by_name[instance.stage]
    maker.by_name[instance.name], maker.stage_of[instance] = instance, stage
    maker.uses[instance], maker.used[stage] = {}, maker.used[stage] or {}
    instance.channels = {}
    maker:add_own(stage, instance)
    maker:add_ends(stage, instance)
  end
  for n, edge in ipairs(graph.edges) do
    maker:add_edge(n, edge)
  end
  for _, stage in ipairs(graph.stages) do
    maker:add_rest(stage)
    for _, instance in ipairs(stage.etag and stage.instances or {}) do
      add_etags(stage, instance)
    end
  end
end

return M
