-- Mappings, pipes, poll, locks and devices: spec/guest/fs/*_check.c count
-- their own checks. What is not of an instance alone is built twice, and
-- has to pass under the host's kernel too: it tests what Linux does.
--
-- SPDX-License-Identifier: Apache-2.0

local host = require "support.host"
local zvm = require "zvm"

local SOURCES = "spec/guest/fs/"
local CC = "lua/bin/zvm-cc"
local directory

local function output_of(command)
  return host.output(command .. " 2>&1")
end

local function build(compiler, name, suffix)
  local out = directory .. "/" .. name .. suffix
  local command = "%s -O2 -std=gnu11 -w -Ispec/guest -o %s %s%s.c"
  local said = output_of(command:format(compiler, out, SOURCES, name))
  assert.equal("", said)
  return out
end

local function passed(said, least)
  local checks, failed = said:match "(%d+) checks, (%d+) failed"
  assert.equal("0", failed, said)
  assert.is_true(tonumber(checks) >= least, said)
end

local function run(name, options)
  options.program = build(CC, name, ".zvm")
  local report = assert(zvm.run(options))
  local said = report.channels.stdout.data .. report.channels.stderr.data
  assert.equal("exit", report.state, said)
  return said
end

local function check_both(name, least)
  passed(output_of(build("cc", name, "") .. " word"), least)
  passed(run(name, { args = { "word" }, memory = "32M" }), least)
end

describe("memory and files of an instance", function()
  setup(function()
    directory = os.tmpname()
    os.remove(directory)
    assert(os.execute("mkdir " .. directory))
  end)

  teardown(function()
    os.execute("rm -r " .. directory)
  end)

  it("maps, remaps and unmaps as Linux does", function()
    check_both("mmap_check", 70000)
  end)

  it("passes bytes through pipes and FIFOs in order", function()
    check_both("pipe_check", 7000)
  end)

  it("says which open files can go on, and lets time pass for none", function()
    check_both("poll_check", 120)
  end)

  it("locks records and files against other open files", function()
    check_both("lock_check", 387000)
  end)

  it("moves bytes between files, and has devices and /proc/self", function()
    check_both("transfer_check", 75)
  end)

  it("has all of its tree once there is memory for it", function()
    local function check(memory, args, least)
      passed(run("late_check", {
        args = args,
        memory = memory,
        directory = "/home/guest",
        channels = { input = "in", ["/x/y/z"] = "z" },
      }), least)
    end
    check("4M", { "full" }, 34)
    check("256K", { "full" }, 34)
    check("128K", {}, 18)
  end)

  it("leaves out no channel and no directory in silence", function()
    local function refused(options, line)
      options.program = directory .. "/late_check.zvm"
      local report = assert(zvm.run(options))
      assert.equal(125, report.code)
      assert.equal(line, report.channels.stderr.data)
    end
    refused({ channels = { ["/x"] = "a", ["/x/y/z"] = "z" } },
            "zvm: /x/y/z: a part of its name is another channel\n")
    refused({ channels = { ["/dev"] = "a" } },
            "zvm: /dev/stdin: a part of its name is another channel\n")
    refused({ directory = "/dev/null/x" },
            "zvm: /dev/null/x: the working directory is no directory\n")
  end)

  it("has defined results for what only an instance meets", function()
    local letters = {}
    for i = 0, 9999 do letters[#letters + 1] = string.char(97 + i % 26) end
    local path = host.temporary()
    local said = run("instance_check", {
      memory = "16M",
      channels = {
        stdin = "",
        ["/data/input"] = { data = table.concat(letters), type = 1 },
        ["/data/both"] = { path = path, mode = "r+" },
        ["/dev/zero"] = "hidden",
      },
    })
    passed(said, 75)
    os.remove(path)
  end)
end)
