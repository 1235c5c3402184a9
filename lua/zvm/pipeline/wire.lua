--- The channels of an instance, made: rings, ranges of files, outputs that
-- get their names when all is over.
--
-- SPDX-License-Identifier: Apache-2.0
local channels = require "zvm.pipeline.channels"
local cut = require "zvm.pipeline.cut"
local hold = require "zvm.pipeline.hold"
local recipe = require "zvm.pipeline.recipe"
local show = require "zvm.manifest.show"
local zvm = require "zvm"
local host = zvm.host

local M = {}
M.__index = M

-- How many paths a message names; a report has them all.
local SHOWN = 5

local OURS = { edge = true, input = true, output = true }

--- For one run of a graph. `ring`: size of the rings, or nil; `store`: see
-- run.lua; `term`: how long the run may last.
function M.new(graph, ring, store, term)
  local self = setmetatable({ graph = graph, ring = ring, store = store,
    term = term,
    pipes = {}, taken = {}, ranges = {}, files = {}, sinks = {},
    scratch = {}, folders = {}, writers = {} }, M)
  self.hold = hold.new(store == nil)
  for _, stage in ipairs(graph.stages) do
    for _, instance in ipairs(stage.instances) do
      for n, output in ipairs(instance.outputs) do
        if output.write then
          self.sinks[instance.name .. " " .. n] = self.hold:add(output.write,
            instance)
        end
      end
    end
  end
  return self
end

-- -- Edges ------------------------------------------------------------------

--- The path of the file that stands for an edge, for the end that is to be
-- opened; nil: it is a ring.
function M:file_of(n, way, again)
  local edge = self.graph.edges[n]
  return self.store and self.store:edge(edge, way, again) or nil
end

local function open_edge(self, spec, out, again)
  local n = spec.edge
  local path = self:file_of(n, spec.mode, again)
  if path then
    out.path, out.type = path, 0
    return true
  end
  if not self.pipes[n] then
    local pipe, message, code = zvm.pipe(self.ring and { size = self.ring })
    if not pipe then
      return nil, message, code
    end
    self.pipes[n] = pipe
  end
  out.pipe = self.pipes[n]
  return true
end

-- -- Inputs and outputs -----------------------------------------------------

local function open_input(self, instance, out)
  local input = instance.input
  if input.source then
    for key, value in pairs(input.source) do
      out[key] = value
    end
    return true
  end
  local ranges = self.ranges[instance.stage]
  if not ranges then
    local message, code
    ranges, message, code = cut.ranges(input.path, input.split, input.parts,
      nil, self.term)
    if not ranges then
      return nil, message, code
    end
    self.ranges[instance.stage] = ranges
  end
  local range = ranges[input.part]
  out.path, out.slice = input.path, { range[1], range[2] }
  return true
end

-- A file's one name, however its directory is reached; `temporary` is in the
-- same one.
local function name_of(self, target, temporary)
  local folder = target:match "^.*/" or ""
  if not self.folders[folder] then
    local real, more = host.beside(temporary)
    if more then
      os.remove(more)
    end
    self.folders[folder] = real and real:match "^.*/" or folder
  end
  return self.folders[folder] .. target:sub(#folder + 1)
end

-- A file has one writer, of which `key` says which; or nil, message, code.
local function claim(self, instance, key, path, name)
  local other = self.writers[name]
  if other and other.key ~= key then
    return nil, ("%s: %s writes this file too"):format(path,
      other.instance == instance and "another channel"
      or other.instance.name), "CHANNEL"
  end
  self.writers[name] = { key = key, instance = instance }
  return true
end

local function open_file(self, instance, path, key, out)
  local target, temporary = host.beside(path)
  if not target then
    return nil, temporary, "CHANNEL"
  end
  if temporary then
    self.files[#self.files + 1] = { key = key, path = path, target = target,
      temporary = temporary }
    local ok, message, code = claim(self, instance, key, path,
      name_of(self, target, temporary))
    if not ok then
      return nil, message, code
    end
  end
  out.path, out.mode = temporary or target, "w"
  return true
end

-- A file that a channel writes where it is. One that cannot be is told of when
-- the channel is opened.
local function claim_path(self, instance, channel, path)
  local target, temporary = host.beside(path)
  if not temporary or not target then
    return true
  end
  local name = name_of(self, target, temporary)
  os.remove(temporary)
  return claim(self, instance, instance.name .. " /" .. channel, path, name)
end

local function open_output(self, instance, n, out)
  local output, key = instance.outputs[n], instance.name .. " " .. n
  if output.path then
    return open_file(self, instance, output.path, key, out)
  elseif output.write then
    local sink = self.sinks[key]
    out.write = function(bytes)
      self.hold:put(sink, bytes)
    end
  else
    out.buffer = true
  end
  return true
end

-- A file without a name: its own for each run of each instance.
local function open_scratch(self, instance, out)
  local file, message = host.scratch(out.scratch)
  if not file then
    return nil, "scratch: " .. message, "CHANNEL"
  end
  out.scratch, out.fd, out.mode = nil, file:fd(), "r+"
  self.scratch[instance.name] = self.scratch[instance.name] or {}
  table.insert(self.scratch[instance.name], file)
  return true
end

local function open_channel(self, instance, name, spec, again)
  local out = {}
  for key, value in pairs(spec) do
    if not OURS[key] then
      out[key] = value
    end
  end
  local ok, message, code = true, nil, nil
  if spec.edge then
    ok, message, code = open_edge(self, spec, out, again)
  elseif spec.input then
    ok, message, code = open_input(self, instance, out)
  elseif spec.output then
    ok, message, code = open_output(self, instance, spec.output, out)
  elseif spec.scratch then
    ok, message, code = open_scratch(self, instance, out)
  elseif spec.path and recipe.mode(name, spec) == "w" then
    ok, message, code = claim_path(self, instance, name, spec.path)
  end
  if not ok then
    return nil, message, code
  end
  return out
end

--- The option `channels` of an instance's run; or nil, message, code. `again`:
-- it runs for the second time.
function M:open(instance, again)
  local out, names = {}, {}
  for name in pairs(instance.channels) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local spec, message, code = open_channel(self, instance, name,
      instance.channels[name], again)
    if not spec then
      return nil, message, code
    end
    out[channels.key(name)] = spec
  end
  return out
end

-- -- Ends -------------------------------------------------------------------

--- The scratch files of an instance go.
function M:close_scratch(instance)
  for _, file in ipairs(self.scratch[instance.name] or {}) do
    file:close()
  end
  self.scratch[instance.name] = nil
end

--- What an instance wrote is dropped: it runs again.
function M:restart(instance)
  self:close_scratch(instance)
  for n in ipairs(instance.outputs) do
    local key = instance.name .. " " .. n
    if self.sinks[key] then
      self.hold:restart(self.sinks[key])
    end
    for i = #self.files, 1, -1 do
      if self.files[i].key == key then
        os.remove(self.files[i].temporary)
        table.remove(self.files, i)
      end
    end
  end
end

--- An instance has ended well.
function M:finish(instance)
  self:close_scratch(instance)
  for n in ipairs(instance.outputs) do
    local sink = self.sinks[instance.name .. " " .. n]
    if sink then
      self.hold:finish(sink)
    end
  end
end

--- Both ends of a ring are over.
function M:close_edge(n)
  local pipe = self.pipes[n]
  self.pipes[n] = nil
  if pipe then
    pipe:close()
  end
end

-- Some of a list of paths, for a message.
local function some(paths)
  local shown = {}
  for i = 1, math.min(#paths, SHOWN) do
    shown[i] = show.text(paths[i])
  end
  if #paths > SHOWN then
    shown[SHOWN + 1] = ("%d more"):format(#paths - SHOWN)
  end
  return #paths == 0 and "none" or table.concat(shown, ", ")
end

-- What a pipeline's report says when the file number n could not be given its
-- name, though those before it were.
local function rename_failure(files, n, why)
  local failed = { replaced = {}, unreplaced = {} }
  for i, file in ipairs(files) do
    table.insert(i < n and failed.replaced or failed.unreplaced, file.path)
  end
  why = why:sub(1, #files[n].temporary + 2) == files[n].temporary .. ": "
    and why:sub(#files[n].temporary + 3) or why
  failed.text = ("output: %s: %s; replaced: %s; not replaced: %s"):format(
    files[n].path, why, some(failed.replaced), some(failed.unreplaced))
  return failed
end

--- All went well: functions get what was held, and files their names, in the
-- order in which they were opened. True; or nil and the `failed` of a report.
function M:commit()
  self.hold:flush()
  for i, file in ipairs(self.files) do
    local ok, why = os.rename(file.temporary, file.target)
    if not ok then
      return nil, rename_failure(self.files, i, why)
    end
    file.temporary = nil
  end
  self.files = {}
  return true
end

--- Leave nothing.
function M:close()
  for _, file in ipairs(self.files) do
    if file.temporary then
      os.remove(file.temporary)
    end
  end
  for n in pairs(self.pipes) do
    self:close_edge(n)
  end
  for _, stage in ipairs(self.graph.stages) do
    for _, instance in ipairs(stage.instances) do
      self:close_scratch(instance)
    end
  end
  self.files = {}
  self.hold:close()
end

return M
