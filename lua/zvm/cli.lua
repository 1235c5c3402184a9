--- The command `zvm`: finds the subcommand and runs it.
--
-- zvm.cli.commands says what there is. The module zvm.cli.<name> has `run`,
-- which takes the options, the other words and the folder of the launchers,
-- and gives the exit code. It prints results on stdout, and what stands in
-- the way on stderr.
--
-- SPDX-License-Identifier: Apache-2.0
local arguments = require "zvm.cli.arguments"
local commands = require "zvm.cli.commands"
local exits = require "zvm.cli.exits"
local usage = require "zvm.cli.usage"

local M = {}

local function run_command(command, args, here)
  if command.name == "cc" then -- its arguments are gcc's
    return require "zvm.cli.cc".run({}, args, here)
  end
  local options, words = arguments.read(command, args)
  if not options then
    return arguments.fail(command, words)
  elseif options.help then
    io.write(usage.of(command))
    return 0
  end
  return require("zvm.cli." .. command.name).run(options, words, here)
end

-- Whatever goes wrong is no verdict, and no code of a guest.
local function guarded(command, args, here)
  local ok, code = pcall(run_command, command, args, here)
  if ok then
    return code
  end
  if tostring(code):find "interrupted!$" then -- the interpreter's, at SIGINT
    return exits.SIGNAL + 2
  end
  return arguments.trouble(command, tostring(code))
end

--- Run a command line.
--
-- @tparam table args
-- @tparam string here the folder of the launchers
-- @treturn number exit code
function M.main(args, here)
  local name = args[1]
  if not name then
    io.stderr:write("zvm: no command; try `zvm help`\n")
    return exits.TROUBLE
  end
  local command = commands.find(name)
  if command then
    return guarded(command, { unpack(args, 2) }, here)
  end
  local names = {}
  for i, each in ipairs(commands.list) do
    names[i] = each.name
  end
  io.stderr:write(('zvm: unknown command "%s"%s; try `zvm help`\n'):format(
    arguments.shown(name), arguments.hint(name, names)))
  return exits.TROUBLE
end

return M
