--- zvm repl: the loop of zvm.repl on this command's streams.
--
-- SPDX-License-Identifier: Apache-2.0
local arguments = require "zvm.cli.arguments"
local commands = require "zvm.cli.commands"
local repl = require "zvm.repl"
local zvm = require "zvm"

local M = {}

local function write(text)
  io.write(text)
  io.flush()
end

function M.run(_, words)
  if words[1] then
    return arguments.fail(commands.repl, "takes no arguments")
  end
  -- Prompts are for people.
  local person = os.execute "test -t 0" == 0
  if person then
    write(("zvm %s, %s; end of file ends it\n"):format(zvm.VERSION, _VERSION))
  end
  repl.run({ zvm = zvm }, function(prompt)
    if person then
      write(prompt)
    end
    return io.read()
  end, write)
  if person then
    write "\n"
  end
  return 0
end

return M
