--- Words of some texts, counted by five programs that run beside each other.
--
-- SPDX-License-Identifier: Apache-2.0
local zvm = require "zvm"

local GUESTS = (os.getenv "ZVM_BUILD" or "build") .. "/guest/07-pipeline/"
local HERE = arg[0]:match "^(.*)/" or "."

local counts = {}

local p = assert(zvm.pipeline {
  -- An instance for each text. Each is joined with each of the counters.
  { name = "words", program = GUESTS .. "words.zvm",
    input = HERE .. "/texts/*.txt", connect = "count" },
  -- Whoever is ready first: the function gets count-1's output first.
  { name = "count", program = GUESTS .. "count.zvm", count = 2, etag = true,
    output = function(bytes, instance)
      counts[instance.name] = (counts[instance.name] or "") .. bytes
    end },
})

local function run(options)
  counts = {}
  return assert(p:run(options))
end

local report = run()
print(report:text())
for _, name in ipairs { "count-1", "count-2" } do
  for word, n in counts[name]:gmatch "(%a+) (%d+)\n" do
    if tonumber(n) > 3 then
      print(name, n, word)
    end
  end
end

-- One worker, rings of a page: the same.
local etag = report.instances["count-1"].channels.stdout.etag
local again = run { workers = 1, ring = "4K" }
print("the same", again.instances["count-1"].channels.stdout.etag == etag)

-- A text is missing.
local _, message = zvm.pipeline {
  { name = "words", program = GUESTS .. "words.zvm",
    input = HERE .. "/texts/*.md" },
}
print((message:gsub('"[^"]*/texts', '".../texts')))

-- Who waits for whom.
local stuck = assert(assert(zvm.pipeline {
  { name = "chicken", program = GUESTS .. "count.zvm", connect = "egg" },
  { name = "egg", program = GUESTS .. "count.zvm", connect = "chicken" },
}):run())
print(stuck.state, stuck.deadlock.text)
