--- Fuzz the manifest reader: mutants of good manifests, by a seeded
-- generator, so that a number says which.
--
-- usage: manifest.lua <seconds> [<seed>]
--
-- Of every text: no error is raised, all errors are well-formed and lie in
-- the text, strict = false refuses no more than strict does; and a document
-- that is accepted is the same when it is written and read, and as options
-- there and back.
--
-- SPDX-License-Identifier: Apache-2.0
local manifest = require "zvm.manifest"

local M = {}

-- -- Random numbers ---------------------------------------------------------

local Random = {}
Random.__index = Random

-- Park and Miller's: exact in doubles.
local function random(seed)
  return setmetatable({ state = seed % 2147483646 + 1 }, Random)
end

function Random:below(n)
  self.state = self.state * 16807 % 2147483647
  return self.state % n
end

function Random:pick(list)
  return list[self:below(#list) + 1]
end

-- -- Texts ------------------------------------------------------------------

local CORPUS = {
  [[
Version = 20130611
Program = main.zvm
Memory = 67108864, 0
Timeout = 5
Channel = /dev/null, /dev/stdin, 0, 0, 1, 1, 0, 0
Channel = /tmp/out, /dev/stdout, 0, 1, 0, 0, 1, 0x7fffffffffffffff
Channel = null:, /dev/stderr, 0, 0, 0, 0, 1, 1
]],
  [[
=====================================================================
== switches
=====================================================================
Channel = tcp:2:, /dev/stdin, 0, 1, 0x100000001, 0x100000001, 0, 0
Channel = tcp:4:, /dev/stdout, 0, 0, 0, 0, 0x100000001, 040000
Channel = fd:2, /dev/stderr, 0, 0, 0, 0, 65536, 65536
# another comment
Memory = 0x8000000, 1
Version = 20130611
Program = copy.nexe
Timeout = 012
NameServer = udp:127.0.0.1:54321
Node = 1
]],
  "Version=20130611\r\nProgram=/a b\r\nMemory=1,1\r\nTimeout=2147483647\r\n"
    .. "Channel=file:x,/dev/stdin,1,1,9,9,0,0\r\n"
    .. "Channel=tcp:[::1]:8,/dev/stdout,0,0,0,0,9,9\r\n"
    .. "Channel=unix:/s,/dev/stderr,0,0,0,0,1,1\r\n"
    .. "Channel=/x,/dev/a,3,0,1,1,1,1\r\nChannel=opaque:y,/b,2,0,1,1,0,0\r\n"
    .. "Job=/run/job\r\nEtag=a, b",
}

local WORDS = {
  "=", "==", ",", ";", ":", "\n", "\r", "\r\n", " ", "\t", "\0", "#", "-",
  "0", "1", "3", "4", "0x", "07", "08", "9223372036854775807",
  "9223372036854775808", "9007199254740993", "0x7fffffffffffffff", "[", "]",
  "%", "/", "..", "/dev/", "/dev/stdin", "/dev/stdout", "Version", "Program",
  "Memory", "Timeout", "Channel", "Node", "NameServer", "Job", "Etag", "Boot",
  "20130611", "tcp:", "udp:", "fd:", "null:", "file:", "unix:", "opaque:",
  "tcp:1:", "localhost:80", "\255", "\127", ("x"):rep(300), ("9"):rep(40),
  "Channel = null:, /x, 0, 0, 1, 1, 0, 0\n", "Node = 2\n", "Timeout = 1\n",
}

local function lines_of(text)
  local lines = {}
  for line in text:gmatch "[^\n]*\n?" do
    lines[#lines + 1] = line
  end
  return lines
end

local CHANGE = {}

function CHANGE.insert(r, text)
  local at = r:below(#text + 1)
  return text:sub(1, at) .. r:pick(WORDS) .. text:sub(at + 1)
end

function CHANGE.replace(r, text)
  local at = r:below(#text + 1)
  return text:sub(1, at) .. r:pick(WORDS) .. text:sub(at + 2 + r:below(8))
end

function CHANGE.remove(r, text)
  local at = r:below(#text + 1)
  return text:sub(1, at) .. text:sub(at + 2 + r:below(20))
end

function CHANGE.flip(r, text)
  local at = r:below(#text + 1)
  return text:sub(1, at) .. string.char(r:below(256)) .. text:sub(at + 2)
end

function CHANGE.digit(r, text)
  local at = text:find("%d", r:below(#text + 1)) or 0
  return text:sub(1, at - 1) .. r:pick(WORDS) .. text:sub(at + 1)
end

function CHANGE.repeat_line(r, text)
  local lines = lines_of(text)
  table.insert(lines, r:below(#lines) + 1, r:pick(lines))
  return table.concat(lines)
end

function CHANGE.swap_lines(r, text)
  local lines = lines_of(text)
  local a, b = r:below(#lines) + 1, r:below(#lines) + 1
  lines[a], lines[b] = lines[b], lines[a]
  return table.concat(lines)
end

function CHANGE.splice(r, text)
  local other = r:pick(CORPUS)
  return text:sub(1, r:below(#text + 1)) .. other:sub(r:below(#other) + 1)
end

local NAMES = { "insert", "replace", "remove", "flip", "digit", "repeat_line",
  "swap_lines", "splice" }

local function mutant(r)
  local text = r:pick(CORPUS)
  for _ = 1, r:below(4) + 1 do
    text = CHANGE[r:pick(NAMES)](r, text)
  end
  return text
end

-- -- What must hold ---------------------------------------------------------

local function is_equal(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then
    return a == b
  end
  for key, value in pairs(a) do
    if not is_equal(value, b[key]) then
      return false
    end
  end
  for key in pairs(b) do
    if a[key] == nil then
      return false
    end
  end
  return true
end

local function check_errors(text, message, errors)
  local lengths, n = {}, 0
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do
    n = n + 1
    lengths[n] = #line
  end
  assert(#errors > 0 and message == manifest.format(errors[1]), "message")
  for _, problem in ipairs(errors) do
    local length = assert(lengths[problem.line], "line outside of the text")
    assert(problem.column >= 1 and problem.column <= length + 1,
      "column outside of the line")
    assert(type(problem.key) == "string" and problem.key ~= "", "key")
    assert(type(problem.reason) == "string" and problem.reason ~= "",
      "reason")
    assert(not manifest.format(problem):find "[%z\1-\31\127-\255]",
      "a message that is not one line of ASCII")
    assert(#manifest.format(problem) < 400, "a message that is too long")
  end
end

local function check_document(doc)
  local text = assert(manifest.write(doc))
  assert(is_equal(doc, assert(manifest.read(text))), "write, then read")
  local options, message = manifest.options(doc)
  if not options then
    assert(message:find "without its name server"
      or message:find "opaque sources", message)
    return
  end
  local back
  back, message = manifest.from_options(options)
  if not back then -- the one thing that zvm.run has no options for
    assert(message:find "mode: limits and type", message)
    return
  end
  assert(is_equal(options, manifest.options(back)), "options and back")
end

--- Check one text; gives whether it was accepted. Raises what is wrong.
function M.check(text)
  local doc, message, errors = manifest.read(text)
  local lax, lax_message, lax_errors = manifest.read(text,
    { strict = false })
  if doc then
    assert(#message == 0, "a warning though strict")
    assert(is_equal(doc, lax), "lax is another")
    check_document(doc)
    return true
  end
  check_errors(text, message, errors)
  if lax then
    check_document(lax)
  else
    check_errors(text, lax_message, lax_errors)
  end
  return false
end

--- Check mutants.
--
-- @tparam table options `seed`; `count` of mutants, or `seconds`
-- @treturn table `accepted`, `refused`, and of what went wrong `failure` and
--   the `text`
function M.run(options)
  local r = random(options.seed)
  local result = { accepted = 0, refused = 0 }
  local start, n = os.time(), 0
  while n < (options.count or math.huge)
    and os.difftime(os.time(), start) < (options.seconds or math.huge) do
    n = n + 1
    local text = mutant(r)
    local ok, accepted = pcall(M.check, text)
    if not ok then
      result.failure, result.text = accepted, text
      return result
    end
    local name = accepted and "accepted" or "refused"
    result[name] = result[name] + 1
  end
  return result
end

if arg and arg[0] and arg[0]:find "fuzz/manifest%.lua$" then
  local seed = tonumber(arg[2]) or os.time()
  local result = M.run { seconds = tonumber(arg[1]), seed = seed }
  if result.failure then
    io.stderr:write(("manifest: seed %d: %s\n%q\n"):format(seed,
      tostring(result.failure), result.text))
    os.exit(1)
  end
  print(("  manifest, seed %d: %d accepted, %d refused"):format(seed,
    result.accepted, result.refused))
end

return M
