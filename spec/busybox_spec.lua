-- BusyBox in the sandbox: as a command on real files, and a part of its own
-- test suite. `make check-busybox` runs all of it.
--
-- SPDX-License-Identifier: Apache-2.0

local host = require "support.host"
local suite = require "busybox.suite"

local BUILD = os.getenv "ZVM_BUILD" or "build"
local RUN = "lua/bin/zvm run %s " .. BUILD .. "/busybox.zvm %s"

describe("busybox.zvm", function()
  local dir

  setup(function()
    dir = host.output "mktemp -d":gsub("\n$", "")
    host.write_file(dir .. "/words.txt", "pear 3\napple 10\nfig 2\napple 1\n")
  end)

  teardown(function()
    os.execute("rm -rf " .. dir)
  end)

  local function run(words, options)
    return host.output(RUN:format(options or "", words) .. " 2>&1; echo $?")
  end

  it("runs awk on a file of the host", function()
    assert.equal("apple 11\nfig 2\npear 3\n", host.output((RUN
      .. " | sort"):format("", "awk '{ n[$1] += $2 } "
      .. "END { for (w in n) print w, n[w] }' @" .. dir .. "/words.txt")))
  end)

  it("reads and writes standard streams", function()
    assert.equal("fig 2\npear 3\n0\n", host.output(("sort -u <%s/words.txt | "
      .. RUN .. "; echo $?"):format(dir, "", "grep -v apple")))
  end)

  it("gives the exit codes of its applets", function()
    assert.equal("1\n", run "false")
    assert.equal("2\n", (run "grep x /none":gsub("^[^\n]*\n", "")))
    assert.truthy(run "nothing":find "applet not found\n127\n$")
  end)

  it("makes archives that the host reads, and reads the host's", function()
    os.execute(("cd %s && tar -cf image.tar words.txt"):format(dir))
    assert.equal("0\n", run("tar -cf /tmp/made.tar words.txt",
      ("--image %s/image.tar --collect /tmp/made.tar=%s"):format(dir, dir)))
    assert.equal("words.txt\n", host.output("tar -tf " .. dir .. "/made.tar"))
    assert.equal("words.txt\n", host.output((RUN .. " <%s/image.tar")
      :format("", "tar -t", dir)))
  end)

  it("writes what gzip reads, and reads what gzip writes", function()
    local plain = dir .. "/words.txt"
    assert.equal(host.read_file(plain), host.output((RUN .. " | gzip -dc")
      :format("", "gzip -c @" .. plain)))
    assert.equal(host.read_file(plain), host.output(("gzip -c %s | " .. RUN)
      :format(plain, "", "gunzip -c")))
  end)
end)

-- The harness is the same whatever runs this spec: once is enough.
if not (os.getenv "ZVM_TEST_LUA" or "luajit"):find "^luajit$" then
  return
end

-- The applets whose tests take least, and of each kind some.
local PART = { "awk", "basename", "bunzip2", "busybox", "cal", "cat",
  "cmp", "comm", "cp", "cpio", "cut", "date", "dd", "diff", "dirname",
  "expand", "expr", "factor", "find", "fold", "grep", "gunzip", "gzip", "head",
  "hexdump", "ln", "ls", "mv", "nl", "od", "paste", "patch", "printf",
  "readlink", "realpath", "rev", "rm", "sed", "seq", "sort", "sum", "tail",
  "tar", "tr", "uniq", "unzip", "uuencode", "wc", "xargs", "xxd" }

describe("BusyBox's own tests, in the sandbox, of", function()
  local FOLDER = BUILD .. "/test/busybox-part"
  local known

  setup(function()
    known = suite.known()
    suite.run(FOLDER, { "guest" }, PART)
  end)

  for _, applet in ipairs(PART) do
    it(applet, function()
      local wrong, count = suite.judge(FOLDER, applet, known)
      assert.equal("", table.concat(wrong, "\n"))
      assert.is_true(count.passed > 0)
    end)
  end
end)
