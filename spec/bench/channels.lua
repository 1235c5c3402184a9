--- usage: channels.lua <folder of the guests>
--
-- What channels cost: a file copied by a guest and by the same program
-- natively, small writes, and etags. Each sample is a whole run, from the call
-- of zvm.run to its return, or a whole command; they come in turn, each with a
-- file that is not there yet, in memory if the system has a folder for that.
-- Prints "name: ours theirs", medians: seconds of a copy; of an etag what it
-- adds to that; nanoseconds of a write, which for a guest are those of the
-- processor, from entry to exit.
-- SPDX-License-Identifier: Apache-2.0

local system = require "system"
local zvm = require "zvm"

local DIR = arg[1]
local ROUNDS, PUTS_ROUNDS = 9, 15
local SIZE = 256 * 2 ^ 20
local PUTS = 10 ^ 6 -- what a buffer takes, if nothing is said

local from, to

local function median(list)
  table.sort(list)
  return list[(#list + 1) / 2]
end

local function command(text)
  assert(os.execute(text) == 0, text)
end

local function copied(module, spec)
  spec.program = module
  local report = assert(zvm.run(spec))
  assert(report.state == "exit" and report.code == 0, report.state)
end

--- Seconds that `work` takes, with no file to copy to yet.
local function time(work)
  os.remove(to)
  local start = system.monotime()
  work()
  return system.monotime() - start
end

--- The median of each of `works`, in turn.
local function compare(works)
  local times = {}
  for round = 1, ROUNDS do
    for i, work in ipairs(works) do
      times[i] = times[i] or {}
      times[i][round] = time(work)
    end
  end
  for i, list in ipairs(times) do
    times[i] = median(list)
  end
  return times
end

local function copies()
  local module = assert(zvm.load(DIR .. "copy.zvm"))
  local native = ("exec %scopy.native "):format(DIR)
  local named = { "/dev/from", "/dev/to" }
  local function apart(type_of_both)
    return function()
      copied(module, { args = named, channels = {
        from = { path = from, type = type_of_both },
        to = { path = to, mode = "w", type = type_of_both },
      } })
    end
  end
  local function standard()
    copied(module, { channels = {
      stdin = { path = from }, stdout = { path = to },
    } })
  end
  local function digested()
    copied(module, { args = named, channels = {
      from = { path = from, etag = true }, to = { path = to, mode = "w" },
    } })
  end
  local t = compare {
    function() command(native .. from .. " " .. to) end,
    function() command(native .. "<" .. from .. " >" .. to) end,
    apart(nil), apart(0), standard, digested,
    function() command("exec openssl dgst -sha256 " .. from .. " >" .. to) end,
  }
  print(("copy, random: %.6f %.6f"):format(t[3], t[1]))
  print(("copy, sequential: %.6f %.6f"):format(t[4], t[1]))
  print(("copy, stdin and stdout: %.6f %.6f"):format(t[5], t[2]))
  print(("etag of 256 MiB: %.6f %.6f"):format(t[6] - t[3], t[7]))
end

--- Natively it is a file that the bytes go to, by a call of the system's.
local function puts()
  local module = assert(zvm.load(DIR .. "puts.zvm"))
  for _, way in ipairs { "trap", "write", "fwrite" } do
    local ours, theirs = {}, {}
    for round = 1, PUTS_ROUNDS do
      local report = assert(zvm.run { program = module,
        args = { way, tostring(PUTS) } })
      assert(report.state == "exit" and report.code == 0, report.state)
      ours[round] = (report.times.user + report.times.system) / PUTS * 1e9
      theirs[round] = time(function()
        command(("exec %sputs.native %s %d >%s"):format(DIR, way, PUTS, to))
      end) / PUTS * 1e9
    end
    print(("64 bytes by %s: %.2f %.2f"):format(way, median(ours),
      median(theirs)))
  end
end

local function in_files(body)
  local folder = os.tmpname()
  os.remove(folder)
  local memory = "/dev/shm" .. folder:gsub("^.*/", "/")
  if os.execute(("mkdir %s 2>/dev/null"):format(memory)) == 0 then
    folder = memory
  else
    command("mkdir " .. folder)
  end
  from, to = folder .. "/from", folder .. "/to"
  local ok, message = pcall(body)
  os.execute(("rm -rf %s"):format(folder))
  assert(ok, message)
end

in_files(function()
  command(("head -c %d /dev/urandom >%s"):format(SIZE, from))
  copies()
  puts()
end)
