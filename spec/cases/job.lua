--- Wrong jobs, and what is said of them, whole: { text, message }, where a
-- text is a document, or a group without its brackets when it begins with {.
--
-- SPDX-License-Identifier: Apache-2.0

-- A group with a program and these members more.
local function group(more)
  return ('[{"name":"a","exec":{"path":"p"},%s}]'):format(more)
end

-- A group with one device.
local function device(members)
  return group(('"devices":[{%s}]'):format(members))
end

-- A group whose program's members are these.
local function exec(members)
  return ('[{"name":"a","exec":{%s}}]'):format(members)
end

-- Two groups, the members of the first.
local function pair(more, other)
  return ('[{"name":"a","exec":{"path":"p"},%s},'
    .. '{"name":"b","exec":{"path":"p"}%s}]'):format(more, other or "")
end

local EXPECTED = "swift://ACCOUNT/CONTAINER/OBJECT, a path below the root, "
  .. "file://IMAGE:PATH or zvm://GROUP:DEVICE expected"
local DEVICE = "job[1].devices[1]"
local NETWORK = "the network is not there: a job has files and its groups"

return {
  -- What is no JSON.
  { "", 'job:1:1: a value expected, got the end' },
  { "[", "job:1:2: a value expected, got the end" },
  { "[{]", 'job:1:3: a name in quotes expected, got "]"' },
  { "[1 2]", 'job:1:4: "," or "]" expected, got "2"' },
  { "[1,]", 'job:1:4: a value expected, got "]"' },
  { '[{"a" 1}]', 'job:1:7: ":" expected, got "1"' },
  { '[{"a":1 "b":2}]', 'job:1:9: "," or "}" expected, got a string' },
  { '[{"a":1},\n {"name":"x"\n "b"}]',
    'job:3:2: "," or "}" expected, got a string' },
  { '[{"a":1,"b":{},"a":2}]', 'job:1:16: "a" is there twice' },
  { '[{"exec":{"path":"a","path":"b"}}]',
    'job:1:22: "path" is there twice' },
  { '[{"a":1,"\\u0061":2}]', 'job:1:9: "a" is there twice' },
  { '["a', "job:1:2: a string that is not closed" },
  { '["a\nb"]',
    "job:1:4: a control character in a string: write \\u000a" },
  { '["\\x41"]', "job:1:3: unknown escape \\x" },
  { '["\\u12"]', "job:1:3: \\u and four hexadecimal digits expected" },
  { '["\\ud800"]', "job:1:3: half of a surrogate pair" },
  { '["\\udc00\\ud800"]', "job:1:3: half of a surrogate pair" },
  { '["\255"]', "job:1:3: byte 0xff is not UTF-8" },
  { '["\237\160\128"]', "job:1:3: byte 0xed is not UTF-8" },
  { "\239\187\191[]", "job:1:1: a byte order mark, which JSON has not" },
  { "[01]", "job:1:2: a number begins with 1 to 9, or is 0" },
  { "[+1]", 'job:1:2: a value expected, got "+"' },
  { "[.5]", 'job:1:2: a value expected, got "."' },
  { "[1.]", "job:1:3: digits expected after the point" },
  { "[1e]", "job:1:3: digits expected in the exponent" },
  { "[1e999]", "job:1:2: a number that is too large" },
  { "[NaN]", 'job:1:2: a value expected, got "NaN"' },
  { "[Infinity]", 'job:1:2: a value expected, got "Infinity"' },
  { "[nil]", 'job:1:2: a value expected, got "nil"' },
  { "[True]", 'job:1:2: a value expected, got "True"' },
  { "['a']", 'job:1:2: a value expected, got "\'"' },
  { "[] []", 'job:1:4: nothing more expected, got "["' },
  { "[] // comment", 'job:1:4: nothing more expected, got "/"' },
  { ("["):rep(65),
    "job:1:65: more than 64 lists and objects in each other" },
  { ('{"a":'):rep(65),
    "job:1:321: more than 64 lists and objects in each other" },
  { "[" .. ("0,"):rep(2 ^ 20),
    "job:1:2097152: more than 1048576 values" },
  { (" "):rep(16 * 2 ^ 20 + 1), "job:1:1: more than 16777216 bytes" },

  -- What is no job.
  { "{}", "job: list of groups expected, got object" },
  { "null", "job: list of groups expected, got null" },
  { "true", "job: list of groups expected, got true" },
  { '"x"', 'job: list of groups expected, got "x"' },
  { "[]", "job: list of groups expected, got none" },
  { "[1]", "job[1]: object expected, got 1" },
  { "[null]", "job[1]: object expected, got null" },
  { "[[]]", "job[1]: object expected, got list" },
  { "[{}]", "job[1]: name is missing" },
  { '[{"name":1}]', "job[1].name: string expected, got 1" },
  { '[{"name":""}]', 'job[1].name: 1 to 64 letters, digits, - and _ '
    .. 'expected, got ""' },
  { '[{"name":"a b"}]', 'job[1].name: 1 to 64 letters, digits, - and _ '
    .. 'expected, got "a b"' },
  { '[{"name":"../a"}]', 'job[1].name: 1 to 64 letters, digits, - and _ '
    .. 'expected, got "../a"' },
  { '[{"name":"a\\u0000"}]', 'job[1].name: 1 to 64 letters, digits, - and '
    .. '_ expected, got "a\\000"' },
  { '[{"name":"a"}]', "job[1]: exec is missing: the program" },
  { '[{"name":"a","exec":"p"}]', 'job[1].exec: object expected, got "p"' },
  { pair('"count":1', "},{\"name\":\"a\""),
    'job[3].name: "a" is the name of job[1] too' },
  { '[{"name":"a","exce":{}}]',
    'job[1]: unknown key "exce"; did you mean "exec"?' },
  { '[{"name":"a","exec":{"path":"p"},"devcies":[]}]',
    'job[1]: unknown key "devcies"; did you mean "devices"?' },
  { group '"args":"1"', 'job[1]: unknown key "args"; did you mean "name"?' },

  -- Programs.
  { exec '', "job[1].exec: path is missing: the program" },
  { exec '"path":1', "job[1].exec.path: string expected, got 1" },
  { exec '"path":""', "job[1].exec.path: is empty; " .. EXPECTED },
  { exec '"pth":"x"',
    'job[1].exec: unknown key "pth"; did you mean "path"?' },
  { exec '"path":"../p"', 'job[1].exec.path: "../p": has a part ".."' },
  { exec '"path":"/a/../../p"',
    'job[1].exec.path: "/a/../../p": has a part ".."' },
  { exec '"path":"swift://a/p"', 'job[1].exec.path: "swift://a/p": '
    .. "swift://ACCOUNT/CONTAINER/OBJECT expected" },
  { exec '"path":"swift://a/b/../../../p"', 'job[1].exec.path: '
    .. '"swift://a/b/../../../p": has a part ".."' },
  { exec '"path":"swift://a/b/%2e%2e"',
    'job[1].exec.path: "swift://a/b/%2e%2e": has a part ".."' },
  { exec '"path":"swift://a/b/c%2Fd"', 'job[1].exec.path: '
    .. '"swift://a/b/c%2Fd": has a slash in one of its parts, '
    .. "written %2F" },
  { exec '"path":"swift://a/b/c%2"', 'job[1].exec.path: '
    .. '"swift://a/b/c%2": "%2": % and two hexadecimal digits expected' },
  { exec '"path":"swift://a/b/c%00"', 'job[1].exec.path: '
    .. '"swift://a/b/c%00": has a control character' },
  { exec '"path":"swift://~/b/c"', 'job[1].exec.path: "swift://~/b/c": '
    .. 'the account "~" is of who asks: give one as option "account"' },
  { exec '"path":"swift://a/b/c*"', 'job[1].exec.path: "swift://a/b/c*": '
    .. 'no "*" in the path of a program' },
  { exec '"path":"http://a/b"', 'job[1].exec.path: "http://a/b": '
    .. NETWORK },
  { exec '"path":"gopher://a/b"', 'job[1].exec.path: "gopher://a/b": '
    .. EXPECTED },
  { exec '"path":"cache://etag/a/b/c"', 'job[1].exec.path: '
    .. '"cache://etag/a/b/c": cache:// is of ZeroCloud\'s own servers' },
  { exec '"path":"zvm://b:stdin"', 'job[1].exec.path: "zvm://b:stdin": '
    .. "a program is not in another group" },
  { exec '"path":"file://python2.7:python"', 'job[1].exec.path: '
    .. '"file://python2.7:python": no image "python2.7" is known: give one '
    .. 'as option "images"' },
  { exec '"path":"file://main"', 'job[1].exec.path: "file://main": the '
    .. "group has no device image, in whose archive that could be; a file "
    .. "below the root is written without file://" },
  { exec '"path":"file://:p"', 'job[1].exec.path: "file://:p": the image '
    .. "has no name" },
  { exec '"path":"p","args":["a"]',
    "job[1].exec.args: string expected, got list" },
  { exec '"path":"p","args":"a \\"b"',
    "job[1].exec.args: a double quote that is not closed" },
  { exec '"path":"p","args":"a\\\\x00"',
    "job[1].exec.args: a word with a NUL byte" },
  { exec '"path":"p","env":[]', "job[1].exec.env: object expected, got list" },
  { exec '"path":"p","env":{"A":true}',
    "job[1].exec.env.A: string or number expected, got true" },
  { exec '"path":"p","env":{"A=B":"x"}',
    'job[1].exec.env["A=B"]: no name of a variable' },
  { exec '"path":"p","env":{"A":"\\\\x00"}',
    "job[1].exec.env.A: contains a NUL byte" },
  { exec '"path":"p","name":"a\\u0000"',
    "job[1].exec.name: contains a NUL byte" },

  -- Numbers and hints.
  { group '"count":0', "job[1].count: whole number from 1 to 1024 expected, "
    .. "got 0" },
  { group '"count":1.5', "job[1].count: whole number from 1 to 1024 "
    .. "expected, got 1.5" },
  { group '"count":"2"', "job[1].count: whole number from 1 to 1024 "
    .. 'expected, got "2"' },
  { group '"count":1e9', "job[1].count: whole number from 1 to 1024 "
    .. "expected, got 1000000000" },
  { group '"replicate":4', "job[1].replicate: whole number from 0 to 3 "
    .. "expected, got 4" },
  { group '"attach":"stdin"', 'job[1].attach: the group has no device '
    .. '"stdin"' },
  { group '"location":1', "job[1].location: string expected, got 1" },

  -- Devices.
  { group '"devices":{}', "job[1].devices: list expected, got object" },
  { group '"devices":[],"file_list":[]', "job[1].file_list: is the older "
    .. "name of devices, which is given too" },
  { group '"devices":["stdin"]',
    'job[1].devices[1]: object expected, got "stdin"' },
  { device '', DEVICE .. ": name is missing" },
  { device '"name":1', DEVICE .. ".name: string expected, got 1" },
  { device '"device":1', DEVICE .. ".device: string expected, got 1" },
  { device '"name":"stdin","device":"stdin","path":"a"', DEVICE
    .. ".device: is the older name of name, which is given too" },
  { device '"name":"stdni"', DEVICE .. '.name: unknown device "stdni"; did '
    .. 'you mean "stdin"?' },
  { device '"name":"debug","path":"tcp://h:1"', DEVICE .. ".name: debug: the "
    .. "network is not there, and a debugger has other ways in" },
  { device '"name":"db","path":"x"', DEVICE .. ".name: db: a device that is "
    .. "kept from one run to the next is not there" },
  { group '"devices":[{"name":"stdout"},{"name":"stdout"}]',
    'job[1].devices[2].name: the group has two devices "stdout"' },
  { device '"name":"stdin","pth":"a"', DEVICE .. ': unknown key "pth"; did '
    .. 'you mean "path"?' },
  { device '"name":"stdin"', DEVICE .. ": path is missing: stdin is read" },
  { device '"name":"script"', DEVICE .. ": path is missing: script is read" },
  { device '"name":"image"', DEVICE .. ": path is missing: the archive" },
  { device '"name":"image","path":"a*.tar"', DEVICE .. '.path: no "*" in the '
    .. "path of an image" },
  { device '"name":"image","path":"file://a:b"', DEVICE .. ".path: an "
    .. "archive below the root expected" },
  { device '"name":"stdin","path":"tcp://h:1"', DEVICE .. '.path: '
    .. '"tcp://h:1": ' .. NETWORK },
  { device '"name":"stdin","path":"a//b"', DEVICE .. '.path: "a//b": has an '
    .. "empty part" },
  { device '"name":"stdin","path":"a/"', DEVICE .. '.path: "a/": has an '
    .. "empty part" },
  { device '"name":"stdin","path":"swift://*/b/c"', DEVICE .. '.path: '
    .. '"swift://*/b/c": no "*" in the account' },
  { device '"name":"stdin","path":"swift://a/b/%2A"', DEVICE .. '.path: '
    .. '"swift://a/b/%2A": an object with "*" in its name cannot be named' },
  { device '"name":"stdin","path":"a?*"', DEVICE .. '.path: "?" beside "*": '
    .. "it would stand for any letter" },
  { device '"name":"stdin","path":"*.*.*.*.*.*.*.*.*.*"', DEVICE .. ".path: "
    .. 'more than 9 times "*"' },
  { device '"name":"stdin","path":"zvm://b:stdout"', DEVICE .. ".path: stdin "
    .. "is read: a connection begins at the group that writes" },
  { device '"name":"stdin","path":"zvm://b"', DEVICE .. '.path: "zvm://b": '
    .. "zvm://GROUP:DEVICE expected" },
  { device '"name":"stdout","path":"file://image:a"', DEVICE .. ".path: "
    .. "stdout is written, and an archive is only read" },
  { group '"count":2,"devices":[{"name":"stdout","path":"o"}]', DEVICE
    .. '.path: "o": one file for 2 instances: "*" expected in it' },
  { group('"devices":[{"name":"stdout","path":"o"},'
      .. '{"name":"stdin","path":"i*"}]'),
    DEVICE .. '.path: "o": one file for many instances: "*" expected in it' },
  { group('"devices":[{"name":"stdin","path":"i*"},'
      .. '{"name":"input","path":"j*"}]'),
    'job[1].devices[2].path: "*" is in the path of stdin already: one '
    .. "device says how many instances there are" },
  { group('"devices":[{"name":"stdin","path":"i*"},'
      .. '{"name":"stdout","path":"*/*"}]'),
    'job[1].devices[2].path: 2 times "*", and 1 in the path of stdin' },
  { device '"name":"stdout","mode":"dir"', DEVICE .. '.mode: "file", "block",'
    .. ' "char" or "pipe" expected, got "dir"' },
  { device '"name":"stdout","content_type":1', DEVICE .. ".content_type: "
    .. "string expected, got 1" },
  { device '"name":"stdout","meta":[]', DEVICE .. ".meta: object expected, "
    .. "got list" },
  { device '"name":"stdout","meta":{"k":1}', DEVICE .. ".meta.k: string "
    .. "expected, got 1" },
  { device '"name":"stdout","min_size":1', DEVICE .. ".min_size: outputs are "
    .. "kept whatever their size: 0 expected, got 1" },

  -- Connections.
  { group '"connect":"b"', 'job[1].connect: list expected, got "b"' },
  { group '"connect":[1]', "job[1].connect[1]: string expected, got 1" },
  { group '"connect":["a"]', "job[1].connect[1]: a group of one instance is "
    .. "not connected to itself" },
  { pair '"connect":["bb"]', 'job[1].connect[1]: no group "bb"; did you mean '
    .. '"b"?' },
  { pair '"connect":["b","b"]', 'job[1].connect[2]: "b" is there twice' },
  { pair '"devices":[{"name":"stdout","path":"zvm://c:stdin"}]', DEVICE
    .. '.path: no group "c"; did you mean "a"?' },
  { pair '"devices":[{"name":"stdout","path":"zvm://a:stdin"}]', DEVICE
    .. ".path: a group is not its own input" },
  { pair '"devices":[{"name":"stdout","path":"zvm://b:input"}]', DEVICE
    .. ".path: a device is joined with one of another group from stdout to "
    .. "stdin; other connections are made by connect" },
  { pair '"devices":[{"name":"stderr","path":"zvm://b:stdin"}]', DEVICE
    .. ".path: a device is joined with one of another group from stdout to "
    .. "stdin; other connections are made by connect" },
  { pair('"devices":[{"name":"stdout","path":"zvm://b:stdin"}]',
      ',"devices":[{"name":"stdin","path":"x"}]'),
    DEVICE .. '.path: "b" has a device stdin of its own' },
  { pair('"devices":[{"name":"stdout","path":"zvm://b:stdin"}]',
      ',"count":2'),
    DEVICE .. ".path: 1 of \"a\" and 2 of \"b\": a pipe joins as many as "
    .. "there are on the other side" },
  { pair('"devices":[{"name":"stdout","path":"zvm://b:stdin"}]',
      '},{"name":"c","exec":{"path":"p"},"devices":[{"name":"stdout",'
      .. '"path":"zvm://b:stdin"}]'),
    'job[3].devices[1].path: stdin of "b" is the stdout of "a" already' },
}
