--- usage: image.lua <folder of the guests>
--
-- What mounting an image of 30 MB costs a guest: 5,000 files in 50
-- directories, from a few bytes to 40 KiB. Each sample is the CPU time from
-- entry to exit of a guest that looks for one path, less that of the same
-- guest without the image; beside it, 5,000 native reads of a block from the
-- same file. Prints "mount native", milliseconds, medians.
-- SPDX-License-Identifier: Apache-2.0

local tar = require "zvm.tar"
local zvm = require "zvm"

local DIR = arg[1]
local ENTRIES, BYTES = 5000, 30e6
local ROUNDS = 101

local function median(list)
  table.sort(list)
  return list[(#list + 1) / 2]
end

--- As uneven as sizes of files are: most are small, a few make up the bytes.
local function sizes()
  local list, total, seed = {}, 0, 1
  for i = 1, ENTRIES do
    seed = seed * 16807 % 2147483647
    list[i] = math.exp(seed / 2147483647 * 7)
    total = total + list[i]
  end
  for i = 1, ENTRIES do
    list[i] = math.floor(list[i] / total * (BYTES - ENTRIES * 768))
  end
  return list
end

local function make_image(path)
  local entries = {}
  for i, size in ipairs(sizes()) do
    entries[i] = {
      name = ("usr/share/package%02d/file%04d.lua")
        :format(math.floor((i - 1) / 100), i),
      data = ("x"):rep(size),
    }
  end
  local file = assert(io.open(path, "wb"))
  file:write(tar.pack(entries))
  file:close()
  return entries[#entries].name
end

local path = os.tmpname()
local last = make_image(path)
local module = assert(zvm.load(DIR .. "image.zvm"))

local function run(images, name)
  local report = assert(zvm.run {
    program = module, args = { name }, images = images,
  })
  assert(report.state == "exit" and report.code == 0,
    report.channels.stderr.data)
  return (report.times.user + report.times.system) * 1e3
end

local function native()
  local pipe = assert(io.popen(("%simage.native %s %d %d"):format(DIR, path,
    ENTRIES, math.floor(BYTES / ENTRIES / 512) * 512)))
  local ns = pipe:read "*n"
  pipe:close()
  return ns / 1e6
end

local before = native()
local with, without = {}, {}
for round = 1, ROUNDS do
  with[round] = run({ { file = path } }, "/" .. last)
  without[round] = run(nil, "/tmp")
end
os.remove(path)
print(("%.3f %.3f"):format(median(with) - median(without), before))
