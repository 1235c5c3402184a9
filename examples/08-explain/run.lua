--- Why a program is refused, finding by finding; what an accepted one is.
--
-- SPDX-License-Identifier: Apache-2.0
local explain = require "zvm.explain"
local zvm = require "zvm"

local GUESTS = (os.getenv "ZVM_BUILD" or "build") .. "/guest/08-explain/"

for _, name in ipairs { "bad.zvm", "good.zvm" } do
  local result = assert(explain.module(GUESTS .. name))
  result.file = name
  result.digest = nil -- depends on the linker
  print(explain.format(result) .. "\n")
end

-- The result is a table: programs can use it as well.
local count = {}
for _, finding in ipairs(assert(explain.module(GUESTS .. "bad.zvm"))
  .findings) do
  local area = finding.rule:match "^R_(%u+)"
  count[area] = (count[area] or 0) + 1
end
print("findings about flow", count.FLOW)

local report = assert(zvm.run { program = GUESTS .. "good.zvm" })
io.write("good.zvm says: ", report.channels.stdout.data)
