--- zvm run: one program in the sandbox, with this command's streams.
--
-- The command line is judged whole before anything is opened to be written.
-- What ended the run is told on stderr, never on stdout, which is the guest's;
-- what is a guess (zvm.cli.hint) to a terminal alone, so that a script finds on
-- stderr what the guest wrote there.
--
-- SPDX-License-Identifier: Apache-2.0
local arguments = require "zvm.cli.arguments"
local channel = require "zvm.cli.channel"
local commands = require "zvm.cli.commands"
local exits = require "zvm.cli.exits"
local hint = require "zvm.cli.hint"
local quantity = require "zvm.cli.quantity"
local reports = require "zvm.report"
local source = require "zvm.manifest.source"
local tree = require "zvm.cli.tree"
local zvm = require "zvm"

local M = {}

local COMMAND = commands.run

-- -- Options ----------------------------------------------------------------

-- How words become options of zvm.run: { option, field, reader }.
local QUANTITIES = {
  { "memory", "memory", quantity.amount },
  { "stack", "stack", quantity.amount },
  { "resident", "resident", quantity.amount },
  { "timeout", "timeout", quantity.time },
  { "cpu", "cpu", quantity.time },
  { "clock", "clock", tree.clock },
  { "seed", "seed", tree.seed },
}
local PLAIN = { name = "name", isolation = "isolation", trace = "trace",
  directory = "directory",
  ["on-limit"] = "on_limit", ["memory-etag"] = "memory_etag" }

local function read_environment(list)
  local env = {}
  for _, word in ipairs(list) do
    local name, value = word:match "^([^=]+)=(.*)$"
    if not name then
      return nil, ("--env %s: NAME=VALUE is wanted"):format(word)
    elseif env[name] then
      return nil, ("--env %s: %s is given twice"):format(word, name)
    end
    env[name] = value
  end
  return env
end

local function read_quantities(options, job)
  for _, row in ipairs(QUANTITIES) do
    local text = options[row[1]]
    if text then
      local value, expected = row[3](text)
      if not value then
        return nil, ("--%s wants %s, not %s"):format(row[1], expected,
          arguments.told(text))
      end
      job[row[2]] = value
    end
  end
  return true
end

-- Put the options of a command line over those that are there; or nil and
-- what is wrong. `places`: see zvm.cli.tree.
local function read_options(options, args, job, places)
  local ok, message = read_quantities(options, job)
  if not ok then
    return nil, message
  end
  for name, field in pairs(PLAIN) do
    if options[name] ~= nil then
      job[field] = options[name]
    end
  end
  if options.env then
    local env
    env, message = read_environment(options.env)
    if not env then
      return nil, message
    end
    job.env = env
  end
  local channels = {}
  for name, spec in pairs(job.channels or {}) do
    channels[channel.short(name)] = spec
  end
  job.channels = channels
  ok, message = channel.add_all(channels, options.channel)
  if not ok then
    return nil, message
  end
  local mapped
  mapped, message = channel.map_arguments(channels, args)
  if not mapped then
    return nil, message
  end
  job.args = mapped
  ok, message = channel.limit_all(channels, options.limit)
  channel.etag_all(channels, options.etag)
  if ok then
    ok, message = tree.add(job, options, places)
  end
  return ok and job, message
end

-- -- Program or manifest ----------------------------------------------------

local HEAD = 65536
local MANIFEST_KEYS = { Version = true, Program = true, Memory = true,
  Timeout = true, Channel = true, Node = true, NameServer = true, Job = true,
  Etag = true, Image = true, Clock = true, Seed = true, Directory = true }

--- Whether the first bytes of a file are those of a manifest: text with a
-- line that sets one of its keys. A program begins with byte 127.
function M.is_manifest(head)
  if head:byte() == 127 or head:find "%z" then
    return false
  end
  for key in ("\n" .. head):gmatch "\n[ \t]*(%a+)[ \t]*=" do
    if MANIFEST_KEYS[key] then
      return true
    end
  end
  return false
end

-- Line and column of the uri of the N-th channel.
local function place_of(text, n)
  local line = 0
  for each in text:gmatch "([^\n]*)\n?" do
    line = line + 1
    local before = each:match "^[ \t]*Channel[ \t]*=[ \t]*"
    n = before and n - 1 or n
    if n == 0 then
      return line, #before + 1
    end
  end
end

-- What no run can have, which manifest.options found in a document: it knows
-- the channel, and the text knows the line.
local function told_of(path, text, why)
  local n, reason = why:match "^zvm%.manifest: channels%.(%d+)%.uri: (.*)$"
  if not n then
    return ("%s: %s"):format(path, why)
  end
  local line, column = place_of(text, tonumber(n))
  return ("%s:%d:%d: Channel: uri: %s"):format(path, line, column, reason)
end

-- Whether a document has channels of nodes, whose addresses a name server
-- knows.
local function has_nodes(doc)
  for _, each in ipairs(doc.channels) do
    if source.read(each.uri).node then
      return doc.name_server ~= nil
    end
  end
  return false
end

-- Options, when all nodes have met. Their sockets live as long as the options.
local function join(doc, path)
  if not pcall(require, "socket.core") then
    return nil, path .. ": its channels of nodes need the Lua module socket: "
      .. "install lua-socket"
  end
  local job, why = require "zvm.nodes".join(doc)
  return job or nil, not job and path .. ": "
    .. why:gsub("^zvm%.nodes: ", "") or nil
end

-- What a manifest says, as options of zvm.run; or nil and a message.
local function read_manifest(path)
  local found, manifest = pcall(require, "zvm.manifest")
  if not found then
    return nil, path .. ": a manifest, which this zvm cannot read"
  end
  local bytes, message = arguments.slurp(path)
  if not bytes then
    return nil, message
  end
  local doc, _, errors = manifest.read(bytes)
  if doc and has_nodes(doc) then
    return join(doc, path)
  elseif doc then
    local job, why = manifest.options(doc)
    return job, why and told_of(path, bytes, why)
  end
  local lines = {}
  for i, each in ipairs(errors) do
    lines[i] = ("%s:%d:%d: %s: %s"):format(path, each.line, each.column,
      each.key, each.reason)
  end
  return nil, table.concat(lines, "\n")
end

-- What a file brings along, as options of zvm.run: a program, or what a
-- manifest says. Only a regular file is looked at again: another may block, or
-- give its bytes once.
local function read_job(path, cache)
  local module, message, code, findings = zvm.load(arguments.path(path),
    { cache = cache })
  if module then
    return { program = module }
  end
  local head = message:find("not an ELF file", 1, true)
    and arguments.slurp(path, HEAD)
  if head and M.is_manifest(head) then
    local job, why = read_manifest(path)
    return job or {}, not job and reports.refusal(why, "OPTION") or nil
  end
  return {}, reports.refusal(message, code, findings)
end

-- -- The report -------------------------------------------------------------

local function is_socket(spec)
  return spec.uri and (spec.uri:find "^tcp:" or spec.uri:find "^unix:")
end

local WRITERS = { text = reports.format, json = reports.json }

function WRITERS.zerovm(report, job)
  local network = {}
  for name, spec in pairs(job.channels or {}) do
    network[name] = is_socket(spec) and true or nil
  end
  return reports.zerovm(report, network)
end

-- Each line says who speaks, unless it belongs to the one before.
local function say(text)
  for line in text:gmatch "[^\n]+" do
    io.stderr:write(line:find "^  " and "" or "zvm run: ",
      arguments.shown(line), "\n")
  end
end

local function say_findings(path, findings)
  local more = #findings - 1
  say(("%s`zvm explain %s` tells why, and what to do instead"):format(
    more > 0 and ("and %d more finding%s; "):format(more,
      more > 1 and "s" or "") or "", path))
end

local function write_report(out, report, job)
  local text = WRITERS[out.format](report, job)
  local ok, message = out.file:write(text, "\n")
  if ok then
    ok, message = out.file:flush()
  end
  if out.path then
    local closed, why = out.file:close()
    ok, message = ok and closed, message or why
  end
  if not ok then
    say(("--report-file %s: %s"):format(out.path or "stderr", message))
  end
  return ok
end

local EPIPE = 32

-- What the host could not read or write, each channel once. A reader that has
-- gone is no news.
local function say_errors(report)
  local lines, seen = {}, {}
  for name, each in pairs(report.channels) do
    if each.error and each.errno ~= EPIPE and not seen[each] then
      seen[each] = true
      lines[#lines + 1] = ("channel %s: %s"):format(each.alias or name,
        each.error)
    end
  end
  table.sort(lines)
  say(table.concat(lines, "\n"))
end

-- Say in short what is not as it should be.
local function say_ending(report, path)
  say_errors(report)
  if report.state ~= "exit" then
    say(reports.summary(report))
  end
  if report.findings then
    say_findings(path, report.findings)
  end
end

-- Tell how it ended; gives the exit code. A report on stderr says it all; a
-- refusal is told in any case.
local function finish(report, job, out, path)
  local told = out.format and not out.path
  if not told and (report.state == "refused" or not out.silent) then
    say_ending(report, path)
  end
  if out.format and not write_report(out, report, job) then
    return exits.CANNOT
  end
  return exits.of(report)
end

-- How and where the report goes; or nil and what is wrong.
local function check_report(options)
  local format, path = options.report, options["report-file"]
  if path and format == "none" then
    return nil, "--report none leaves nothing for --report-file"
  end
  format = format or path and "json"
  if format == "json" and not pcall(require, "cjson") then
    return nil, "--report json needs the Lua module cjson: install "
      .. "lua-cjson, or take another format"
  end
  return { path = path, silent = format == "none",
    format = WRITERS[format] and format }
end

local function open_report(out)
  local message
  out.file = io.stderr
  if out.path then
    out.file, message = io.open(out.path, "wb")
  end
  return out.file, message and "--report-file " .. message
end

-- -- The run ----------------------------------------------------------------

-- The report, of whatever came of it. A manifest names its program by path.
local function run(job, cache)
  local report, message, code, findings
  if type(job.program) == "string" then
    job.program, message, code, findings = zvm.load(job.program,
      { cache = cache })
    if not job.program then
      return reports.refusal(message, code, findings)
    end
  end
  job.on_stop = "report"
  report, message, code, findings = zvm.run(job)
  return report or reports.refusal(message:gsub("^zvm%.run: ", ""), code,
    findings)
end

--- Run the command: its options, the words after them; gives the exit code.
function M.run(options, words)
  local path = words[1]
  if not path or path == "" then
    return arguments.fail(COMMAND, path and "the name of the program is empty"
      or "no program is given")
  end
  local out, message = check_report(options)
  if not out then
    return arguments.fail(COMMAND, message)
  end
  local job, refusal = read_job(path, options.cache)
  local ok
  local places = {}
  local rest = { unpack(words, 2) }
  ok, message = read_options(options, rest, job, places)
  if not ok then
    return arguments.fail(COMMAND, message)
  end
  ok, message = open_report(out)
  if not ok then
    return arguments.trouble(COMMAND, message)
  end
  local report = refusal or run(job, options.cache)
  local lines, whole = tree.save(report, places)
  if not out.silent or not whole then
    say(table.concat(lines, "\n"))
  end
  local code = finish(report, job, out, path)
  if not out.silent and zvm.host.columns() then
    say(hint.of(report, rest, job) or "")
  end
  return whole and code or exits.CANNOT
end

return M
