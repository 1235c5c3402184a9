--- Channels: the only things a guest can see of the world.
--
-- SPDX-License-Identifier: Apache-2.0
local zvm = require "zvm"

local GUESTS = (os.getenv "ZVM_BUILD" or "build") .. "/guest/"

local module = assert(zvm.load(GUESTS .. "02-channels/main.zvm"))
local journal = os.tmpname()

local function run(text)
  return assert(zvm.run {
    program = module,
    channels = {
      input = text,                            -- a string, read-only
      notes = { buffer = true, etag = true },  -- collected for the report
      journal = { path = journal, mode = "a" },
    },
  })
end

local report = run "one\nthree\ntwo\n"
io.write(report.channels.stdout.data)
io.write(report.channels.stderr.data)
io.write(report.channels.notes.data)
print("sha256", report.channels.notes.etag)

run "four\n"
for line in io.lines(journal) do
  print("journal", line)
end
os.remove(journal)
