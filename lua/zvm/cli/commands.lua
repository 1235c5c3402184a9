--- All subcommands of `zvm`, as data: usage text, man pages and the reading
-- of command lines have them from here.
--
-- A command is { name, synopsis, about, text, options, exits, first }: `about`
-- one line, `text` what else there is to say, `first` when options end with
-- the first word that is none. zvm.cli.<name> runs it.
--
-- An option is { name, value, about } and
--   values    the words that it takes, if there is a list
--   optional  it stands alone, or takes its value after "="
--   many      it may be given again and again
--   number    its value is a number
--   most      that is whole, and from 1 to this
--   complete  what its value names: "file" or "directory"
--
-- SPDX-License-Identifier: Apache-2.0
local exits = require "zvm.cli.exits"

local M = {}

M.DIGESTS = { "sha256", "sha1", "md5" }

local HELP = { name = "help", about = "Say this." }

local run = {
  name = "run",
  synopsis = { "[OPTION]... PROGRAM [ARGUMENT|OPTION]... [-- ARGUMENT...]",
    "[OPTION]... JOB.manifest [ARGUMENT|OPTION]... [-- ARGUMENT...]" },
  about = "Run a program in the sandbox.",
  text = "OPTIONs may stand before PROGRAM or after it; -- ends them, and "
    .. "what is none of these is the guest's. An ARGUMENT @PATH maps that "
    .. "file as a channel to read, and becomes its name in the guest; @@x is "
    .. "the argument @x. The guest has stdin, stdout and stderr of this "
    .. "command, unless --channel says otherwise. A file that is a manifest "
    .. "is known by what it contains; options add to it, and win over it.",
  first = true,
  exits = exits.run,
  options = {
    { name = "channel", value = "ALIAS=URI[,KEY=VALUE|,FLAG]...",
      many = true,
      about = "Give the guest a channel: ALIAS is a name, which is "
        .. "/dev/ALIAS in the guest, or an absolute path. URI is a path, "
        .. "file:PATH, fd:N, null:, tcp:HOST:PORT or unix:PATH. Keys: mode "
        .. "(r, w, a or r+), type (0 to 3), etag, on_limit, and the limits "
        .. "gets, get_bytes, puts, put_bytes and file_size. Flags: r, w, a "
        .. "and r+ for the mode, etag, listen, partial. A comma in URI is "
        .. "written twice." },
    { name = "limit", value = "ALIAS.LIMIT=SIZE", many = true,
      about = "Bound a channel: gets, get_bytes, puts, put_bytes or "
        .. "file_size." },
    { name = "on-limit", value = "error|stop",
      values = { "error", "stop" },
      about = "Who asks a channel for more than its limit gets an error "
        .. "(the default), or is stopped." },
    { name = "etag", value = "ALGORITHM", optional = true,
      values = M.DIGESTS,
      about = "Digest what moves through each channel: sha256 (the "
        .. "default), sha1 or md5." },
    { name = "memory-etag", value = "ALGORITHM", optional = true,
      values = M.DIGESTS,
      about = "Digest the guest's memory at its end, likewise." },
    { name = "env", value = "NAME=VALUE", many = true,
      about = "Set a variable of the guest, which has no others." },
    { name = "image", value = "FILE[,/MNT]", many = true, complete = "file",
      about = "Show the tar archive FILE in the guest's files: at /MNT, or "
        .. "from the root. Later ones lie over earlier ones." },
    { name = "file", value = "/PATH=FILE", many = true,
      about = "Put a copy of FILE there, over all images." },
    { name = "collect", value = "/PATH[=DIRECTORY]", many = true,
      about = "When the guest has exited, put what it has at /PATH into "
        .. "DIRECTORY (this one), under its last name. Symbolic links are "
        .. "neither made nor followed." },
    { name = "directory", value = "/PATH",
      about = "Where the guest starts (/)." },
    { name = "clock", value = "TIME",
      about = "When it starts: seconds since 1970, or such as "
        .. "2024-02-29T12:00:00Z (2000-01-01T00:00:00Z)." },
    { name = "seed", value = "NUMBER",
      about = "Of all that is random in the guest: up to 2^53, or 0x and "
        .. "16 digits." },
    { name = "name", value = "NAME",
      about = "The guest's argv[0], if not the file's name." },
    { name = "memory", value = "SIZE",
      about = "Data and heap together (64M)." },
    { name = "stack", value = "SIZE",
      about = "Stack (8M; less than 16M)." },
    { name = "resident", value = "SIZE",
      about = "Memory that is in use at once." },
    { name = "timeout", value = "TIME",
      about = "Wall-clock time: 250ms, 10s or 5m; a bare number is "
        .. "seconds." },
    { name = "cpu", value = "TIME", about = "CPU time, likewise." },
    { name = "isolation", value = "process|inline",
      values = { "process", "inline" },
      about = "In a locked worker process (the default), or in this one: "
        .. "quicker, with one wall less." },
    { name = "report", value = "FORMAT",
      values = { "text", "json", "zerovm", "none" },
      about = "Tell on stderr how it ended: text, json, zerovm (its six "
        .. "lines) or none. Without it, only of what is not an exit, and "
        .. "shortly." },
    { name = "report-file", value = "FILE", complete = "file",
      about = "Write the report there: json, unless --report says "
        .. "otherwise." },
    { name = "trace", value = "FILE", complete = "file",
      about = "Write each phase and each trap there, a line each." },
    { name = "cache", value = "DIRECTORY", complete = "directory",
      about = "Keep verdicts there: what was accepted once is not "
        .. "validated again." },
    HELP,
  },
}

local pipeline = {
  name = "pipeline",
  synopsis = { "[OPTION]... JOB.json", "[OPTION]... PIPELINE.lua" },
  about = "Run many programs in the sandbox, connected.",
  text = "JOB.json is a job description of ZeroCloud's; what it names is "
    .. "below --root. PIPELINE.lua is a Lua script, with all rights of who "
    .. "runs it, that returns a list of stages for zvm.pipeline. Options may "
    .. "stand anywhere before --. Outputs that go to no file are written to "
    .. "stdout in the order of stages and instances when all is over; what "
    .. "stages say on stderr likewise.",
  exits = exits.pipeline,
  options = {
    { name = "workers", value = "N", number = true, most = 1024,
      about = "So many run at once (as many as there are processors)." },
    { name = "ring", value = "SIZE",
      about = "Bytes between two stages: 4K to 1G, powers of 2." },
    { name = "timeout", value = "TIME",
      about = "Wall-clock time for all: 250ms, 10s or 5m." },
    { name = "memo", value = "DIRECTORY", complete = "directory",
      about = "Keep results there, and look up those of stages that are "
        .. "given the same again." },
    { name = "verify", value = "N", number = true, most = 100,
      about = "Run each instance N times, and fail where two runs differ." },
    { name = "progress",
      about = "Show on stderr how it gets on." },
    { name = "svg", value = "FILE", complete = "file",
      about = "Draw who ran when there." },
    { name = "dot",
      about = "Run nothing: write the graph to stdout, for Graphviz." },
    { name = "report", value = "FORMAT", values = { "text", "json" },
      about = "Tell on stderr how it ended: text or json. Without it, only "
        .. "of what went wrong, and shortly." },
    { name = "root", value = "DIRECTORY", complete = "directory",
      about = "Where a job's files are (this one): "
        .. "swift://ACCOUNT/CONTAINER/OBJECT is ACCOUNT/CONTAINER/OBJECT "
        .. "there." },
    { name = "account", value = "NAME",
      about = "The account that ~ means in a job." },
    { name = "sysimage", value = "NAME=FILE", many = true,
      about = "A tar archive that a job has as the device NAME, and as "
        .. "file://NAME:PATH." },
    HELP,
  },
}

local explain = {
  name = "explain",
  synopsis = { "[OPTION]... FILE..." },
  about = "Say why programs are refused, or what accepted ones consist of.",
  text = "Options may stand anywhere before --. Numbers may be 0x20000 or "
    .. "131072.",
  exits = exits.verdict,
  options = {
    { name = "max", value = "N", number = true, most = 100,
      about = "Findings of each file: 20, at most 100." },
    { name = "code",
      about = "The files are bare machine code, whole bundles of 32 "
        .. "bytes." },
    { name = "address", value = "N", number = true,
      about = "With --code: where it is to run (0x20000)." },
    { name = "level", value = "N", number = true, values = { "2", "3" },
      about = "With --code: CPU level 2 or 3 (2)." },
    HELP,
  },
}

local validate = {
  name = "validate",
  synopsis = { "FILE..." },
  about = "Say of programs whether they are accepted, a line for each "
    .. "finding.",
  text = "At most 100 findings of each file.",
  exits = exits.verdict,
  options = { HELP },
}

local cc = {
  name = "cc",
  synopsis = { "[ARGUMENT]..." },
  about = "Compile C for the sandbox.",
  text = "It is zvm-cc, which is gcc with other defaults: its arguments are "
    .. "gcc's.",
  exits = exits.compiler,
  options = {},
}

local repl = {
  name = "repl",
  synopsis = { "" },
  about = "Read, evaluate and print Lua, with zvm at hand.",
  text = "Expressions and statements; what is not complete goes on in the "
    .. "next line. `zvm` is there, and `_` is the last value. Locals last "
    .. "for a line. End of file ends it.",
  exits = exits.plain,
  options = { HELP },
}

local version = {
  name = "version",
  synopsis = { "" },
  about = "Say which version this is, and what it runs on.",
  exits = exits.plain,
  options = { HELP },
}

local help = {
  name = "help",
  synopsis = { "[COMMAND]" },
  about = "Say what there is, or how a command is used.",
  exits = exits.plain,
  options = { HELP },
}

--- In the order in which help lists them.
M.list = { run, pipeline, validate, explain, cc, repl, version, help }

for _, command in ipairs(M.list) do
  M[command.name] = command
end

--- What stands for a command.
M.aliases = { ["--help"] = "help", ["-h"] = "help", ["--version"] =
  "version" }

--- The command of that name, or nil.
function M.find(name)
  name = M.aliases[name] or name
  for _, command in ipairs(M.list) do
    if command.name == name then
      return command
    end
  end
end

--- An option as it is written: "--memory SIZE", "--etag[=ALGORITHM]".
function M.spelling(option)
  if not option.value then
    return "--" .. option.name
  elseif option.optional then
    return ("--%s[=%s]"):format(option.name, option.value)
  end
  return ("--%s %s"):format(option.name, option.value)
end

return M
