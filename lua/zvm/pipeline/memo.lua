--- What instances did is kept by what they were given, and looked up instead
-- of done again; and instances are run several times, to see whether they do
-- the same.
--
-- This is a `store` of zvm.pipeline.run. Edges are files here: an instance
-- begins when all that it reads is written. Stages on a cycle, or between
-- two, have rings among themselves, and nothing of them is kept.
--
-- An instance is known by its program and its options, the contents of its
-- files among them (zvm.pipeline.recipe). What has another source, such as a
-- descriptor, a socket or a function that is read, has no such key, and runs
-- each time. Failures are not kept.
--
-- SPDX-License-Identifier: Apache-2.0
local channels = require "zvm.pipeline.channels"
local contents = require "zvm.pipeline.contents"
local cycles = require "zvm.pipeline.cycles"
local recipe = require "zvm.pipeline.recipe"
local tee = require "zvm.pipeline.tee"
local term = require "zvm.pipeline.term"
local traits = require "zvm.pipeline.traits"
local zvm = require "zvm"
local host = zvm.host

local M = {}

local Store = {}
Store.__index = Store

-- Data of a report that is longer is a content of its own.
local INLINE = 16384

-- -- The store --------------------------------------------------------------

local function index(graph)
  local instances, edges = {}, {}
  for _, stage in ipairs(graph.stages) do
    for _, instance in ipairs(stage.instances) do
      instances[instance.name] = instance
    end
  end
  for n, edge in ipairs(graph.edges) do
    edges[n] = edge
  end
  return instances, edges
end

-- A directory of this process's own, for edges that nobody wants to keep.
local function own_directory()
  local name = os.tmpname()
  local shelf, message, code = contents.open(name .. ".d")
  if not shelf then
    os.remove(name)
    return nil, message, code
  end
  shelf.taken = name
  return shelf
end

--- A store for one run of a graph.
--
-- @tparam table graph of zvm.pipeline.graph
-- @tparam table options `memo`: a directory, or nil; `verify`: how often each
--  instance runs (1)
-- @treturn[1] table
-- @treturn[2] nil
-- @treturn[2] string message
-- @treturn[2] string code
function M.open(graph, options)
  local shelf, message, code
  if options.memo then
    shelf, message, code = contents.open(options.memo)
  else
    shelf, message, code = own_directory()
  end
  if not shelf then
    return nil, "memo: " .. message, code
  end
  local self = setmetatable({ shelf = shelf, memo = options.memo,
    verify = options.verify or 1, cyclic = cycles.stages(graph),
    files = recipe.files(), runs = {}, temporary = {}, ready = {} }, Store)
  self.instances, self.edges = index(graph)
  return self
end

--- A run begins, which may last so long.
function Store:begin(limit)
  self.shelf.term, self.files.term = limit, limit
end

--- Whether a file stands for an edge.
function Store:is_file(edge)
  local from, to = self.instances[edge.from], self.instances[edge.to]
  return not (self.cyclic[from.stage] and self.cyclic[to.stage])
end

--- The file of an edge, for the end that is about to be opened; nil: a ring.
function Store:edge(edge, way)
  if not self:is_file(edge) then
    return nil
  elseif way == "r" then
    return self.ready[edge]
  end
  if self.temporary[edge] then
    os.remove(self.temporary[edge])
  end
  -- What cannot be made is a channel that cannot be opened.
  self.temporary[edge] = self.shelf:temporary() or self.shelf.path .. "/edge"
  return self.temporary[edge]
end

-- From the key of a channel in options to its edge.
local function edges_of(self, instance)
  local out = {}
  for name, spec in pairs(instance.channels) do
    if spec.edge and spec.mode == "w" and self:is_file(self.edges[spec.edge])
    then
      out[channels.key(name)] = self.edges[spec.edge]
    end
  end
  return out
end

-- -- Look-ups ---------------------------------------------------------------

-- Fill in the data that was kept apart; nil if some is gone.
local function restore_data(self, report, apart)
  for name, digest in pairs(apart) do
    local bytes = self.shelf:get(digest)
    if not bytes or not report.channels[name] then
      return nil
    end
    report.channels[name].data = bytes
  end
  return true
end

-- Write a file as its run would have.
local function restore_file(self, path, digest)
  local target, temporary = host.beside(path)
  if not target then
    return nil
  end
  local ok = term.guarded(function()
    os.remove(temporary or "")
  end, self.shelf.term.copy_file, self.shelf.term, self.shelf:place(digest),
    temporary or target)
  if temporary and not (ok and os.rename(temporary, target)) then
    os.remove(temporary)
    return nil
  end
  return ok
end

local function all_there(self, entry)
  for _, written in pairs(entry.written) do
    if not self.shelf:has(written.digest) then
      return false
    end
  end
  return true
end

-- Bring about what a run would have written.
local function restore(self, instance, options, entry)
  if not all_there(self, entry)
    or not restore_data(self, entry.report, entry.apart) then
    return nil
  end
  local edges = edges_of(self, instance)
  for name, written in pairs(entry.written) do
    if not edges[name] and not written.pieces and not restore_file(self,
      options.channels[name].path, written.digest)
    then
      return nil
    end
  end
  for name, written in pairs(entry.written) do -- when nothing can fail
    local edge, place = edges[name], self.shelf:place(written.digest)
    if edge then
      os.remove(self.temporary[edge])
      self.temporary[edge], self.ready[edge] = nil, place
      self.files:fix(place, written.digest)
    elseif written.pieces then
      tee.replay(place, written.pieces, options.channels[name].write,
        self.shelf.term)
    end
  end
  return true
end

local function is_entry(entry)
  return type(entry) == "table" and type(entry.report) == "table"
    and type(entry.report.channels) == "table"
    and type(entry.written) == "table" and type(entry.apart) == "table"
end

local function look_up(self, instance, options, run)
  local entry = self.shelf:get_result(run.key)
  if not is_entry(entry) or not restore(self, instance, options, entry) then
    return nil
  end
  local report = entry.report
  report.memo = true
  report.times = { wall = 0, user = 0, system = 0 }
  report.usage.peak_memory, report.usage.page_faults = 0, 0
  return report
end

-- Put a tee into each function that is written.
local function listen(self, run, options)
  for name, spec in pairs(options.channels or {}) do
    if type(spec) == "table" and spec.write and not spec.read then
      local path, message = self.shelf:temporary()
      local each, why
      if path then
        each, why = tee.new(path)
      end
      run.tees[name] = each
      if not run.tees[name] then
        run.wrong = message or why
        return
      end
      spec.write = run.tees[name]:wrap(spec.write)
    end
  end
end

local function close_tees(run)
  for _, each in pairs(run and run.tees or {}) do
    each:close()
  end
end

-- The names of its channels that are files of one run alone.
local function scratch_of(instance)
  local out = {}
  for name, spec in pairs(instance.channels) do
    out[channels.key(name)] = type(spec) == "table" and spec.scratch ~= nil
      or nil
  end
  return out
end

--- What an instance did when it was given the same; nil if that is not known.
function Store:find(instance, options, again)
  local before = self.runs[instance]
  close_tees(before)
  local run = { options = options, tees = {}, times = 1 }
  self.runs[instance] = run
  if again then
    run.times, run.first = before.times + 1, before.first
    run.key, run.read = before.key, before.read
  elseif self.memo and not self.cyclic[instance.stage] then
    run.key, run.read = recipe.key(self.files, options, scratch_of(instance))
    local report = run.key and look_up(self, instance, options, run)
    if report then
      run.found = true
      return report
    end
  end
  listen(self, run, options)
end

-- -- What was written -------------------------------------------------------

local function is_output(name, spec)
  return type(spec) == "table" and spec.path
    and recipe.mode(name, spec) == "w" and host.kind(spec.path) == "file"
end

-- From the key of a channel to { digest, pieces }, of all outputs; or nil and
-- a message.
local function written_by(self, run)
  local out = {}
  for name, spec in pairs(run.options.channels or {}) do
    local digest, message
    if run.tees[name] then
      digest, message = run.tees[name]:digest(self.shelf.term)
    elseif is_output(name, spec) then
      digest, message = self.shelf.term:digest_file(spec.path)
    end
    if digest then
      out[name] = { digest = digest, pieces = run.tees[name]
        and run.tees[name]:pieces() }
    elseif message then
      return nil, message
    end
  end
  return out
end

-- Compare with the first run; a message if they differ.
local function compare(run, report, written)
  local seen = traits.of(report, written)
  run.first = run.first or seen
  local wrong = traits.difference(run.first, seen)
  return wrong and ("runs 1 and %d with the same inputs differ: %s"):format(
    run.times, wrong) or nil
end

-- -- Keeping ----------------------------------------------------------------

local LEFT_OUT = { name = true, index = true, times = true, usage = true,
  memo = true }

-- A report as it is kept, and what of it is kept apart; nil if it cannot be.
local function plain_report(self, report)
  local out, apart = { channels = {}, usage = {} }, {}
  for key, value in pairs(report) do
    if not LEFT_OUT[key] and key ~= "channels" then
      out[key] = value
    end
  end
  out.usage.faults_handled = report.usage and report.usage.faults_handled
  for name, each in pairs(report.channels) do
    local copy = {}
    for key, value in pairs(each) do
      copy[key] = value
    end
    if copy.data and #copy.data > INLINE then
      apart[name], copy.data = self.shelf:put(copy.data), nil
      if not apart[name] then
        return nil
      end
    end
    out.channels[name] = copy
  end
  return out, apart
end

-- Put the contents of outputs where they stay. Edges are moved: who reads
-- them reads them there.
local function keep_contents(self, instance, run, written)
  local edges = edges_of(self, instance)
  for name, each in pairs(written) do
    local spec, edge = run.options.channels[name], edges[name]
    if run.tees[name] then
      if not run.tees[name]:keep(self.shelf, each.digest) then
        return nil
      end
    elseif not self.shelf:put_file(spec.path, each.digest, edge ~= nil) then
      return nil
    elseif edge then
      local place = self.shelf:place(each.digest)
      self.temporary[edge], self.ready[edge] = nil, place
      self.files:fix(place, each.digest)
    end
  end
  return true
end

-- A file between stages that is not whole is the host's failure, whatever the
-- guest made of it. Gives a message, or nil. What else the host failed to read
-- or write is in the report; a run that met that is not known by its inputs.
local function failure_of(self, instance, run, report)
  local edges, wrong = edges_of(self, instance), nil
  for name in pairs(edges) do
    local channel = report.channels[name:match "^/dev/(.+)$" or name]
    wrong = wrong or channel and channel.error
      and ("channel %s: %s"):format(name, channel.error) or nil
  end
  for _, channel in pairs(report.channels) do
    run.key = not channel.error and run.key or nil
  end
  return wrong
end

-- A result that cannot be kept is reached again the next time.
local function keep(self, instance, run, report, written)
  if not run.key or not self.files:unchanged(run.read) then
    return
  end
  local plain, apart = plain_report(self, report)
  if plain and keep_contents(self, instance, run, written) then
    self.shelf:put_result(run.key, { report = plain, apart = apart,
      written = written })
  end
end

-- Edges that were not kept are read where they were written.
local function make_ready(self, instance, written)
  for name, edge in pairs(edges_of(self, instance)) do
    if not self.ready[edge] then
      self.ready[edge] = self.temporary[edge]
      if written[name] then
        self.files:fix(self.temporary[edge], written[name].digest)
      end
    end
  end
end

--- An instance has ended well.
--
-- @treturn ?string|boolean "again", if it has to run once more; false, if the
--  pipeline fails
-- @treturn ?string why it fails
function Store:kept(instance, report)
  local run = self.runs[instance]
  if run.found then
    return nil
  end
  local written, message = written_by(self, run)
  run.wrong = run.wrong or failure_of(self, instance, run, report)
  if not written or run.wrong then
    return false, (self.memo and "memo: " or "verify: ")
      .. (run.wrong or message)
  end
  if self.verify > 1 and not self.cyclic[instance.stage] then
    local wrong = compare(run, report, written)
    if wrong then
      return false, wrong
    elseif run.times < self.verify then
      return "again"
    end
  end
  keep(self, instance, run, report, written)
  make_ready(self, instance, written)
  close_tees(run)
end

--- The run is over: nothing is left but what is kept.
function Store:close()
  for _, run in pairs(self.runs) do
    close_tees(run)
  end
  for _, path in pairs(self.temporary) do
    os.remove(path)
  end
  self.runs, self.temporary = {}, {}
  if not self.memo then
    local path = self.shelf.path
    for _, each in ipairs { path .. "/contents", path .. "/results", path,
      self.shelf.taken } do
      os.remove(each)
    end
  end
end

return M
