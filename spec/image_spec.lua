--- Tar images that a guest sees as files, and what it packs at exit.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"
local tar = require "zvm.tar"
local zvm = require "zvm"

local PROGRAM = (os.getenv "ZVM_BUILD" or "build") .. "/guest/image_ops.zvm"
local END = ("\0"):rep(1024)

local shell, output, inside = host.shell, host.output, host.inside

local function run(images, args, more)
  local options = more or {}
  options.program, options.args, options.images = PROGRAM, args, images
  return assert(zvm.run(options))
end

local function said(report)
  assert.equal("", report.channels.stderr.data)
  assert.equal("exit", report.state)
  assert.equal(0, report.code)
  return report.channels.stdout.data
end

--- What the guest lists at `path`, a table from name to its fields.
local function listing(text)
  local out, order = {}, {}
  for line in text:gmatch "[^\n]+" do
    local kind, mode, links, size, mtime, sum, name, target =
      line:match("^(.)\t(%d+)\t(%d+)\t(%d+)\t(.-)\t(%d+)\t(.-)\t(.*)$")
    assert(kind, line)
    out[name] = {
      kind = kind, mode = mode, links = tonumber(links),
      size = tonumber(size), mtime = mtime, sum = tonumber(sum),
      target = target,
    }
    order[#order + 1] = name
  end
  return out, order
end

local function list(images, path, more)
  return listing(said(run(images, { "list", path or "/" }, more)))
end

--- The sum that the guest makes.
local function sum_of(text)
  local sum = 0
  for i = 1, #text do
    sum = (sum * 31 + text:byte(i)) % 4294967291
  end
  return sum
end

--- A header in which some bytes are others, with the sum made right.
local function forge(archive, changes)
  local block = archive:sub(1, 512)
  for at, bytes in pairs(changes) do
    block = block:sub(1, at) .. bytes .. block:sub(at + #bytes + 1)
  end
  local total = 8 * 32
  for i = 1, 512 do
    total = total + ((i <= 148 or i > 156) and block:byte(i) or 0)
  end
  return block:sub(1, 148) .. ("%06o\0 "):format(total) .. block:sub(157)
    .. archive:sub(513)
end

local function with_record(text)
  local rest = " " .. text .. "\n"
  local digits = #rest < 98 and 2 or #rest < 997 and 3 or 4
  local records = (#rest + digits) .. rest
  return forge(tar.pack { { name = "head", data = records } },
    { [156] = "x" }):sub(1, -1025)
    .. tar.pack { { name = "victim", data = "abc" } }
end

local function archive_of(data)
  return { data = data }
end

describe("an image", function()
  --- A tree of the host's with all that an image can have.
  local function make_tree(dir, long)
    shell("cd %s && mkdir -p t/sub/deep t/empty && cd t"
      .. " && printf hello >sub/a && ln sub/a sub/hard && ln -s a sub/soft"
      .. " && ln -s /nowhere/at/all away && : >nothing"
      .. " && head -c 100000 /dev/zero | tr '\\0' z >sub/deep/big"
      .. " && mkdir -p $(dirname %s) && printf long >%s"
      .. " && chmod 640 sub/a && chmod 700 empty && chmod 1777 sub"
      .. " && chmod 4755 nothing && touch -d @12345.678901234 sub/a"
      .. " && touch -d @1000 sub/deep", dir, long, long)
  end

  for _, form in ipairs { "v7", "oldgnu", "gnu", "ustar", "pax" } do
    it("shows what the system's tar packed, in its format " .. form,
      function()
        inside(function(dir)
          make_tree(dir, form == "v7" and "short/one"
            or form == "ustar" and ("y"):rep(90) .. "/" .. ("z"):rep(90)
            or ("y"):rep(120) .. "/" .. ("z"):rep(200))
          shell("cd %s && tar cf t.tar --format=%s -C t . && mkdir out"
            .. " && tar xpf t.tar -C out", dir, form)
          local is = list({ { file = dir .. "/t.tar", at = "/mnt" } }, "/mnt")
          local count = 0
          local found = output(("cd %s/out && find . -mindepth 1 -printf"
            .. " '%%y\t%%m\t%%n\t%%s\t%%T@\t%%P\t%%l\\n'"):format(dir))
          for line in found:gmatch "[^\n]+" do
            local kind, mode, links, size, mtime, name, target =
              line:match("^(.)\t(%d+)\t(%d+)\t(%d+)\t(.-)\t(.-)\t(.*)$")
            local entry = assert(is["/mnt/" .. name], name)
            assert.equal(kind, entry.kind)
            assert.equal(mode, entry.mode, name)
            assert.equal(mtime:sub(1, -2), entry.mtime, name)
            assert.equal(target, entry.target)
            if kind ~= "d" then
              assert.equal(tonumber(size), entry.size)
              assert.equal(tonumber(links), entry.links)
            end
            if kind == "f" then
              assert.equal(sum_of(host.read_file(dir .. "/out/" .. name)),
                entry.sum)
            end
            count = count + 1
          end
          assert.is_true(count > 10)
          for _ in pairs(is) do
            count = count - 1
          end
          assert.equal(-1, count)
        end)
      end)
  end

  it("keeps the order of the archive in a listing", function()
    local _, order = list({ archive_of(tar.pack {
      { name = "z", data = "" }, { name = "a", data = "" },
      { name = "m/y", data = "" }, { name = "m/b", data = "" },
      { name = "b", data = "" },
    }) }, "/")
    local names = table.concat(order, " ")
    assert.is_truthy(names:find("/z /a /m /m/y /m/b /b", 1, true), names)
  end)

  it("makes parents that it does not have", function()
    local is = list({ { at = "/x/y", data = tar.pack {
      { name = "a/b/c", data = "deep" },
    } } }, "/x")
    assert.equal("755", is["/x"].mode)
    assert.equal("755", is["/x/y/a/b"].mode)
    assert.equal("d", is["/x/y/a/b"].kind)
    assert.equal(4, is["/x/y/a/b/c"].size)
  end)

  it("takes names that say the same in another way", function()
    local function named(name)
      return forge(tar.pack { { name = "x", data = "here" } },
        { [0] = name })
    end
    for _, name in ipairs {
      "./a/b", "/a/b", "a//b", "a/./b", ".//a/b", "//a/b",
    } do
      local is = list({ archive_of(named(name)) }, "/a")
      assert.equal(4, is["/a/b"].size, name)
    end
  end)

  it("sets mode and time of where it is seen by an entry of its root",
    function()
      local data = forge(tar.pack {
        { name = "x", type = "directory", mode = 320, mtime = 77 },
      }, { [0] = "./" })
      local is = list({ { data = data, at = "/mnt" } }, "/mnt")
      assert.equal("500", is["/mnt"].mode)
      assert.equal("77.000000000", is["/mnt"].mtime)
    end)

  it("skips devices, FIFOs and the name of a volume", function()
    local parts = {}
    for _, kind in ipairs { "3", "4", "6", "V" } do
      parts[#parts + 1] = forge(tar.pack { { name = "odd" .. kind,
        data = "" } }, { [156] = kind }):sub(1, 512)
    end
    parts[#parts + 1] = tar.pack { { name = "mnt/after", data = "x" } }
    local is = list({ { data = table.concat(parts), at = "/m" } }, "/m")
    local names = {}
    for name in pairs(is) do
      names[#names + 1] = name
    end
    table.sort(names)
    assert.same({ "/m", "/m/mnt", "/m/mnt/after" }, names)
  end)

  it("may be empty", function()
    local is = list({ { data = END, at = "/mnt" } }, "/mnt")
    assert.equal("d", is["/mnt"].kind)
  end)

  it("has entries that replace those before them", function()
    local is = list({ { at = "/m", data = tar.pack {
      { name = "a", data = "one" }, { name = "a", data = "second" },
      { name = "b/c", data = "x" }, { name = "b", data = "a file now" },
      { name = "d", data = "a file" }, { name = "d/e", data = "in it" },
      { name = "f", type = "symlink", target = "nowhere" },
      { name = "f", data = "not a link" },
      { name = "g/h", data = "kept" }, { name = "k", type = "link",
        target = "g/h" },
      { name = "g", type = "symlink", target = "k" },
      { name = "a", type = "link", target = "a" },
      { name = "q/r", data = "moved" },
      { name = "q", type = "link", target = "q/r" },
    } } }, "/m")
    assert.equal(6, is["/m/a"].size)
    assert.equal(1, is["/m/a"].links)
    assert.equal("f", is["/m/b"].kind)
    assert.is_nil(is["/m/b/c"])
    assert.equal("d", is["/m/d"].kind)
    assert.equal(5, is["/m/d/e"].size)
    assert.equal("f", is["/m/f"].kind)
    assert.equal("l", is["/m/g"].kind)
    assert.equal(1, is["/m/k"].links)
    assert.equal(sum_of "kept", is["/m/k"].sum)
    assert.equal(sum_of "moved", is["/m/q"].sum)
    assert.equal(1, is["/m/q"].links)
  end)

  it("goes through links to directories, and keeps them", function()
    local is = list({ { at = "/m", data = tar.pack {
      { name = "usr/bin", type = "directory" },
      { name = "bin", type = "symlink", target = "usr/bin" },
      { name = "abs", type = "symlink", target = "/m/usr" },
      { name = "bin/ls", data = "ls" },
      { name = "bin", type = "directory", mode = 448 },
      { name = "abs/bin/cat", data = "cat" },
      { name = "gone", type = "symlink", target = "nowhere" },
      { name = "gone/x", data = "x" },
      { name = "loop", type = "symlink", target = "loop" },
      { name = "loop/x", data = "x" },
    } } }, "/m")
    assert.equal("l", is["/m/bin"].kind)
    assert.equal("700", is["/m/usr/bin"].mode)
    assert.equal(2, is["/m/usr/bin/ls"].size)
    assert.equal(3, is["/m/usr/bin/cat"].size)
    assert.equal("d", is["/m/gone"].kind)
    assert.equal(1, is["/m/loop/x"].size)
  end)

  it("lies over the one before it, and merges its directories", function()
    local base = tar.pack {
      { name = "etc", type = "directory", mode = 448, mtime = 1 },
      { name = "etc/a", data = "old" }, { name = "etc/b", data = "old" },
      { name = "lib/x", data = "lib" },
    }
    local upper = tar.pack {
      { name = "etc/a", data = "newer" },
      { name = "lib", type = "symlink", target = "etc" },
      { name = "one", type = "link", target = "etc/b" },
    }
    local is = list { archive_of(base), archive_of(upper) }
    assert.equal(5, is["/etc/a"].size)
    assert.equal(3, is["/etc/b"].size)
    assert.equal(2, is["/etc/b"].links)
    assert.equal("700", is["/etc"].mode)
    assert.equal("l", is["/lib"].kind)
    is = list { archive_of(upper:sub(1, 1536) .. END), archive_of(base) }
    assert.equal(3, is["/etc/a"].size)
    is = list { archive_of(base), { data = base, at = "/etc/a" } }
    assert.equal("d", is["/etc/a"].kind)
    assert.equal(3, is["/etc/a/etc/b"].size)
  end)

  it("is written over in memory alone", function()
    inside(function(dir)
      local data = tar.pack {
        { name = "a", data = ("image "):rep(1000) }, { name = "b", data = "b" },
      }
      host.write_file(dir .. "/i.tar", data)
      local text = said(run({ dir .. "/i.tar" }, {
        "append", "/a", "end", "unlink", "/b", "write", "/b", "new", "cat",
        "/a", "cat", "/b", "chmod", "600", "/a", "list", "/a",
      }))
      assert.equal(("image "):rep(1000) .. "endnew", text:sub(1, 6006))
      assert.is_truthy(text:find "\nf\t600" or text:find "newf\t600", text)
      assert.equal(data, host.read_file(dir .. "/i.tar"))
      assert.equal(data, tar.pack(tar.unpack(data)))
      local again = said(run({ dir .. "/i.tar" }, { "cat", "/b" }))
      assert.equal("b", again)
    end)
  end)

  it("has five thousand entries, each where it should be", function()
    local entries = {}
    for i = 1, 5000 do
      entries[i] = {
        name = ("pkg%02d/lib/file-%04d"):format(i % 50, i),
        data = ("%d "):format(i):rep(i % 700), mode = 256 + i % 256,
        mtime = i,
      }
    end
    local is = list({ { data = tar.pack(entries), at = "/m" } }, "/m")
    for i = 1, 5000, 7 do
      local entry = assert(is["/m/" .. entries[i].name])
      assert.equal(sum_of(entries[i].data), entry.sum)
      assert.equal(("%o"):format(entries[i].mode), entry.mode)
      assert.equal(i .. ".000000000", entry.mtime)
    end
  end)

  it("costs reads by its entries, not by its bytes", function()
    inside(function(dir)
      local path = dir .. "/i.tar"
      local file = assert(io.open(path, "wb"))
      local head = tar.pack { { name = "x", data = "" } }:sub(1, 512)
      local gigabyte = 2 ^ 30
      file:write((forge(head, { [0] = "large\0",
        [124] = ("%011o\0"):format(gigabyte) })))
      file:seek("set", 512 + gigabyte)
      file:write(tar.pack { { name = "small", data = "here" } })
      file:close()
      local report = run({ path }, { "cat", "/small" })
      assert.equal("here", said(report))
      local image = report.channels["image-1"]
      assert.is_true(image.gets <= 6, image.gets)
      assert.is_true(image.get_bytes <= 65536, image.get_bytes)
    end)
  end)
end)

describe("a damaged image", function()
  local GOOD = tar.pack {
    { name = "first", data = ("x"):rep(600) },
    { name = "second", data = "y" },
  }

  local function refused(data, what)
    local report = run({ archive_of(data) }, { "list", "/" })
    assert.equal("exit", report.state)
    assert.equal("zvm: /dev/image-1: " .. what .. "\n",
      report.channels.stderr.data)
    assert.equal(125, report.code)
    assert.equal("", report.channels.stdout.data)
  end

  it("is refused at the start, with the entry and its offset", function()
    refused(GOOD:sub(1, 1536) .. "S" .. GOOD:sub(1538),
      "entry after first at 1536: bad checksum")
    refused(GOOD:sub(1, 1536) .. forge(GOOD:sub(1537), {
      [124] = "00000010000\0",
    }), "entry second at 1536: contents past the end")
  end)

  it("is refused when it is cut off", function()
    refused(GOOD:sub(1, 1000), "entry first at 0: contents past the end")
    refused(GOOD:sub(1, 1536),
      "entry after first at 1536: the archive ends without its end mark")
    refused(GOOD:sub(1, 1700),
      "entry after first at 1536: a header past the end")
    refused(GOOD:sub(1, 2100),
      "entry after second at 2560: the archive ends without its end mark")
    refused(GOOD:sub(1, 1536) .. ("\0"):rep(512) .. GOOD:sub(1537),
      "entry after first at 1536: zeroes where a header should be")
    refused(with_record("comment=" .. ("x"):rep(80)):sub(1, 800),
      "entry at the start at 0: an extended header past the end")
    refused(with_record("path=x"):sub(1, 1024) .. END,
      "entry at the start at 0: an extended header without an entry")
  end)

  it("is refused when it is none", function()
    refused("", "not a tar archive")
    refused("hello", "not a tar archive")
    refused(("text "):rep(1000), "not a tar archive")
    refused("\127ELF" .. ("\0"):rep(1000), "not a tar archive")
    refused("\31\139\8\0" .. ("x"):rep(600),
      "compressed by gzip: decompress it first")
    refused("\2537zXZ\0\0", "compressed by xz: decompress it first")
    refused("BZh91AY", "compressed by bzip2: decompress it first")
    refused("(\181/\253" .. ("x"):rep(600),
      "compressed by zstd: decompress it first")
  end)

  it("is refused for numbers that are none", function()
    local function forged(changes, what)
      refused(forge(GOOD, changes), "entry first at 0: " .. what)
    end
    refused(forge(GOOD, { [124] = "0000000000x\0" }), "not a tar archive")
    refused(GOOD:sub(1, 1536) .. forge(GOOD:sub(1537),
      { [124] = "0000000000x\0" }), "entry after first at 1536: bad size")
    forged({ [100] = "000068\0" }, "bad mode")
    forged({ [136] = "1 2" }, "bad mtime")
    forged({ [124] = "\255" .. ("\255"):rep(11) }, "a negative size")
    forged({ [124] = "77777777777\0" }, "contents past the end")
    forged({ [124] = "\128\0\0\0\127" .. ("\255"):rep(7) },
      "contents past the end")
  end)

  it("is refused for names and links that lead out or nowhere", function()
    local function forged(changes, what)
      local archive = forge(GOOD:sub(1537), changes)
      local report = run({ archive_of(GOOD:sub(1, 1536) .. archive) }, {})
      assert.equal(125, report.code)
      local text = report.channels.stderr.data
      assert.is_truthy(text:find("at 1536: " .. what .. "\n", 1, true), text)
    end
    forged({ [0] = "../etc" }, "a name with .. in it")
    forged({ [0] = "a/../b" }, "a name with .. in it")
    forged({ [0] = "\0\0\0\0\0\0" }, "a name without a byte")
    forged({ [0] = ".\0\0\0\0\0" }, "not a directory, and without a name")
    local report = run({ archive_of(tar.pack {
      { name = "d/a", data = "" },
    }:sub(1, 512) .. forge(GOOD:sub(1537), { [0] = "d/..\0\0" })) }, {})
    assert.equal("zvm: /dev/image-1: entry at 512: a name with .. in it\n",
      (report.channels.stderr.data:gsub("entry .- at", "entry at")))
    forged({ [156] = "1", [157] = "nowhere" },
      "a hard link to what is not there before it")
    forged({ [156] = "1", [157] = "../first" }, "a name with .. in it")
    forged({ [156] = "1", [157] = "." }, "a hard link to a directory")
    forged({ [156] = "2" }, "a link that leads nowhere")
    forged({ [156] = "S" }, "a sparse file: pack without --sparse")
    forged({ [156] = "M" }, "the rest of a file in another archive")
    forged({ [156] = "Q" }, "an entry of an unknown type")
  end)

  it("is refused for records that are none", function()
    local function recorded(text, what)
      local report = run({ archive_of(with_record(text)) }, {})
      assert.equal(125, report.code)
      assert.equal("zvm: /dev/image-1: entry " .. what .. "\n",
        report.channels.stderr.data)
    end
    recorded("novalue", "at the start at 0: bad record in an extended header")
    recorded("=x", "at the start at 0: bad record in an extended header")
    recorded("size=-1", "at the start at 0: bad size")
    recorded("mtime=x", "at the start at 0: bad mtime")
    recorded("size=99999999999999999999",
      "victim at 0: contents past the end")
    recorded("path=a\0b", "at the start at 0: a path with a zero byte")
    recorded("path=" .. ("x"):rep(300),
      "at the start at 0: a name of more than 255 bytes")
    recorded("path=" .. ("x/"):rep(3000),
      "at the start at 0: a path of more than 4095 bytes")
    local sparse = " at 0: sparse files are not supported: "
      .. "pack without --sparse"
    recorded("GNU.sparse.major=1", "victim" .. sparse)
    recorded("GNU.sparse.name=its/name", "its/name" .. sparse)
  end)

  it("never does harm, whatever byte is another", function()
    local archive = tar.pack {
      { name = ("n"):rep(120), data = "x", mtime = 0.5 },
      { name = "d/e", type = "directory" },
      { name = "d/l", type = "link", target = ("n"):rep(120) },
      { name = "d/s", type = "symlink", target = "e" },
      { name = "d/s/f", data = "y" },
      { name = "d", data = "z" },
    }
    local seed, codes = 7, { [0] = 0, [125] = 0 }
    local function random(n)
      seed = seed * 16807 % 2147483647
      return seed % n
    end
    local module = assert(zvm.load(PROGRAM))
    for _ = 1, 400 do
      local at = random(#archive)
      local block = at - at % 512
      local bytes = archive:sub(1, at) .. string.char(random(256))
        .. archive:sub(at + 2)
      if random(4) > 0 then
        bytes = bytes:sub(1, block) .. forge(bytes:sub(block + 1), {})
      end
      local report = assert(zvm.run {
        program = module, args = { "list", "/" },
        images = { archive_of(bytes) },
      })
      assert.equal("exit", report.state)
      codes[report.code] = codes[report.code] + 1
    end
    module:close()
    assert.is_true(codes[0] > 40 and codes[125] > 40,
      codes[0] .. " " .. codes[125])
  end)
end)

describe("an export", function()
  --- The archive that the guest packs to a channel of its own.
  local function exported(args, paths, more)
    local options = more or {}
    options.program, options.args = PROGRAM, args
    options.collect = paths
    return assert(zvm.run(options))
  end

  local function collected(args, paths, more)
    local report = exported(args, paths, more)
    assert.equal("", report.channels.stderr.data)
    assert.equal("", report.channels.stdout.data)
    assert.equal(0, report.code)
    return report.files, report
  end

  it("brings back what is below its paths", function()
    local files = collected({
      "mkdir", "/out", "write", "/out/a", "one", "mkdir", "/out/d", "write",
      "/out/d/b", "two", "write", "/elsewhere", "x", "link", "/out/a",
      "/out/d/hard", "symlink", "a", "/out/soft", "hole", "/out/hole", "5000",
    }, { "/out" })
    assert.same({
      ["/out/a"] = "one", ["/out/d/b"] = "two", ["/out/d/hard"] = "one",
      ["/out/hole"] = ("\0"):rep(5000),
    }, files)
  end)

  it("is a tar archive, in the order of a listing, with modes and times",
    function()
      local _, report = collected({
        "mkdir", "/out", "write", "/out/z", "one", "chmod", "4700", "/out/z",
        "touch", "1234", "500000000", "/out/z", "mkdir", "/out/d", "touch",
        "77", "0", "/out/d", "link", "/out/z", "/out/a", "symlink", "../gone",
        "/out/l", "touch", "-2", "0", "/out/l", "write",
        "/out/" .. ("n"):rep(200), "long", "chmod", "500", "/out",
      }, { "/out" })
      local entries = assert(tar.unpack(report.channels.collect.data))
      local names = {}
      for i, entry in ipairs(entries) do
        names[i] = entry.type .. " " .. entry.name
      end
      assert.same({
        "directory out", "file out/z", "directory out/d", "link out/a",
        "symlink out/l", "file out/" .. ("n"):rep(200),
      }, names)
      assert.equal(320, entries[1].mode)
      assert.equal(2496, entries[2].mode)
      assert.equal(1234.5, entries[2].mtime)
      assert.equal(77, entries[3].mtime)
      assert.equal("out/z", entries[4].target)
      assert.equal("../gone", entries[5].target)
      assert.equal(-2, entries[5].mtime)
    end)

  it("takes many paths, and none that is not there", function()
    local files = collected({
      "mkdir", "/a", "write", "/a/x", "1", "write", "/b", "2",
      "symlink", "/a", "/link",
    }, { "/b", "/nowhere/at/all", "/link", "/b/below" })
    assert.same({ ["/b"] = "2", ["/link/x"] = "1" }, files)
  end)

  it("takes the root, without its channels and devices", function()
    local files = collected({ "write", "/tmp/x", "here" }, { "/" }, {
      images = { { data = tar.pack { { name = "i", data = "image" } } } },
    })
    assert.equal("here", files["/tmp/x"])
    assert.equal("image", files["/i"])
    for name in pairs(files) do
      assert.is_nil(name:find "^/dev", name)
    end
  end)

  it("happens at every exit, and not after a fault", function()
    for _, args in ipairs { { "exit", "3" }, { "_exit", "3" } } do
      local report = exported({ "mkdir", "/out", "write", "/out/x", "y",
        unpack(args) }, { "/out" })
      assert.equal(3, report.code)
      assert.equal("y", report.files["/out/x"])
    end
    local report = exported({ "mkdir", "/out", "abort" }, { "/out" })
    assert.equal("fault", report.state)
    assert.same({}, report.files or {})
  end)

  it("is an image for another run, with nothing lost", function()
    local args = {
      "mkdir", "/out", "write", "/out/a", "text", "link", "/out/a", "/out/b",
      "symlink", "a", "/out/c", "mkdir", "/out/d", "chmod", "1711", "/out/d",
      "touch", "5", "123456789", "/out/a", "list", "/out",
    }
    local report = exported(args, { "/out" })
    local first = report.channels.stdout.data
    local archive = report.channels.collect.data
    assert.equal(first, said(run({ archive_of(archive) },
      { "list", "/out" })))
  end)

  it("goes as deep as the program went", function()
    local _, report = collected({ "mkdir", "/out", "deep", "/out", "3000" },
      { "/out" })
    local entries = assert(tar.unpack(report.channels.collect.data))
    assert.equal(3001, #entries)
    assert.equal(3 + 2 * 3000, #entries[3001].name)
  end)

  it("that finds no room is told, and ends with 125", function()
    local report = exported({ "mkdir", "/out", "hole", "/out/large", "200000",
    }, { "/out", put_bytes = 100000 })
    assert.equal(125, report.code)
    assert.equal("zvm: /dev/collect: /out/large: "
      .. "over the quota of the channel\n", report.channels.stderr.data)
  end)

  it("is the same in every run", function()
    local args = { "mkdir", "/out", "write", "/out/a", "b", "exit", "0" }
    local first = exported(args, { "/out" })
    local second = exported(args, { "/out" })
    assert.equal(first.channels.collect.data,
      second.channels.collect.data)
  end)
end)
