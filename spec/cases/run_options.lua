--- More wrong options of zvm.run, and what is said of them, whole.
--
-- SPDX-License-Identifier: Apache-2.0

local function channel(spec)
  return { channels = { c = spec } }
end

return {
  { { isolation = 1 },
    "zvm.run: isolation: string expected, got number" },
  { { isolation = "thread" },
    'zvm.run: isolation: "inline" or "process" expected, got '
      .. '"thread"' },
  { { timeout = true },
    "zvm.run: timeout: number of seconds or string expected, "
      .. "got boolean" },
  { { timeout = 0 },
    "zvm.run: timeout: more than 0 and at most 4294967.295 "
      .. "seconds expected" },
  { { timeout = -1 },
    "zvm.run: timeout: more than 0 and at most 4294967.295 "
      .. "seconds expected" },
  { { timeout = "soon" },
    'zvm.run: timeout: time such as 0.5, "250ms" or "10s" '
      .. 'expected, got "soon"' },
  { { timeout = "5h" },
    'zvm.run: timeout: time such as 0.5, "250ms" or "10s" '
      .. 'expected, got "5h"' },
  { { timeout = 1e10 },
    "zvm.run: timeout: more than 0 and at most 4294967.295 "
      .. "seconds expected" },
  { { cpu = {} },
    "zvm.run: cpu: number of seconds or string expected, got "
      .. "table" },
  { { cpu = 0 },
    "zvm.run: cpu: more than 0 and at most 4294967.295 seconds "
      .. "expected" },
  { { resident = 0 },
    "zvm.run: resident: more than 0 bytes expected" },
  { { resident = "1T" },
    'zvm.run: resident: size such as 4096 or "64M" expected, '
      .. 'got "1T"' },
  { { resident = false },
    "zvm.run: resident: number or size string expected, got "
      .. "boolean" },
  { { symbols = 1 },
    "zvm.run: symbols: boolean expected, got number" },
  { { on_stop = 1 },
    "zvm.run: on_stop: string expected, got number" },
  { { on_stop = "stop" },
    'zvm.run: on_stop: "raise" or "report" expected, got "stop"' },
  { { trace = 1 },
    "zvm.run: trace: string expected, got number" },
  { { trace = "a\0b" },
    "zvm.run: trace: string contains a NUL byte" },
  { { on_limit = 1 },
    "zvm.run: on_limit: string expected, got number" },
  { { stack = 0 },
    "zvm.run: stack: more than 0 bytes expected" },
  { { stack = "1K1" },
    'zvm.run: stack: size such as 4096 or "64M" expected, got '
      .. '"1K1"' },
  { { timeouts = 1 },
    'zvm.run: unknown option "timeouts"; did you mean '
      .. '"timeout"?' },
  { { channels = { ["a/b"] = "x" } },
    'zvm.run: channels: "a/b" is neither a name without a slash '
      .. "nor an absolute path" },
  { { channels = { [""] = "x" } },
    'zvm.run: channels: "" is neither a name without a slash '
      .. "nor an absolute path" },
  { { channels = { a = "", ["/dev/a"] = "" } },
    'zvm.run: channels: "/dev/a" and "a" are the same channel' },
  { channel { read = 1 },
    "zvm.run: channels.c.read: function expected, got number" },
  { channel { write = "x" },
    "zvm.run: channels.c.write: function expected, got string" },
  { channel { read = print, data = "x" },
    "zvm.run: channels.c.read: a channel has one source, and "
      .. '"data" is given too' },
  { channel { pipe = true },
    "zvm.run: channels.c.pipe: zvm.pipe expected, got boolean" },
  { channel { pipe = {} },
    "zvm.run: channels.c.pipe: zvm.pipe expected, got table" },
  { channel { uri = 1 },
    "zvm.run: channels.c.uri: string expected, got number" },
  { channel { uri = "" },
    'channel /dev/c: uri "": file:PATH, fd:N, null:, '
      .. "tcp:HOST:PORT or unix:PATH expected" },
  { channel { uri = "http://x" },
    'channel /dev/c: uri "http://x": file:PATH, fd:N, null:, '
      .. "tcp:HOST:PORT or unix:PATH expected" },
  { channel { uri = "tcp:x" },
    'channel /dev/c: uri "tcp:x": tcp:HOST:PORT expected' },
  { channel { uri = "tcp:x:0" },
    'channel /dev/c: uri "tcp:x:0": a port from 1 to 65535 '
      .. "expected" },
  { channel { uri = "tcp:x:65536" },
    'channel /dev/c: uri "tcp:x:65536": a port from 1 to 65535 '
      .. "expected" },
  { channel { uri = "tcp:::1:80" },
    'channel /dev/c: uri "tcp:::1:80": an IPv6 address is '
      .. "written in brackets: tcp:[::1]:80" },
  { channel { uri = "unix:" },
    'channel /dev/c: uri "unix:": the path is missing' },
  { channel { uri = "fd:x" },
    'channel /dev/c: uri "fd:x": the number of a descriptor '
      .. 'expected after "fd:"' },
  { channel { uri = "null:x" },
    'channel /dev/c: uri "null:x": nothing expected after '
      .. '"null:"' },
  { channel { uri = "file:" },
    'channel /dev/c: uri "file:": the path is missing' },
  { channel { uri = "tcp:h:1", type = 3 },
    "channel /dev/c: a socket is a stream, so its type must be "
      .. "0, not 3" },
  { channel { uri = "tcp:h:1", mode = "a" },
    "channel /dev/c: a socket is read, written or both, not "
      .. "appended to" },
  { channel { read = print, type = 1 },
    "channel /dev/c: a function is a stream, so its type must "
      .. "be 0, not 1" },
  { channel { read = print, mode = "r" },
    'zvm.run: channels.c.mode: only a channel with "path", '
      .. '"fd", "uri" or "pipe" has a mode' },
  { channel { read = print, limits = { puts = 1 } },
    "zvm.run: channels.c.limits.puts: this channel cannot be "
      .. "written" },
  { channel { write = print, limits = { get_bytes = 1 } },
    "zvm.run: channels.c.limits.get_bytes: this channel cannot "
      .. "be read" },
  { channel { read = print, partial = true },
    'zvm.run: channels.c.partial: only a channel with "path" '
      .. 'and mode "w" can be partial; others are written in place' },
  { channel { path = "x", listen = true },
    'zvm.run: channels.c.listen: only a channel with "uri" tcp: '
      .. 'or unix:, or with "fd", can listen' },
  { channel { uri = "unix:x", listen = "yes" },
    "zvm.run: channels.c.listen: boolean expected, got string" },
  { channel { uri = "null:", listen = true },
    'zvm.run: channels.c.listen: only a channel with "uri" tcp: '
      .. 'or unix:, or with "fd", can listen' },
  { channel { data = "x", limits = { file_size = 1 } },
    "zvm.run: channels.c.limits.file_size: only a channel with "
      .. '"path" or "fd" is a file; put_bytes bounds the others' },
  { channel { buffer = true, limits = { file_size = 1 } },
    "zvm.run: channels.c.limits.file_size: only a channel with "
      .. '"path" or "fd" is a file; put_bytes bounds the others' },
  { channel { null = true, etag = {} },
    "zvm.run: channels.c.etag: boolean or name of a digest "
      .. "expected, got table" },
  { channel { buffer = true, type = -1 },
    "zvm.run: channels.c.type: whole number from 0 to 3 "
      .. "expected, got -1" },
  { channel { buffer = true, type = 1.5 },
    "zvm.run: channels.c.type: whole number from 0 to 3 "
      .. "expected, got 1.5" },
  { channel { fd = 1, partial = true },
    'zvm.run: channels.c.partial: only a channel with "path" '
      .. 'and mode "w" can be partial; others are written in place' },
  { channel { null = true, path = "x" },
    "zvm.run: channels.c.null: a channel has one source, and "
      .. '"path" is given too' },
  { { channels = { stdin = { mode = "w" } } },
    'zvm.run: channels.stdin.mode: only a channel with "path", '
      .. '"fd", "uri" or "pipe" has a mode' },
  { { channels = { stdin = { limits = { puts = 1 } } } },
    "zvm.run: channels.stdin.limits.puts: this channel cannot "
      .. "be written" },
  { { channels = { stdout = 5 } },
    "zvm.run: channels.stdout: string or table expected, got "
      .. "number" },

  -- what a program starts with
  { { directory = 1 }, "zvm.run: directory: string expected, got number" },
  { { directory = "tmp" }, "zvm.run: directory: path is not absolute" },
  { { directory = "/a/" }, "zvm.run: directory: path has an empty part" },
  { { directory = "/a/../b" },
    "zvm.run: directory: path has a part that is . or .." },
  { { clock = true },
    "zvm.run: clock: seconds or time string expected, got boolean" },
  { { clock = -1 },
    "zvm.run: clock: seconds from 0 to 7258118400 expected, got -1" },
  { { clock = 7258118401 },
    "zvm.run: clock: seconds from 0 to 7258118400 expected, got 7258118401" },
  { { clock = "2023-02-29T00:00:00Z" },
    'zvm.run: clock: time such as "2024-02-29T12:00:00Z" expected, from '
      .. '1970 to 2200-01-01T00:00:00Z, got "2023-02-29T00:00:00Z"' },
  { { clock = "2024-02-29 12:00:00" },
    'zvm.run: clock: time such as "2024-02-29T12:00:00Z" expected, from '
      .. '1970 to 2200-01-01T00:00:00Z, got "2024-02-29 12:00:00"' },
  { { clock = "1969-12-31T23:59:59Z" },
    'zvm.run: clock: time such as "2024-02-29T12:00:00Z" expected, from '
      .. '1970 to 2200-01-01T00:00:00Z, got "1969-12-31T23:59:59Z"' },
  { { seed = {} },
    "zvm.run: seed: number or hexadecimal string expected, got table" },
  { { seed = 1.5 }, "zvm.run: seed: whole number from 0 to "
      .. "9.007199254741e+15 expected, got 1.5" },
  { { seed = "xyz" },
    'zvm.run: seed: 1 to 16 hexadecimal digits expected, got "xyz"' },
  { { seed = "12345678123456789" }, "zvm.run: seed: 1 to 16 hexadecimal "
      .. 'digits expected, got "12345678123456789"' },

  -- images
  { { images = "app.tar" },
    "zvm.run: images: table expected, got string" },
  { { images = { a = "app.tar" } }, "zvm.run: images: list of images "
      .. "expected, got holes or names in it" },
  { { images = { 5 } },
    "zvm.run: images.1: path or table expected, got number" },
  { { images = { {} } }, "zvm.run: images.1: no source: one of path, data, "
      .. "fd or uri expected" },
  { { images = { { string = "x", file = "y" } } }, "zvm.run: "
      .. 'images.1.string: a channel has one source, and "path" is given '
      .. "too" },
  { { images = { { string = "x", at = "mnt" } } },
    "zvm.run: images.1.at: path is not absolute" },
  { { images = { { string = "x", att = "/" } } }, "zvm.run: images.1: "
      .. 'unknown option "att"; did you mean "at"?' },
  { { images = { { string = "" }, { string = "" } },
      channels = { ["image-2"] = "" } },
    'zvm.run: images.2: there is a channel "/dev/image-2" already' },

  -- files
  { { files = "x" }, "zvm.run: files: table expected, got string" },
  { { files = { "x" } }, "zvm.run: files: a file without a path" },
  { { files = { a = "x" } }, "zvm.run: files.a: path is not absolute" },
  { { files = { ["/"] = "x" } }, "zvm.run: files./: the root is no file" },
  { { files = { ["/a/../b"] = "x" } },
    "zvm.run: files./a/../b: path has a part that is . or .." },
  { { files = { ["/a"] = 1 } },
    "zvm.run: files./a: string or table expected, got number" },
  { { files = { ["/a"] = {} } },
    "zvm.run: files./a: one of data, link and directory expected" },
  { { files = { ["/a"] = { data = "", link = "b" } } },
    "zvm.run: files./a: one of data, link and directory expected" },
  { { files = { ["/a"] = { link = "" } } },
    "zvm.run: files./a: a link leads somewhere" },
  { { files = { ["/a"] = { data = "", mode = 4096 } } }, "zvm.run: "
      .. "files./a.mode: whole number from 0 to 4095 expected, got 4096" },
  { { files = { ["/a"] = { data = "", mtime = -1 } } }, "zvm.run: "
      .. "files./a.mtime: seconds since 1970 expected, got -1" },
  { { files = { ["/a"] = { data = "", name = "b" } } }, "zvm.run: "
      .. 'files./a: unknown option "name"; did you mean "data"?' },
  { { files = { ["/a"] = "x", ["/a/b/c"] = "y" } },
    "zvm.run: files./a/b/c: lies below a file" },

  -- collect
  { { collect = "/out" }, "zvm.run: collect: table expected, got string" },
  { { collect = {} },
    "zvm.run: collect: list of paths expected, got none" },
  { { collect = { "/a", [3] = "/b" } },
    "zvm.run: collect: list of paths expected, got holes in it" },
  { { collect = { "out" } },
    "zvm.run: collect.1: path is not absolute" },
  { { collect = { "/a", "/a" } },
    "zvm.run: collect.2: path is given twice" },
  { { collect = { "/a", put_byte = 1 } }, "zvm.run: collect: unknown option "
      .. '"put_byte"; did you mean "put_bytes"?' },
  { { collect = { "/a", put_bytes = "much" } }, "zvm.run: "
      .. 'collect.put_bytes: size such as 4096 or "64M" expected, got "much"'
    },
  { { collect = { "/a" }, channels = { collect = { buffer = true } } },
    'zvm.run: collect: there is a channel "/dev/collect" already' },
}
