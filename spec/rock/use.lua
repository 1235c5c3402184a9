--- What a script needs of the rock: each field of zvm that has a guest of its
-- own behind it, and programs that its compilers have built.
--
-- usage: <interpreter> use.lua <folder with node.zvm, job.zvm and words>
--
-- SPDX-License-Identifier: Apache-2.0
local re = require "zvm.re"
local zvm = require "zvm"
local here = ... .. "/"

local node = assert(zvm.load(here .. "node.zvm"))
local report = assert(zvm.run { program = node,
  args = { "quiet", "say", "stdout", "hello" } })
assert(report.state == "exit" and report.code == 0)
assert(report.channels.stdout.data == "hello\n")

-- The pattern is matched by cut.zvm.
local pipeline = assert(zvm.pipeline {
  { name = "copy", program = node, count = 2,
    args = { "quiet", "copy", "stdin", "stdout" },
    input = { path = here .. "words", split = { pattern = "\n\n" } } },
})
report = assert(pipeline:run())
assert(report.state == "exit")
assert(report.outputs["copy-1"] .. report.outputs["copy-2"]
  == "b a b\n\nc b\n\n")

-- lua.zvm
assert(zvm.sandbox(function(n) return n * 2 end, 21) == 42)

-- re.zvm
local pattern = assert(re.compile("(?<user>\\w+)@", "i"))
assert(pattern:match "mail Bob@home" == "Bob")

local job = assert(zvm.mapreduce {
  input = { { data = "b a b\n" }, { data = "c b\n" } },
  map = { program = here .. "job.zvm", args = { "words" } },
  reduce = { program = here .. "job.zvm", args = { "sum" } },
  output = true,
})
report = assert(job:run())
assert(report.outputs.reduce == "a 1\nb 3\nc 1\n")

-- The rock's own folder has all of it, and no other.
assert(require("zvm.guests").find "lua.zvm"
  :find("/lib/luarocks/rocks-5.1/zvm/scm-1/usr/share/zvm/lua.zvm", 1, true))
