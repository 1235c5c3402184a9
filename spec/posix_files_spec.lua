-- Files in the sandbox behave as files on the host: spec/guest/posix/*.c print
-- a line for each fact, the host's kernel says what it should be.
--
-- SPDX-License-Identifier: Apache-2.0

local host = require "support.host"
local lfs = require "lfs"
local zvm = require "zvm"

local PROGRAMS = host.build() .. "/guest/posix/"

-- What a program prints on the host, in an empty directory in memory, as a user
-- who may not do everything.
local function facts_of_host(name)
  local base = lfs.attributes("/dev/shm", "mode") == "directory" and "/dev/shm"
    or "/tmp"
  return host.output(([[
    dir=$(mktemp -d %s/zvm-posix-XXXXXX) || exit
    as=
    if [ "$(id -u)" = 0 ]; then
      chown 1000:1000 "$dir"
      as="setpriv --reuid=1000 --regid=1000 --clear-groups --"
    fi
    cp %s "$dir.native" && chmod 755 "$dir.native"
    $as "$dir.native" "$dir" 2>&1 </dev/null || echo "exit code $?"
    chmod -R u+rwX "$dir"
    rm -rf "$dir" "$dir.native"]]):format(base, PROGRAMS .. name .. ".native"))
end

local function facts_of_guest(name)
  local report = assert(zvm.run {
    program = PROGRAMS .. name .. ".zvm",
    args = { "/home/guest" },
    memory = "256M",
  })
  local out = report.channels.stdout.data .. report.channels.stderr.data
  if report.state ~= "exit" or report.code ~= 0 then
    out = out .. ("%s %s\n"):format(report.state, tostring(report.code))
  end
  return out
end

-- Where two texts part, with the fact before; nil where they do not.
local function differences(expected, got)
  local lines, n, said = {}, 0, {}
  for line in got:gmatch "([^\n]*)\n" do
    lines[#lines + 1] = line
  end
  for line in expected:gmatch "([^\n]*)\n" do
    n = n + 1
    if line ~= lines[n] and #said < 40 then
      said[#said + 1] = ("host:  %s\nguest: %s"):format(line,
        tostring(lines[n]))
    end
  end
  if #lines > n then
    said[#said + 1] = "guest: " .. lines[n + 1]
  end
  return #said > 0 and table.concat(said, "\n") or nil
end

local NAMES = {
  at = "calls with a directory's descriptor",
  contents = "positions, holes and sizes",
  descriptors = "dup and fcntl",
  directory = "the working directory and realpath",
  links = "symbolic links",
  listing = "directories that are listed",
  locks = "locks",
  maps = "files in memory",
  names = "link, rename, mkdir and their kin",
  open = "open",
  pipes = "pipes and FIFOs",
  places = "devices, limits and stat",
  ready = "poll and select",
  rights = "permissions",
  streams = "stdio",
  temporary = "temporary files",
  times = "times of files",
  walk = "ftw, glob and fnmatch",
}

describe("files in the sandbox are as on the host:", function()
  local names = {}
  for file in lfs.dir "spec/guest/posix" do
    names[#names + 1] = file:match "^(.*)%.c$"
  end
  table.sort(names)
  for _, name in ipairs(names) do
    it(NAMES[name] or name, function()
      local expected = facts_of_host(name)
      assert.is_true(#expected > 200 and not expected:find "exit code",
        expected)
      local said = differences(expected, facts_of_guest(name))
      assert(not said, said)
    end)
  end
end)
