--- Files: an archive goes in as a tree, a directory comes back.
--
-- SPDX-License-Identifier: Apache-2.0
local zvm = require "zvm"
local tar = require "zvm.tar"

local GUESTS = (os.getenv "ZVM_BUILD" or "build") .. "/guest/"

-- As `tar cf` makes them; a file's name would do as well.
local image = tar.pack {
  { name = "rain", data = "It rains.\nIt rains again.\n" },
  { name = "snow", data = "Snow.\n" },
}

local function run()
  return assert(zvm.run {
    program = GUESTS .. "05-files/main.zvm",
    images = { { data = image, at = "/poems" } },
    files = { ["/etc/index.conf"] = "title = Of the weather\n" },
    collect = { "/out" },
  })
end

local report = run()
io.write(report.channels.stdout.data)

local names = {}
for name in pairs(report.files) do
  names[#names + 1] = name
end
table.sort(names)
for _, name in ipairs(names) do
  print("-- " .. name)
  io.write(report.files[name])
end

-- All that it wrote is gone: each run begins with the image as it is.
print("again: " .. run().channels.stdout.data:gsub("\n", ""))
