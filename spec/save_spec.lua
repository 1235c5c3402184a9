--- zvm.save: what a guest left, below a directory and nowhere else.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"
local lfs = require "lfs"
local zvm = require "zvm"

describe("zvm.save", function()
  local dir, outside

  before_each(function()
    dir, outside = host.temporary(), host.temporary()
    os.remove(dir)
    os.remove(outside)
    assert(lfs.mkdir(outside))
  end)

  after_each(function()
    os.execute(("rm -rf %s %s"):format(dir, outside))
  end)

  local function list(path)
    local names = {}
    for name in lfs.dir(path) do
      names[#names + 1] = name
    end
    table.sort(names)
    return names
  end

  it("makes the directory, and those on the way", function()
    assert.is_true(zvm.save(dir, { ["/a/b/c"] = "one", ["/d"] = "two\0",
      ["/e/f"] = { directory = true } }))
    assert.equal("one", host.read_file(dir .. "/a/b/c"))
    assert.equal("two\0", host.read_file(dir .. "/d"))
    assert.equal("directory", lfs.attributes(dir .. "/e/f", "mode"))
    assert.same({ ".", "..", "a", "d", "e" }, list(dir))
  end)

  it("gives a file the permissions that are asked for", function()
    assert(zvm.save(dir, { ["/x"] = { data = "", mode = 493 },
      ["/y"] = { data = "", mode = 2560 + 36 } }))
    local x = lfs.attributes(dir .. "/x", "permissions")
    assert.equal("rwx", x:sub(1, 3))
    assert.equal("---r--r--", (lfs.attributes(dir .. "/y", "permissions")))
  end)

  it("replaces what is there", function()
    assert(zvm.save(dir, { ["/x"] = "old", ["/d/y"] = "old" }))
    assert(zvm.save(dir, { ["/x"] = "new", ["/d/y"] = "new" }))
    assert.equal("new", host.read_file(dir .. "/x"))
    assert.equal("new", host.read_file(dir .. "/d/y"))
    assert.same({ ".", "..", "d", "x" }, list(dir))
  end)

  it("follows no symbolic link to a directory", function()
    assert(lfs.mkdir(dir))
    assert(lfs.link(outside, dir .. "/link", true))
    local ok, message, code = zvm.save(dir, { ["/link/x"] = "y" })
    assert.is_nil(ok)
    assert.equal("SYSTEM", code)
    assert.equal(("zvm.save: %s/link/x: a part of the path is a symbolic "
      .. "link, or no directory"):format(dir), message)
    ok = zvm.save(dir, { ["/link"] = { directory = true } })
    assert.is_nil(ok)
    assert.same({ ".", ".." }, list(outside))
  end)

  it("replaces a symbolic link to a file, and not what it leads to", function()
    assert(lfs.mkdir(dir))
    host.write_file(outside .. "/x", "mine")
    assert(lfs.link(outside .. "/x", dir .. "/x", true))
    assert(zvm.save(dir, { ["/x"] = "new" }))
    assert.equal("mine", host.read_file(outside .. "/x"))
    assert.equal("new", host.read_file(dir .. "/x"))
    assert.equal("file", lfs.symlinkattributes(dir .. "/x", "mode"))
  end)

  it("refuses what is no path below", function()
    for path, reason in pairs {
      ["x"] = "path is not absolute", [""] = "path is not absolute",
      ["/../x"] = "path has a part that is . or ..",
      ["/a/./x"] = "path has a part that is . or ..",
      ["/a//x"] = "path has an empty part", ["/"] = "the root is no file",
      ["/a\0b"] = "string contains a NUL byte",
    } do
      local ok, message, code = zvm.save(dir, { [path] = "y" })
      assert.is_nil(ok)
      assert.equal("OPTION", code)
      assert.truthy(message:find(reason, 1, true), message)
    end
    assert.is_nil(lfs.attributes(dir))
  end)

  it("says which file could not be written", function()
    assert(zvm.save(dir, { ["/d/x"] = "", ["/f"] = "" }))
    local _, message = zvm.save(dir, { ["/d"] = "y" })
    assert.equal(("zvm.save: %s/d: Is a directory"):format(dir), message)
    _, message = zvm.save(dir, { ["/f/x"] = "y" })
    assert.truthy(message:find("/f/x: a part of the path is", 1, true))
    _, message = zvm.save(outside .. "/no/where", { ["/x"] = "y" })
    assert.truthy(message:find("No such file or directory", 1, true))
    assert.same({ ".", "..", "d", "f" }, list(dir))
  end)

  it("keeps no descriptor", function()
    host.assert_flat(function()
      zvm.save(dir, { ["/a/b/c"] = "x", ["/d/e"] = { directory = true } })
      zvm.save(dir, { ["/a/b/c/d"] = "x" })
    end)
  end)
end)
