--- The module table: what require "zvm" gives.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
local host = require "support.host"
local zvm = require "zvm"

describe("require zvm", function()
  it("says its version", function()
    assert.truthy(zvm.VERSION:find "^%d+%.%d+%.%d+$")
  end)

  it("can be opened again in one process", function()
    local module = assert(zvm.load(code.exit(3)))
    package.loaded.zvm = nil
    local again = require "zvm"
    package.loaded.zvm = zvm
    assert.equal(zvm.VERSION, again.VERSION)
    assert.equal(3, again.run({ program = module }).code)
  end)

  it("tells every rule with a text and a remedy", function()
    local n = 0
    for id, rule in pairs(zvm.rules()) do
      n = n + 1
      assert.truthy(id:find "^R_%u[%u%d_]+$")
      assert.truthy(#rule.text > 0 and #rule.remedy > 0)
      assert.equal("number", type(rule.number))
    end
    assert.truthy(n > 10)
  end)
end)

describe("fields that are Lua modules", function()
  after_each(function()
    for _, name in ipairs { "pipeline", "lua" } do
      package.preload["zvm." .. name] = nil
      package.loaded["zvm." .. name] = nil
      rawset(zvm, name, nil)
    end
    rawset(zvm, "sandbox", nil)
  end)

  it("are loaded at their first use, once", function()
    local loads = 0
    package.loaded["zvm.pipeline"] = nil
    rawset(zvm, "pipeline", nil)
    package.preload["zvm.pipeline"] = function()
      loads = loads + 1
      return { count = loads }
    end
    assert.is_nil(rawget(zvm, "pipeline"))
    assert.equal(1, zvm.pipeline.count)
    assert.equal(1, zvm.pipeline.count)
    assert.equal(zvm.pipeline, rawget(zvm, "pipeline"))
  end)

  it("may be a field of one", function()
    package.loaded["zvm.lua"] = { sandbox = "here" }
    assert.equal("here", zvm.sandbox)
  end)

  it("name the module that is missing, or what it failed with", function()
    for _, name in ipairs { "pipeline", "sandbox" } do
      local module = name == "sandbox" and "zvm.lua" or "zvm." .. name
      package.loaded[module] = nil
      rawset(zvm, name, nil)
      package.preload[module] = function() error("it is broken", 0) end
      local ok, message = pcall(function() return zvm[name] end)
      assert.is_false(ok)
      assert.truthy(message:find("zvm." .. name .. " is in the Lua module " ..
        module .. ", which cannot be had: ", 1, true))
      assert.truthy(message:find("it is broken", 1, true))
      assert.truthy(message:find("zvm_spec.lua", 1, true))
    end
  end)

  it("are no others", function()
    assert.is_nil(zvm.pipelines)
    assert.is_nil(zvm[1])
    assert.is_nil(zvm[zvm])
  end)
end)

describe("zvm.digest", function()
  it("is what the system's tools say, of a string and of a file", function()
    local text = ("line\0\n"):rep(100000)
    local path = host.temporary()
    host.write_file(path, text)
    for _, name in ipairs { "sha256", "sha1", "md5" } do
      local pipe = assert(io.popen(name .. "sum <" .. path))
      local said = pipe:read "*a":match "^%x+"
      pipe:close()
      assert.equal(said, zvm.digest(text, name))
      assert.equal(said, zvm.digest_file(path, name))
    end
    os.remove(path)
    assert.equal(zvm.digest(text, "sha256"), zvm.digest(text))
    assert.equal(host.sha256 "", zvm.digest "")
  end)

  it("of a long string lets hooks of Lua end it", function()
    local text, calls = ("x"):rep(20 * 2 ^ 20), 0
    local function digest(most)
      calls = 0
      debug.sethook(function()
        calls = calls + 1
        if calls == most then
          debug.sethook()
          error("enough", 0)
        end
      end, "c")
      local said = zvm.digest(text, "sha256")
      debug.sethook()
      return said
    end
    local whole = digest(math.huge)
    assert.equal(host.sha256(text), whole)
    assert.is_true(calls > 4)
    assert.same({ false, "enough" }, { pcall(digest, 3) })
  end)

  it("of a file that is none says which, and why", function()
    for _, path in ipairs { "/nowhere/at/all", "/" } do
      local digest, message, status = zvm.digest_file(path)
      assert.is_nil(digest)
      assert.equal(path .. ": ", message:sub(1, #path + 2))
      assert.equal("SYSTEM", status)
    end
  end)

  it("takes no other algorithm and no other value", function()
    assert.has_error(function() zvm.digest("", "crc32") end)
    assert.has_error(function() zvm.digest {} end)
    assert.has_error(function() zvm.digest_file "/etc/passwd\0" end)
  end)
end)

describe("zvm.load", function()
  it("takes bytes", function()
    local module = assert(zvm.load(code.exit(0)))
    assert.truthy(tostring(module):find "^zvm%.module %(guest%): ")
  end)

  it("takes a path and names the module after the file", function()
    local path = host.temporary()
    host.write_file(path, code.exit(0))
    local module = assert(zvm.load(path))
    os.remove(path)
    assert.equal(path:match "[^/]+$", module:about().name)
    assert.equal(0, zvm.run({ program = module }).code)
  end)

  it("gives nil, a message that names the path, and a code", function()
    local module, message, status = zvm.load "/nowhere/at/all.zvm"
    assert.is_nil(module)
    assert.truthy(message:find("/nowhere/at/all.zvm", 1, true))
    assert.equal("SYSTEM", status)
  end)

  it("refuses a directory and a device", function()
    for _, path in ipairs { "/", "/dev/null" } do
      local module, message, status = zvm.load(path)
      assert.is_nil(module)
      assert.truthy(message:find(path, 1, true))
      assert.equal("FORMAT", status)
    end
  end)

  it("has facts about the module", function()
    local bytes = code.exit(0)
    local module = assert(zvm.load(bytes))
    local about = module:about()
    assert.equal(host.sha256(bytes), module:digest())
    assert.equal(module:digest(), about.digest)
    assert.equal(0x20000, about.entry)
    assert.equal(0x20000, about.text_addr)
    assert.equal(4096, about.text_size)
    assert.equal(0x21000, about.data_end)
    assert.equal(0, about.write_size)
    assert.equal(2, about.level)
  end)

  it("closes twice, and is of no use afterwards", function()
    local module = assert(zvm.load(code.exit(0)))
    assert.is_true(module:close())
    assert.is_true(module:close())
    assert.equal("zvm.module (closed)", tostring(module))
    for _, method in ipairs { "digest", "about" } do
      local ok, message = pcall(module[method], module)
      assert.is_false(ok)
      assert.truthy(message:find("attempt to use a closed module", 1, true))
    end
    local report, message, status = zvm.run { program = module }
    assert.is_nil(report)
    assert.truthy(message:find("closed module", 1, true))
    assert.equal("STATE", status)
  end)

  it("hides its metatable", function()
    local module = assert(zvm.load(code.exit(0)))
    assert.equal("zvm.module", getmetatable(module))
    assert.is_false(pcall(setmetatable, module, {}))
  end)
end)
