--- What feeds the instances of a stage: files by a wildcard, byte ranges of
-- one file, or a list.
--
-- SPDX-License-Identifier: Apache-2.0
local check = require "zvm.pipeline.check"
local show = require "zvm.manifest.show"
local wildcard = require "zvm.pipeline.wildcard"

local M = {}

local KEYS = { "path", "split", "channel", "data", "fd", "uri", "null" }
local SOURCES = { "path", "data", "fd", "uri", "null" }
local SPLIT = { "pattern" }
local BESIDE = { "channel" } -- what a list may say too

--- What an input may say, for zvm.interpreter.names.
function M.options()
  return { keys = KEYS, inner = { split = { keys = SPLIT } },
    list = { keys = SOURCES } }
end

--- What a record of a file is: checked, as a table with one of `size`,
-- `pattern`, `newline`.
local function read_split(where, value)
  if value == "newline" then
    return { newline = true }
  elseif type(value) == "number" then
    return { size = check.whole(where, value, 1, 2 ^ 31 - 1) }
  elseif type(value) == "table" then
    check.keys(where, value, SPLIT)
    return { pattern = check.text(where .. ".pattern",
      rawget(value, "pattern"), "PCRE2 pattern") }
  end
  check.fail(where, '"newline", a size of records, or { pattern = ... } '
    .. "expected, got %s", show.value(value))
end

local function captureless(source, fields)
  local entry = { source = source, captures = {} }
  for key, value in pairs(fields or {}) do
    entry[key] = value
  end
  return entry
end

-- A path with or without wildcards: a list of entries.
local function read_path(where, path)
  local wildcards = wildcard.count(path)
  if wildcards == 0 then
    return { captureless { path = path } }, 0
  elseif wildcards > wildcard.MOST then
    check.fail(where, "at most %d wildcards expected, got %d", wildcard.MOST,
      wildcards)
  elseif path:find("**", 1, true) then
    check.fail(where, "** is not known; one * stays within a directory")
  end
  local files, message = wildcard.expand(path)
  if not files then
    check.fail(where, "%s", message)
  elseif #files == 0 then
    check.fail(where, "no file matches %s", show.quote(path))
  end
  local entries = {}
  for i, file in ipairs(files) do
    entries[i] = { source = { path = file.path }, captures = file.captures }
  end
  return entries, wildcards
end

-- One file in as many byte ranges as there are instances, which is not known
-- before counts are.
local function read_ranges(where, value, path)
  if wildcard.count(path) > 0 then
    check.fail(where .. ".path", "one file expected where split is, got the "
      .. "wildcard %s", show.quote(path))
  end
  return { path = path, split = read_split(where .. ".split",
    rawget(value, "split")) }
end

local function one_source(where, value)
  local found
  for _, key in ipairs(SOURCES) do
    if rawget(value, key) ~= nil then
      if found then
        check.fail(where, "one of %s and %s expected, got both", found, key)
      end
      found = key
    end
  end
  if not found then
    check.fail(where, "path, data, fd or uri expected")
  end
  return { [found] = rawget(value, found) }
end

local function read_list(where, value, n)
  local entries = {}
  for i = 1, n do
    local place = ("%s[%d]"):format(where, i)
    local each = rawget(value, i)
    if type(each) == "string" then
      entries[i] = captureless { path = check.text(place, each, "path") }
    else
      check.keys(place, each, SOURCES)
      entries[i] = captureless(one_source(place, each))
    end
  end
  return entries
end

-- Names and a list in one table: the names apart.
local function parts(value)
  local list, names = {}, {}
  for key, each in next, value do
    (type(key) == "number" and list or names)[key] = each
  end
  return list, names
end

local function read_table(where, value)
  local list, names = parts(value)
  local n = check.list(where, list, "files")
  if n > 0 then
    check.keys(where, names, BESIDE)
    return { entries = read_list(where, list, n), wildcards = 0 }
  end
  check.keys(where, names, KEYS)
  local source = one_source(where, value)
  if rawget(value, "split") ~= nil and not source.path then
    check.fail(where .. ".split", "only a path is split")
  end
  if not source.path then
    return { entries = { captureless(source) }, wildcards = 0 }
  end
  local path = check.text(where .. ".path", source.path, "path")
  if rawget(value, "split") ~= nil then
    return { ranges = read_ranges(where, value, path), wildcards = 0 }
  end
  local entries, wildcards = read_path(where .. ".path", path)
  return { entries = entries, wildcards = wildcards }
end

--- The input of a stage: a table with `channel`, `wildcards` (how many), and
-- `entries`, one an instance, or `ranges`: { path, split }.
function M.read(where, value)
  local input
  if type(value) == "string" then
    input = {}
    input.entries, input.wildcards = read_path(where,
      check.text(where, value, "path"))
  elseif type(value) == "table" then
    input = read_table(where, value)
    local channel = rawget(value, "channel")
    if channel ~= nil then
      input.channel = check.text(where .. ".channel", channel,
        "name of a channel")
    end
  else
    check.fail(where, "path, table or list expected, got %s",
      show.value(value))
  end
  input.channel = input.channel or "stdin"
  return input
end

--- What the instance of this number reads.
function M.of(input, index, count)
  if input.entries then
    local entry = input.entries[index]
    return { channel = input.channel, source = entry.source },
      entry.captures
  end
  return { channel = input.channel, path = input.ranges.path,
    split = input.ranges.split, part = index, parts = count }, {}
end

return M
