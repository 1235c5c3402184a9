--- Images, files and what is collected: the channels that they are, and what
-- comes back.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"
local tar = require "zvm.tar"
local zvm = require "zvm"

local BEGINNING = host.guest "beginning"

local ARCHIVE = tar.pack {
  { name = "out", type = "directory" },
  { name = "out/a", data = "one" },
  { name = "out/b", type = "link", target = "out/a" },
  { name = "out/l", type = "symlink", target = "/etc/passwd" },
  { name = "out/empty", data = "" },
}

for _, isolation in ipairs { "inline", "process" } do
  describe("in " .. isolation, function()
    local function run(options)
      options.program, options.isolation = BEGINNING, isolation
      return assert(zvm.run(options))
    end

    -- A guest that sends one of its channels to another.
    local function send(from, to, options)
      options.args = { "send", from, to }
      return run(options)
    end

    it("files are an archive in a channel, sorted by path", function()
      local report = send("/dev/files", "/dev/stdout", {
        files = {
          ["/etc/b"] = "two", ["/etc/a"] = { data = "one", mode = 384 },
          ["/etc/l"] = { link = "a" }, ["/var"] = { directory = true },
          ["/etc/time"] = { data = "x", mtime = 5 },
        },
      })
      local names = {}
      for i, entry in ipairs(assert(tar.unpack(
        report.channels.stdout.data))) do
        names[i] = entry.name
        names[entry.name] = entry
      end
      assert.same({ "etc/a", "etc/b", "etc/l", "etc/time", "var" },
        { unpack(names) })
      assert.equal("one", names["etc/a"].data)
      assert.equal(384, names["etc/a"].mode)
      assert.equal("a", names["etc/l"].target)
      assert.equal("directory", names.var.type)
      assert.equal(5, names["etc/time"].mtime)
      assert.truthy(report.channels.files.get_bytes > 0)
    end)

    it("images are channels in their order, of any source", function()
      local path = host.temporary()
      host.write_file(path, ARCHIVE)
      for n, images in ipairs {
        { path }, { { path = path } }, { { file = path, at = "/mnt" } },
        { { string = ARCHIVE } }, { { data = ARCHIVE } },
        { { uri = "file:" .. path } },
      } do
        local report = send("/dev/image-1", "/dev/stdout",
          { images = images })
        assert.equal(ARCHIVE, report.channels.stdout.data, n)
        assert.equal(1, report.channels["image-1"].type)
      end
      os.remove(path)
    end)

    it("a guest finds files over images, later over earlier", function()
      local options = {
        images = { { string = tar.pack { { name = "etc/a", data = "1" },
          { name = "etc/b", data = "2" }, { name = "etc/c", data = "3" } } },
          { string = tar.pack { { name = "b", data = "two" },
            { name = "c", data = "three" } }, at = "/etc" } },
        files = { ["/etc/c"] = "last", ["/etc/l"] = { link = "c" } },
      }
      for path, text in pairs { ["/etc/a"] = "1", ["/etc/b"] = "two",
          ["/etc/c"] = "last", ["/etc/l"] = "last" } do
        assert.equal(text, send(path, "/dev/stdout", options)
          .channels.stdout.data)
      end
    end)

    it("what a guest left is collected, images and all", function()
      local report = run {
        args = { "keep", "/out/new", "made" }, collect = { "/out", "/etc" },
        files = { ["/out/old"] = "there", ["/etc/x"] = "1",
          ["/home/guest/y"] = "2" },
      }
      assert.same({ ["/out/new"] = "made", ["/out/old"] = "there",
        ["/etc/x"] = "1" }, report.files)
      assert.equal(0, report.code)
    end)

    it("an image that is damaged ends the run at its start", function()
      local report = run { args = { "words" }, images = { {
        string = ("x"):rep(1024) } } }
      assert.equal(125, report.code)
      assert.equal("", report.channels.stdout.data)
      assert.truthy(report.channels.stderr.data:find(
        "^zvm: /dev/image%-1: "))
    end)

    it("a program that has no files packs none", function()
      local report = assert(zvm.run { isolation = isolation,
        program = host.guest "01-hello/main", collect = { "/out", "/tmp" } })
      assert.same({}, report.files)
      assert.equal(0, report.code)
    end)

    it("what does not fit is an exit with 125", function()
      local report = run { args = { "keep", "/tmp/x", ("x"):rep(5000) },
        collect = { "/tmp", put_bytes = 2000 } }
      assert.equal(125, report.code)
      assert.is_nil(report.files)
      assert.equal("string", type(report.collect_error))
    end)

    it("what a guest packed is in the report", function()
      local report = send("/dev/stdin", "/dev/collect",
        { collect = { "/out" }, channels = { stdin = ARCHIVE } })
      assert.same({ ["/out/a"] = "one", ["/out/b"] = "one",
        ["/out/empty"] = "" }, report.files)
      assert.equal(ARCHIVE, report.channels.collect.data)
      assert.is_nil(report.collect_error)
    end)

    it("a damaged archive is told of, and is no error", function()
      for _, bytes in ipairs { "x", ("x"):rep(512), ARCHIVE:sub(1, 700),
          (ARCHIVE:gsub("out/a", "../oa")), ("\255"):rep(10000) } do
        local report = send("/dev/stdin", "/dev/collect",
          { collect = { "/out" }, channels = { stdin = bytes } })
        assert.equal(0, report.code)
        assert.is_nil(report.files)
        assert.equal("string", type(report.collect_error))
      end
    end)

    it("a program that packs nothing has no files", function()
      local report = send("/dev/null", "/dev/collect",
        { collect = { "/out" } })
      assert.is_nil(report.files)
      assert.equal("the program ended without having packed anything",
        report.collect_error)
    end)

    it("what is collected is bounded, and more is an error", function()
      local report = send("/dev/stdin", "/dev/collect", {
        collect = { "/out", put_bytes = 100 },
        channels = { stdin = ARCHIVE },
      })
      assert.equal(100, report.channels.collect.put_bytes)
      assert.is_nil(report.files)
    end)

    it("a run without any of them has no such channels", function()
      local report = run { args = { "words" } }
      assert.is_nil(report.channels.files)
      assert.is_nil(report.channels.collect)
      assert.is_nil(report.channels["image-1"])
      assert.is_nil(report.files)
      assert.is_nil(report.collect_error)
    end)
  end)
end

describe("a run that is started", function()
  it("brings files, and brings them back", function()
    local session = assert(zvm.start {
      program = BEGINNING, args = { "send", "/dev/stdin", "/dev/collect" },
      channels = { stdin = ARCHIVE }, files = { ["/a"] = "x" },
      collect = { "/out" },
    })
    collectgarbage()
    collectgarbage()
    assert.equal("one", assert(session:wait()).files["/out/a"])
  end)
end)

describe("without zvm.tar", function()
  it("a run says what it lacks, before it begins", function()
    local path, loaded = package.path, package.loaded["zvm.tar"]
    package.path, package.loaded["zvm.tar"] = "/nowhere/?.lua", nil
    local report, message, code = zvm.run { program = BEGINNING,
      collect = { "/out" } }
    local _, other = zvm.run { program = BEGINNING, files = {} }
    local fine = zvm.run { program = BEGINNING }
    package.path, package.loaded["zvm.tar"] = path, loaded
    assert.is_nil(report)
    assert.equal("OPTION", code)
    assert.equal("zvm.run: collect: zvm.tar is needed, one of the Lua files "
      .. "that belong to zvm: is its directory in package.path? module "
      .. "'zvm.tar' not found:", message)
    assert.truthy(other:find("zvm.run: files: zvm.tar is needed", 1, true))
    assert.equal("exit", fine.state)
  end)
end)
