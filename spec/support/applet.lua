--- A command, run in the sandbox over the files of a folder of the host.
--
--    luajit applet.lua PROGRAM.zvm TOP [ARGUMENT...]
--
-- All below TOP is seen in the guest at the same place; what the guest has
-- changed there is done in the folder when it has ended. Standard streams and
-- the environment are those of this process. Test suites of programs that were
-- not made for a sandbox call commands that are scripts, which call this.
--
-- SPDX-License-Identifier: Apache-2.0

local exits = require "zvm.cli.exits"
local reports = require "zvm.report"
local tar = require "zvm.tar"
local zvm = require "zvm"

local program, top = arg[1], arg[2]
local NAME = program:match "([^/]+)%.zvm$"

-- The host's own commands, whatever the names of BusyBox's are before them.
local PLAIN = "PATH=/usr/bin:/bin; "

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function output_of(command)
  local pipe = assert(io.popen(PLAIN .. command))
  local text = pipe:read "*a"
  return text, pipe:close()
end

-- The folder as an archive whose names begin at the root: files, directories
-- and links. All of it is the guest's user's.
local function pack()
  return (output_of(("cd / && find %s '(' -type f -o -type d -o -type l ')' "
    .. "-print0 | tar --null --no-recursion -T - --format=pax --owner=1000 "
    .. "--group=1000 --numeric-owner --pax-option=delete=atime,delete=ctime "
    .. "-cf - 2>/dev/null"):format(quoted(top:sub(2)))))
end

local function environment()
  local env = {}
  local file = assert(io.open("/proc/self/environ", "rb"))
  for name, value in file:read "*a":gmatch "([^=%z]+)=([^%z]*)%z" do
    env[name] = value
  end
  file:close()
  return env
end

local function by_name(archive)
  local entries = {}
  for _, entry in ipairs(assert(tar.unpack(archive))) do
    entries[entry.name] = entry
  end
  return entries
end

local FIELDS = { "type", "data", "target", "mode", "mtime" }

-- What a directory holds moves its time: nobody looks at that.
local function is_same(one, other)
  for _, field in ipairs(FIELDS) do
    if one[field] ~= other[field]
      and not (field == "mtime" and one.type == "directory") then
      return false
    end
  end
  return true
end

-- Do in the folder what the guest did in its copy.
local function apply(before, after)
  local old, new = by_name(before), by_name(after)
  local gone, changed = {}, {}
  for name in pairs(old) do
    if not new[name] then
      gone[#gone + 1] = name
    end
  end
  for _, entry in ipairs(assert(tar.unpack(after))) do
    local was = old[entry.name]
    if not was or not is_same(was, entry) then
      changed[#changed + 1] = entry
      if was and was.type ~= entry.type then
        gone[#gone + 1] = entry.name
      end
    end
  end
  if #gone > 0 then
    local list = {}
    for i, name in ipairs(gone) do
      list[i] = quoted("/" .. name)
    end
    os.execute(PLAIN .. "rm -rf " .. table.concat(list, " "))
  end
  if #changed > 0 then
    local pipe = assert(io.popen(PLAIN .. "tar -C / -xpf - --overwrite "
      .. "--delay-directory-restore 2>/dev/null", "w"))
    pipe:write(tar.pack(changed))
    pipe:close()
  end
end

local function main()
  local directory = output_of "pwd":gsub("\n$", "")
  local before = pack()
  local module = assert(zvm.load(program))
  local report = assert(zvm.run {
    program = module,
    name = NAME,
    args = { unpack(arg, 3) },
    env = environment(),
    directory = directory,
    clock = os.time(),
    images = { { string = before, at = "/" } },
    collect = { top },
    timeout = "600s",
    channels = { stdin = { fd = 0 }, stdout = { fd = 1 }, stderr = { fd = 2 } },
  })
  if report.state ~= "exit" then
    io.stderr:write(NAME, ": ", reports.summary(report), "\n")
  end
  local after = report.channels.collect and report.channels.collect.data
  if after and #after > 0 then
    apply(before, after)
  end
  os.exit(exits.of(report))
end

main()
