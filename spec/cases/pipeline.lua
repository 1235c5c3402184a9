--- Wrong descriptions of pipelines, and what is said of them, whole.
--
-- SPDX-License-Identifier: Apache-2.0

-- Nothing of a program is looked at before it runs.
local function stage(fields, more)
  local out = { name = "a", program = "a.zvm" }
  for _, each in ipairs { fields, more or {} } do
    for key, value in pairs(each) do
      out[key] = value
    end
  end
  return out
end

local function one(fields)
  return { stage(fields) }
end

local function two(a, b)
  return { stage(a), stage({ name = "b", program = "b.zvm" }, b) }
end

local FIRST = "pipeline.stages[1] (a): "
local SECOND = "pipeline.stages[2] (b): "

return {
  { {}, "pipeline: at least one stage expected" },
  { { program = "a.zvm" },
    "pipeline: list of stages expected, got holes or names in it" },
  { { [2] = stage {} },
    "pipeline: list of stages expected, got holes or names in it" },
  { "cat | sort", 'pipeline: list of stages expected, got "cat | sort"' },
  { { "cat" }, 'pipeline.stages[1]: table expected, got "cat"' },
  { { stage {}, 5 }, "pipeline.stages[2]: table expected, got 5" },
  { { {} }, "pipeline.stages[1]: name: a stage needs one, which its program "
    .. "does not have" },
  { { { program = "\127ELF" } }, "pipeline.stages[1]: name: a stage needs "
    .. "one, which its program does not have" },
  { { { program = "out/a b.zvm" } }, "pipeline.stages[1]: name: a stage "
    .. "needs one, which its program does not have" },
  { { { name = 5, program = "a.zvm" } },
    "pipeline.stages[1]: name: name expected, got 5" },
  { { { name = "a/b", program = "a.zvm" } }, "pipeline.stages[1]: name: up "
    .. 'to 64 letters, digits, dots, dashes and underscores expected, got '
    .. '"a/b"' },
  { { { name = "..", program = "a.zvm" } }, "pipeline.stages[1]: name: up to "
    .. '64 letters, digits, dots, dashes and underscores expected, got ".."' },
  { { stage {}, stage {} }, "pipeline.stages[2] (a): name: there is a stage "
    .. "of that name, pipeline.stages[1]" },
  { { stage { count = 2, connect = {} }, stage { name = "a-1" } },
    'pipeline.stages[2] (a-1): name: there would be two instances named '
    .. '"a-1", the other one of stage "a"' },
  { { { name = "a" } }, FIRST .. "program: a module, a path or bytes "
    .. "expected, got none" },
  { one { program = 7 }, FIRST .. "program: module, path or bytes expected, "
    .. "got 7" },
  { one { conect = "b" },
    FIRST .. 'unknown option "conect"; did you mean "connect"?' },
  { one { "b" },
    FIRST .. "a value without a name; options are name = ..." },
  { one { count = "2" }, FIRST .. 'count: number expected, got "2"' },
  { one { count = 0 },
    FIRST .. "count: whole number from 1 to 100000 expected, got 0" },
  { one { count = 1.5 },
    FIRST .. "count: whole number from 1 to 100000 expected, got 1.5" },
  { two({ count = 60000, connect = {} }, { count = 60000 }),
    SECOND .. "count: at most 100000 instances expected in all, got 120000" },
  { one { codes = 1 }, FIRST .. "codes: list of exit codes expected, got 1" },
  { one { codes = {} },
    FIRST .. "codes: at least one exit code expected" },
  { one { codes = { 0, -1 } }, FIRST .. "codes[2]: whole number from 0 to "
    .. "2147483647 expected, got -1" },
  { one { etag = "sha3" }, FIRST .. 'etag: true, false, "sha256", "sha1" or '
    .. '"md5" expected, got "sha3"' },
  { one { argv0 = "%x" },
    FIRST .. "argv0: %x: %1 to %9, %i, %n or %% expected" },
  -- What zvm.run would say.
  { one { memory = "64 M" }, FIRST .. 'memory: size such as 4096 or "64M" '
    .. 'expected, got "64 M"' },
  { one { args = { 1 } }, FIRST .. "args.1: string expected, got number" },
  { one { env = { ["a="] = "" } },
    FIRST .. 'env: "a=" cannot be the name of a variable' },
  { one { timeout = 0 }, FIRST .. "timeout: more than 0 and at most "
    .. "4294967.295 seconds expected" },
  { one { channels = { x = { paht = "y" } } }, FIRST .. 'channels.x: unknown '
    .. 'option "paht"; did you mean "path"?' },
  { one { channels = { x = { data = "", limits = { get = 1 } } } }, FIRST
    .. 'channels.x.limits: unknown option "get"; did you mean "gets"?' },
  -- Edges.
  { two { connect = "c" }, FIRST .. 'connect: no stage is named "c"; did you '
    .. 'mean "a"?' },
  { two { connect = { "b", "bb" } }, FIRST .. 'connect[2]: no stage is named '
    .. '"bb"; did you mean "b"?' },
  { two { connect = { "b", "b" } },
    FIRST .. 'connect[2]: "b" is connected already' },
  { two { connect = "b", others = true }, FIRST .. 'others: the stage is not '
    .. 'connected with itself; connect = "a"' },
  { two { connect = "b", others = 1 },
    FIRST .. "others: boolean expected, got 1" },
  { two { connect = 3 },
    FIRST .. "connect: list of names of stages expected, got 3" },
  { two { pipe = "bx" },
    FIRST .. 'pipe: no stage is named "bx"; did you mean "b"?' },
  { two { pipe = { "b" } },
    FIRST .. "pipe: name of a stage expected, got table" },
  { two({ pipe = "b", count = 2 }, { count = 3 }), FIRST .. "pipe: as many "
    .. "instances expected of b as of a, which has 2, got 3; connect = "
    .. '"b" joins each with each' },
  { { stage { pipe = "c" }, stage { name = "b", pipe = "c" },
      stage { name = "c" } }, "pipeline.stages[3] (c): channels.stdin: one "
    .. "source expected, got the way from a and the way from b" },
  { two({}, { input = "README.md" }), SECOND .. "channels.stdin: one source "
    .. "expected, got input and the way from a" },
  { two({}, { channels = { stdin = "x" } }), SECOND .. "channels.stdin: one "
    .. "source expected, got channels and the connection with a" },
  { two({ output = "x" }, {}), FIRST .. "channels.stdout: one source "
    .. "expected, got output and the way to b" },
  { two({ connect = "b", channels = { ["/dev/out/b"] = { data = "x" } } }, {}),
    FIRST .. "channels.out/b: one source expected, got channels and the "
    .. "connection with b" },
  { two({ connect = "b", channels = { ["out/c"] = { etag = true } } }, {}),
    FIRST .. "channels.out/c: a source such as data or path expected, or an "
    .. "input, an output or a connection of that name" },
  { one { channels = { x = {} } }, FIRST .. "channels.x: a source such as "
    .. "data or path expected, or an input, an output or a connection of "
    .. "that name" },
  { one { channels = { x = { pipe = 1 } } }, FIRST .. "channels.x: pipe: "
    .. "connect or pipe of a stage joins it to another one" },
  { one { channels = { x = "", ["/dev/x"] = "" } },
    FIRST .. 'channels: "x" is there twice' },
  { one { channels = { "x" } },
    FIRST .. "channels: a channel without a name" },
  { one { channels = "x" },
    FIRST .. 'channels: table expected, got "x"' },
  { one { count = 2, channels = { log = { path = "l", mode = "w" } } },
    FIRST .. 'channels.log: 2 instances would write "l"; output = { path = '
    .. '..., channel = "log" } has %i for the instance\'s number' },
  { two({ connect = "b", count = 1100 }, {}), SECOND .. "an instance has at "
    .. "most 1024 channels, and would have 1103 by its connections" },
  { two({ connect = "b", count = 900 }, { count = 900 }), FIRST .. "connect: "
    .. "at most 100000 connections expected in all, got 810000" },
  { one { count = 2, each = { {} } }, FIRST .. "each: as many tables expected "
    .. "as there are instances, 2, got 1" },
  { one { each = { { x = { fdd = 1 } } } },
    FIRST .. 'each[1].x: unknown option "fdd"; did you mean "fd"?' },
  { one { each = { { x = {} } } },
    FIRST .. "each[1].x: a source such as data, path or fd expected" },
  { one { each = { { stdin = "x" } }, input = "README.md" }, FIRST
    .. "channels.stdin: one source expected, got each and input" },
  -- Inputs.
  { one { input = 5 }, FIRST .. "input: path, table or list expected, got 5" },
  { one { input = "" },
    FIRST .. "input: path expected, got an empty string" },
  { one { input = "lua/*.none" },
    FIRST .. 'input: no file matches "lua/*.none"' },
  { one { input = "nowhere/*" },
    FIRST .. "input: nowhere/: No such file or directory" },
  { one { input = "lua/**" }, FIRST .. "input: ** is not known; one * stays "
    .. "within a directory" },
  { one { input = "??????????" },
    FIRST .. "input: at most 9 wildcards expected, got 10" },
  { one { input = "README.md", count = 2 }, FIRST .. "count: 1 expected, as "
    .. "there is one input, got 2; input = { path = ..., split = ... } cuts "
    .. "a file" },
  { one { input = { "a", "b" }, count = 3 }, FIRST .. "count: 2 expected, as "
    .. "many as there are inputs, got 3" },
  { one { input = { "a", 2 } },
    FIRST .. "input[2]: table expected, got 2" },
  { one { input = { "a", { data = "", path = "b" } } },
    FIRST .. "input[2]: one of path and data expected, got both" },
  { one { input = { "a", chanel = "b" } },
    FIRST .. 'input: unknown option "chanel"; did you mean "channel"?' },
  { one { input = { split = "newline" } },
    FIRST .. "input: path, data, fd or uri expected" },
  { one { input = { data = "x", split = "newline" } },
    FIRST .. "input.split: only a path is split" },
  { one { input = { path = "*.md", split = "newline" } }, FIRST
    .. 'input.path: one file expected where split is, got the wildcard '
    .. '"*.md"' },
  { one { input = { path = "x", split = "lines" } }, FIRST .. 'input.split: '
    .. '"newline", a size of records, or { pattern = ... } expected, got '
    .. '"lines"' },
  { one { input = { path = "x", split = 0 } }, FIRST .. "input.split: whole "
    .. "number from 1 to 2147483647 expected, got 0" },
  { one { input = { path = "x", split = { patern = "x" } } }, FIRST
    .. 'input.split: unknown option "patern"; did you mean "pattern"?' },
  { one { input = { path = "x", split = {} } },
    FIRST .. "input.split.pattern: PCRE2 pattern expected, got nil" },
  { one { input = { path = "x", channel = 1 } },
    FIRST .. "input.channel: name of a channel expected, got 1" },
  -- Outputs.
  { one { output = 1 },
    FIRST .. "output: path, true, function or table expected, got 1" },
  { one { output = false },
    FIRST .. "output: path, true, function or table expected, got boolean" },
  { one { output = {} }, FIRST .. "output: one of path, buffer and write "
    .. "expected, got none" },
  { one { output = { path = "x", buffer = true } }, FIRST .. "output: one of "
    .. "path, buffer and write expected, got several" },
  { one { output = { write = "x" } },
    FIRST .. 'output.write: function expected, got "x"' },
  { one { output = { "x", "y" } },
    FIRST .. 'output[2]: "stdout" has an output already' },
  { one { output = "x%1" }, FIRST .. "output: %1: the input has no wildcard, "
    .. "which it would stand for" },
  { one { output = "x%2", input = "README.*" },
    FIRST .. "output: %2: the input has only 1 wildcard" },
  { one { output = "x%z" },
    FIRST .. "output: %z: %1 to %9, %i, %n or %% expected" },
  { one { output = "x", count = 2 }, FIRST .. 'output: "x" would be written '
    .. "by a-1 and a-2; %i or %n in the name makes it another for each" },
  { two({ output = "x/y", connect = {} }, { output = "./x//y" }), SECOND
    .. 'output: "./x//y" would be written by a and b; %i or %n in the name '
    .. "makes it another for each" },
}
