--- Options of zvm.run that no manifest can say, or that are wrong, and what
-- zvm.manifest.from_options says of each.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

local huge = math.huge

-- Options that are right but for those given.
local function opt(given)
  given.program = given.program == nil and "p" or given.program
  given.channels = given.channels == nil and {
    stdout = { path = "/o" }, stderr = { null = true },
  } or given.channels
  return given
end

-- The same, with a channel `c`.
local function ch(spec)
  return opt {
    channels = {
      c = spec, stdout = { path = "/o" }, stderr = { null = true },
    },
  }
end

-- The same, whose limits are given.
local function lim(limits)
  return ch { path = "/x", type = 3, limits = limits }
end

M.LIST = {
  -- what a program starts with
  { opt { files = { ["/a"] = "x" } }, "files: a manifest cannot hold the "
      .. "contents of files: put them into an image" },
  { opt { collect = { "/out" } }, "collect: a manifest cannot hold what comes "
      .. "back: let the program write to channels" },
  { opt { images = { { string = "x" } } }, 'images.1: unknown option "string"; '
      .. 'did you mean "file"?' },
  { opt { images = { 1 } }, "images.1: table expected, got 1" },
  { opt { images = { { at = "/" } } },
    "images.1.path: string expected, got nil" },
  { opt { clock = 1.5 },
    "clock: a manifest has whole seconds, or a time as text" },
  { opt { clock = "noon" }, "clock: seconds since 1970, or a time such as "
      .. '2024-02-29T12:00:00Z, expected, before 2200, got "noon"' },
  { opt { seed = "x" }, "seed: number up to 2^53, or 0x and 1 to 16 digits, "
      .. 'expected, got "0xx"' },
  { opt { directory = "x" },
    'directory: absolute path expected, got "x"' },
  -- what a manifest cannot hold
  { opt { name = "x" },
    "name: a manifest cannot hold the name that the program knows itself by" },
  { opt { args = { "a" } },
    "args: a manifest cannot hold arguments: let the program read them "
      .. "from a channel" },
  { opt { args = "a" },
    "args: a manifest cannot hold arguments: let the program read them "
      .. "from a channel" },
  { opt { env = { A = "1" } },
    "env: a manifest cannot hold an environment: let the program read "
      .. "it from a channel" },
  { opt { stack = "8M" },
    "stack: a manifest cannot hold the size of the stack" },
  { opt { isolation = "inline" },
    "isolation: a manifest cannot hold where a program runs" },
  { opt { cpu = 1 },
    "cpu: a manifest cannot hold a limit of CPU time" },
  { opt { resident = "1M" },
    "resident: a manifest cannot hold a limit of resident memory" },
  { opt { on_limit = "stop" },
    "on_limit: a manifest cannot hold what a limit does but give an error" },
  { opt { symbols = false },
    "symbols: a manifest cannot hold whether faults are located" },
  { opt { trace = "/t" },
    "trace: a manifest cannot hold where a trace goes" },
  { ch "data",
    "channels.c.data: a manifest cannot hold what a channel reads: put "
      .. "it into a file" },
  { ch { data = "data" },
    "channels.c.data: a manifest cannot hold what a channel reads: put "
      .. "it into a file" },
  { ch { buffer = true },
    "channels.c.buffer: a manifest cannot hold a buffer: let the "
      .. "channel write to a file" },
  { ch { read = print },
    "channels.c.read: a manifest cannot hold a function" },
  { ch { write = print },
    "channels.c.write: a manifest cannot hold a function" },
  { ch { pipe = {} },
    "channels.c.pipe: a manifest cannot hold a pipe" },
  { ch { path = "/x", type = 3, on_limit = "stop" },
    "channels.c.on_limit: a manifest cannot hold what a limit does but "
      .. "give an error" },
  { ch { path = "/x", type = 3, slice = { 0, 1 } },
    "channels.c.slice: a manifest cannot hold a part of a file: put it into " ..
    "a file of its own" },
  { ch { path = "/x", type = 3, mode = "w", partial = true },
    "channels.c.partial: a manifest cannot hold what becomes of an "
      .. "output of a run that failed" },
  { ch { path = "/x", type = 3, mode = "w", limits = { file_size = 1 } },
    "channels.c.limits.file_size: a manifest cannot hold a limit of "
      .. "the size of a file" },
  { ch { path = "/x", type = 0, etag = "md5" },
    'channels.c.etag: a manifest cannot say which digest, and "md5" is '
      .. "not the default" },
  { ch { path = "/x", type = 0, etag = "sha1" },
    'channels.c.etag: a manifest cannot say which digest, and "sha1" '
      .. "is not the default" },
  { opt { memory_etag = "sha1" },
    'memory_etag: a manifest cannot say which digest, and "sha1" is '
      .. "not the default" },
  { opt { timeout = 0.5 },
    "timeout: a manifest has whole seconds, from 1 on, got 0.5" },
  { opt { timeout = "250ms" },
    'timeout: a manifest has whole seconds, from 1 on, got "250ms"' },
  { ch { path = "/x", type = 0, mode = "a" },
    'channels.c.mode: limits and type of a manifest would make it "w", '
      .. 'not "a"' },
  { ch { path = "/x", type = 1, mode = "w" },
    'channels.c.mode: limits and type of a manifest would make it "a", '
      .. 'not "w"' },
  { ch { path = "/x", type = 3, mode = "r+",
      limits = { gets = 0, get_bytes = 0 } },
    'channels.c.mode: limits and type of a manifest would make it "w", '
      .. 'not "r+"' },
  { ch { path = "/a,b", type = 0 },
    'channels.c.path: a manifest cannot hold "," in a field, got "/a,b"' },
  { ch { path = "/a=b", type = 0 },
    'channels.c.path: a manifest cannot hold "=" in a value, got "/a=b"' },
  { ch { path = "/a;b", type = 0 },
    'channels.c.path: one source expected: ";" would be between two of them' },
  { ch { path = "/a\nb", type = 0 },
    "channels.c.path: a manifest cannot hold control characters, got "
      .. '"/a\\010b"' },
  { ch { path = "/a ", type = 0 },
    "channels.c.path: a manifest cannot hold blanks at an end of a "
      .. 'value, got "/a "' },
  { ch { path = "a ", type = 0 },
    "channels.c.path: a manifest cannot hold blanks at an end of a "
      .. 'value, got "file:a "' },
  { opt { program = "a=b" },
    'program: a manifest cannot hold "=" in a value, got "a=b"' },
  { opt { program = " a" },
    'program: a manifest cannot hold blanks at an end of a value, got " a"' },
  { opt { channels = { ["/a,b"] = { null = true } } },
    'channels./a,b: a manifest cannot hold "," in a field, got "/a,b"' },
  { opt { channels = { ["/a=b"] = { null = true } } },
    'channels./a=b: a manifest cannot hold "=" in a value, got "/a=b"' },
  { opt { channels = {} },
    "channels.stdout: missing: it would be a buffer, which a manifest "
      .. "cannot hold" },
  { opt { channels = { stdout = { null = true } } },
    "channels.stderr: missing: it would be a buffer, which a manifest "
      .. "cannot hold" },
  { opt { channels = { stdout = {}, stderr = { null = true } } },
    "channels.stdout: no source: one of path, fd, null or uri expected" },

  -- what is no option
  { opt { programm = "x" },
    'unknown option "programm"; did you mean "program"?' },
  { opt { channel = {} },
    'unknown option "channel"; did you mean "channels"?' },
  { opt { "x" },
    "a value without a name" },
  { ch { file = "/x" },
    'channels.c: unknown option "file"; did you mean "pipe"?' },
  { lim { put_size = 1 },
    'channels.c.limits: unknown option "put_size"; did you mean "puts"?' },
  { lim { 1 },
    "channels.c.limits: a value without a name" },

  -- wrong values
  { opt { program = false },
    "program: a manifest names a file: path expected, got boolean" },
  { opt { program = "" },
    "program: a manifest names a file: path expected, got bytes" },
  { opt { program = "\127ELF" },
    "program: a manifest names a file: path expected, got bytes" },
  { opt { memory = true },
    "memory: number or size string expected, got boolean" },
  { opt { memory = 0 },
    "memory: more than 0 bytes expected" },
  { opt { memory = -1 },
    "memory: whole number of bytes expected, got -1" },
  { opt { memory = 1.5 },
    "memory: whole number of bytes expected, got 1.5" },
  { opt { memory = "64X" },
    'memory: size such as 4096 or "64M" expected, got "64X"' },
  { opt { memory = "4G" },
    "memory: 4294967296 bytes are too many for a run" },
  { opt { memory = 2 ^ 53 },
    "memory: 9007199254740992 bytes are too many for a run" },
  { opt { memory_etag = 1 },
    "memory_etag: boolean or name of a digest expected, got 1" },
  { opt { timeout = 0 },
    "timeout: a manifest has whole seconds, from 1 on, got 0" },
  { opt { timeout = -1 },
    "timeout: a manifest has whole seconds, from 1 on, got -1" },
  { opt { timeout = "5" },
    'timeout: time such as 0.5, "250ms" or "10s" expected, got "5"' },
  { opt { timeout = {} },
    "timeout: number of seconds or string expected, got table" },
  { opt { timeout = 4294968 },
    "timeout: at most 4294967 seconds expected, got 4294968" },
  { opt { timeout = huge },
    "timeout: a manifest has whole seconds, from 1 on, got inf" },
  { opt { channels = 1 },
    "channels: table expected, got 1" },
  { opt { channels = { "x" } },
    "channels: a channel without a name" },
  { opt { channels = { x = 1 } },
    "channels.x: string or table expected, got 1" },
  { opt { channels = { ["a/b"] = { null = true } } },
    'channels.a/b: absolute path expected, got "a/b"' },
  { opt { channels = { [""] = { null = true } } },
    'channels.: "/dev/" has an empty part' },
  { opt { channels = { ["a b"] = { null = true } } },
    'channels.a b: printable ASCII without blanks expected, got "/dev/a b"' },
  { opt { channels = { ["/dev/x"] = { null = true }, x = { null = true } } },
    "channels.x: the same channel as channels./dev/x" },
  { ch {},
    "channels.c: no source: one of path, fd, null or uri expected" },
  { ch { null = false },
    "channels.c: no source: one of path, fd, null or uri expected" },
  { ch { null = 1 },
    "channels.c.null: boolean expected, got 1" },
  { ch { path = "/x", fd = 1 },
    'channels.c.fd: a channel has one source, and "path" is given too' },
  { ch { path = "/x", uri = "null:" },
    'channels.c.uri: a channel has one source, and "path" is given too' },
  { ch { path = 1 },
    "channels.c.path: string expected, got 1" },
  { ch { path = "" },
    "channels.c.path: path expected, got nothing" },
  { ch { fd = -1 },
    "channels.c.fd: whole number from 0 to 2147483647 expected, got -1" },
  { ch { fd = "1" },
    'channels.c.fd: whole number from 0 to 2147483647 expected, got "1"' },
  { ch { uri = "/x" },
    'channels.c.uri: a scheme such as "file:" expected, got "/x"' },
  { ch { uri = "x" },
    'channels.c.uri: absolute path expected, got "x"; for a relative '
      .. 'one, write "file:..."' },
  { ch { uri = "tcp:2:" },
    'channels.c.uri: zvm.run has no source "tcp:2:"' },
  { ch { uri = "opaque:x" },
    'channels.c.uri: zvm.run has no source "opaque:x"' },
  { ch { uri = "http://x" },
    'channels.c.uri: "http:" is not a source; did you mean "tcp:"?' },
  { ch { uri = "tcp:h:1" },
    "channels.c.listen: true expected: in a manifest who reads listens" },
  { ch { uri = "tcp:h:1", mode = "r", listen = 1 },
    "channels.c.listen: boolean expected, got 1" },
  { ch { uri = "tcp:h:1", mode = "w", listen = true },
    "channels.c.listen: in a manifest only a connection that is read listens" },
  { ch { uri = "tcp:h:1", mode = "r+" },
    "channels.c.limits.puts: a connection is read or written, not both" },
  { ch { uri = "tcp:h:1", mode = "w", type = 3 },
    "channels.c.type: a connection is sequential: 0 expected, got 3" },
  { ch { path = "/x", type = 0, listen = true },
    "channels.c.listen: in a manifest only a connection that is read listens" },
  { ch { path = "/x" },
    "channels.c.type: 0 to 3 expected: a manifest has to say it, and "
      .. "what zvm.run takes depends on the file" },
  { ch { path = "/x", type = 4 },
    "channels.c.type: whole number from 0 to 3 expected, got 4" },
  { ch { path = "/x", type = "0" },
    'channels.c.type: whole number from 0 to 3 expected, got "0"' },
  { ch { path = "/x", mode = "rw", type = 0 },
    'channels.c.mode: "r", "w", "a" or "r+" expected, got "rw"' },
  { ch { path = "/x", mode = true, type = 0 },
    'channels.c.mode: "r", "w", "a" or "r+" expected, got boolean' },
  { ch { null = true, mode = "r" },
    "channels.c.mode: null has no mode" },
  { ch { path = "/x", type = 0, etag = 1 },
    "channels.c.etag: boolean or name of a digest expected, got 1" },
  { ch { path = "/x", type = 0, limits = 1 },
    "channels.c.limits: table expected, got 1" },
  { lim { gets = -1 },
    "channels.c.limits.gets: whole number of bytes expected, got -1" },
  { lim { gets = "many" },
    'channels.c.limits.gets: size such as 4096 or "64M" expected, got "many"' },
  { lim { puts = 1 },
    "channels.c.limits.puts: this channel cannot be written" },
  { lim { gets = 0 },
    "channels.c.limits.gets: 0, while get_bytes is "
      .. "9223372036854775807: set both or neither" },
  { lim { get_bytes = 0 },
    "channels.c.limits.get_bytes: 0, while gets is "
      .. "9223372036854775807: set both or neither" },
  { lim { gets = 0, get_bytes = 0 },
    "channels.c.limits.gets: all four limits are 0: the channel could "
      .. "do nothing" },
  { lim { get_bytes = 2 ^ 53 + 2 },
    "channels.c.limits.get_bytes: whole number of bytes expected, got "
      .. "9.007199254741e+15" },
}

return M
