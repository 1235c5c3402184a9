--- zvm.re against the native library, called from the same Lua by lrexlib.
--
--    luajit spec/bench/re.lua
--
-- A call is one find over a subject of words whose only match is at its end.
-- Each call has another subject than the one before, so that it travels.
-- Rounds of about a millisecond alternate; of each side the least one counts:
-- a neighbour on the machine only adds, and with one on each processor a call
-- waits for its turn. Prints "name: native us, zvm us, ratio" for each pattern
-- and size.
-- "rare letter" is but a search for a byte.
--
-- SPDX-License-Identifier: Apache-2.0

local re = require "zvm.re"
local rex = require "rex_pcre2"
local socket = require "socket"

local SIZES = { 1024, 16 * 1024, 256 * 1024 }
local PATTERNS = {
  { "literal", "zebra9" },
  { "alternation", "zebra9|tiger7|horse5" },
  { "class", "[0-9]+" },
  { "word", "\\bz\\w*9\\b" },
  { "captures", "(\\w)(\\d) (E)(ND)" },
  { "caseless", "(?i)ZEBRA9" },
  { "backtracking", "z[^ ]*e[^ ]*a[^ ]*9" },
  { "rare letter", "QUIXOTIC" },
}
local ROUNDS, SUBJECTS, ROUND_SECONDS = 100, 8, 0.001
local TAIL = "qzz zebra9 END QUIXOTIC"

local seed = 1
local function random(n)
  seed = (seed * 16807) % 2147483647
  return seed % n
end

-- Words of letters as frequent as in English, roughly.
local LETTERS = "eeeeeeeeeeeetttttttttaaaaaaaaoooooooiiiiiiinnnnnnnsssssshhhhhh"
  .. "rrrrrrddddllllccuummwwffggyyppbbvkz"

local function subject(size)
  local words, length = {}, 0
  while length < size - #TAIL do
    local letters = {}
    for i = 1, 2 + random(7) do
      local at = 1 + random(#LETTERS)
      letters[i] = LETTERS:sub(at, at)
    end
    words[#words + 1] = table.concat(letters) .. " "
    length = length + #words[#words]
  end
  return table.concat(words):sub(1, size - #TAIL) .. TAIL
end

local function seconds(find, pattern, subjects, calls)
  local began = socket.gettime()
  for i = 1, calls do
    find(pattern, subjects[i % SUBJECTS + 1])
  end
  return (socket.gettime() - began) / calls
end

local function measure(source, size)
  local ours, theirs = assert(re.compile(source)), rex.new(source)
  local subjects = {}
  for i = 1, SUBJECTS do
    subjects[i] = subject(size)
  end
  for _, s in ipairs(subjects) do
    local first, last = theirs:find(s)
    local a, b = ours:find(s)
    assert(first and a == first and b == last, source)
  end
  local once = seconds(theirs.find, theirs, subjects, SUBJECTS)
  local calls = math.max(SUBJECTS, math.min(64, ROUND_SECONDS / once))
  local native, guest = math.huge, math.huge
  for _ = 1, ROUNDS do
    native = math.min(native, seconds(theirs.find, theirs, subjects, calls))
    guest = math.min(guest, seconds(ours.find, ours, subjects, calls))
  end
  return native, guest
end

for _, pattern in ipairs(PATTERNS) do
  for _, size in ipairs(SIZES) do
    local native, guest = measure(pattern[2], size)
    print(("%s, %d KiB: %.3f %.3f %.3f"):format(pattern[1], size / 1024,
      native * 1e6, guest * 1e6, guest / native))
    io.flush()
  end
end
