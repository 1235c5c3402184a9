--- From the text of a manifest to a document, and all that is wrong in it.
--
-- Every line is looked at a fixed number of times, so that the time is
-- linear in the text. Nothing here raises an error, whatever the text is.
--
-- SPDX-License-Identifier: Apache-2.0
local field = require "zvm.manifest.field"
local keys = require "zvm.manifest.keys"
local problems = require "zvm.manifest.problems"
local show = require "zvm.manifest.show"

local M = {}

M.TEXT = 0x80000    -- bytes, as in ZeroVM
M.LINES = 0x2000    -- as in ZeroVM
M.LINE = 0x10000    -- bytes, as in ZeroVM's documents

local STANDARD = { "/dev/stdin", "/dev/stdout", "/dev/stderr" }

local KEYS = { "Version", "Program", "Memory", "Timeout", "Channel", "Node",
  "NameServer", "Job", "Etag", "Image", "Directory", "Clock", "Seed" }

local MANY = { Channel = true, Image = true }

-- Keys of other versions of the format.
local OTHERS = {
  Nexe = 'the former name of "Program"',
  NexeEtag = 'the former name of "Etag"',
  MemMax = 'the former name of "Memory"',
  NodeName = 'the former name of "Node", which is a number only',
  CommandLine = "a manifest has no arguments any more",
  Environment = "a manifest has no environment any more",
  Broker = "a later version's; zvm has no broker",
  Boot = "a later version's; zvm loads programs itself",
}

local function fail(state, column, key, reason)
  state.problems:fail(state.line, column, key, reason)
end

local function object(state, column, key, reason)
  state.problems:object(state.line, column, key, reason)
end

-- -- Lines ------------------------------------------------------------------

local function unknown_key(key)
  if OTHERS[key] then
    return "unknown key: " .. OTHERS[key]
  end
  return ('unknown key; did you mean "%s"?'):format(show.nearest(key, KEYS))
end

local function read_key(state, line, first, equal)
  local key, column = keys.trim(line, first, equal - 1)
  local read = keys.READ[key]
  if not read then
    object(state, column, show.text(key), unknown_key(key))
  elseif state.seen[key] and not MANY[key] then
    fail(state, column, key, ("given in line %d already"):format(
      state.seen[key]))
  else
    state.seen[key] = state.line
    read(state, line, equal + 1)
  end
end

local function unfit(state, line)
  if #line > M.LINE then
    fail(state, M.LINE + 1, "line", ("longer than %d bytes"):format(M.LINE))
    return true
  end
  local at = line:find "[%z\1-\8\10-\31\127]"
  if at then
    local byte = line:byte(at)
    fail(state, at, "line", byte == 0 and "NUL byte"
      or ("control character \\%03d"):format(byte))
    return true
  end
end

local function read_line(state, line)
  local first = line:find "[^ \t]"
  if unfit(state, line) or not first or line:find("^#", first)
    or line:find("^==", first) then
    return
  end
  local equal = line:find("=", first, true)
  if not equal then
    object(state, first, "line", 'no "=" in it: "Key = value" expected, or '
      .. "# before a comment")
  elseif equal == first then
    object(state, first, "line", 'no key before the "="')
  elseif line:find("=", equal + 1, true) then
    object(state, line:find("=", equal + 1, true), "line",
      'a second "=": neither keys nor values have one')
  else
    read_key(state, line, first, equal)
  end
end

-- Gives the last line, or nil when there are too many to read.
local function read_lines(state, text)
  local from = 1
  while true do
    local newline = text:find("\n", from, true)
    local last = (newline or #text + 1) - 1
    if newline and text:byte(last) == 13 and last >= from then
      last = last - 1
    end
    state.line = state.line + 1
    if state.line > M.LINES then
      fail(state, 1, "text", ("more than %d lines"):format(M.LINES))
      return nil
    end
    local line = text:sub(from, last)
    read_line(state, line)
    if not newline or newline == #text then
      return line
    end
    from = newline + 1
  end
end

-- -- What is missing --------------------------------------------------------

local function check_missing(state, column)
  for _, key in ipairs(KEYS) do
    local must = key == "Memory" or key == "Channel"
    for _, item in ipairs(field.SINGLE) do
      must = must or item.key == key and item.must
    end
    if must and not state.seen[key] then
      fail(state, column, key, "missing")
    end
  end
  for _, alias in ipairs(STANDARD) do
    if state.seen.Channel and not state.unsure
      and not state.aliases[alias] then
      fail(state, column, "Channel", "no channel " .. alias)
    end
  end
end

local function check_nodes(state)
  local doc, seen = state.doc, state.seen
  if seen.NameServer and not seen.Node then
    local place = state.places.NameServer
    state.problems:fail(place.line, place.column, "NameServer",
      "needs the key Node")
  end
  for _, use in ipairs(state.nodes) do
    local reason
    if not seen.Node or not seen.NameServer then
      reason = ("node %.0f needs the keys Node and NameServer"):format(
        use.node)
    elseif use.node == doc.node then
      reason = ("node %.0f is this one itself"):format(use.node)
    end
    if reason then
      state.problems:fail(use.line, use.column, "Channel",
        "uri: " .. reason)
    end
  end
end

--- Read a manifest.
--
-- @tparam string text
-- @tparam boolean strict unknown keys and garbled lines are errors
-- @treturn table document, of use only when there are no errors
-- @treturn table errors
-- @treturn table warnings
function M.read(text, strict)
  local found = problems.new(strict)
  local state = {
    problems = found,
    line = 0,     -- number of the line that is read
    seen = {},    -- key -> line
    places = {},  -- key -> place of its value
    aliases = {}, -- alias -> line
    unsure = false, -- there are channels whose alias is not known
    nodes = {},   -- uses of nodes: { node, line, column }
    count = 0,    -- of channels
    doc = { channels = {} },
  }
  if #text > M.TEXT then
    found:fail(1, 1, "text", ("%d bytes, where %d are the most"):format(
      #text, M.TEXT))
    return state.doc, found.errors, found.warnings
  end
  local last = read_lines(state, text)
  if last then
    check_missing(state, #last + 1)
    check_nodes(state)
  end
  found:sort()
  return state.doc, found.errors, found.warnings
end

return M
