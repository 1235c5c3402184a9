--- zvm run: files that the guest finds, and those that it leaves.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"
local lfs = require "lfs"
local tar = require "zvm.tar"
local tree = require "zvm.cli.tree"

-- The command runs elsewhere: a path from here must be one from there.
local LUA = (os.getenv "ZVM_TEST_LUA" or "lua5.1")
  :gsub("^[^/]+/", lfs.currentdir() .. "/%0")
local BEGINNING = host.guest "beginning"

describe("zvm run", function()
  local folder

  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(lfs.mkdir(folder))
    host.write_file(folder .. "/app.tar", tar.pack {
      { name = "etc/app.conf", data = "from the image\n" },
      { name = "etc/other", data = "other\n" },
    })
    host.write_file(folder .. "/late.tar", tar.pack {
      { name = "app.conf", data = "from the later one\n" },
    })
    host.write_file(folder .. "/local.conf", "from the host\n")
  end)

  teardown(function()
    os.execute("rm -r " .. folder)
  end)

  -- Exit code, stdout, stderr, in a directory of its own.
  local function run(words)
    local out, err = folder .. "/.out", folder .. "/.err"
    local lua_path = lfs.currentdir()
    local line = words:gsub("GUEST", lua_path .. "/" .. BEGINNING)
    local status = os.execute(("cd %s && ZVM_LUA=%s %s/lua/bin/zvm run %s "
      .. "</dev/null >%s 2>%s"):format(folder, LUA, lua_path, line, out, err))
    local printed, told = host.read_file(out), host.read_file(err)
    os.remove(out)
    os.remove(err)
    return status / 256, printed, told
  end

  it("shows images, later ones over earlier ones", function()
    assert.same({ 0, "from the image\n", "" }, { run(
      "--image app.tar GUEST send /etc/app.conf /dev/stdout") })
    assert.same({ 0, "from the later one\n", "" }, { run(
      "--image app.tar --image late.tar,/etc GUEST send /etc/app.conf "
      .. "/dev/stdout") })
    assert.same({ 0, "other\n", "" }, { run(
      "--image app.tar,/mnt/a GUEST send /mnt/a/etc/other /dev/stdout") })
  end)

  it("puts files over images", function()
    assert.same({ 0, "from the host\n", "" }, { run("--image app.tar "
      .. "--file /etc/app.conf=local.conf GUEST send /etc/app.conf "
      .. "/dev/stdout") })
  end)

  it("starts in a directory, at a time, with a seed", function()
    assert.same({ 0, "other\n", "" }, { run(
      "--image app.tar --directory /etc GUEST send other /dev/stdout") })
    local _, printed = run "--clock 2024-02-29T12:00:00Z GUEST time"
    assert.equal("wall 1709208000.000001000", printed:match "^[^\n]*")
    _, printed = run "--clock 86400 GUEST time"
    assert.equal("wall 86400.000001000", printed:match "^[^\n]*")
    local _, a = run "--seed 31 GUEST chance"
    local _, b = run "--seed 0x1f GUEST chance"
    local _, c = run "GUEST chance"
    assert.equal(a, b)
    assert.not_equal(a, c)
  end)

  it("collects what is left, under its last name", function()
    assert.same({ 0, "", "" }, { run(
      "--collect /tmp=results GUEST keep /tmp/x one") })
    assert.equal("one", host.read_file(folder .. "/results/tmp/x"))
    assert.same({ 0, "", "" }, { run(
      "--collect /tmp/y GUEST keep /tmp/y two") })
    assert.equal("two", host.read_file(folder .. "/y"))
    assert.same({ 0, "", "" }, { run("--collect /home/guest=r2 "
      .. "--collect /tmp=r2 GUEST keep /home/guest/z three") })
    assert.equal("three", host.read_file(folder .. "/r2/guest/z"))
    assert.equal("directory", lfs.attributes(folder .. "/r2/tmp", "mode"))
  end)

  it("writes through no link", function()
    assert(lfs.mkdir(folder .. "/outside"))
    assert(lfs.mkdir(folder .. "/in"))
    assert(lfs.link(folder .. "/outside", folder .. "/in/tmp", true))
    local status, _, told = run "--collect /tmp=in GUEST keep /tmp/x one"
    assert.equal(125, status)
    assert.truthy(told:find("^zvm run: in/tmp"), told)
    assert.is_nil(lfs.attributes(folder .. "/outside/x"))
  end)

  it("says why nothing is collected", function()
    host.write_file(folder .. "/bad.tar", ("x"):rep(1024))
    local status, _, told = run "--image bad.tar --collect /tmp=no GUEST time"
    assert.equal(125, status)
    assert.truthy(told:find("zvm: /dev/image-1: ", 1, true), told)
    assert.truthy(told:find("zvm run: nothing is collected: ", 1, true), told)
    assert.is_nil(lfs.attributes(folder .. "/no"))
  end)

  it("leaves the bytes that it collects out of the report", function()
    local _, _, told = run(
      "--collect /tmp=rep --report json GUEST keep /tmp/x one")
    assert.truthy(told:find('"collect":{', 1, true))
    assert.is_nil(told:find "files_base64")
    assert.is_nil(told:match '"collect":{[^}]*data_base64')
  end)

  local WRONG = {
    { "--image ''", "--image wants a file" },
    { "--file x=y", "--file x=y: /PATH=FILE is wanted" },
    { "--file /x=none",
      "--file /x=none: none: No such file or directory" },
    { "--collect /a=x --collect /a=y",
      "--collect /a=y: /a is given twice" },
    { "--seed x", "--seed wants a number up to 2^53, or 0x and up to 16 "
      .. "hexadecimal digits, not x" },
    { "--seed 1 --seed 2", "--seed is given twice" },
  }
  for _, case in ipairs(WRONG) do
    it("is told: " .. case[2], function()
      assert.same({ 125, "", "zvm run: " .. case[2]
        .. "; try `zvm help run`\n" }, { run(case[1] .. " GUEST time") })
    end)
  end

  for _, case in ipairs {
    { "--directory tmp", "directory: path is not absolute" },
    { "--image app.tar,/a/../b",
      "images.1.at: path has a part that is . or .." },
    { "--collect out", "collect.1: path is not absolute" },
    { "--clock noon", 'clock: time such as "2024-02-29T12:00:00Z" expected, '
      .. 'from 1970 to 2200-01-01T00:00:00Z, got "noon"' },
    { "--image none.tar", "channel /dev/image-1: cannot open none.tar: No "
      .. "such file or directory" },
  } do
    it("is refused: " .. case[2], function()
      local status, printed, told = run(case[1] .. " GUEST time")
      assert.same({ 125, "", "zvm run: " .. case[2] .. "\n" },
        { status, printed, (told:gsub("zvm run: nothing is[^\n]*\n", "")) })
    end)
  end

  it("takes images, clock, seed and directory from a manifest", function()
    host.write_file(folder .. "/job.manifest", ([[
Version = 20130611
Program = %s
Memory = 67108864, 0
Timeout = 50
Image = app.tar
Image = late.tar, /etc
Directory = /etc
Clock = 86400
Seed = 0x1f
Channel = null:, /dev/stdin, 0, 0, 1, 1, 0, 0
Channel = fd:1, /dev/stdout, 0, 0, 0, 0, 1000, 100000
Channel = null:, /dev/stderr, 0, 0, 0, 0, 1000, 100000
]]):format(lfs.currentdir() .. "/" .. BEGINNING))
    assert.same({ 0, "from the later one\n", "" }, { run(
      "job.manifest send app.conf /dev/stdout") })
    local _, printed = run "job.manifest time"
    assert.equal("wall 86400.000001000", printed:match "^[^\n]*")
    _, printed = run "--clock 5 job.manifest time"
    assert.equal("wall 5.000001000", printed:match "^[^\n]*")
  end)
end)

describe("what is collected", function()
  local function saved(entries, places)
    local collected = { data = tar.pack(entries) }
    local report = { state = "exit", files = {},
      channels = { collect = collected } }
    local dir = os.tmpname()
    os.remove(dir)
    local all = {}
    for path in pairs(places) do
      all[path] = dir
    end
    local lines, whole = tree.save(report, all)
    return lines, whole, dir
  end

  it("is placed below the last name, and links are left out", function()
    local lines, whole, dir = saved({
      { name = "a/b", type = "directory" }, { name = "a/b/c", data = "x",
        mode = 493 }, { name = "a/bc", data = "no" },
      { name = "a/b/l", type = "symlink", target = "/etc/passwd" },
      { name = "a/b/h", type = "link", target = "a/b/c" },
    }, { ["/a/b"] = true })
    assert.is_true(whole)
    assert.same({ "/a/b/l: a symbolic link, which is not made" }, lines)
    assert.equal("x", host.read_file(dir .. "/b/c"))
    assert.equal("x", host.read_file(dir .. "/b/h"))
    assert.is_nil(lfs.symlinkattributes(dir .. "/b/l"))
    assert.is_nil(lfs.attributes(dir .. "/bc"))
    assert.equal("rwx", lfs.attributes(dir .. "/b/c", "permissions"):sub(1, 3))
    os.execute("rm -r " .. dir)
  end)

  it("may be all there is", function()
    local _, _, dir = saved({ { name = "a", data = "x" } }, { ["/"] = true })
    assert.equal("x", host.read_file(dir .. "/a"))
    os.execute("rm -r " .. dir)
  end)
end)
