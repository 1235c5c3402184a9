--- Manifests: ZeroVM's text format, read, written, and as options.
--
-- SPDX-License-Identifier: Apache-2.0
local cases = require "cases.manifest"
local fuzz = require "fuzz.manifest"
local host = require "support.host"
local manifest = require "zvm.manifest"
local options_cases = require "cases.manifest_options"
local zvm = require "zvm"

local OPS = host.guest "channel_ops"

-- The text of BASE with some lines instead of line n, or without it.
local function base_with(n, lines)
  local out = {}
  for i = 1, math.max(#cases.BASE, n or 0) do
    out[#out + 1] = cases.BASE[i]
    if i == n then
      out[#out + (cases.BASE[i] and 0 or 1)] = lines or nil
    end
  end
  return table.concat(out, "\n") .. "\n"
end

local function read(text, options)
  local doc, rest = manifest.read(text, options)
  assert(doc, rest)
  return doc, rest
end

local function channel_of(fields)
  return read(base_with(8, "Channel = " .. fields)).channels[4]
end

local function errors_of(text, options)
  local doc, message, errors = manifest.read(text, options)
  assert.is_nil(doc)
  assert.equal(manifest.format(errors[1]), message)
  local lines = {}
  for i, problem in ipairs(errors) do
    local keys = {}
    for key in pairs(problem) do
      keys[#keys + 1] = key
    end
    table.sort(keys)
    assert.same({ "column", "key", "line", "reason" }, keys)
    lines[i] = manifest.format(problem):match "^manifest:(.*)$"
  end
  return lines
end

describe("a wrong manifest:", function()
  for i, case in ipairs(cases.LIST) do
    local text = case.text or base_with(case[1], case[2])
    local first = case.text and 1 or 3
    it(("%d, %s"):format(i, case[first]), function()
      local expected = {}
      for k = first, #case do
        expected[#expected + 1] = case[k]
      end
      assert.same(expected, errors_of(text))
    end)
  end

  it("there are enough of them, all different", function()
    local seen = {}
    for _, case in ipairs(cases.LIST) do
      local text = case.text or base_with(case[1], case[2])
      assert.is_nil(seen[text], text)
      seen[text] = true
    end
    assert.truthy(#cases.LIST >= 120)
  end)

  it("of too many bytes is not looked at", function()
    assert.same({ "1:1: text: 524289 bytes, where 524288 are the most" },
      errors_of(("x"):rep(0x80000 + 1)))
  end)

  it("of too many lines is read no further", function()
    local text = base_with() .. ("\n"):rep(0x2000 - 7)
    read(text)
    assert.same({ "8193:1: text: more than 8192 lines" },
      errors_of(text .. "x\n"))
  end)

  it("with too long a line says where it is too long", function()
    local comment = "#" .. ("x"):rep(0x10000 - 1)
    read(base_with(8, comment))
    assert.same({ "8:65537: line: longer than 65536 bytes" },
      errors_of(base_with(8, comment .. "x")))
  end)

  it("with too many channels says so once", function()
    local lines = {}
    for i = 1, 1024 - 3 do
      lines[i] = ("Channel = /x, /c%d, 0, 0, 1, 1, 0, 0"):format(i)
    end
    local text = base_with(8, table.concat(lines, "\n"))
    assert.equal(1024, #read(text).channels)
    assert.same({ "1029:1: Channel: more than 1024 channels" },
      errors_of(text .. "Channel = /x, /more, 0, 0, 1, 1, 0, 0\nChannel =\n"))
  end)
end)

describe("a manifest", function()
  it("is a table with a field for each key", function()
    assert.same({
      version = "20130611", program = "main.zvm", timeout = 5,
      memory = { size = 67108864, etag = false },
      node = 7, name_server = "tcp:localhost:5544", job = "/run/job",
      etag = "not, used",
      channels = {
        { uri = "/dev/null", alias = "/dev/stdin", type = 0, etag = false,
          gets = 1, get_size = 1, puts = 0, put_size = 0 },
        { uri = "/tmp/out", alias = "/dev/stdout", type = 0, etag = true,
          gets = 0, get_size = 0, puts = 1, put_size = 1 },
        { uri = "/dev/null", alias = "/dev/stderr", type = 0, etag = false,
          gets = 0, get_size = 0, puts = 1, put_size = 1 },
        { uri = "tcp:3:", alias = "/dev/x", type = 0, etag = false,
          gets = 2, get_size = math.huge, puts = 0, put_size = 0 },
      },
    }, (read(base_with(8, "Node = 7\nNameServer = TCP:localhost:5544\n"
      .. "Job = /run/job\nEtag = not, used\n"
      .. "Channel = tcp:3:,/dev/x,0,0,2,9223372036854775807,0,0"))))
  end)

  it("may have blanks anywhere but within a word", function()
    local doc = read(base_with())
    local text = base_with():gsub("[=,]", " \t%0\t "):gsub("\n", "  \n\t")
    assert.same(doc, (read(text)))
    assert.same(doc, (read((base_with():gsub(" ?([=,]) ?", "%1")))))
  end)

  it("may have lines as DOS ends them, and a last one without an end",
    function()
      local doc = read(base_with())
      assert.same(doc, (read((base_with():gsub("\n", "\r\n")))))
      assert.same(doc, (read((base_with():gsub("\n$", "")))))
      assert.same(doc, (read((base_with():gsub("\n", "\n\r\n\n")))))
    end)

  it("may have its lines in any order", function()
    local lines = {}
    for i, line in ipairs(cases.BASE) do
      lines[8 - i] = line
    end
    local doc = read(table.concat(lines, "\n"))
    table.sort(doc.channels, function(a, b)
      return a.uri .. a.alias < b.uri .. b.alias
    end)
    local expected = read(base_with())
    table.sort(expected.channels, function(a, b)
      return a.uri .. a.alias < b.uri .. b.alias
    end)
    assert.same(expected, doc)
  end)

  it("has comments, and the banners that ZeroVM's have", function()
    assert.same((read(base_with())), (read("# x = y = z\n" .. base_with(8,
      "====================\n== with = and ==\n  # more\n\t== more\n=="))))
  end)

  it("has numbers of base ten, eight and sixteen", function()
    for token, value in pairs {
      ["10"] = 10, ["012"] = 10, ["0xa"] = 10, ["0XA"] = 10,
      ["0x000a"] = 10, ["000012"] = 10,
      ["9007199254740992"] = 2 ^ 53, ["0x20000000000000"] = 2 ^ 53,
      ["0400000000000000000"] = 2 ^ 53,
      ["9007199254740991"] = 2 ^ 53 - 1, ["0x1fffffffffffff"] = 2 ^ 53 - 1,
      ["9223372036854775807"] = math.huge,
      ["0x7fffffffffffffff"] = math.huge,
      ["0X7FFFffffFFFFffff"] = math.huge,
      ["0777777777777777777777"] = math.huge,
      ["0000777777777777777777777"] = math.huge,
    } do
      local channel = channel_of("/a,/a,3,0," .. token .. ",1,0,0")
      assert.equal(value, channel.gets, token)
    end
    assert.equal(3, channel_of("/a,/a,0x3,00,1,1,0x0,0").type)
  end)

  it("has sources of each kind", function()
    for text, uri in pairs {
      ["/a b:c"] = "/a b:c", ["file:a/b"] = "file:a/b", ["FD:3"] = "fd:3",
      ["null:"] = "null:", ["unix:s"] = "unix:s", ["opaque:x:y|z"] =
        "opaque:x:y|z", ["tcp:10.0.0.1:80"] = "tcp:10.0.0.1:80",
      ["Tcp:a-b.c_d:65535"] = "tcp:a-b.c_d:65535",
      ["tcp:[::1]:1"] = "tcp:[::1]:1",
      ["tcp:[fe80::1%eth0]:1"] = "tcp:[fe80::1%eth0]:1",
    } do
      assert.equal(uri, channel_of(text .. ",/a,0,0,1,1,0,0").uri)
    end
  end)

  it("has paths of any bytes but those that separate", function()
    local path = "/\195\164 '\"#\\\255\t|"
    assert.equal(path, channel_of(path .. ",/a,0,0,1,1,0,0").uri)
  end)

  it("is a string, or the caller is told", function()
    for _, case in ipairs {
      { 1, nil, "#1 to 'read' (string expected, got number)" },
      { {}, nil, "#1 to 'read' (string expected, got table)" },
      { "", 1, "#2 to 'read' (table expected, got number)" },
    } do
      local ok, message = pcall(function()
        return (manifest.read(case[1], case[2]))
      end)
      assert.is_false(ok)
      assert.truthy(message:find("bad argument " .. case[3], 1, true))
      assert.truthy(message:find "^%S*manifest_spec.lua:%d")
    end
  end)
end)

describe("a manifest read with strict = false", function()
  local LAX = { strict = false }

  it("may have unknown keys and garbled lines, which are told of", function()
    local doc, warnings = read(base_with(8,
      "Boot = x\nfoo\n = x\na = b = c\nTimeout"), LAX)
    assert.same((read(base_with())), doc)
    local lines = {}
    for i, problem in ipairs(warnings) do
      lines[i] = manifest.format(problem)
    end
    assert.same({
      "manifest:8:1: Boot: unknown key: a later version's; zvm loads "
        .. "programs itself",
      'manifest:9:1: line: no "=" in it: "Key = value" expected, or # '
        .. "before a comment",
      'manifest:10:2: line: no key before the "="',
      'manifest:11:7: line: a second "=": neither keys nor values have one',
      'manifest:12:1: line: no "=" in it: "Key = value" expected, or # '
        .. "before a comment",
    }, lines)
  end)

  it("may be wrong in no other way", function()
    assert.same({ "4:11: Timeout: number expected, got \"x\"",
      "8:2: line: NUL byte" },
      errors_of(base_with(4, "Timeout = x") .. "a\0\n", LAX))
  end)

  it("is not what happens without asking for it", function()
    local text = base_with(8, "foo")
    assert.same({}, (select(2, read(base_with()))))
    for _, options in ipairs { {}, { strict = true } } do
      errors_of(text, options)
    end
    errors_of(text)
  end)
end)

describe("reading hostile text", function()
  local HOSTILE = {
    "= ", "=", ",", " ", "\t", "\n", "\r\n", "a", "a=", "a=\n", "0", "Channel=",
    "Channel=,,,,,,,\n", "Channel = /a,/a,0,0,1,1,0,0\n", "Node = 0\n",
    "Channel = tcp:2:,/a,0,0,1,1,0,0\n", "/", "\0", "\0\n", "tcp:", "[", "%",
    "Timeout\n", "  x  \n", "\255", "Channel = " .. ("/"):rep(300) .. "\n",
  }
  for _, piece in ipairs(HOSTILE) do
    local shown = ("%q"):format(piece):gsub("\n", "n"):gsub("%z", "\\0")
    it(("of %s takes no more than its size in time"):format(shown),
      function()
        local text = piece:rep(math.floor(0x80000 / #piece))
        local start = os.clock()
        local doc, _, errors = manifest.read(text)
        assert.is_nil(doc)
        assert.truthy(#errors >= 1)
        local line = base_with(8, "Channel = /" .. piece:gsub("\n", ""):rep(
          math.floor(60000 / #piece)) .. ",/a,0,0,1,1,0,0")
        manifest.read(line)
        manifest.read((line:gsub("Channel = /", "Channel = tcp:")))
        -- What is quadratic takes minutes.
        assert.truthy(os.clock() - start < 20)
      end)
  end

  it("of many mutants raises nothing and stays true to what it accepts",
    function()
      local result = fuzz.run { count = 3000, seed = 1 }
      assert.is_nil(result.failure)
      assert.truthy(result.accepted > 100, result.accepted)
      assert.truthy(result.refused > 1000, result.refused)
    end)
end)

describe("what a program starts with", function()
  local LINES = "Image = a.tar\nImage = b.tar, /mnt\nDirectory = /mnt\n"

  it("becomes options, and options become it", function()
    local doc = read(base_with(8, LINES .. "Clock = 86400\nSeed = 0xfF"))
    assert.same({ { path = "a.tar", at = "/" }, { path = "b.tar",
      at = "/mnt" } }, doc.images)
    local options = assert(manifest.options(doc))
    assert.equal(86400, options.clock)
    assert.equal("fF", options.seed)
    assert.equal("/mnt", options.directory)
    assert.same(doc.images, options.images)
    local again = assert(manifest.from_options(options))
    assert.same({ doc.images, "86400", "0xfF", "/mnt" },
      { again.images, again.clock, again.seed, again.directory })
  end)

  it("may be a time, and a number", function()
    local options = assert(manifest.options(read(base_with(8,
      "Clock = 2024-02-29T12:00:00Z\nSeed = 12"))))
    assert.equal("2024-02-29T12:00:00Z", options.clock)
    assert.equal(12, options.seed)
    local doc = assert(manifest.from_options {
      program = "p", clock = 7, seed = 8, images = { "x.tar" },
      channels = options.channels,
    })
    assert.same({ "7", "8", { { path = "x.tar", at = "/" } } },
      { doc.clock, doc.seed, doc.images })
  end)
end)

describe("writing a document", function()
  it("gives text that is read as the same document", function()
    for _, lines in ipairs {
      "", "Node = 7\nNameServer = udp:localhost:5544", "Job = j\nEtag = e, f",
      "Channel = tcp:h:1,/x,0,1,0,0,9223372036854775807,0x1fffffffffffff",
      "Image = a.tar\nImage = b.tar, /mnt\nClock = 5\nSeed = 0xff\n"
        .. "Directory = /mnt",
      "Channel = /a \tb,/x,2,1,1,2,3,4\nChannel = fd:9,/y,1,0,1,1,1,1",
    } do
      local doc = read(base_with(8, lines))
      local text = assert(manifest.write(doc))
      assert.same(doc, (read(text)))
      assert.equal(text, (manifest.write(doc)))
    end
  end)

  it("gives lines in one order, in base ten", function()
    assert.equal([[
Version = 20130611
Program = main.zvm
Memory = 67108864, 0
Timeout = 5
Node = 1
NameServer = tcp:h:1
Channel = /dev/null, /dev/stdin, 0, 0, 1, 1, 0, 0
Channel = /tmp/out, /dev/stdout, 0, 1, 0, 0, 1, 1
Channel = /dev/null, /dev/stderr, 0, 0, 0, 0, 1, 1
Channel = tcp:2:, /x, 0, 0, 9223372036854775807, 16, 0, 0
]], (manifest.write(read(base_with(8, "NameServer = tcp:h:1\nNode = 1\n"
      .. "Channel = tcp:2:,/x,0,0,0x7fffffffffffffff,0x10,0,0")))))
  end)

  -- A function that spoils a document, and what is said of it.
  local SPOILT = {
    { function(d) d.version = nil end,
      "version: string expected, got nil" },
    { function(d) d.version = "20140509" end, "version: version 20130611 "
      .. "expected, got 20140509, which is another format" },
    { function(d) d.program = "" end,
      "program: path of a program expected, got nothing" },
    { function(d) d.program = "a\nNode = 1" end, 'program: a manifest cannot '
      .. 'hold control characters, got "a\\010Node = 1"' },
    { function(d) d.timeout = 0 end,
      "timeout: whole number from 1 to 2147483647 expected, got 0" },
    { function(d) d.timeout = 0 / 0 end,
      "timeout: whole number from 1 to 2147483647 expected, got "
        .. ("%.14g"):format(0 / 0) },
    { function(d) d.timeout = "5" end,
      'timeout: whole number from 1 to 2147483647 expected, got "5"' },
    { function(d) d.memory = 5 end, "memory: table expected, got 5" },
    { function(d) d.memory.size = 1.5 end,
      "memory.size: whole number from 1 to 4294967296 expected, got 1.5" },
    { function(d) d.memory.etag = 1 end,
      "memory.etag: boolean expected, got 1" },
    { function(d) d.memory.tag = 1 end,
      'memory: unknown field "tag"; did you mean "etag"?' },
    { function(d) d.node = 0 end,
      "node: whole number from 1 to 4294967295 expected, got 0" },
    { function(d) d.nodes = 0 end,
      'document: unknown field "nodes"; did you mean "node"?' },
    { function(d) d[1] = 0 end,
      'document: unknown field "[1]"; did you mean "job"?' },
    { function(d) d.name_server = "udp:h:1" end,
      "NameServer: needs the key Node" },
    { function(d) d.channels = nil end, "channels: table expected, got nil" },
    { function(d) d.channels[1] = nil end,
      "channels: list expected, got holes or names in it" },
    { function(d) d.channels.x = {} end,
      "channels: list expected, got holes or names in it" },
    { function(d) d.channels[4] = 1 end, "channels.4: table expected, got 1" },
    { function(d) table.remove(d.channels) end,
      "Channel: no channel /dev/stderr" },
    { function(d) d.channels[3].alias = "/dev/stdin" end,
      "Channel: alias: /dev/stdin is given in line 5 already" },
    { function(d) d.channels[2].uri = "TCP:h:1" end, 'channels.2.uri: '
      .. '"TCP:h:1" would be read as "tcp:h:1"' },
    { function(d) d.channels[2].uri = "/a,b" end, 'channels.2.uri: '
      .. 'a manifest cannot hold "," in a field, got "/a,b"' },
    { function(d) d.channels[2].uri = "tcp:2:" end,
      "Channel: uri: node 2 needs the keys Node and NameServer" },
    { function(d) d.channels[2].puts = 0 end,
      "channels.2.puts: 0, while put_size is 1: set both or neither" },
    { function(d) d.channels[2].puts = -1 end,
      "channels.2.puts: whole number from 0 on expected, got -1" },
    { function(d) d.channels[2].limits = {} end,
      'channels.2: unknown field "limits"; did you mean "alias"?' },
  }
  for _, case in ipairs(SPOILT) do
    it("is refused: " .. case[2], function()
      local doc = read(base_with())
      case[1](doc)
      for _, name in ipairs { "write", "options" } do
        local text, message, code = manifest[name](doc)
        assert.is_nil(text)
        assert.equal("zvm.manifest: " .. case[2], message)
        assert.equal("OPTION", code)
      end
    end)
  end

  it("that is none is refused", function()
    for _, value in ipairs { 1, "x", true } do
      local text, message, code = manifest.write(value)
      assert.is_nil(text)
      assert.truthy(message:find("document: table expected, got ", 1, true))
      assert.equal("OPTION", code)
    end
  end)
end)

describe("the options of a document", function()
  -- What a channel of this text has in the options.
  local function spec_of(fields, lines)
    local text = base_with(8, "Channel = " .. fields .. "\n" .. (lines or ""))
    return assert(manifest.options(read(text))).channels
  end

  it("are those of zvm.run", function()
    assert.same({
      program = "main.zvm", memory = 67108864, timeout = 5,
      channels = {
        stdin = { path = "/dev/null", mode = "r", type = 0, etag = false,
          limits = { gets = 1, get_bytes = 1, puts = 0, put_bytes = 0 } },
        stdout = { path = "/tmp/out", mode = "w", type = 0, etag = true,
          limits = { gets = 0, get_bytes = 0, puts = 1, put_bytes = 1 } },
        stderr = { path = "/dev/null", mode = "w", type = 0, etag = false,
          limits = { gets = 0, get_bytes = 0, puts = 1, put_bytes = 1 } },
      },
    }, (manifest.options(read(base_with()))))
  end)

  it("have a mode by limits and type", function()
    for fields, mode in pairs {
      ["0,0,1,1,0,0"] = "r", ["1,0,1,1,0,0"] = "r", ["3,0,1,1,0,0"] = "r",
      ["0,0,0,0,1,1"] = "w", ["2,0,0,0,1,1"] = "w", ["3,0,0,0,1,1"] = "w",
      ["1,0,0,0,1,1"] = "a", ["1,0,1,1,1,1"] = "r+", ["2,0,1,1,1,1"] = "r+",
      ["3,0,1,1,1,1"] = "r+",
    } do
      assert.equal(mode, spec_of("/x,/dev/x," .. fields).x.mode, fields)
    end
  end)

  it("have the source of each uri", function()
    local function source_of(uri, limits)
      local spec = spec_of(uri .. ",/dev/x,0,0," .. limits).x
      spec.type, spec.etag, spec.limits = nil, nil, nil
      return spec
    end
    local GET, PUT = "1,1,0,0", "0,0,1,1"
    assert.same({ path = "/x", mode = "r" }, source_of("/x", GET))
    assert.same({ path = "x", mode = "w" }, source_of("file:x", PUT))
    assert.same({ fd = 7, mode = "w" }, source_of("fd:7", PUT))
    assert.same({ null = true }, source_of("null:", PUT))
    assert.same({ uri = "tcp:h:1", mode = "r", listen = true },
      source_of("tcp:h:1", GET))
    assert.same({ uri = "tcp:h:1", mode = "w" }, source_of("tcp:h:1", PUT))
    assert.same({ uri = "unix:/s", mode = "r", listen = true },
      source_of("unix:/s", GET))
    assert.same({ uri = "unix:/s", mode = "w" }, source_of("unix:/s", PUT))
  end)

  it("have short names for what lies right under /dev", function()
    local channels = spec_of("null:,/dev/a/b,0,0,1,1,0,0",
      "Channel = null:,/srv/x,0,0,1,1,0,0")
    assert.truthy(channels["/dev/a/b"])
    assert.truthy(channels["/srv/x"])
    assert.truthy(channels.stdin)
  end)

  it("have a memory etag, no timeout of years, and what memory there is",
    function()
      local text = base_with(3, "Memory = 0x100000000, 1"):gsub(
        "Timeout = 5", "Timeout = 2147483647")
      local options = manifest.options(read(text))
      assert.is_true(options.memory_etag)
      assert.is_nil(options.timeout)
      assert.equal(0xe0000000, options.memory)
    end)

  it("are refused when a source is not known to zvm.run", function()
    local doc = read(base_with(8, "Channel = tcp:2:,/x,0,0,1,1,0,0\n"
      .. "Node = 1\nNameServer = udp:h:1"))
    local options, message, code = manifest.options(doc)
    assert.is_nil(options)
    assert.equal("zvm.manifest: channels.4.uri: node 2 has no address "
      .. "without its name server; see zvm.nodes", message)
    assert.equal("OPTION", code)
    doc.channels[4].uri = "opaque:x"
    assert.equal("zvm.manifest: channels.4.uri: zvm has no broker that would "
      .. "know opaque sources", (select(2, manifest.options(doc))))
  end)

  it("run", function()
    local input, output = host.temporary(), host.temporary()
    local log = host.temporary()
    host.write_file(input, "0123456789")
    host.write_file(log, "old,")
    local text = ([[
# Copies, by hand.
Version = 20130611
Program = %s
Memory = 4294967296, 0
Timeout = 0x20
Channel = /dev/null, /dev/stdin, 0, 0, 1, 1, 0, 0
Channel = %s, /dev/stdout, 0, 1, 0, 0, 99, 9999
Channel = null:, /dev/stderr, 0, 0, 0, 0, 1, 1
Channel = %s, /dev/input, 3, 1, 012, 0x4, 0, 0
Channel = %s, /dev/log, 1, 0, 0, 0, 1, 3
]]):format(OPS, output, input, log)
    local options = assert(manifest.options(read(text)))
    options.args = { "get", "3", "3", "4", "get", "3", "3", "0",
      "put", "4", "0", "newer" }
    local report = assert(zvm.run(options))
    assert.equal("exit", report.state)
    assert.equal("3 456\n1 0\n3\n", host.read_file(output))
    assert.equal("old,new", host.read_file(log))
    assert.equal(host.sha256(host.read_file(output)),
      report.channels.stdout.etag)
    assert.equal(4, report.channels.input.get_bytes)
    for _, path in ipairs { input, output, log } do
      os.remove(path)
    end
  end)
end)

describe("the document of options", function()
  for i, case in ipairs(options_cases.LIST) do
    it(("is refused: %d, %s"):format(i, case[2]), function()
      local doc, message, code = manifest.from_options(case[1])
      assert.is_nil(doc)
      assert.equal("zvm.manifest: " .. case[2], message)
      assert.equal("OPTION", code)
    end)
  end

  it("is refused for what are no options", function()
    assert.equal("zvm.manifest: table expected, got nil",
      (select(2, manifest.from_options(nil))))
  end)

  -- Options as manifest.options gives them.
  local function full()
    local function spec(source, kind, etag, g, gb, p, pb)
      source.type, source.etag = kind, etag
      source.limits = { gets = g, get_bytes = gb, puts = p, put_bytes = pb }
      return source
    end
    local U = math.huge
    return {
      program = "a b", memory = 4096, memory_etag = true, timeout = 9,
      channels = {
        stdin = spec({ null = true }, 0, false, U, U, 0, 0),
        stdout = spec({ path = "o", mode = "w" }, 0, true, 0, 0, 1, U),
        stderr = spec({ fd = 2, mode = "w" }, 0, false, 0, 0, U, 2 ^ 53),
        keep = spec({ path = "/k", mode = "a" }, 1, false, 0, 0, U, 7),
        both = spec({ path = "/b", mode = "r+" }, 3, true, 1, 2, 3, 4),
        ["/srv/in"] = spec({ uri = "tcp:[::1]:9", mode = "r",
          listen = true }, 0, true, U, U, 0, 0),
        ["/dev/a/b"] = spec({ uri = "unix:s", mode = "w" }, 0, true, 0, 0,
          U, U),
      },
    }
  end

  it("gives back the options", function()
    local doc = assert(manifest.from_options(full()))
    assert.same(full(), (manifest.options(doc)))
    assert.same(doc, (read(assert(manifest.write(doc)))))
  end)

  it("has its channels in the order of their handles", function()
    local aliases = {}
    for i, channel in ipairs(manifest.from_options(full()).channels) do
      aliases[i] = channel.alias
    end
    assert.same({ "/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/a/b",
      "/dev/both", "/dev/keep", "/srv/in" }, aliases)
  end)

  it("says what zvm.run takes when nothing is said", function()
    local doc = assert(manifest.from_options {
      program = "p", args = {}, env = {}, isolation = "process",
      on_limit = "error", symbols = true,
      channels = { stdout = { path = "/o" }, ["/dev/stderr"] = { fd = 2 },
        n = { null = true, etag = "sha256", limits = { puts = "1K" } } },
    })
    local U = math.huge
    assert.same({
      version = "20130611", program = "p", timeout = 2 ^ 31 - 1,
      memory = { size = 64 * 1024 ^ 2, etag = false },
      channels = {
        { uri = "null:", alias = "/dev/stdin", type = 0, etag = false,
          gets = U, get_size = U, puts = 0, put_size = 0 },
        { uri = "/o", alias = "/dev/stdout", type = 0, etag = false,
          gets = 0, get_size = 0, puts = U, put_size = U },
        { uri = "fd:2", alias = "/dev/stderr", type = 0, etag = false,
          gets = 0, get_size = 0, puts = U, put_size = U },
        { uri = "null:", alias = "/dev/n", type = 0, etag = true,
          gets = U, get_size = U, puts = 1024, put_size = U },
      },
    }, doc)
    assert.is_nil(manifest.options(doc).timeout)
  end)

  it("reads strings as zvm.run does", function()
    local options = full()
    options.memory, options.timeout = "4K", "9s"
    options.channels.keep.limits.put_bytes = "7"
    options.channels.both.etag = "sha256"
    options.channels.stdin.limits.gets = "unlimited"
    assert.same(full(), (manifest.options(manifest.from_options(options))))
    options.timeout = "9000ms"
    assert.equal(9, manifest.from_options(options).timeout)
  end)

  it("reads without metamethods, and changes nothing", function()
    local options = full()
    setmetatable(options, { __index = error })
    setmetatable(options.channels.keep, { __index = error })
    assert(manifest.from_options(options))
    setmetatable(options, nil)
    setmetatable(options.channels.keep, nil)
    assert.same(full(), options)
  end)
end)
