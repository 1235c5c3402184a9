--- A pipeline as a graph for Graphviz: stages are boxes, what they read and
-- write are notes, connections are arrows. The same pipeline is the same
-- text.
--
-- SPDX-License-Identifier: Apache-2.0
local sorted = require "zvm".host.sorted
local utf8 = require "zvm.utf8"

local M = {}

local LONGEST = 60 -- bytes of a name in a label

-- A string of DOT's. In one, \n, \l and others are escapes, and so is \" .
local function quoted(text)
  text = utf8.clean(text):gsub('[%z\1-\31\127"\\]', function(c)
    if c == '"' or c == "\\" then
      return "\\" .. c
    end
    return ("\\\\x%02x"):format(c:byte())
  end)
  return '"' .. text .. '"'
end

-- Lines of a label as one string.
local function label(lines)
  local out = {}
  for i, line in ipairs(lines) do
    out[i] = quoted(line):sub(2, -2)
  end
  return '"' .. table.concat(out, "\\n") .. '"'
end

local function short(text)
  if #text <= LONGEST then
    return text
  end
  return "..." .. text:sub(-LONGEST + 3)
end

-- -- What is read and written -----------------------------------------------

-- What a source or a specification of a channel is, in words.
local function words_of(spec)
  if type(spec) == "string" or spec.data then
    return ("%d bytes"):format(#(spec.data or spec))
  elseif spec.path then
    return short(spec.path)
  elseif spec.uri then
    return short(spec.uri)
  elseif spec.fd then
    return ("descriptor %d"):format(spec.fd)
  elseif spec.read or spec.write then
    return "function"
  elseif spec.buffer then
    return "memory"
  end
  return "nothing"
end

-- A list of words, of which equal ones count once.
local function merged(list)
  local first, last = list[1], list[#list]
  if first == last then
    return { first }
  end
  return #list == 2 and { first, last } or { first, "...", last }
end

local function add_note(notes, way, channel, lines, count)
  if count > 1 then
    lines[#lines + 1] = ("%d in all"):format(count)
  end
  notes[#notes + 1] = { way = way, channel = channel, lines = lines }
end

local function add_inputs(notes, stage)
  local first = stage.instances[1].input
  if not first then
    return
  elseif first.split then
    add_note(notes, "in", first.channel, { short(first.path),
      ("in %d parts"):format(first.parts) }, 1)
    return
  end
  local list = {}
  for i, instance in ipairs(stage.instances) do
    list[i] = words_of(instance.input.source)
  end
  local lines = merged(list)
  add_note(notes, "in", first.channel, lines, #lines > 1 and #list or 1)
end

local function add_outputs(notes, stage)
  for n, output in ipairs(stage.instances[1].outputs) do
    local list = {}
    for i, instance in ipairs(stage.instances) do
      list[i] = words_of(instance.outputs[n])
    end
    local lines = merged(list)
    add_note(notes, "out", output.channel, lines, #lines > 1 and #list or 1)
  end
end

local function is_written(spec)
  return type(spec) == "table" and (spec.buffer or spec.write
    or spec.mode and spec.mode ~= "r") and true or false
end

local SHOWN = { "path", "data", "uri", "fd", "read", "write", "buffer" }

-- Channels that are no ends of edges, inputs or outputs.
local function add_channels(notes, stage)
  local channels, names = stage.instances[1].channels, {}
  for name, spec in pairs(channels) do
    if type(spec) == "string" then
      names[#names + 1] = name
    elseif not (spec.edge or spec.input or spec.output) then
      for _, key in ipairs(SHOWN) do
        if spec[key] ~= nil then
          names[#names + 1] = name
          break
        end
      end
    end
  end
  for _, name in ipairs(sorted(names)) do
    local spec = channels[name]
    local written = is_written(spec) or name == "stdout" or name == "stderr"
    add_note(notes, written and "out" or "in", name, { words_of(spec) }, 1)
  end
end

local function notes_of(stage)
  local notes = {}
  add_inputs(notes, stage)
  add_channels(notes, stage)
  add_outputs(notes, stage)
  return notes
end

-- -- Stages and arrows ------------------------------------------------------

local function program_of(stage)
  local program = stage.options.program
  if type(program) ~= "string" then
    return "module"
  elseif program == "" or program:byte() == 127 or program:find "%z" then
    return ("%d bytes"):format(#program)
  end
  return short(program:match "[^/]*$")
end

local function add_stage(out, stage)
  local title = stage.name
  if stage.count > 1 then
    title = ("%s \195\151 %d"):format(title, stage.count)
  end
  out[#out + 1] = ("  %s [shape=box, style=\"rounded,filled\", "
    .. "fillcolor=\"#dce9f7\", label=%s%s];"):format(
    quoted("stage " .. stage.name), label { title, program_of(stage) },
    stage.count > 1 and ", peripheries=2" or "")
  for i, note in ipairs(notes_of(stage)) do
    local name = quoted(("%s %s %d"):format(note.way, stage.name, i))
    out[#out + 1] = ("  %s [shape=note, label=%s];"):format(name,
      label(note.lines))
    local from, to = name, quoted("stage " .. stage.name)
    if note.way == "out" then
      from, to = to, from
    end
    out[#out + 1] = ("  %s -> %s [label=%s, style=dashed];"):format(from, to,
      quoted(note.channel))
  end
end

local function add_arrow(out, stage, other, text)
  out[#out + 1] = ("  %s -> %s [label=%s];"):format(
    quoted("stage " .. stage.name), quoted("stage " .. other.name),
    quoted(text))
end

local function add_arrows(out, stage, by_name)
  for _, name in ipairs(stage.connect) do
    local other = by_name[name]
    add_arrow(out, stage, other, stage.count * other.count == 1 and "connect"
      or ("connect %d \195\151 %d"):format(stage.count, other.count))
  end
  if stage.pipe then
    local other = by_name[stage.pipe]
    add_arrow(out, stage, other, stage.count == 1 and "pipe"
      or ("pipe \195\151 %d"):format(stage.count))
  end
end

--- A graph of zvm.pipeline.graph as text for `dot`.
--
-- @tparam table graph
-- @treturn string
function M.format(graph)
  local out, by_name = { "digraph pipeline {", "  rankdir=LR;",
    '  node [fontname="sans-serif", fontsize=11];',
    '  edge [fontname="sans-serif", fontsize=9];' }, {}
  for _, stage in ipairs(graph.stages) do
    by_name[stage.name] = stage
    add_stage(out, stage)
  end
  for _, stage in ipairs(graph.stages) do
    add_arrows(out, stage, by_name)
  end
  out[#out + 1] = "}"
  return table.concat(out, "\n") .. "\n"
end

return M
