--- Ten thousand of each: descriptors, mappings and memory stay flat.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
local elf = require "support.elf"
local host = require "support.host"
local zvm = require "zvm"

local N = 10000

local function resident()
  for line in io.lines "/proc/self/status" do
    local kib = line:match "^VmRSS:%s+(%d+)"
    if kib then
      return tonumber(kib)
    end
  end
end

local function assert_flat(attempt)
  for _ = 1, N / 10 do
    attempt()
  end
  collectgarbage()
  collectgarbage()
  local before = resident()
  host.assert_flat(attempt, N)
  assert.truthy(resident() < before + 4096,
    ("resident: %d KiB before, %d after"):format(before, resident()))
end

-- When the collector comes by itself depends on the size of the whole heap:
-- for what leaves much behind it is called.
local function collecting(attempt)
  local n = 0
  return function()
    attempt()
    n = n + 1
    if n % 500 == 0 then
      collectgarbage()
      collectgarbage()
    end
  end
end

describe("nothing is left over after ten thousand", function()
  local good = code.exit(0)

  it("modules loaded and closed", function()
    assert_flat(function()
      zvm.load(good):close()
    end)
  end)

  it("modules loaded and forgotten", function()
    assert_flat(collecting(function()
      assert(zvm.load(good))
    end))
  end)

  it("files refused", function()
    local bad = elf.build({ elf.text "" }, { class = 2 })
    assert_flat(function()
      assert.is_nil((zvm.load(bad)))
    end)
  end)

  it("programs rejected", function()
    local bad = code.instruction "0f 05"
    assert_flat(function()
      assert.is_nil((zvm.load(bad)))
    end)
  end)

  it("runs of one module", function()
    local module = assert(zvm.load(code.print "text"))
    local options = { program = module, channels = {
      stdin = "input", stdout = { buffer = true, etag = true },
    } }
    assert_flat(function()
      assert(zvm.run(options))
    end)
  end)

  it("runs of bytes", function()
    assert_flat(function()
      assert(zvm.run { program = good })
    end)
  end)

  it("faults", function()
    local module = assert(zvm.load(code.instruction "f4"))
    assert_flat(collecting(function()
      assert.equal("fault", zvm.run({ program = module }).state)
    end))
  end)

  it("faults of a program with symbols", function()
    local module = assert(zvm.load(host.guest "callers"))
    local options = { program = module, args = { "recurse" } }
    assert_flat(collecting(function()
      assert.equal("fault", zvm.run(options).state)
    end))
  end)

  it("runs that do not start", function()
    local module = assert(zvm.load(good))
    assert_flat(function()
      assert.is_nil((zvm.run {
        program = module, args = { "a" }, env = { A = "1" },
        channels = { a = { path = "/dev/null" }, b = { path = "/nowhere" } },
      }))
    end)
  end)

  it("option mistakes", function()
    local options = { program = good, channels = { x = {
      buffer = true, limits = { put = 1 },
    } } }
    assert_flat(function()
      assert.is_nil((zvm.run(options)))
    end)
  end)
end)
