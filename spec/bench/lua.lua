--- usage: lua.lua <lua.zvm> [<script>]
--
-- lua.zvm against the system's lua5.1, built from the same source: the scripts of
-- spec/bench/lua. Runs alternate, and of each the median CPU time of nine counts,
-- both with the start of the interpreter. Prints "name: ratio seconds" for each.
--
-- SPDX-License-Identifier: Apache-2.0

local zvm = require "zvm"

local PROGRAM, ONLY = arg[1], arg[2]
local ROUNDS = tonumber(os.getenv "ROUNDS" or 9)
local SCRIPTS = { "closures", "concat", "coroutines", "fannkuch", "fib",
  "mandelbrot", "methods", "nbody", "nucleotide", "patterns", "queens", "sieve",
  "sort", "spectral", "tak", "trees" }

local function median(list)
  table.sort(list)
  return list[(#list + 1) / 2]
end

local function native(path)
  local pipe = assert(io.popen("/usr/bin/lua5.1 -e 'dofile \"" .. path
    .. "\" print(os.clock())' 2>&1"))
  local text = pipe:read "*a"
  pipe:close()
  local output, seconds = text:match "^(.*\n)([%d.e-]+)\n$"
  return assert(tonumber(seconds), text), output
end

local function guest(module, source)
  local report = assert(zvm.run {
    program = module, args = { "-" }, memory = "256M",
    channels = { stdin = source },
  })
  assert(report.state == "exit" and report.code == 0,
    report.channels.stderr.data)
  return report.times.user + report.times.system,
    report.channels.stdout.data
end

local module = assert(zvm.load(PROGRAM))
for _, name in ipairs(SCRIPTS) do
  if not ONLY or ONLY == name then
    local path = "spec/bench/lua/" .. name .. ".lua"
    local file = assert(io.open(path))
    local source = file:read "*a"
    file:close()
    local ours, theirs = {}, {}
    for round = 1, ROUNDS do
      local expected, output
      theirs[round], expected = native(path)
      ours[round], output = guest(module, source)
      assert(output == expected, name .. ": other output than natively")
    end
    local took = median(ours)
    print(("%s: %.4f %.4f"):format(name, took / median(theirs), took))
    io.flush()
  end
end
