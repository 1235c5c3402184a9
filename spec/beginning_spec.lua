--- What a program begins with: clock, seed and directory as the session says,
-- and what a channel /dev/nvram says over them.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"
local tar = require "zvm.tar"
local zvm = require "zvm"

local BEGINNING = host.guest "beginning"

local function run(options, ...)
  options.program, options.args = BEGINNING, { ... }
  options.isolation = options.isolation or "inline"
  return assert(zvm.run(options))
end

-- What the guest says, as a table by the first words of its lines.
local function lines(options, ...)
  local report = run(options, ...)
  assert.equal("exit", report.state)
  local out = {}
  for name, rest in report.channels.stdout.data:gmatch "(%S+) ([^\n]*)\n" do
    out[name] = out[name] or {}
    table.insert(out[name], rest)
  end
  return out
end

describe("the clock", function()
  it("starts in the year 2000, and moves by looks and sleeps", function()
    local said = lines({}, "time")
    assert.same({ "946684800.000001000", "946688400.000006005" }, said.wall)
    assert.same({ "0.000002000", "3600.000007005" }, said.steady)
    assert.same({ "2000-01-01T01:00:00Z" }, said.now)
  end)

  it("leaves what was slept out of the time of the CPU", function()
    local said = lines({}, "time")
    assert.same({ "0.000003000", "0.000008000" }, said.cpu)
    assert.same({ "0.000004000", "0.000009000" }, said.thread)
    assert.same({ "0.000005", "0.000010" }, said.used)
    assert.same({ "Invalid argument" }, said.none)
    assert.same({ "12" }, said.clock)
  end)

  for text, seconds in pairs {
    ["1970-01-01T00:00:00Z"] = 0, ["1972-03-01T00:00:00Z"] = 68256000,
    ["1999-12-31T23:59:59Z"] = 946684799,
    ["2000-02-29T00:00:00Z"] = 951782400,
    ["2000-03-01T00:00:00Z"] = 951868800,
    ["2024-02-29T12:34:56Z"] = 1709210096,
    ["2100-03-01T00:00:00Z"] = 4107542400,
    ["2199-12-31T23:59:59Z"] = 7258118399,
    ["2200-01-01T00:00:00Z"] = 7258118400,
  } do
    it("starts at " .. text, function()
      local expected = ("%.0f.000001000"):format(seconds)
      assert.equal(expected, lines({ clock = text }, "time").wall[1])
      assert.equal(expected, lines({ clock = seconds }, "time").wall[1])
    end)
  end

  it("starts within a second", function()
    assert.equal("5.250001000", lines({ clock = 5.25 }, "time").wall[1])
    assert.equal("5.123457789", lines({ clock = "1970-01-01T00:00:05.123456789Z"
      }, "time").wall[1])
  end)
end)

describe("the seed", function()
  it("is one where none is given, in every run", function()
    local first = run({}, "chance").channels.stdout.data
    assert.equal(first, run({ isolation = "process" }, "chance")
      .channels.stdout.data)
    assert.equal(first, run({ seed = "7a766d20736565d" }, "chance")
      .channels.stdout.data)
    assert.equal(first, run({ seed = 0 }, "chance").channels.stdout.data)
    assert.equal("219cfa9cfc2ededf22765c48329342e2", first:match "^%x+")
  end)

  it("changes numbers, and names of temporary files", function()
    local seen = {}
    for _, seed in ipairs { 1, 2, 2 ^ 53, "1f", "ffffffffffffffff" } do
      local said = run({ seed = seed }, "chance").channels.stdout.data
      local numbers, names = said:match "^(%x+\n%x+)\n[^\n]*\n(.*)$"
      assert.is_nil(seen[numbers] or seen[names])
      seen[numbers], seen[names] = true, true
      assert.equal(4, select(2, names:gsub("/tmp/%w", "")))
    end
    assert.equal(run({ seed = 31 }, "chance").channels.stdout.data,
      run({ seed = "1F" }, "chance").channels.stdout.data)
  end)
end)

describe("a program", function()
  it("is one process of one user, and cannot be another", function()
    local said = lines({}, "self")
    assert.same({ "1 0 1 1 1000 1000 1000 1000" }, said.ids)
    assert.same({ "1 1000" }, said.groups)
    assert.same({ "zvm 0 load 0 0 0" }, said.host)
    assert.same({ "beginning.zvm processors 1 cpu 0" }, said.name)
    assert.same({ "own fine", "root Operation not permitted" }, said.setuid)
    for _, name in ipairs { "setgroups", "setsid", "setpgid",
        "clock_settime", "sethostname" } do
      assert.same({ "Operation not permitted" }, said[name], name)
    end
    assert.same({ "5 fine", "-5 Operation not permitted" }, said.nice)
    assert.same({ "5 policy 0" }, said.priority)
  end)
end)

-- -- nvram ------------------------------------------------------------------

local function nvram(text, options, ...)
  options = options or {}
  options.channels = options.channels or {}
  options.channels.nvram = text
  return run(options, ...)
end

describe("nvram", function()
  it("replaces arguments, and adds to the environment", function()
    local report = nvram([[
# what ZeroVM's library was given
[args]
args = beginning  words "two  three" a\x2cb \x22c\x22   # a comment
[env]
name=HOME, value=/home
value=a long = value, name=A
name = HOME , value = /root
name=EMPTY, value=
]], { env = { HOME = "/x", KEPT = "y" } }, "lost")
    assert.equal([[
arg beginning
arg words
arg two  three
arg a,b
arg "c"
env HOME=/root
env KEPT=y
env A=a long = value
env EMPTY=
]], report.channels.stdout.data)
    assert.equal(0, report.code)
  end)

  it("without arguments leaves those that are there", function()
    local report = nvram("[env]\r\nname=A,value=1\r\n", nil, "words")
    assert.equal("arg beginning.zvm\narg words\nenv A=1\n",
      report.channels.stdout.data)
  end)

  it("sets the clock", function()
    local said = lines({ clock = 5, channels = { nvram =
      "[time]\nseconds=1000000000\n[debug]\nverbosity=5\n" } }, "time")
    assert.equal("1000000000.000001000", said.wall[1])
    assert.equal("0.000002000", said.steady[1])
  end)

  it("may come from a stream, in a worker, and be empty", function()
    for _, isolation in ipairs { "inline", "process" } do
      local pieces = { "[ar", "gs]\nargs=x", " y\n" }
      local report = nvram({ read = function()
        return table.remove(pieces, 1)
      end }, { isolation = isolation })
      assert.equal("arg x\narg y\n", report.channels.stdout.data)
      assert.equal("arg beginning.zvm\narg words\n", nvram("",
        { isolation = isolation }, "words").channels.stdout.data)
    end
  end)

  it("mounts images, and exports", function()
    local options = { channels = {
      image = { data = tar.pack { { name = "a", data = "one" } } },
      out = { buffer = true },
    } }
    local text = [[
[fstab]
channel=/dev/image, mountpoint=/mnt, access=ro, removable=no
channel=/dev/out, mountpoint=/tmp, access=rw, removable=yes
]]
    assert.equal("one", nvram(text, options, "send", "/mnt/a", "/dev/stdout")
      .channels.stdout.data)
    local report = nvram(text, options, "keep", "/tmp/x", "two")
    assert.equal(0, report.code)
    local entries = assert(tar.unpack(report.channels.out.data))
    assert.equal("two", entries[#entries].data)
    assert.equal("tmp/x", entries[#entries].name)
  end)

  it("says what fstat says of a channel", function()
    local before = run({}, "type", "/dev/stdin").channels.stdout.data
    assert.equal("pipe\n", before)
    for mode, type in pairs { char = "character\n", file = "file\n",
        pipe = "pipe\n" } do
      assert.equal(type, nvram("[mapping]\nchannel=/dev/stdin, mode=" .. mode,
        nil, "type", "/dev/stdin").channels.stdout.data)
    end
  end)

  it("is there to be read as well", function()
    assert.equal("[debug]\n", nvram("[debug]\n", nil, "send", "/dev/nvram",
      "/dev/stdout").channels.stdout.data)
  end)

  local LARGE = "larger than 1 MiB, or an eighth of the stack"
  local DAMAGED = {
    { "x", "line 1: a record before any section: x" },
    { "\n[foo]", "line 2: no such section: foo" },
    { "[env", "line 1: a section has no ]: [env" },
    { "[env]\nname", "line 2: key=value is expected: name" },
    { "[env]\nname=A", "line 2: a key is missing: value" },
    { "[env]\nname=A,value=b,name=c", "line 2: a key is there twice: name" },
    { "[env]\nfoo=1", "line 2: no such key in this section: foo" },
    { "[env]\nname=A=B,value=1", "line 2: no name of a variable: A=B" },
    { "[env]\nname=,value=1", "line 2: no name of a variable: " },
    { '[args]\nargs=a "b c', 'line 2: a quote has no end: a "b c' },
    { "[args]\nargs=a b\\xzz",
      "line 2: no two hexadecimal digits after \\x: b\\xzz" },
    { "[env]\nname=A,value=\\x4",
      "line 2: no two hexadecimal digits after \\x: \\x4" },
    { "[args]\nargs=a\\x00b", "line 2: a value has a zero byte: a\\x00b" },
    { "[time]\nseconds=soon", "line 2: seconds are a number up to "
      .. "7258118400: soon" },
    { "[time]\nseconds=7258118401", "line 2: seconds are a number up to "
      .. "7258118400: 7258118401" },
    { "[fstab]\nchannel=/dev/no, mountpoint=/, access=ro",
      "line 2: there is no such channel: /dev/no" },
    { "[fstab]\nchannel=" .. ("x"):rep(500) .. ", mountpoint=/, access=ro",
      "line 2: there is no such channel: " .. ("x"):rep(80) },
    { "[fstab]\nchannel=/dev/nvram, mountpoint=mnt, access=ro",
      "line 2: no absolute path: mnt" },
    { "[fstab]\nchannel=/dev/nvram, mountpoint=/a/.., access=ro",
      "line 2: no absolute path: /a/.." },
    { "[fstab]\nchannel=/dev/nvram, mountpoint=/, access=rx",
      "line 2: access is ro, rw or wo: rx" },
    { "[fstab]\nchannel=/dev/nvram, mountpoint=/, access=ro, removable=0",
      "line 2: removable is yes or no: 0" },
    { "[fstab]\nchannel=/dev/nvram, mountpoint=/, access=ro, fsname=ext2",
      "line 2: no such file system: ext2" },
    { "[fstab]\nchannel=/dev/stdin, mountpoint=/, access=ro",
      "line 2: an image is read at random: /dev/stdin" },
    { "[fstab]\nchannel=/dev/nvram, mountpoint=/, access=rw",
      "line 2: the channel cannot be written: /dev/nvram" },
    { "[mapping]\nchannel=/dev/stdin, mode=disk",
      "line 2: mode is pipe, char or file: disk" },
    { "a\0b", "it has a zero byte" },
    { "[x\27]", "line 1: no such section: x?" },
    { ("\n"):rep(2 ^ 20 + 1), LARGE },
  }
  for i, case in ipairs(DAMAGED) do
    it(("that is damaged ends the run: %d, %s"):format(i, case[2]:sub(1, 60)),
      function()
        local report = nvram(case[1], nil, "words")
        assert.equal(125, report.code)
        assert.equal("zvm: /dev/nvram: " .. case[2] .. "\n",
          report.channels.stderr.data)
        assert.equal("", report.channels.stdout.data)
      end)
  end

  it("of the largest size does not overflow the stack", function()
    for _, text in ipairs {
      "[args]\nargs=beginning" .. (" a"):rep(2 ^ 19 - 12),
      "[env]\n" .. ("name=a,value=\n"):rep(2 ^ 20 / 14 - 1),
      "[args]\n" .. ("args=a\n"):rep(2 ^ 20 / 7 - 2),
    } do
      local report = nvram(text)
      assert.equal("exit", report.state)
      assert.equal(0, report.code)
    end
    local report = nvram(("\n"):rep(2 ^ 17 + 1), { stack = "1M" })
    assert.equal("zvm: /dev/nvram: " .. LARGE .. "\n",
      report.channels.stderr.data)
  end)

  it("of any bytes ends in an exit", function()
    local state = 1
    local function random(n)
      state = (state * 16807) % 2147483647
      return state % n
    end
    local PIECES = { "[args]\n", "[env]\n", "[fstab]\n", "[mapping]\n",
      "[time]\n", "name=", "value=", "args=", "channel=", "mountpoint=",
      "access=ro", "/dev/nvram", "mode=char", "seconds=1", ",", "\n", "=",
      "\\x2c", "\\x", "#", " ", '"', "[", "]", "a", "/", "\0", "\255" }
    local codes = {}
    for _ = 1, 400 do
      local out = {}
      for i = 1, random(12) + 1 do
        out[i] = PIECES[random(#PIECES) + 1]
      end
      local report = nvram(table.concat(out), nil, "words")
      assert.equal("exit", report.state)
      codes[report.code] = true
    end
    assert.same({ [0] = true, [125] = true }, codes)
  end)
end)
