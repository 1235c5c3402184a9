--- zvm.re against the native library, called from the same Lua by lrexlib.
--
--    luajit spec/bench/re.lua [one]     "one": a class in 1 KiB
--
-- A call is one find over a subject of words whose only match is at its end.
-- Each call has another subject than the one before, so that it travels.
-- Rounds of a millisecond at most, or of 8 calls, alternate, in passes over all
-- patterns and sizes; of each side the least one counts: a neighbour on the
-- machine only adds, for seconds at a time, and with one on each processor a
-- call waits for its turn. What is slow is measured for longer, both sides.
-- Prints "name: native us, zvm us, ratio" for each pattern and size, and for
-- each size what it takes to exchange a subject.
-- "literal" and "rare letter" are plain text, which needs no guest.
-- A call of gsub replaces all matches: each word, one letter in ten, the digits
-- at the end, a word there.
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
local REPLACED = {
  { "gsub, words", "\\w+", "<%0>" },
  { "gsub, captures", "e(\\w)", "%1e" },
  { "gsub, digits", "[0-9]+", "#" },
  { "gsub, literal", "zebra", "horse" },
}
local PASSES, SUBJECTS, ROUND_SECONDS = 16, 8, 0.001
local SLOW, MORE, PAUSE = 1.4, 60, 0.5 -- passes, seconds before each
local ROUNDS, PASS_SECONDS = 5, 0.06 -- at least, each, of a case in a pass
local TAIL = "qzz zebra9 END QUIXOTIC"

if arg[1] == "one" then
  SIZES, PATTERNS, PASSES = { SIZES[1] }, { PATTERNS[3] }, 1
end

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

-- Of a call, after one that may have to wake up the guest: that it sleeps in
-- the other side's rounds is of no interest here.
local function seconds(find, pattern, subjects, calls)
  find(pattern, subjects[1])
  local began = socket.gettime()
  for i = 1, calls do
    find(pattern, subjects[i % SUBJECTS + 1])
  end
  return (socket.gettime() - began) / calls
end

local function prepare(c, size)
  c.name = ("%s, %d KiB"):format(c.name, size / 1024)
  c.subjects, c.native, c.guest = {}, math.huge, math.huge
  for i = 1, SUBJECTS do
    c.subjects[i] = subject(size)
  end
  for _, s in ipairs(c.subjects) do
    local first, last = c.theirs(c.their_pattern, s)
    local a, b = c.ours(c.pattern, s)
    assert(first and a == first and b == last, c.name)
  end
  local once = seconds(c.theirs, c.their_pattern, c.subjects, SUBJECTS)
  c.calls = math.max(SUBJECTS, math.min(256, ROUND_SECONDS / once))
  return c
end

local function case(name, source, size)
  local ours, theirs = assert(re.compile(source)), rex.new(source)
  return prepare({ name = name, pattern = ours, their_pattern = theirs,
    ours = ours.find, theirs = theirs.find }, size)
end

local function replacing(name, source, with, size)
  return prepare({ name = name, pattern = assert(re.compile(source)),
    their_pattern = rex.new(source),
    ours = function(p, s) return p:gsub(s, with) end,
    theirs = function(p, s) return rex.gsub(s, p, with) end }, size)
end

local function measure(c)
  local began, rounds = socket.gettime(), 0
  repeat
    c.native = math.min(c.native,
      seconds(c.theirs, c.their_pattern, c.subjects, c.calls))
    c.guest = math.min(c.guest,
      seconds(c.ours, c.pattern, c.subjects, c.calls))
    rounds = rounds + 1
  until rounds >= ROUNDS and socket.gettime() - began > PASS_SECONDS
end

-- What two processors take to exchange so many bytes, by size.
local bare = {}

local function exchange(size)
  local pipe = assert(io.popen(("%s/bench/exchange %d"):format(
    os.getenv "ZVM_BUILD", size)))
  bare[size] = math.min(bare[size] or math.huge, pipe:read "*n")
  pipe:close()
end

local cases = {}
for _, pattern in ipairs(PATTERNS) do
  for _, size in ipairs(SIZES) do
    cases[#cases + 1] = case(pattern[1], pattern[2], size)
  end
end
for _, pattern in ipairs(arg[1] and {} or REPLACED) do
  for _, size in ipairs(SIZES) do
    cases[#cases + 1] = replacing(pattern[1], pattern[2], pattern[3], size)
  end
end
for _ = 1, PASSES do
  for _, size in ipairs(arg[1] and {} or SIZES) do
    exchange(size)
  end
  for _, c in ipairs(cases) do
    measure(c)
  end
end
for _ = 1, arg[1] and 0 or MORE do
  local slow = {}
  for _, c in ipairs(cases) do
    if c.guest > SLOW * c.native then slow[#slow + 1] = c end
  end
  if #slow == 0 then break end
  socket.sleep(PAUSE)
  for _, c in ipairs(slow) do
    measure(c)
  end
end
for _, c in ipairs(cases) do
  print(("%s: %.3f %.3f %.3f"):format(c.name, c.native * 1e6, c.guest * 1e6,
    c.guest / c.native))
end
for size, us in pairs(bare) do
  print(("exchange, %d KiB: %.3f"):format(size / 1024, us))
end
