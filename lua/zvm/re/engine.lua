--- The instance that serves patterns: a guest that runs as long as it is
-- needed, and is begun anew when it had to be killed.
--
-- The host has an end of two pipes of its. What comes back is a guest's word:
-- each number is checked here before anything follows from it. What cannot be,
-- or is late, ends the instance; the patterns are compiled again in the next.
-- stdlib/re/re.h has the protocol.
--
-- SPDX-License-Identifier: Apache-2.0

local guests = require "zvm.guests"
local reports = require "zvm.report"
local zvm = require "zvm"

local host = zvm.host

local M = {}
M.__index = M

local COMPILE, FREE, FIND, ALL, NAMES = 1, 2, 3, 4, 5
local SAME = 0xffffffff
local DONE, NONE, MORE, ERROR = 0, 1, 2, 3
local CAPTURES_MOST = 65535
local BLOCK = 64 * 1024
local PIECE = 4096 -- bytes: more at once may wait for longer than the timeout
local SUBJECT_MOST = 2 ^ 30

local NO_HEAP = 121 -- of pcre2_compile

local LIMITS = { [-47] = "LIMIT", [-53] = "LIMIT", [-63] = "LIMIT",
  [-48] = "NOMEM", [-52] = "LIMIT" }

local function code_of(number)
  return LIMITS[number] or number <= -3 and number >= -23 and "UTF"
    or number == -36 and "UTF" or "MATCH"
end

--- An engine, whose instance begins with the first request. `options`: checked.
function M.new(options)
  local self = {
    options = options,
    slots = 0,
    spare = {}, -- slots to be used again
    dead = {},  -- slots of patterns that were collected
  }
  self.link = host.link(self)
  return setmetatable(self, M)
end

-- -- The instance -----------------------------------------------------------

-- The one with the libc of level 3, if this processor has it.
local function module_of(e)
  local message, code
  for _, name in ipairs { "re-v3.zvm", "re.zvm" } do
    if e.module then break end
    local path
    path, message, code = guests.find(name)
    if not path then return nil, message, code end
    e.module, message, code = zvm.load(path)
    if not e.module and code ~= "CPU" then break end
  end
  return e.module, message, code
end

-- Kill the instance, if there is one, or what is there of it.
local function stop(e)
  local session, to, from = e.session, e.to, e.from
  e.session, e.to, e.from = nil, nil, nil
  e.link:shut()
  if session then session:close() end
  if to then to:close() end
  if from then from:close() end
end

local function begin(e)
  local module, message, code = module_of(e)
  if not module then return nil, message, code end
  local to, from
  to, message, code = zvm.pipe { eager = true, size = "128K" }
  if not to then return nil, message, code end
  from, message, code = zvm.pipe { eager = true, size = "128K" }
  if not from then
    to:close()
    return nil, message, code
  end
  local o = e.options
  to:timeout(o.timeout)
  from:timeout(o.timeout)
  e.to, e.from = to, from
  e.link:open(to, from)
  e.slots, e.spare, e.dead = 0, {}, {}
  e.session, message, code = zvm.start {
    program = module, memory = o.memory, symbols = false,
    args = { ("%.0f"):format(o.match_limit), ("%.0f"):format(o.depth_limit),
      ("%.0f"):format(o.heap_limit) },
    channels = { stdin = { pipe = to, mode = "r" },
      stdout = { pipe = from, mode = "w" }, stderr = { null = true } },
  }
  if not e.session then
    stop(e)
    return nil, message, code
  end
  return true
end

-- The code of a request that met the instance of the process that forked this
-- one: nothing came of it, and the next one begins another instance.
local FORKED = "FORKED"

-- It said nothing in time, ended, or said what cannot be: nil, message, code.
local function lost(e, message, code)
  local why
  if code == "STATE" then
    why, code = message, FORKED
  elseif code == "TIMEOUT" then
    why = ("no answer within %g seconds"):format(e.options.timeout)
  elseif code == "END" then
    local report = zvm.wait({ e.session }, 1) and e.session:wait()
    if report then e.session = nil end
    if report and report.code == 2 then
      why, code = "out of memory: more is needed than " ..
        tostring(e.options.memory), "NOMEM"
    else
      why, code = "the instance ended: " ..
        (report and reports.summary(report) or message), "LOST"
    end
  else
    why, code = message, "LOST"
  end
  stop(e)
  return nil, "zvm.re: " .. why, code
end

-- What takes the link, each once at most: functions whose first argument is the
-- engine.
local REQUESTS = {}

-- Whether who asks is within another request of this engine.
local function is_under_way(e)
  local level, found = 1, 0
  local info = debug.getinfo(level, "f")
  while info and found < 2 do
    if REQUESTS[info.func] and select(2, debug.getlocal(level, 1)) == e then
      found = found + 1
    end
    level = level + 1
    info = debug.getinfo(level, "f")
  end
  return found > 1
end

local function refused()
  return nil, "zvm.re: this engine has a request under way, within which a "
    .. "hook or a finalizer makes another one; it may use an engine of its "
    .. "own, of re.new", "STATE"
end

-- Before each request: true; or nil, message, code. The one before may not be
-- over: then this one comes of a hook or a finalizer within it. Or it raised
-- an error halfway: part of its answer may still be in the pipe. The link is
-- taken until the whole answer is here, whatever becomes of the instance.
local function enter(e)
  if not e.link:take() then
    if is_under_way(e) then return refused() end
    stop(e)
  end
  return true
end

--- End the instance: true; or nil, message, code within a request.
function M:close()
  local ok, message, code = enter(self)
  if not ok then return nil, message, code end
  stop(self)
  self.link:release()
  return true
end

local function nonsense(e)
  return lost(e, "the instance gave an answer that cannot be", "LOST")
end

-- -- Requests ---------------------------------------------------------------

-- The message of an error that PCRE2 had, or nil if the answer cannot be.
local function error_text(e, size)
  if size > 256 then return nonsense(e) end
  local text, message, code = e.from:read(size)
  if not text then return lost(e, message, code) end
  return (text:gsub("[^ -~]", "?"))
end

-- An answer whose status is ERROR: nil, message, code; or for a compilation
-- nil, message, "PATTERN" and the position.
local function failure(e, number, size, place)
  local text, message, code = error_text(e, size)
  if not text then return nil, message, code end
  if number == NO_HEAP then
    return nil, "zvm.re: " .. text, "NOMEM"
  elseif number < 2 ^ 31 then
    return nil, text, "PATTERN", place
  end
  code = code_of(number - 2 ^ 32)
  return nil, ("zvm.re: %s at %d"):format(text, place + 1), code
end

-- A request, which promises nothing of the next one.
local function write(e, operation, slot, a, b, size, bytes)
  bytes = bytes or ""
  return e.to:write(operation, slot, a, b, size, 0, bytes,
    e.link:padding(#bytes))
end

-- Slots of patterns that nobody has any more.
local function release(e)
  local dead, spare = e.dead, e.spare
  e.dead = {} -- the collector goes on
  for _, slot in ipairs(dead) do
    local ok, message, code = write(e, FREE, slot, 0, 0, SAME)
    if not ok then return lost(e, message, code) end
    spare[#spare + 1] = slot
  end
  return true
end

local function names_of(e, slot, captures)
  local ok, message, code = write(e, NAMES, slot, 0, 0, SAME)
  if not ok then return lost(e, message, code) end
  local status, count, size, each = e.from:words(5)
  if not status then return lost(e, count, size) end
  if status ~= DONE or count > 2 * CAPTURES_MOST or each < 3 or each > 256
    or size ~= count * each then
    return nonsense(e)
  end
  local bytes
  bytes, message, code = e.from:read(size)
  if not bytes then return lost(e, message, code) end
  local names = {}
  for at = 1, size, each do
    local high, low = bytes:byte(at, at + 1)
    local name = bytes:sub(at + 2, at + each - 1):match "^([%w_\128-\255]+)%z"
    local index = high * 256 + low
    if not name or index < 1 or index > captures then return nonsense(e) end
    names[name] = names[name] or {}
    names[name][#names[name] + 1] = index
  end
  return names
end

local function compile(self, p)
  local ok, message, code
  if not self.session then
    ok, message, code = begin(self)
    if not ok then return nil, message, code end
  end
  ok, message, code = release(self)
  if not ok then return nil, message, code end
  local slot = table.remove(self.spare)
  if not slot then
    slot, self.slots = self.slots, self.slots + 1
  end
  ok, message, code = write(self, COMPILE, slot, p.options, 0, #p.source,
    p.source)
  if not ok then return lost(self, message, code) end
  self.link:replace(nil)
  local status, count, size, first = self.from:words(5)
  if not status then return lost(self, count, size) end
  if status == ERROR then
    self.spare[#self.spare + 1] = slot
    return failure(self, count, size, first)
  end
  if status ~= DONE or count > CAPTURES_MOST or size ~= 0
    or first > CAPTURES_MOST then
    return nonsense(self)
  end
  p.captures, p.names = count, {}
  if first > 0 then
    p.names, message, code = names_of(self, slot, count)
    if not p.names then return nil, message, code end
  end
  p.slot, p.generation = slot, self.link:generation()
  p[1] = p.text and host.text_finder(p.text)
    or host.finder(self.link, slot, count + 1)
  return true
end

--- Compile `p.source` with `p.options`; sets slot, captures and names.
function M:compile(p)
  local ok, message, code = enter(self)
  if not ok then return nil, message, code end
  local place
  ok, message, code, place = compile(self, p)
  if code == FORKED then
    ok, message, code, place = compile(self, p)
  end
  self.link:release()
  return ok, message, code, place
end

-- Have the instance know the pattern: true, or nil, message, code.
local function know(e, p)
  if p.generation == e.link:generation() and e.session then return true end
  return compile(e, p)
end

local function too_long()
  return nil, "zvm.re: a subject has 1G bytes at most", "NOMEM"
end

-- What a request ends with: the subject, unless it is there.
local function sent(e, subject)
  if e.link:replace(subject) then return SAME end
  return #subject, subject
end

-- The offsets of a match's groups; or nil, message, code.
local function groups_of(self, subject, size)
  local bytes, message, code = self.from:read(size)
  if not bytes then return lost(self, message, code) end
  if not host.are_matches(bytes, 0, #subject) then return nonsense(self) end
  return bytes
end

-- What an answer to FIND says, or nil, message, code: as find gives it.
local function found(self, p, subject, status, count, size, first, last)
  if not status then return lost(self, count, size) end
  if status == NONE then return nil end
  if status == ERROR then return failure(self, count, size, first) end
  local captures = p.captures
  if status ~= DONE or count ~= captures + 1 or size ~= 8 * captures
    or first > last or last > #subject then
    return nonsense(self)
  end
  if captures == 0 then return first, last end
  local groups, message, code = groups_of(self, subject, size)
  if not groups then return nil, message, code end
  return first, last, groups
end

local function find(self, p, subject, start)
  local ok, message, code = know(self, p)
  if not ok then return nil, message, code end
  if #subject > SUBJECT_MOST then return too_long() end
  ok, message, code = write(self, FIND, p.slot, 0, start,
    sent(self, subject))
  if not ok then return lost(self, message, code) end
  return found(self, p, subject, self.from:words(5))
end

--- The first match from byte `start` (from 0) on: its offsets, and a string of
-- those of its groups. Or nil; or nil, message, code.
function M:find(p, subject, start)
  local ok, message, code = enter(self)
  if not ok then return nil, message, code end
  local first, last, groups = find(self, p, subject, start)
  if groups == FORKED then
    first, last, groups = find(self, p, subject, start)
  end
  self.link:release()
  return first, last, groups
end

-- The head of an answer, as zvm.host.find has it: if that has yet to come, what
-- `wait` gives. Or nil, message, code.
local function head_of(self, wait, status, waits, ...)
  if status then return status, waits, ... end
  if waits then return wait(self) end
  local _, message, code = self.link:failure()
  if code == "TIMEOUT" and self.options.timeout > host.slice then
    -- before its time: a part of the head, or none of a request
    return nil, "the instance broke off in the middle", "LOST"
  end
  return nil, message, code
end

local function wait_longer(self)
  self.from:timeout(math.max(self.options.timeout - host.slice, 0.001))
  return self.from:words(5)
end

--- The same for a request that a finder made, which took the link: its answer
-- is as zvm.host.find has it.
function M:answered(p, subject, start, ...)
  local first, last, groups = found(self, p, subject,
    head_of(self, wait_longer, ...))
  if groups == FORKED then
    first, last, groups = find(self, p, subject, start)
  end
  if self.from then self.from:timeout(self.options.timeout) end
  self.link:release()
  return first, last, groups
end

-- What comes next may take what is left of the time: true, or nil, nil, code.
local function hurry(e, deadline)
  local left = deadline - host.now()
  if left <= 0 then return nil, nil, "TIMEOUT" end
  e.from:timeout(math.max(left, 0.001))
  return true
end

-- The head of the next answer, in what is left of the time; or nil, message,
-- code.
local function next_head(e, deadline)
  local ok, message, code = hurry(e, deadline)
  if not ok then return nil, message, code end
  return e.from:words(5)
end

-- How many matches may be kept. One more is asked for, which tells that there
-- are too many.
local function room_of(self, p)
  return math.floor(self.options.offset_limit / (2 * (p.captures + 1)))
end

local function too_many(self)
  return nil, ("zvm.re: matches have more than %.0f offsets"):format(
    self.options.offset_limit), "LIMIT"
end

local function all_text(self, p, subject, start, most)
  local room = room_of(self, p)
  local all, count = host.matches_of(subject, p.text, start,
    math.min(most, room + 1))
  if count > room then return too_many(self) end
  return all, count
end

-- So many bytes, of which some are there, in what is left of the time; or nil,
-- message, code.
local function read_on(self, got, size, deadline)
  local pieces = { got }
  for left = size - #got, 1, -PIECE do
    local ok, message, code = hurry(self, deadline)
    if not ok then return nil, message, code end
    local piece
    piece, message, code = self.from:read(math.min(left, PIECE))
    if not piece then return nil, message, code end
    pieces[#pieces + 1] = piece
  end
  return table.concat(pieces)
end

-- All answers to a request for `most` matches, in a subject of so many bytes.
-- Of the first one the head is there, and what `got` is of its bytes; or nil,
-- message, code.
local function collect(self, p, length, most, deadline, got, status, count,
  size, first)
  local blocks, matches = {}, 0
  while true do
    if not status then return lost(self, count, size) end
    if status == NONE then break end
    if status == ERROR then return failure(self, count, size, first) end
    matches = matches + count
    if status ~= DONE and status ~= MORE
      or size ~= count * 8 * (p.captures + 1)
      or size > BLOCK and count ~= 1 or matches > 2 * length + 2
      or matches > most
      or status == MORE and count == 0 then
      return nonsense(self)
    end
    local block, message, code = read_on(self, got, size, deadline)
    if not block then return lost(self, message, code) end
    if not host.are_matches(block, p.captures + 1, length) then
      return nonsense(self)
    end
    blocks[#blocks + 1] = block
    if status == DONE then break end
    got = ""
    status, count, size, first = next_head(self, deadline)
  end
  return table.concat(blocks), matches
end

local function all_of(self, p, subject, start, most)
  local ok, message, code = know(self, p)
  if not ok then return nil, message, code end
  if #subject > SUBJECT_MOST then return too_long() end
  local deadline = host.now() + self.options.timeout
  ok, message, code = write(self, ALL, p.slot, most, start,
    sent(self, subject))
  if not ok then return lost(self, message, code) end
  return collect(self, p, #subject, most, deadline, "",
    next_head(self, deadline))
end

-- What zvm.host.find_all has begun, with what `got` is of the answer's bytes.
local function rest_of_all(self, p, subject, most, got, ...)
  local deadline = host.now() + self.options.timeout
  return collect(self, p, #subject, most, deadline, got,
    head_of(self, function(e)
      return next_head(e, deadline - host.slice)
    end, ...))
end

-- What zvm.host.find_all gave, or if that is not all, what there is.
local function all_or_rest(self, p, subject, start, most, all, count, ...)
  if all then return all, count end
  local message, code
  if count then
    all, message, code = rest_of_all(self, p, subject, most, ...)
  else
    all, message, code = enter(self)
    if not all then return nil, message, code end
    all, message, code = all_of(self, p, subject, start, most)
  end
  if code == FORKED then
    all, message, code = all_of(self, p, subject, start, most)
  end
  if self.from then self.from:timeout(self.options.timeout) end
  self.link:release()
  return all, message, code
end

--- All matches, `most` at most, as zvm.host.replace takes them, and how many
-- there are.
function M:all(p, subject, start, most)
  if p.text and #subject <= host.text_subject_most then
    return all_text(self, p, subject, start, most)
  end
  local room = room_of(self, p)
  most = math.min(most, room + 1)
  local all, count, code = all_or_rest(self, p, subject, start, most,
    host.find_all(p, subject, start, most))
  if all and count > room then return too_many(self) end
  return all, count, code
end

for _, name in ipairs { "close", "compile", "find", "answered", "all" } do
  REQUESTS[M[name]] = true
end

return M
