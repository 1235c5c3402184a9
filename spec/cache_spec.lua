--- The verdict cache: what is remembered, and what is not believed.
--
-- Every case is about a module of its own, since a process remembers those
-- it has loaded. Right entries are written by hand from the parts of one
-- that the core wrote.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
local elf = require "support.elf"
local host = require "support.host"
local lfs = require "lfs"
local zvm = require "zvm"

local made = 0

--- A module that nobody has seen.
local function new_module()
  made = made + 1
  return elf.module(code.new():exit(made % 256).bytes, "module " .. made)
end

local function verdict(module, directory)
  local options = directory and { cache = directory }
  return assert(zvm.load(module, options)):about().verdict
end

local function digest(module)
  return assert(zvm.load(module)):digest()
end

describe("the verdict cache", function()
  local directory, identity

  local function path_of(module)
    return directory .. "/" .. host.sha256(module) .. ".verdict"
  end

  --- The entry that says that `module` is accepted.
  local function entry_of(module)
    return ("zvm verdict\nvalidator %s\nmodule %s\naccepted\n"):format(
      identity, host.sha256(module))
  end

  setup(function()
    directory = os.tmpname()
    os.remove(directory)
    local module = new_module()
    assert.equal("reached", verdict(module, directory))
    identity = host.read_file(path_of(module)):match "validator (%x+)"
  end)

  teardown(function()
    os.execute("rm -rf " .. directory)
  end)

  it("remembers an accepted module as long as the process lives", function()
    local module = new_module()
    assert.equal("reached", verdict(module))
    assert.equal("remembered", verdict(module))
    assert.equal("remembered", verdict(module, directory))
  end)

  it("stores what the process remembers when a directory is named", function()
    local module = new_module()
    verdict(module)
    verdict(module, directory)
    assert.equal(entry_of(module), host.read_file(path_of(module)))
  end)

  it("spares another process the validation", function()
    local module = new_module()
    host.write_file(path_of(module), entry_of(module))
    assert.equal("stored", verdict(module, directory))
    assert.equal(host.sha256(module), digest(module))
  end)

  it("is made by the first of several processes, and serves all", function()
    local path, new = os.tmpname(), os.tmpname()
    host.write_file(path, new_module())
    local load = ("%s -e 'assert(require [[zvm]].load([[%s]],"
      .. " { cache = [[%s]] }))' || echo failed"):format(
        os.getenv "ZVM_TEST_LUA" or "luajit", path, new)
    for _ = 1, 10 do
      os.execute("rm -rf " .. new)
      local pipe = io.popen(("(%s) & (%s) & (%s) & wait"):format(load, load,
        load) .. " 2>&1")
      assert.equal("", pipe:read "*a")
      pipe:close()
    end
    os.execute("rm -rf " .. new)
    os.remove(path)
  end)

  it("makes the directory for its user alone", function()
    assert.equal("rwx------", lfs.attributes(directory, "permissions"))
  end)

  it("keeps no refusal, and believes none", function()
    local module = elf.module "\15\5" -- syscall
    for _ = 1, 2 do
      local m, _, status = zvm.load(module, { cache = directory })
      assert.is_nil(m)
      assert.equal("REJECTED", status)
    end
    assert.is_nil(lfs.attributes(path_of(module)))
  end)

  -- Writes `damage(entry)` as the entry of a new module.
  local function assert_ignored(damage)
    local module = new_module()
    local path = path_of(module)
    host.write_file(path, damage(entry_of(module)))
    assert.equal("reached", verdict(module, directory))
    assert.equal(entry_of(module), host.read_file(path))
  end

  it("ignores an entry with any one byte changed, and replaces it", function()
    local size = #entry_of(new_module())
    for at = 1, size, 5 do
      assert_ignored(function(text)
        return text:sub(1, at - 1) .. string.char((text:byte(at) + 1) % 256)
          .. text:sub(at + 1)
      end)
    end
  end)

  it("ignores an entry that is cut, or longer, or empty", function()
    for _, size in ipairs { 0, 1, 50, 100, 167 } do
      assert_ignored(function(text)
        return text:sub(1, size)
      end)
    end
    assert_ignored(function(text)
      return text .. "\n"
    end)
    assert_ignored(function(text)
      return text .. ("accepted\n"):rep(100)
    end)
  end)

  it("ignores the entry of another module, or of another validator", function()
    local other = entry_of(new_module())
    assert_ignored(function()
      return other
    end)
    assert_ignored(function(text)
      return (text:gsub("validator %x%x%x%x", "validator 0000"))
    end)
  end)

  it("ignores an entry that others may write", function()
    local module = new_module()
    host.write_file(path_of(module), entry_of(module))
    os.execute("chmod 666 " .. path_of(module))
    assert.equal("reached", verdict(module, directory))
    assert.equal("rw-r--r--",
      lfs.attributes(path_of(module), "permissions"))
  end)

  it("follows no link, and waits for no pipe", function()
    local linked, piped = new_module(), new_module()
    local elsewhere = host.temporary()
    host.write_file(elsewhere, entry_of(linked))
    assert(lfs.link(elsewhere, path_of(linked), true))
    assert.equal("reached", verdict(linked, directory))
    assert.equal("file", lfs.symlinkattributes(path_of(linked), "mode"))
    os.remove(elsewhere)
    os.execute("mkfifo " .. path_of(piped))
    assert.equal("reached", verdict(piped, directory))
  end)

  it("works without what it cannot write", function()
    local module = new_module()
    assert(lfs.mkdir(path_of(module)))
    assert.equal("reached", verdict(module, directory))
    assert(lfs.rmdir(path_of(module)))
  end)

  it("leaves nothing but whole entries", function()
    for name in lfs.dir(directory) do
      assert(name == "." or name == ".." or name:find "^%x+%.verdict$", name)
    end
  end)

  it("refuses a directory that others may write", function()
    local open = os.tmpname()
    os.remove(open)
    assert(lfs.mkdir(open))
    os.execute("chmod 770 " .. open)
    local m, message, status = zvm.load(new_module(), { cache = open })
    assert.is_nil(m)
    assert.equal("OPTION", status)
    assert.match("others may write it", message)
    os.execute("chmod 700 " .. open)
    if io.popen("id -u"):read "*n" == 0 then
      os.execute("chown 1 " .. open)
      assert.is_nil((zvm.load(new_module(), { cache = open })))
    end
    lfs.rmdir(open)
  end)

  it("says why a directory cannot be had", function()
    for _, path in ipairs { "/nowhere/cache", "/dev/null", "" } do
      local m, message, status = zvm.load(new_module(), { cache = path })
      assert.is_nil(m)
      assert.equal("SYSTEM", status)
      assert.match("verdict cache " .. path .. ": ", message)
    end
  end)

  it("leaks no descriptor, whatever the verdict", function()
    local module = new_module()
    host.assert_flat(function()
      assert(zvm.load(module, { cache = directory })):close()
      zvm.load("no module", { cache = directory })
      zvm.load(module, { cache = "/tmp" })
    end)
  end)
end)
