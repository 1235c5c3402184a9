--- Where a file is cut into byte ranges, so that no record lies in two.
--
-- The range number k of n would begin at byte p = size * k / n. It begins
-- where the record ends that has the byte p - 1: what lies before p and after
-- the end of a record belongs to the range before.
--
-- SPDX-License-Identifier: Apache-2.0
local guests = require "zvm.guests"
local show = require "zvm.manifest.show"
local term = require "zvm.pipeline.term"
local zvm = require "zvm"

local M = {}

--- How much is read at once. The cuts do not depend on it.
M.WINDOW = 65536

-- How long the looks are apart whether the run is over.
local LOOK = 0.25

-- Above this a pattern is taken to be one that never ends.
local CPU = "300s"

-- The first byte after a newline that is at `from` or later.
local function after_newline(file, from, size, window, limit)
  file:seek("set", from)
  while from < size do
    limit:check()
    local bytes, message = file:read(window)
    if not bytes then
      return message and error(message, 0) or size
    end
    local at = bytes:find("\n", 1, true)
    if at then
      return from + at
    end
    from = from + #bytes
  end
  return size
end

local function cut_lines(file, size, parts, window, limit)
  local cuts = {}
  for k = 1, parts - 1 do
    local p = math.floor(size * k / parts)
    local last = cuts[k - 1] or 0
    if p <= last then
      cuts[k] = last
    else
      cuts[k] = after_newline(file, p - 1, size, window, limit)
    end
  end
  return cuts
end

local function cut_records(size, parts, record)
  local cuts, records = {}, math.ceil(size / record)
  for k = 1, parts - 1 do
    cuts[k] = math.min(size, math.floor(records * k / parts) * record)
  end
  return cuts
end

-- As zvm.run, until the run of the pipeline is over.
local function run(options, limit)
  local session, message, code = zvm.start(options)
  if not session then
    return nil, message, code
  end
  repeat
    local outcome = limit:over()
    if outcome then
      session:close()
      term.raise(outcome)
    end
  until zvm.wait({ session }, math.max(0, math.min(LOOK, limit:left())))
  local report
  report, message, code = session:wait()
  if report and report.state == "stopped" then
    limit:check()
  end
  return report, message, code
end

-- The file is a stranger's, and the pattern may be one that takes for ever:
-- PCRE2 runs in a guest.
local function cut_matches(path, size, parts, pattern, window, limit)
  local positions = {}
  for k = 1, parts - 1 do
    positions[k] = ("%.0f\n"):format(math.floor(size * k / parts))
  end
  local program, missing = guests.find "cut.zvm"
  if not program then
    return nil, missing, "SYSTEM"
  end
  local report, message, code = run({
    program = program, args = { pattern, ("%d"):format(window) }, cpu = CPU,
    memory = "1G",
    channels = { stdin = table.concat(positions), input = { path = path } },
  }, limit)
  if not report then
    return nil, message, code
  elseif report.state ~= "exit" or report.code ~= 0 then
    local said = report.channels.stderr and report.channels.stderr.data or ""
    return nil, ("the pattern %s: %s"):format(show.quote(pattern),
      said ~= "" and show.text((said:gsub("\n$", "")))
      or require "zvm.report".summary(report)), "OPTION"
  end
  local cuts = {}
  for number in report.channels.stdout.data:gmatch "(%d+)\n" do
    cuts[#cuts + 1] = tonumber(number)
  end
  return cuts
end

-- What a guest says is checked: ranges that follow one another.
local function is_ascending(cuts, size, parts)
  local last = 0
  for k = 1, parts - 1 do
    if not cuts[k] or cuts[k] < last or cuts[k] > size then
      return false
    end
    last = cuts[k]
  end
  return #cuts == parts - 1
end

local function cut(file, path, split, parts, window, limit)
  local size = file:seek "end"
  if not size or size >= 2 ^ 53 then
    return nil, path .. ": only a regular file can be split", "CHANNEL"
  end
  local cuts, message, code
  if split.newline then
    local ok
    ok, cuts = pcall(cut_lines, file, size, parts, window, limit)
    if not ok and term.caught(cuts) then
      error(cuts, 0)
    elseif not ok then
      return nil, path .. ": " .. tostring(cuts), "CHANNEL"
    end
  elseif split.size then
    cuts = cut_records(size, parts, split.size)
  else
    cuts, message, code = cut_matches(path, size, parts, split.pattern,
      window, limit)
    if not cuts then
      return nil, message, code
    end
  end
  if not is_ascending(cuts, size, parts) then
    return nil, path .. ": it changed while it was split", "CHANNEL"
  end
  return cuts, size
end

--- The ranges of a file: a list of { offset, length }.
--
-- @tparam string path
-- @tparam table split one of `newline`, `size`, `pattern`
-- @tparam number parts how many ranges
-- @tparam[opt] number window bytes that are read at once
-- @tparam[opt] table limit how long it may take: see zvm.pipeline.term
-- @treturn[1] table
-- @treturn[2] nil
-- @treturn[2] string message
-- @treturn[2] string code
function M.ranges(path, split, parts, window, limit)
  local file, message = io.open(path, "rb")
  if not file then
    return nil, message, "CHANNEL"
  end
  local cuts, size, code = term.guarded(function()
    file:close()
  end, cut, file, path, split, parts, window or M.WINDOW, limit or term.new())
  file:close()
  if not cuts then
    return nil, size, code
  end
  local ranges, from = {}, 0
  for k = 1, parts do
    local to = cuts[k] or size
    ranges[k] = { from, to - from }
    from = to
  end
  return ranges
end

return M
