--- Files that runs write: they take their names when a run has succeeded.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"
local lfs = require "lfs"
local zvm = require "zvm"

local OPS = host.guest "channel_ops"
local LUA = os.getenv "ZVM_TEST_LUA" or "lua5.1"

local function shell(command)
  local pipe = io.popen(command .. " 2>&1")
  local text = pipe:read "*a"
  pipe:close()
  return text
end

--- Call body with a fresh directory, which is removed afterwards.
local function in_directory(body)
  local dir = host.temporary()
  os.remove(dir)
  assert(lfs.mkdir(dir))
  local good, why = pcall(body, dir)
  shell("chmod -R u+rwx " .. dir .. "; rm -rf " .. dir)
  assert(good, why)
end

--- The names in it, sorted.
local function names_in(dir)
  local names = {}
  for name in lfs.dir(dir) do
    if name ~= "." and name ~= ".." then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return table.concat(names, " ")
end

local function inode(path)
  return lfs.attributes(path, "ino")
end

local function run(channels, options, ...)
  options = options or {}
  options.program, options.args = OPS, { ... }
  options.channels = channels
  return zvm.run(options)
end

local function write(spec, ...)
  spec.mode = "w"
  return assert(run({ f = spec }, nil, "put", "3", "0", "new", ...))
end

--- Every way in which a run may fail, as a function of the output's path.
local FAILURES = {
  fault = function(path, spec)
    return write(spec or { path = path }, "fault")
  end,
  timeout = function(path, spec)
    spec = spec or { path = path }
    spec.mode = "w"
    return assert(run({ f = spec }, { timeout = 0.05 },
      "put", "3", "0", "new", "loop"))
  end,
  limit = function(path, spec)
    spec = spec or { path = path }
    spec.mode, spec.on_limit, spec.limits = "w", "stop", { put_bytes = 3 }
    return assert(run({ f = spec }, nil,
      "put", "3", "0", "new", "put", "3", "3", "er"))
  end,
}

describe("a file that is written", function()
  it("is replaced by what a run wrote that exits", function()
    in_directory(function(dir)
      local path = dir .. "/f"
      host.write_file(path, "the old content")
      local old = assert(io.open(path))
      local before = inode(path)
      local report = write { path = path }
      assert.equal(0, report.code)
      assert.equal("new", host.read_file(path))
      assert.is_nil(report.channels.f.error)
      -- Who had it open keeps what was there.
      assert.equal("the old content", old:read "*a")
      old:close()
      assert.not_equal(before, inode(path))
      assert.equal("f", names_in(dir))
    end)
  end)

  it("is replaced whatever code a run exits with", function()
    in_directory(function(dir)
      local path = dir .. "/f"
      host.write_file(path, "old")
      local report = write({ path = path }, "exit", "3")
      assert.equal(3, report.code)
      assert.equal("new", host.read_file(path))
    end)
  end)

  it("is made by a run that exits, though it writes nothing", function()
    in_directory(function(dir)
      assert(run({ f = { path = dir .. "/f", mode = "w" } }, nil, "list"))
      assert.equal("", host.read_file(dir .. "/f"))
      assert.equal("f", names_in(dir))
    end)
  end)

  for state, failing in pairs(FAILURES) do
    it("is as it was after a " .. state, function()
      in_directory(function(dir)
        local path = dir .. "/f"
        host.write_file(path, "old")
        local before = inode(path)
        assert.equal(state, failing(path).state)
        assert.equal("old", host.read_file(path))
        assert.equal(before, inode(path))
        assert.equal("f", names_in(dir))
      end)
    end)

    it("is not there after a " .. state .. " if it was not before",
      function()
        in_directory(function(dir)
          assert.equal(state, failing(dir .. "/f").state)
          assert.equal("", names_in(dir))
        end)
      end)

    it("in place has what was written before a " .. state, function()
      in_directory(function(dir)
        local path = dir .. "/f"
        host.write_file(path, "the old content")
        local before = inode(path)
        local report = failing(path, { path = path, partial = true })
        assert.equal(state, report.state)
        assert.equal("new", host.read_file(path))
        assert.equal(before, inode(path))
        assert.equal("f", names_in(dir))
      end)
    end)
  end

  it("is not there when the run could not begin", function()
    in_directory(function(dir)
      assert.is_nil((run {
        a = { path = dir .. "/f", mode = "w" }, b = { path = "/nowhere" },
      }))
      assert.equal("", names_in(dir))
    end)
  end)

  it("is found through symbolic links, which stay", function()
    in_directory(function(dir)
      assert(lfs.mkdir(dir .. "/sub"))
      host.write_file(dir .. "/sub/f", "old")
      assert(lfs.link("sub/f", dir .. "/one", true))
      assert(lfs.link(dir .. "/one", dir .. "/two", true))
      write { path = dir .. "/two" }
      assert.equal("new", host.read_file(dir .. "/sub/f"))
      assert.equal("link", lfs.symlinkattributes(dir .. "/one", "mode"))
      assert.equal("link", lfs.symlinkattributes(dir .. "/two", "mode"))
      assert.equal("f", names_in(dir .. "/sub"))
      assert.equal("one sub two", names_in(dir))
    end)
  end)

  it("is made where a link leads to that leads nowhere", function()
    in_directory(function(dir)
      assert(lfs.link("f", dir .. "/one", true))
      assert.equal("fault", FAILURES.fault(dir .. "/one").state)
      assert.equal("one", names_in(dir))
      write { path = dir .. "/one" }
      assert.equal("new", host.read_file(dir .. "/f"))
      assert.equal("link", lfs.symlinkattributes(dir .. "/one", "mode"))
    end)
  end)

  it("is refused where links go in circles", function()
    in_directory(function(dir)
      assert(lfs.link("b", dir .. "/a", true))
      assert(lfs.link("a", dir .. "/b", true))
      local report, _, status = run { f = { path = dir .. "/a", mode = "w" } }
      assert.is_nil(report)
      assert.equal("CHANNEL", status)
    end)
  end)

  it("is found by a relative path", function()
    in_directory(function(dir)
      local before = lfs.currentdir()
      local program = zvm.load(OPS)
      assert(lfs.chdir(dir))
      local report = zvm.run { program = program,
        args = { "put", "3", "0", "new" },
        channels = { f = { path = "f", mode = "w" } } }
      assert(lfs.chdir(before))
      assert.equal("exit", report.state)
      assert.equal("new", host.read_file(dir .. "/f"))
    end)
  end)

  it("keeps its permissions", function()
    in_directory(function(dir)
      local path = dir .. "/f"
      host.write_file(path, "old")
      shell("chmod 640 " .. path)
      write { path = path }
      assert.equal("new", host.read_file(path))
      assert.equal("rw-r-----", lfs.attributes(path, "permissions"))
    end)
  end)

  it("has those of the host's umask if it is new", function()
    in_directory(function(dir)
      local script = dir .. "/script.lua"
      host.write_file(script, ([[
        assert(require "zvm".run { program = %q, args = { "list" },
          channels = { f = { path = %q, mode = "w" } } })
      ]]):format(OPS, dir .. "/f"))
      assert.equal("", shell(("umask 027; %s %s"):format(LUA, script)))
      assert.equal("rw-r-----", lfs.attributes(dir .. "/f", "permissions"))
    end)
  end)

  it("that is a device or a pipe is written itself", function()
    in_directory(function(dir)
      local report = write { path = "/dev/null" }
      assert.equal(3, report.channels.f.put_bytes)
      assert.equal("char device", lfs.attributes("/dev/null", "mode"))
      shell("mkfifo " .. dir .. "/p")
      local reader = io.popen("cat " .. dir .. "/p")
      -- What was written to a pipe is written, however the run ends.
      assert.equal("fault", FAILURES.fault(dir .. "/p").state)
      assert.equal("new", reader:read "*a")
      reader:close()
      assert.equal("named pipe", lfs.attributes(dir .. "/p", "mode"))
    end)
  end)

  it("that a link of /proc leads to is written itself", function()
    in_directory(function(dir)
      local script = dir .. "/script.lua"
      host.write_file(script, ([[
        io.write "before " io.flush()
        assert(require "zvm".run { program = %q,
          args = { "put", "3", "0", "new" },
          channels = { f = { path = "/dev/stdout", mode = "w" } } })
      ]]):format(OPS))
      host.write_file(dir .. "/f", "old")
      local before = inode(dir .. "/f")
      shell(("%s %s >>%s/f"):format(LUA, script, dir))
      assert.equal(before, inode(dir .. "/f"))
      assert.equal("new", host.read_file(dir .. "/f"))
    end)
  end)

  it("that may not be written is refused", function()
    local path = "/proc/version"
    local report, message, status = run { f = { path = path, mode = "w" } }
    assert.is_nil(report)
    assert.equal("CHANNEL", status)
    assert.truthy(message:find(path, 1, true), message)
  end)

  it("in a directory that may not be written is refused, with the remedy",
    function()
      in_directory(function(dir)
        assert(lfs.mkdir(dir .. "/shut"))
        host.write_file(dir .. "/shut/f", "old")
        host.write_file(dir .. "/ops.zvm", host.read_file(OPS))
        local command = host.copy_host(dir, ([[
          for _, partial in ipairs { false, true } do
            local report, message, code = require "zvm".run {
              program = %q, args = { "put", "3", "0", "new" },
              channels = { f = { path = %q, mode = "w",
                partial = partial } } }
            print(report and report.state or message, code)
          end
        ]]):format(dir .. "/ops.zvm", dir .. "/shut/f"))
        shell(("chmod 666 %s/shut/f; chmod 555 %s/shut"):format(dir, dir))
        -- Root may write anywhere: the host is nobody.
        if shell "id -u" == "0\n" then
          command = "setpriv --reuid=65534 --regid=65534 --clear-groups "
            .. command
        end
        local text = shell(command)
        local refused = text:match "^[^\n]*"
        assert.truthy(refused:find(dir .. "/shut/f", 1, true), text)
        assert.truthy(refused:find("partial = true", 1, true), text)
        assert.truthy(refused:find "Permission denied%s+CHANNEL$", text)
        assert.truthy(text:find "\nexit", text)
        assert.equal("new", host.read_file(dir .. "/shut/f"))
      end)
    end)

  it("that cannot take its name is an error of its channel", function()
    in_directory(function(dir)
      shell(("mkfifo %s/ask %s/answer"):format(dir, dir))
      -- In the middle of the run a directory takes the name.
      local helper = io.popen(([[sh -c 'exec 3<%s/ask 4>%s/answer
        read x <&3; mkdir %s/f; echo x >&4']]):format(dir, dir, dir))
      local report = assert(run({
        a = { path = dir .. "/ask", mode = "w" },
        b = { path = dir .. "/answer" },
        f = { path = dir .. "/f", mode = "w" },
      }, nil, "put", "5", "0", "new", "put", "3", "0", "x\n",
        "get", "4", "2", "0"))
      helper:close()
      assert.equal("exit", report.state)
      assert.equal(3, report.channels.f.put_bytes)
      assert.equal("Is a directory", report.channels.f.error)
      assert.equal(21, report.channels.f.errno)
      assert.is_nil(report.channels.a.error)
      assert.equal("answer ask f", names_in(dir))
    end)
  end)

  it("leaves no descriptor open", function()
    in_directory(function(dir)
      host.assert_flat(function()
        write { path = dir .. "/f" }
        write({ path = dir .. "/f" }, "fault")
        write({ path = dir .. "/new" }, "fault")
        write { path = dir .. "/f", partial = true }
        assert.is_nil((run {
          a = { path = dir .. "/f", mode = "w" },
          b = { path = dir .. "/f", mode = "w" },
        }))
        assert.is_nil((run {
          a = { path = dir .. "/f/below", mode = "w" },
        }))
        os.remove(dir .. "/f")
      end, 20)
    end)
  end)
end)

describe("one file as two outputs", function()
  local function refused(a, b)
    local report, message, status = run { a = a, b = b }
    assert.is_nil(report)
    assert.equal("CHANNEL", status)
    assert.truthy(message:find("writes the file of channel", 1, true),
      message)
  end

  local function output(path)
    return { path = path, mode = "w" }
  end

  it("is refused by whatever names", function()
    in_directory(function(dir)
      assert(lfs.mkdir(dir .. "/sub"))
      assert(lfs.link("sub", dir .. "/same", true))
      assert(lfs.link("sub/f", dir .. "/link", true))
      -- At first there is no such file, then there is.
      for _ = 1, 2 do
        for _, other in ipairs { "/sub/f", "/sub/../sub/./f", "//sub//f",
          "/same/f", "/link" } do
          refused(output(dir .. "/sub/f"), output(dir .. other))
        end
        assert.equal("link same sub", names_in(dir))
        host.write_file(dir .. "/sub/f", "old")
      end
      assert.equal("old", host.read_file(dir .. "/sub/f"))
      assert.equal("f", names_in(dir .. "/sub"))
    end)
  end)

  it("is refused by two hard links", function()
    in_directory(function(dir)
      host.write_file(dir .. "/f", "old")
      assert(lfs.link(dir .. "/f", dir .. "/g"))
      refused(output(dir .. "/f"), output(dir .. "/g"))
      refused(output(dir .. "/f"), { path = dir .. "/g" })
      assert.equal("old", host.read_file(dir .. "/g"))
    end)
  end)

  it("is refused where one of them is written in place", function()
    for _, other in ipairs {
      { mode = "a" }, { mode = "r+" }, { mode = "w", partial = true },
    } do
      in_directory(function(dir)
        other.path = dir .. "/f"
        refused(output(dir .. "/f"), other)
        os.remove(dir .. "/f")
        refused(other, output(dir .. "/f"))
      end)
    end
  end)

  it("is not what two files of one directory are", function()
    in_directory(function(dir)
      local report = assert(run({ a = output(dir .. "/a"),
        b = output(dir .. "/b") }, nil, "put", "3", "0", "one",
        "put", "4", "0", "two"))
      assert.equal("exit", report.state)
      assert.equal("one", host.read_file(dir .. "/a"))
      assert.equal("two", host.read_file(dir .. "/b"))
      assert.equal("a b", names_in(dir))
    end)
  end)
end)
