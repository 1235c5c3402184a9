--- zvm help: all commands, or one.
--
-- SPDX-License-Identifier: Apache-2.0
local arguments = require "zvm.cli.arguments"
local commands = require "zvm.cli.commands"
local usage = require "zvm.cli.usage"

local M = {}

function M.run(_, words)
  if words[2] then
    return arguments.fail(commands.help, "takes one command")
  elseif not words[1] then
    io.write(usage.all())
    return 0
  end
  local command = commands.find(words[1])
  if not command then
    return arguments.trouble(commands.help,
      ('unknown command "%s"; try `zvm help`'):format(words[1]))
  end
  io.write(usage.of(command))
  return 0
end

return M
