--- usage: pipes.lua <folder of the guests>
--
-- What pipes between runs cost: three stages that copy a file of 2 GiB, 64 KiB
-- at a time, and `cat | cat | cat` of the shell, in turn, from the start of the
-- first to the end of the last; and records of 64 bytes from one run to
-- another, each written by one trap and read by one.
-- Prints "name: ours theirs", medians: seconds; of records, nanoseconds and
-- nothing to compare with.
-- SPDX-License-Identifier: Apache-2.0

local system = require "system"
local zvm = require "zvm"

local DIR = arg[1]
local ROUNDS, RECORD_ROUNDS = 7, 9
local SIZE, RECORDS = 2 * 2 ^ 30, 4 * 10 ^ 6
local UNLIMITED = { puts = "unlimited", put_bytes = "unlimited" }

local relay = assert(zvm.load(DIR .. "relay.zvm"))
local path = os.tmpname()

local function median(list)
  table.sort(list)
  return list[(#list + 1) / 2]
end

local function start(args, stdin, stdout)
  stdout.limits = UNLIMITED
  return assert(zvm.start { program = relay, args = args,
    channels = { stdin = stdin, stdout = stdout } })
end

local function finish(session)
  local report = assert(session:wait())
  assert(report.state == "exit" and report.code == 0, report.state)
  return report
end

local function ours()
  local a, b = zvm.pipe(), zvm.pipe()
  local first = start({ "copy", "65536" }, { path = path }, { pipe = a })
  local second = start({ "copy", "65536" }, { pipe = a }, { pipe = b })
  local third = start({ "copy", "65536" }, { pipe = b }, { null = true })
  finish(first)
  finish(second)
  assert(finish(third).channels.stdin.get_bytes == SIZE)
end

local function theirs()
  assert(os.execute("cat " .. path .. " | cat | cat >/dev/null") == 0)
end

local function time(work)
  local begun = system.monotime()
  work()
  return system.monotime() - begun
end

local function record_ns()
  local p = zvm.pipe()
  local writer = start({ "make", "64", tostring(RECORDS) }, { null = true },
    { pipe = p })
  local reader = start({ "take", "64" }, { pipe = p }, { null = true })
  local a, b = finish(reader), finish(writer)
  assert(a.channels.stdin.get_bytes == RECORDS * 64)
  return math.max(a.times.wall, b.times.wall) / RECORDS * 1e9
end

local file = assert(io.open(path, "w"))
assert(file:seek("set", SIZE - 1))
assert(file:write "x")
file:close()
theirs() -- now it is in memory
local cats, shells, records = {}, {}, {}
for round = 1, ROUNDS do
  cats[round], shells[round] = time(ours), time(theirs)
end
os.remove(path)
for round = 1, RECORD_ROUNDS do
  records[round] = record_ns()
end
print(("three stages of cat: %.4f %.4f"):format(median(cats),
  median(shells)))
print(("records of 64 bytes: %.2f 0"):format(median(records)))
