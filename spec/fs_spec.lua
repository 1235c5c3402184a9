-- The file system of a guest. What Linux does is asked of Linux: programs of
-- spec/guest/fs run in a guest and natively, and have to say the same.
--
-- SPDX-License-Identifier: Apache-2.0

local host = require "support.host"
local zvm = require "zvm"

local GUESTS = (os.getenv "ZVM_BUILD" or "build") .. "/guest/fs/"

local function lines(text)
  local all = {}
  for line in text:gmatch "[^\n]+" do all[#all + 1] = line end
  return all
end

-- The first lines in which two texts differ, for who has to read them.
local function differences(native, guest)
  local there, here, found = lines(native), lines(guest), {}
  for i = 1, math.max(#there, #here) do
    if there[i] ~= here[i] and #found < 10 then
      found[#found + 1] = ("line %d: Linux %s, guest %s"):format(i,
        tostring(there[i]), tostring(here[i]))
    end
  end
  return table.concat(found, "\n")
end

local function same_as_natively(name, ...)
  local args = { ... }
  local report = assert(zvm.run {
    program = GUESTS .. name .. ".zvm",
    args = args,
    memory = "256M",
  })
  assert.equal("exit", report.state)
  assert.equal(0, report.code)
  local pipe = assert(io.popen(GUESTS .. name .. ".native "
    .. table.concat(args, " ")))
  local native = pipe:read "*a"
  pipe:close()
  local guest = report.channels.stdout.data
  assert.equal("", differences(native, guest))
  return #lines(guest)
end

local function check(name, options)
  options.program = GUESTS .. name .. ".zvm"
  local report = assert(zvm.run(options))
  local said = report.channels.stdout.data .. report.channels.stderr.data
  assert.equal("exit", report.state, said)
  local checks, failed = said:match "(%d+) checks, (%d+) failed"
  assert.equal("0", failed, said)
  assert.is_true(tonumber(checks) > 20, said)
  assert.equal(0, report.code)
  return report
end

describe("the guest's file system", function()
  it("answers each call on each sort of path as Linux does", function()
    assert.is_true(same_as_natively("calls", "1") >= 2900)
  end)

  it("opens with each set of flags as Linux does", function()
    assert.is_true(same_as_natively("calls", "2") >= 7000)
  end)

  it("renames each sort of path to each as Linux does", function()
    assert.is_true(same_as_natively("calls", "3", "7") >= 1500)
  end)

  it("keeps what has no name any more, as Linux does", function()
    assert.is_true(same_as_natively("calls", "4") >= 20)
  end)

  for seed = 1, 12 do
    it("does random calls as Linux does, seed " .. seed, function()
      assert.equal(41, same_as_natively("random", tostring(seed), "4000"))
    end)
  end

  it("holds 100,000 names and 2 GB, and lists what changes", function()
    check("large_check", { memory = "256M" })
  end)

  it("says ENOSPC where memory ends, and goes on", function()
    check("large_check", { memory = "4M", args = { "full" } })
  end)

  it("ends no program that has nearly no memory", function()
    for kilobytes = 400, 1100, 100 do
      local report = assert(zvm.run {
        program = GUESTS .. "large_check.zvm",
        args = { "full" },
        memory = kilobytes * 1024,
      })
      assert.equal("exit", report.state)
    end
  end)

  it("backs files by a channel, and maps them, as an array is", function()
    local bytes = {}
    for n = 0, 199999 do
      bytes[#bytes + 1] = string.char((n * 7 + math.floor(n / 256)) % 256)
    end
    local image = { data = table.concat(bytes), type = 1 }
    for seed = 1, 10 do
      check("backing_check", {
        args = { tostring(seed) },
        channels = { ["/image"] = image },
      })
    end
  end)

  it("has channels as files, anywhere and by their type", function()
    local turns = host.temporary()
    host.write_file(turns, "0123456789")
    local report = check("channel_check", {
      channels = {
        ["/out/turns"] = { path = turns, mode = "r+", type = 2 },
        ["/data/deep/input"] = { data = "0123456789", type = 1 },
        ["/data/pipe"] = { data = "abcdef", type = 0 },
        ["/out/file"] = { buffer = true, type = 3,
          limits = { gets = "unlimited", get_bytes = "unlimited" } },
        ["/out/log"] = { buffer = true, type = 1,
          limits = { gets = "unlimited", get_bytes = "unlimited" } },
        ["/out/blind"] = { buffer = true, type = 2 },
        ["/out/small"] = { buffer = true, type = 3,
          limits = { put_bytes = 10 } },
      },
    })
    assert.equal("0123W5678X", host.read_file(turns))
    os.remove(turns)
    assert.equal("Jello!", report.channels["/out/file"].data)
    assert.equal("one two three", report.channels["/out/log"].data)
    assert.equal("abcyz", report.channels["/out/blind"].data)
    assert.equal("0123456789", report.channels["/out/small"].data)
  end)
end)
