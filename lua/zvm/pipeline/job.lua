--- ZeroCloud's job descriptions, as tables that zvm.pipeline takes.
--
-- A job is JSON: a list of groups, each with a name, a program, devices, a
-- count and the groups it is connected to. docs/jobs.md has the format, and
-- what is different here. Nothing of the document is trusted: what it names
-- is below one directory.
--
-- Source: zerovm/zerocloud, doc/Servlets.md and zerocloud/configparser.py.
--
-- SPDX-License-Identifier: Apache-2.0
local devices = require "zvm.pipeline.device"
local document = require "zvm.pipeline.document"
local judge = require "zvm.pipeline.judge"
local location = require "zvm.pipeline.location"
local option = require "zvm.manifest.option"
local show = require "zvm.manifest.show"
local words = require "zvm.pipeline.words"

local M = {}

M.COUNT = 1024 -- instances of a group

local GROUP = { "name", "exec", "devices", "file_list", "connect", "count",
  "replicate", "attach", "location" }
local EXEC = { "path", "args", "env", "name" }

-- -- The program ------------------------------------------------------------

local function read_environment(check, exec)
  if exec.value.env == nil then
    return nil
  end
  local node, env = check:node(exec, "env", "object"), {}
  for _, name in ipairs(option.keys(node.value)) do
    local value = node.value[name]
    if name == "" or name:find "[=%z%s]" then
      check:fail(node, name, "no name of a variable")
    elseif type(value) == "number" then
      value = ("%.14g"):format(value)
    end
    if type(value) ~= "string" then
      check:fail(node, name, "string or number expected, got %s",
        check:told(value))
    end
    env[name] = words.plain(value)
    if env[name]:find "%z" then
      check:fail(node, name, "contains a NUL byte")
    end
  end
  return env
end

local function read_program(check, exec, group, options)
  local text = check:text(exec, "path")
  if not text then
    check:fail(exec, nil, "path is missing: the program")
  end
  local place, reason = location.read(text, options)
  if not place then
    check:fail(exec, "path", "%s", reason)
  elseif place.kind == "group" then
    check:fail(exec, "path", "%s: a program is not in another group",
      show.quote(text))
  elseif location.wildcards(place) > 0 then
    check:fail(exec, "path", '%s: no "*" in the path of a program',
      show.quote(text))
  elseif place.kind == "image" then
    local bytes
    bytes, reason = devices.entry(place, group.archives)
    if not bytes then
      check:fail(exec, "path", "%s: %s", show.quote(text), reason)
    elseif bytes:byte() ~= 127 then -- a pipeline takes it for a path
      check:fail(exec, "path", "%s: no program", show.quote(text))
    end
    return bytes
  end
  return place.path
end

local function read_exec(check, node, group, options)
  if node.value.exec == nil then
    check:fail(node, nil, "exec is missing: the program")
  end
  local exec = check:node(node, "exec", "object")
  check:keys(exec, EXEC)
  local stage = group.stage
  stage.program = read_program(check, exec, group, options)
  local args = check:text(exec, "args")
  if args then
    local list, reason = words.read(args)
    if not list then
      check:fail(exec, "args", "%s", reason)
    end
    stage.args = list[1] and list
  end
  stage.env = read_environment(check, exec)
  -- A program finds itself among the others by its argv[0].
  local name = check:text(exec, "name")
  if name and name:find "%z" then
    check:fail(exec, "name", "contains a NUL byte")
  end
  stage.argv0 = name and name ~= "" and name:gsub("%%", "%%%%") or "%n"
end

-- -- Groups -----------------------------------------------------------------

local function read_name(check, node, seen)
  local name = check:text(node, "name")
  if not name then
    check:fail(node, nil, "name is missing")
  elseif not name:find "^%w[%w_-]*$" or #name > 64 then
    check:fail(node, "name", "1 to 64 letters, digits, - and _ expected, "
      .. "got %s", show.quote(name))
  elseif seen[name] then
    check:fail(node, "name", "%s is the name of job[%d] too",
      show.quote(name), seen[name])
  end
  return name
end

-- What says where ZeroCloud would have run a group: looked at, of no effect.
local function read_hints(check, node)
  check:text(node, "location")
  local attach = check:text(node, "attach")
  return attach, check:whole(node, "replicate", 0, 3)
end

local function device_list(check, node)
  local value = node.value
  if value.devices ~= nil and value.file_list ~= nil then
    check:fail(node, "file_list", "is the older name of devices, which is "
      .. "given too")
  end
  local key = value.devices ~= nil and "devices" or "file_list"
  return value[key] ~= nil and check:node(node, key, "list") or nil
end

local function read_group(check, node, seen, options)
  check:keys(node, GROUP)
  local name = read_name(check, node, seen)
  local group = { node = node, stage = { name = name, channels = {} },
    count = check:whole(node, "count", 1, M.COUNT) or 1 }
  local attach
  attach, group.replicate = read_hints(check, node)
  devices.read(check, group, device_list(check, node), options)
  read_exec(check, node, group, options)
  if attach and attach ~= "default" and not group.devices[attach] then
    check:fail(node, "attach", "the group has no device %s",
      show.quote(attach))
  end
  return group
end

-- -- Connections ------------------------------------------------------------

local function nearest_group(groups, name)
  local names = {}
  for i, group in ipairs(groups) do
    names[i] = group.stage.name
  end
  return show.nearest(name, names)
end

local function read_connect(check, groups, group, by_name)
  if group.node.value.connect == nil then
    return
  end
  local node, names, seen = check:node(group.node, "connect", "list"), {}, {}
  for i in ipairs(node.value) do
    local name = check:text(node, i)
    local other = by_name[name]
    if not other then
      check:fail(node, i, 'no group %s; did you mean "%s"?',
        show.quote(name), nearest_group(groups, name))
    elseif seen[name] then
      check:fail(node, i, "%s is there twice", show.quote(name))
    elseif other == group and not group.spread and group.count == 1 then
      check:fail(node, i, "a group of one instance is not connected to "
        .. "itself")
    end
    seen[name] = true
    group.stage.others = other == group or group.stage.others
    if name ~= group.stage.pipe then
      names[#names + 1] = name
    end
  end
  group.stage.connect = names[1] and names
end

-- What a device zvm://GROUP:DEVICE is connected to.
local function read_pipe(check, groups, group, by_name)
  local pipe = group.pipe
  if not pipe then
    return
  end
  local other = by_name[pipe.group]
  if not other then
    check:fail(pipe.node, "path", 'no group %s; did you mean "%s"?',
      show.quote(pipe.group), nearest_group(groups, pipe.group))
  elseif other == group then
    check:fail(pipe.node, "path", "a group is not its own input")
  elseif other.devices.stdin then
    check:fail(pipe.node, "path", "%s has a device stdin of its own",
      show.quote(pipe.group))
  elseif other.piped then
    check:fail(pipe.node, "path", "stdin of %s is the stdout of %s already",
      show.quote(pipe.group), show.quote(other.piped))
  elseif not group.spread and not other.spread
    and group.count ~= other.count
  then
    check:fail(pipe.node, "path", "%d of %s and %d of %s: a pipe joins as "
      .. "many as there are on the other side", group.count,
      show.quote(group.stage.name), other.count, show.quote(pipe.group))
  end
  other.piped = group.stage.name
  group.stage.pipe = pipe.group
end

-- -- The job ----------------------------------------------------------------

local function read_groups(check, value, options)
  local top = judge.top(value, "job")
  if check.places:kind(value) ~= "list" or not value[1] then
    check:fail(top, nil, "list of groups expected, got %s",
      check.places:kind(value) == "list" and "none" or check:told(value))
  end
  local groups, seen = {}, {}
  for i in ipairs(value) do
    groups[i] = read_group(check, check:node(top, i, "object"), seen,
      options)
    seen[groups[i].stage.name] = i
  end
  return groups
end

local function connect_groups(check, groups)
  local by_name = {}
  for _, group in ipairs(groups) do
    by_name[group.stage.name] = group
  end
  for _, group in ipairs(groups) do
    read_pipe(check, groups, group, by_name)
  end
  for _, group in ipairs(groups) do
    read_connect(check, groups, group, by_name)
  end
end

-- A stage as zvm.pipeline takes it, of what was found out about a group.
local function finish(group)
  local stage = group.stage
  stage.count = not group.spread and group.count > 1 and group.count or nil
  stage.channels = next(stage.channels) and stage.channels
  return stage
end

-- zvm.pipeline takes a list without a connection for a shell's pipeline: each
-- stage into the next. A job never means that.
local function part(stages)
  if #stages == 1 then
    return
  end
  for _, stage in ipairs(stages) do
    if stage.connect or stage.pipe then
      return
    end
  end
  for _, stage in ipairs(stages) do
    stage.connect = {}
  end
end

local function convert(check, value, options)
  local groups = read_groups(check, value, options)
  connect_groups(check, groups)
  local stages, copies = {}, 1
  for i, group in ipairs(groups) do
    stages[i] = finish(group)
    copies = math.max(copies, group.replicate or 1)
  end
  part(stages)
  return { stages = stages, verify = copies > 1 and copies or nil }
end

-- What is wrong with the options, or nil.
local function check_options(options)
  local wrong = option.check_keys(options, { "root", "account", "images" })
  if wrong then
    return wrong
  end
  for _, key in ipairs { "root", "account" } do
    if options[key] ~= nil and (type(options[key]) ~= "string"
      or options[key] == "")
    then
      return ("%s: string expected, got %s"):format(key,
        show.value(options[key]))
    end
  end
  if options.root and options.root:find "[*?%z]" then
    return "root: a directory without * and ? in its name expected"
  elseif options.images ~= nil and type(options.images) ~= "table" then
    return "images: table expected, got " .. show.value(options.images)
  end
  for name, path in pairs(options.images or {}) do
    if type(name) ~= "string" or type(path) ~= "string" then
      return "images: table from names to paths expected"
    end
  end
end

--- Read a job.
--
-- @tparam string text JSON
-- @tparam[opt] table options `root`: the directory that stands for the
--  object store ("."); `account`: what the account ~ means; `images`: a
--  table from the name of a system image to the path of its archive
-- @treturn[1] table a list of stages, for zvm.pipeline
-- @treturn[1] table options for running it: `verify`, where the job asks for
--  replicas
-- @treturn[2] nil
-- @treturn[2] string "job[2].devices[1].path: ...", or of what is not JSON
--  "job:LINE:COLUMN: ..."
-- @treturn[2] string "FORMAT" of what is not JSON, else "OPTION"
-- @treturn[2] table `line`, `column`, `reason`, and `path` in the document
function M.read(text, options)
  options = options or {}
  if type(text) ~= "string" then
    error("job.read: string expected, got " .. type(text), 2)
  end
  local wrong = check_options(options)
  if wrong then
    return nil, "job.read: " .. wrong, "OPTION"
  end
  local value, places, line, column = document.read(text)
  if value == nil then
    return nil, ("job:%d:%d: %s"):format(line, column, places), "FORMAT",
      { line = line, column = column, reason = places }
  end
  local check = judge.new(places)
  local ok, result = check:catch(convert, check, value, {
    root = options.root or ".", account = options.account,
    images = options.images or {} })
  if not ok then
    result.check = nil
    return nil, result.path .. ": " .. result.reason, "OPTION", result
  end
  return result.stages, { verify = result.verify }
end

return M
