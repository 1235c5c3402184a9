--- Tar archives: what is packed is read, by us and by the system's tar; what
-- nobody should have written is refused, and never an error.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"
local tar = require "zvm.tar"

local shell, output, inside = host.shell, host.output, host.inside

--- A header in which some bytes are others, with the sum made right.
local function forge(block, changes)
  for at, bytes in pairs(changes) do
    block = block:sub(1, at) .. bytes .. block:sub(at + #bytes + 1)
  end
  local total = 8 * 32
  for i = 1, 512 do
    total = total + ((i <= 148 or i > 156) and block:byte(i) or 0)
  end
  return block:sub(1, 148) .. ("%06o\0 "):format(total) .. block:sub(157)
end

local END = ("\0"):rep(1024)

--- An archive of one file whose header was changed.
local function forged(changes, data)
  local whole = tar.pack { { name = "victim", data = data or "" } }
  return forge(whole:sub(1, 512), changes) .. whole:sub(513)
end

--- An extended header of these records before a file.
local function with_records(records, flag)
  local head = tar.pack { { name = "head", data = records } }
  return forge(head:sub(1, 512), { [156] = flag or "x" })
    .. head:sub(513, -1025) .. tar.pack { { name = "victim", data = "abc" } }
end

--- One record with its length, which is that of two digits or three.
local function record(text)
  local rest = " " .. text .. "\n"
  return (#rest + (#rest < 98 and 2 or 3)) .. rest
end

local LONG = ("deep/"):rep(60) .. "end"

describe("a tar archive", function()
  local ENTRIES = {
    { name = "etc", type = "directory", mode = 493, mtime = 5 },
    { name = "etc/empty", data = "" },
    { name = "etc/full", data = ("0123456789abcdef"):rep(32), mode = 256 },
    { name = "etc/odd", data = "x\0y\n\255", mode = 2541, mtime = 0 },
    { name = ("n"):rep(100), data = "a hundred" },
    { name = ("n"):rep(101), data = "and one" },
    { name = ("p"):rep(155) .. "/" .. ("n"):rep(100), data = "just fits" },
    { name = ("p"):rep(156) .. "/" .. ("n"):rep(100), data = "does not" },
    { name = LONG, data = "long" },
    { name = "caf\195\169/men\195\188", data = "not ASCII" },
    { name = "new\nline and \\ and space", data = "odd name" },
    { name = "second", type = "link", target = "etc/full" },
    { name = "far", type = "link", target = LONG },
    { name = "there", type = "symlink", target = "../no/where" },
    { name = "away", type = "symlink", target = "/" .. ("t"):rep(200) },
    { name = "past", data = "p", mtime = -7 },
    { name = "part", data = "p", mtime = 1234567890.125 },
    { name = "late", data = "p", mtime = 8 ^ 11 },
  }

  it("gives back the entries it was packed from", function()
    local read = assert(tar.unpack(tar.pack(ENTRIES)))
    assert.equal(#ENTRIES, #read)
    for i, entry in ipairs(ENTRIES) do
      local is = read[i]
      assert.equal(entry.name, is.name)
      assert.equal(entry.type or "file", is.type)
      assert.equal(entry.target, is.target)
      assert.equal(entry.mtime or 946684800, is.mtime)
      if entry.mode then
        assert.equal(entry.mode, is.mode)
      end
      if is.type == "file" then
        assert.equal(entry.data, is.data)
      end
    end
    assert.equal(ENTRIES[3].data, read[12].data)
    assert.equal("long", read[13].data)
    assert.is_nil(read[14].data)
  end)

  it("is the same for the same entries, and a whole number of blocks",
    function()
      local first = tar.pack(ENTRIES)
      assert.equal(first, tar.pack(ENTRIES))
      assert.equal(0, #first % 512)
      assert.equal(END, tar.pack {})
      assert.same({}, tar.unpack(END))
    end)

  it("takes names with and without the root's slash", function()
    assert.equal(tar.pack { { name = "a/b", data = "" } },
      tar.pack { { name = "/a/b", data = "" } })
    assert.equal(tar.pack { { name = "a/b", type = "directory" } },
      tar.pack { { name = "/a/b/", type = "directory" } })
  end)

  it("spends an extended header only where it must", function()
    assert.equal(1024 + 1024, #tar.pack { { name = "a", data = "b" } })
    assert.equal(2048 + 1024,
      #tar.pack { { name = "a", data = "b", mtime = 0.5 } })
  end)

  it("refuses to pack what is no entry", function()
    local BAD = {
      { 1, "entry 1: table expected" },
      { { data = "x" }, "name: string expected" },
      { { name = "" }, 'has a part that is ""' },
      { { name = "/" }, 'has a part that is ""' },
      { { name = "a//b" }, 'has a part that is ""' },
      { { name = "a/" }, 'has a part that is ""' },
      { { name = "a/../b" }, 'has a part that is ".."' },
      { { name = "./a" }, 'has a part that is "."' },
      { { name = "a\0b" }, "zero byte" },
      { { name = "a", data = 1 }, "data: string expected" },
      { { name = "a", type = "fifo" }, "type: file" },
      { { name = "a", type = "link" }, "target: string expected" },
      { { name = "a", type = "symlink", target = "" }, "target: string" },
      { { name = "a", mode = 8 ^ 4 }, "mode: number in range" },
      { { name = "a", mode = 0.5 }, "mode: number in range" },
      { { name = "a", mtime = 0 / 0 }, "mtime: number in range" },
    }
    for _, case in ipairs(BAD) do
      local ok, message = pcall(function()
        tar.pack { case[1] }
      end)
      assert.is_false(ok)
      assert.is_truthy(message:find(case[2], 1, true), message)
      assert.is_truthy(message:find "tar_spec.lua", message)
    end
    assert.is_false(pcall(tar.pack, "text"))
  end)

  it("is read by the system's tar", function()
    inside(function(dir)
      host.write_file(dir .. "/a.tar", tar.pack(ENTRIES))
      shell("mkdir %s/out; cd %s/out && tar xf ../a.tar"
        .. " --warning=no-timestamp 2>../said", dir, dir)
      assert.equal("", host.read_file(dir .. "/said"))
      for _, entry in ipairs(ENTRIES) do
        if entry.data then
          assert.equal(entry.data, host.read_file(dir .. "/out/" .. entry.name))
        end
      end
      local said = output(("cd %s/out && stat -c '%%h %%a %%Y' etc/full;"
        .. " stat -c '%%a %%y' etc/odd; readlink away; stat -c %%.3Y part;"
        .. " stat -c %%Y past late"):format(dir))
      assert.is_truthy(said:find("2 400 946684800\n", 1, true), said)
      assert.is_truthy(said:find("4755 1970-01-01", 1, true), said)
      assert.is_truthy(said:find("\n/" .. ("t"):rep(200) .. "\n", 1, true))
      assert.is_truthy(said:find("1234567890.125\n-7\n8589934592\n", 1, true),
        said)
    end)
  end)

  for _, form in ipairs { "v7", "oldgnu", "gnu", "ustar", "pax" } do
    it("of the system's tar is read, in its format " .. form, function()
      inside(function(dir)
        local long = form == "v7" and "sub/short" or form == "ustar"
          and "sub/" .. ("y"):rep(60) .. "/" .. ("z"):rep(90)
          or "sub/" .. ("y"):rep(120) .. "/" .. ("z"):rep(130)
        shell("cd %s && mkdir -p sub $(dirname %s) && printf hello >sub/a"
          .. " && printf deep >%s && ln sub/a sub/b && ln -s ../x sub/c"
          .. " && ln -s %s sub/d && chmod 640 sub/a && chmod 700 sub"
          .. " && touch -d @1000 sub/a && tar cf a.tar --sort=name"
          .. " --format=%s sub", dir, long, long,
          form == "gnu" and ("q"):rep(150) or "q", form)
        local read = assert(tar.unpack(host.read_file(dir .. "/a.tar")))
        local by_name = {}
        for _, entry in ipairs(read) do
          by_name[entry.name] = entry
        end
        assert.equal("directory", by_name["sub"].type)
        assert.equal(448, by_name["sub"].mode)
        assert.equal("hello", by_name["sub/a"].data)
        assert.equal(416, by_name["sub/a"].mode)
        assert.equal(1000, by_name["sub/a"].mtime)
        assert.equal("link", by_name["sub/b"].type)
        assert.equal("hello", by_name["sub/b"].data)
        assert.equal("../x", by_name["sub/c"].target)
        assert.equal(form == "gnu" and 150 or 1, #by_name["sub/d"].target)
        assert.equal("deep", by_name[long].data)
      end)
    end)
  end
end)

describe("a hostile archive", function()
  local function refused(archive, what)
    local read, message = tar.unpack(archive)
    assert.is_nil(read, what)
    assert.is_truthy(message:find(what, 1, true), message)
    assert.is_truthy(message:find "^entry .- at %d+: ", message)
  end

  it("is refused with the entry and where it starts", function()
    local archive = tar.pack {
      { name = "first", data = ("x"):rep(600) }, { name = "second", data = "" },
    }
    local bad = archive:sub(1, 1536) .. "S" .. archive:sub(1538)
    local _, message = tar.unpack(bad)
    assert.equal("entry after first at 1536: bad checksum", message)
    _, message = tar.unpack(forged { [124] = "00000002001\0" })
    assert.equal("entry victim at 0: contents: 512 bytes past the end",
      message)
  end)

  it("is refused when it is cut anywhere", function()
    local archive = tar.pack {
      { name = ("n"):rep(120), data = ("x"):rep(700) },
      { name = "last", data = "y" },
    }
    for size = 0, #archive - 1, 7 do
      assert.is_nil((tar.unpack(archive:sub(1, size))))
    end
    for size = 0, #archive - 512, 512 do
      assert.is_nil((tar.unpack(archive:sub(1, size))))
    end
    refused(archive .. ("\0"):rep(511) .. "x", "no end")
  end)

  it("has one more name of a symbolic link as a link of its own", function()
    local pipe = assert(io.popen("dir=$(mktemp -d) && cd $dir && "
      .. "ln -s away one && ln one two && tar -cf - one two; rm -r $dir"))
    local entries = assert(tar.unpack(pipe:read "*a"))
    pipe:close()
    assert.equal(2, #entries)
    for i, name in ipairs { "one", "two" } do
      assert.equal(name, entries[i].name)
      assert.equal("symlink", entries[i].type)
      assert.equal("away", entries[i].target)
    end
  end)

  it("is refused for a name that could mean another path", function()
    for name, what in pairs {
      ["/etc/x"] = "absolute", ["../x"] = '".."', ["a/../x"] = '".."',
      ["./x"] = '"."', ["a//x"] = '""', ["x/"] = '""', [".."] = '".."',
      [""] = "is empty",
    } do
      refused(forged { [0] = name .. "\0\0\0\0\0\0" }, what)
      if name ~= "" then
        refused(with_records(record("path=" .. name)), what)
      end
    end
    refused(with_records(record "path=a\0bc"), "zero byte")
  end)

  it("is refused for numbers that are none", function()
    local FIELDS = { [100] = "mode", [124] = "size", [136] = "mtime" }
    for at, what in pairs(FIELDS) do
      refused(forged { [at] = "0000008" }, what)
      refused(forged { [at] = "-000001" }, what)
      refused(forged { [at] = "1 1" }, what)
    end
    refused(forged { [124] = "\255" .. ("\255"):rep(11) }, "out of range")
    refused(forged { [124] = "\128" .. ("\255"):rep(11) }, "size")
    refused(forged { [124] = "\128\0\0\0\0\127\255\255\255\255\255\255" },
      "size")
    refused(forged { [124] = "77777777777\0" }, "past the end")
    refused(forged { [124] = "\128\0\0\0\0\0\1\0\0\0\0\0" }, "past the end")
  end)

  it("is refused for types and contents that make no sense", function()
    refused(forged { [156] = "3" }, 'type "3" is not supported')
    refused(forged { [156] = "S" }, 'type "S" is not supported')
    refused(forged({ [156] = "5" }, "x"), "a directory with contents")
    refused(forged { [156] = "2" }, "leads nowhere")
    refused(forged { [156] = "1", [157] = "victim" }, "no file before it")
    refused(forged { [156] = "1", [157] = "../x" }, '".."')
    refused(forged { [156] = "L" }, "without an entry")
  end)

  it("is refused for records that are none", function()
    for _, records in ipairs {
      "x", "10 path=a", "9 path=ab\n", "11 path=a\n", "7 path\n", "6 =ab\n",
      "0 path=a\n", "1 \n", "3 \n", "99999999999999 path=a\n",
      " 10 path=a\n", "010 path=a", "4 a\n4 b\n",
    } do
      refused(with_records(records), "bad record")
      refused(with_records(records, "g"), "bad record")
    end
    for text, what in pairs {
      ["size=x"] = "bad size", ["size=-1"] = "bad size",
      ["size=1e3"] = "bad size", ["size=99999"] = "past the end",
      ["mtime=1e3"] = "bad mtime", ["mtime=--1"] = "bad mtime",
      ["mtime=" .. ("9"):rep(400)] = "bad mtime",
      ["GNU.sparse.major=1"] = "sparse files are not supported",
    } do
      refused(with_records(record(text)), what)
    end
  end)

  it("is refused when one header names all entries that follow", function()
    for _, text in ipairs {
      "path=abc", "linkpath=a", "size=003", "linkpath=",
      "path=" .. ("a/"):rep(40),
    } do
      refused(with_records(record(text), "g"), "that speaks of one entry")
    end
  end)

  it("may say things twice: the last counts", function()
    local read = assert(tar.unpack(with_records "10 path=a\n10 path=b\n"))
    assert.equal("b", read[1].name)
    read = assert(tar.unpack(with_records "10 path=a\n8 path=\n"))
    assert.equal("victim", read[1].name)
    read = assert(tar.unpack(with_records("12 mtime=77\n", "g")))
    assert.equal(77, read[1].mtime)
  end)

  it("never raises an error, whatever byte is another", function()
    local archive = tar.pack {
      { name = ("n"):rep(120), data = "x", mtime = 0.5 },
      { name = "d", type = "directory" },
      { name = "l", type = "link", target = ("n"):rep(120) },
      { name = "s", type = "symlink", target = "l" },
    }
    local seed = 1
    local function random(n)
      seed = seed * 16807 % 2147483647
      return seed % n
    end
    local good = 0
    for _ = 1, 3000 do
      local at = random(#archive)
      local bytes = archive:sub(1, at) .. string.char(random(256))
        .. archive:sub(at + 2)
      local block = at - at % 512
      if random(2) == 0 then
        bytes = bytes:sub(1, block)
          .. forge(bytes:sub(block + 1, block + 512), {})
          .. bytes:sub(block + 513)
      end
      local read, message = tar.unpack(bytes)
      assert.equal(read and "nil" or "string", type(message))
      good = good + (read and 1 or 0)
    end
    assert.is_true(good > 100 and good < 2900, good)
  end)

  it("costs no more than its length", function()
    local many = {}
    for i = 1, 20000 do
      many[i] = ("%d k%07d=v\n"):format(14, i)
    end
    assert.is_truthy(tar.unpack(with_records(table.concat(many))))
    local _, message = tar.unpack(with_records(("9"):rep(1000000)))
    assert.is_truthy(message:find "bad record")
    local name = ("a/"):rep(100000) .. "b"
    local read = assert(tar.unpack(tar.pack { { name = name, data = "" } }))
    assert.equal(name, read[1].name)
    local whole = tar.pack { { name = name, data = "" } }
    _, message = tar.unpack(whole:sub(1, -513))
    assert.is_true(#message < 300)
  end)
end)
