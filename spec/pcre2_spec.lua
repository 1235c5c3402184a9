-- PCRE2 in the sandbox: pcre2grep on files, and a part of PCRE2's own tests.
-- `make check-ports PORTS=pcre2` runs all of them.
--
-- SPDX-License-Identifier: Apache-2.0

local host = require "support.host"

-- The harness is the same whatever runs this spec: once is enough.
if not (os.getenv "ZVM_TEST_LUA" or "luajit"):find "^luajit$" then
  return
end

local BUILD = os.getenv "ZVM_BUILD" or "build"

describe("pcre2grep.zvm", function()
  it("finds lines of a file of the host", function()
    local path = os.tmpname()
    host.write_file(path, "one 1\ntwo\nthree 33\n")
    assert.equal("1:one 1\n3:three 33\n", host.output(
      ("lua/bin/zvm run %s/pcre2grep.zvm -n '\\d++$' @%s"):format(BUILD,
        path)))
    os.remove(path)
  end)
end)

describe("PCRE2's own test", function()
  for _, test in ipairs { "1", "2", "4", "5", "9", "10", "15", "24" } do
    it(test .. " passes in the sandbox", function()
      local text = host.output("stdlib/ports/pcre2/check " .. test .. " 2>&1")
      assert.truthy(text:find "RunTest: 1 passed, 0 do not apply\n$", text)
    end)
  end

  it("that is not as it should be is told", function()
    local text = host.output("stdlib/ports/pcre2/check 17 2>&1; echo $?")
    assert.truthy(text:find "RunTest: 0 passed, 1 do not apply\n1\n$", text)
  end)
end)
