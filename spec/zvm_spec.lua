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
