--- zvm pipeline: what it runs, what it prints where, and its exit codes.
--
-- SPDX-License-Identifier: Apache-2.0
local cjson = require "cjson"
local host = require "support.host"
local lfs = require "lfs"
local tar = require "zvm.tar"

local LUA = os.getenv "ZVM_TEST_LUA" or "lua5.1"
local NODE, BAD = host.guest "node", host.guest "08-explain/bad"

local folder

-- Run `zvm pipeline` with these words of the shell, in which DIR stands for
-- the folder: exit code, stdout, stderr.
local function run(words, before)
  local out, err = folder .. "/.out", folder .. "/.err"
  local status = os.execute(("%s ZVM_LUA=%s lua/bin/zvm pipeline %s >%s 2>%s "
    .. "</dev/null"):format(before or "", LUA, words:gsub("DIR", folder), out,
    err))
  local told = host.read_file(err):gsub(folder:gsub("%p", "%%%0"), "DIR")
  return status / 256, host.read_file(out), told
end

local function write(name, text)
  host.write_file(folder .. "/" .. name, text)
end

-- A job's group, as JSON.
local function group(name, args, more)
  return ('{"name":"%s","exec":{"path":"node.zvm","args":"%s"}%s}'):format(
    name, args, more or "")
end

local OUT = ',"devices":[{"name":"stdout"},{"name":"stderr"}]'

setup(function()
  folder = os.tmpname()
  os.remove(folder)
  assert(lfs.mkdir(folder))
  host.write_file(folder .. "/node.zvm", host.read_file(NODE))
  write("two.json", "[" .. group("a", "quiet say out/b-1 one say out/b-2 two",
    ',"connect":["b"]') .. "," .. group("b", "quiet say stderr err copy in/a "
    .. "stdout", ',"count":2' .. OUT) .. "]")
  write("fault.json", "[" .. group("a", "say stderr gone fault", OUT) .. "]")
  write("loop.json", "[" .. group("a", "loop") .. "]")
end)

teardown(function()
  os.execute("rm -r " .. folder)
end)

describe("zvm pipeline", function()
  it("runs a job, and prints what is left in memory in order", function()
    local code, out, err = run "--root DIR DIR/two.json"
    assert.equal(0, code)
    assert.equal("one\ntwo\n", out)
    assert.equal("err\nerr\n", err)
  end)

  it("takes options anywhere, and many of them", function()
    local code, out = run("--workers 1 --ring 4K DIR/two.json --root DIR "
      .. "--timeout 1m --verify 2 --memo DIR/memo")
    assert.equal(0, code)
    assert.equal("one\ntwo\n", out)
    code, out = run "DIR/two.json --root DIR --memo DIR/memo --progress"
    assert.equal(0, code)
    assert.equal("one\ntwo\n", out)
    local _, _, err = run "DIR/two.json --root DIR --memo DIR/memo --progress"
    assert.truthy(err:find("b: looked up, 2/2, in 8 B, out 16 B", 1, true))
  end)

  it("reports which outputs are new when one cannot be", function()
    write("files.json", "[" .. group("a", "quiet copy stdin stdout",
      ',"devices":[{"name":"stdin","path":"fifo"},'
      .. '{"name":"stdout","path":"taken"}]') .. "]")
    host.shell("mkfifo %s/fifo", folder)
    -- What writes there goes on when all is open.
    local code, _, err = run("--root DIR --report json DIR/files.json",
      ("(exec 3>%s/fifo; mkdir %s/taken) &"):format(folder, folder))
    host.shell("rm %s/fifo && rmdir %s/taken", folder, folder)
    assert.equal(1, code)
    local failed = cjson.decode(err:match "({.*)$").failed
    assert.equal("output: DIR/taken: Is a directory; replaced: none; "
      .. "not replaced: DIR/taken", failed.text)
    assert.same({ "DIR/taken" }, failed.unreplaced)
    assert.is_nil(next(failed.replaced))
  end)

  it("draws the graph, and runs nothing", function()
    local code, out, err = run "--dot DIR/loop.json"
    assert.equal(0, code)
    assert.equal("", err)
    assert.truthy(out:find "^digraph pipeline {\n")
  end)

  it("draws who ran when", function()
    local code = run "--root DIR --svg DIR/run.svg DIR/two.json"
    assert.equal(0, code)
    assert.truthy(host.read_file(folder .. "/run.svg"):find("<svg", 1, true))
    local err, _
    code, _, err = run "--root DIR --svg DIR/no/run.svg DIR/two.json"
    assert.equal(125, code)
    assert.truthy(err:find("zvm pipeline: --svg DIR/no/run.svg: No such file",
      1, true))
  end)

  it("reports as text or JSON", function()
    local _, _, err = run "--root DIR --report text DIR/two.json"
    assert.equal("err\nerr\nexit\n  a                exit 0\n"
      .. "  b-1              exit 0\n  b-2              exit 0\n",
      (err:gsub(" %(.-%)", "")))
    local code
    code, _, err = run "--root DIR --report json DIR/fault.json"
    assert.equal(1, code)
    local report = cjson.decode(err:match "\n(.*)$")
    assert.equal("failed", report.state)
    assert.equal("a", report.failed.instance)
    assert.equal("fault", report.stages[1].instances[1].state)
    assert.is_nil(report.outputs)
  end)

  it("says shortly what went wrong", function()
    local code, out, err = run "--root DIR DIR/fault.json"
    assert.equal(1, code)
    assert.equal("", out)
    assert.truthy(err:find("^gone\nzvm pipeline: failed: a: fault memory"))
  end)

  it("has exit codes for what did not end well", function()
    write("missing.json", '[{"name":"a","exec":{"path":"nothing"}}]')
    host.write_file(folder .. "/bad.zvm", host.read_file(BAD))
    write("bad.json", '[{"name":"a","exec":{"path":"bad.zvm"}}]')
    write("text.json", '[{"name":"a","exec":{"path":"two.json"}}]')
    for words, code in pairs { ["--timeout 100ms DIR/loop.json"] = 124,
      ["DIR/missing.json"] = 125, ["DIR/bad.json"] = 126,
      ["DIR/text.json"] = 126, ["DIR/fault.json"] = 1,
      ["DIR/nowhere.json"] = 125, ["DIR"] = 125 }
    do
      assert.equal(code, (run("--root DIR " .. words)), words)
    end
  end)

  it("is stopped by signals, and leaves nothing", function()
    local memo = folder .. "/memo2"
    local code = run("--root DIR --memo DIR/memo2 DIR/loop.json",
      "timeout -s TERM 0.5 env")
    assert.equal(124, code) -- what timeout ends with
    for name in lfs.dir(memo) do
      assert.falsy(name:find ".zvm-", 1, true)
    end
  end)
end)

describe("a job of zvm pipeline", function()
  it("is judged with file, line and column", function()
    write("wrong.json", '[\n{"name":"a",\n "exec":{"path":"../x"}}]')
    local code, _, err = run "DIR/wrong.json"
    assert.equal(125, code)
    assert.equal('zvm pipeline: DIR/wrong.json:3:10: job[1].exec.path: '
      .. '"../x": has a part ".."\n', err)
    write("wrong.json", "[\n1 2")
    _, _, err = run "DIR/wrong.json"
    assert.equal('zvm pipeline: DIR/wrong.json:2:3: "," or "]" expected, got '
      .. '"2"\n', err)
    write("wrong.json", '[{"name":"a","exec":{"path":"x"},"devices":'
      .. '[{"name":"stdin","path":"none-*"}]}]')
    _, _, err = run "--root DIR DIR/wrong.json"
    assert.equal("zvm pipeline: DIR/wrong.json: pipeline.stages[1] (a): "
      .. 'input: no file matches "DIR/none-*"\n', err)
  end)

  it("has accounts and system images", function()
    host.write_file(folder .. "/tools.tar", tar.pack { { name = "bin/node",
      data = host.read_file(NODE) } })
    host.shell("mkdir -p %s/me/data", folder)
    write("me/data/1.in", "first\n")
    write("me/data/2.in", "second\n")
    write("images.json", '[{"name":"a","exec":{"path":"file://t:bin/node",'
      .. '"args":"quiet copy stdin stdout"},"devices":['
      .. '{"name":"stdin","path":"swift://~/data/*.in"},{"name":"t"},'
      .. '{"name":"stdout","path":"swift://~/data/*.out"}]}]')
    local code, _, err = run("--root DIR --account me --sysimage "
      .. "t=DIR/tools.tar DIR/images.json")
    assert.equal("", err)
    assert.equal(0, code)
    assert.equal("first\n", host.read_file(folder .. "/me/data/1.out"))
    assert.equal("second\n", host.read_file(folder .. "/me/data/2.out"))
  end)
end)

describe("a script of zvm pipeline", function()
  local function script(text, words)
    write("script.lua", text)
    return run((words or "") .. " DIR/script.lua")
  end

  it("returns stages, and may return options", function()
    local code, out = script(([[#!/usr/bin/env zvm
      assert(zvm.load and string.rep)
      mine = 1
      return { { name = "a", program = %q, args = { "quiet", "say", "stdout",
        tostring(mine) } } }, { verify = 2, memo = %q }]]):format(NODE,
        folder .. "/memo3"))
    assert.equal(0, code)
    assert.equal("1\n", out)
    assert.equal("directory", lfs.attributes(folder .. "/memo3", "mode"))
  end)

  it("may return a pipeline", function()
    local code, out = script(([[return zvm.pipeline { { name = "a",
      program = %q, args = { "quiet", "say", "stdout", "x" } } }]]):format(
        NODE))
    assert.equal(0, code)
    assert.equal("x\n", out)
  end)

  it("is told what is wrong with it", function()
    for text, message in pairs {
      ["return 1"] = "DIR/script.lua: a list of stages expected, got number",
      ["return {}, 1"] = "DIR/script.lua: a table of options expected as the "
        .. "second value, got number",
      ["return {}"] = "DIR/script.lua: pipeline: at least one stage expected",
      ["error 'oh'"] = "DIR/script.lua:1: oh",
      ["\n\nx ="] = "DIR/script.lua:3: unexpected symbol near '<eof>'",
      [string.dump(function() end)] = "DIR/script.lua: compiled Lua; the "
        .. "script itself is wanted",
      ["return { { name = 'a', program = 'x' } }, { wrokers = 1 }"] =
        'pipeline:run: unknown option "wrokers"; did you mean "workers"?',
    } do
      local code, _, err = script(text)
      assert.equal(125, code)
      assert.equal("zvm pipeline: " .. message .. "\n", err)
    end
  end)
end)

describe("a wrong command line of zvm pipeline", function()
  for words, message in pairs {
    [""] = "no job is given",
    ["''"] = "no job is given",
    ["a.json b.json"] = "one job is wanted, and b.json is another one",
    ["--wokers 1 a"] = "unknown option --wokers (did you mean --workers?)",
    ["--workers 0 a"] = "--workers wants a whole number from 1 to 1024, not 0",
    ["--workers x a"] = "--workers wants a number, not x",
    ["--verify 101 a"] = "--verify wants a whole number from 1 to 100, not "
      .. "101",
    ["--ring 1X DIR/two.json"] = "--ring wants a size such as 4096, 64K, 10M "
      .. "or 2G, not 1X",
    ["--timeout soon DIR/two.json"] = "--timeout wants a time such as 250ms, "
      .. "10s or 5m, not soon",
    ["--report zerovm a"] = "--report wants text or json, not zerovm",
    ["--progress=1 a"] = "--progress takes no value",
  } do
    it(("such as %q is told of"):format(words), function()
      local code, out, err = run(words)
      assert.equal(125, code)
      assert.equal("", out)
      assert.equal(("zvm pipeline: %s; try `zvm help pipeline`\n"):format(
        message), err)
    end)
  end

  it("may be an image without a name", function()
    local code, _, err = run "--sysimage x DIR/two.json"
    assert.equal(125, code)
    assert.equal("zvm pipeline: --sysimage x: NAME=FILE is wanted\n", err)
    _, _, err = run "--sysimage a=x --sysimage a=y DIR/two.json"
    assert.equal("zvm pipeline: --sysimage a=y: a is given twice\n", err)
  end)
end)
