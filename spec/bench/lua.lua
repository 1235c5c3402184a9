--- usage: lua.lua [<script>]
--
-- lua.zvm against the system's lua5.1, built from the same source: the scripts
-- of spec/bench/lua. Runs alternate, and of each the median CPU time of nine
-- counts, both with the start of the interpreter; the output has to be the
-- same. Prints "name: ratio seconds" for each; and what a call of zvm.sandbox
-- takes from entry to exit, in milliseconds, the median of 301.
--
-- SPDX-License-Identifier: Apache-2.0

local guests = require "zvm.guests"
local zvm = require "zvm"

local ONLY, ROUNDS, CALLS = arg[1], 9, 300
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

local module = assert(zvm.load(assert(guests.find "lua.zvm")))
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

local function add(a, b)
  return a + b
end

-- From the start of the run to its end: the worker was there before.
if not ONLY then
  local walls = {}
  for i = 1, CALLS + 1 do
    local outcome = assert(zvm.lua.run { source = add, args = { i, 1 } })
    assert(outcome[1] == i + 1)
    walls[i] = outcome.report.times.wall
  end
  print(("zvm.sandbox: %.4f"):format(median(walls) * 1e3))
end
