--- The command `zvm`: one table of subcommands.
--
-- A subcommand is a table { name, usage, about, run }: `run` takes its
-- arguments, a list, and the folder of the launchers, and gives the exit
-- code. It prints results on stdout, and what stands in the way on stderr.
--
-- SPDX-License-Identifier: Apache-2.0
local arguments = require "zvm.cli.arguments"
local shell = require "zvm.toolchain.shell"
local zvm = require "zvm"

local M = {}

local HEAD = [[
usage: zvm COMMAND ...

Programs for the sandbox: what they are, and why they are refused.
]]

local TAIL = [[

FILE is a program as zvm-cc makes it. Numbers may be 0x20000 or 131072.

Exit codes: 0 all is accepted; 1 something is refused; 2 the command line is
wrong, or a file cannot be used. `zvm cc` has those of gcc.
]]

local function print_help()
  io.write(HEAD, "\n")
  for _, command in ipairs(M.commands) do
    io.write("  zvm ", command.name, command.usage == "" and "" or " ",
      command.usage, "\n")
    io.write("      ", (command.about:gsub("\n", "\n      ")), "\n")
  end
  io.write(TAIL)
  return 0
end

local version = {
  name = "version", usage = "", about = "Say which version this is.",
  run = function(args)
    if args[1] then
      return arguments.fail("version", "takes no arguments")
    end
    print("zvm " .. zvm.VERSION)
    return 0
  end,
}

local help = {
  name = "help", usage = "", about = "Say this.", run = print_help,
}

local cc = {
  name = "cc", usage = "...",
  about = "Compile C for the sandbox: zvm-cc, which is gcc with other "
    .. "defaults.",
  run = function(args, here)
    return shell.run(here .. "/zvm-cc", args)
  end,
}

--- All subcommands, in the order in which help lists them.
M.commands = {
  require "zvm.cli.explain",
  require "zvm.cli.validate",
  cc,
  version,
  help,
}

local ALIASES = { ["--help"] = "help", ["-h"] = "help",
  ["--version"] = "version" }

--- Run a command line.
--
-- @tparam table args
-- @tparam string here the folder of the launchers
-- @treturn number exit code
function M.main(args, here)
  local name = args[1]
  if not name then
    io.stderr:write("zvm: no command; try `zvm help`\n")
    return 2
  end
  name = ALIASES[name] or name
  for _, command in ipairs(M.commands) do
    if command.name == name then
      return command.run({ unpack(args, 2) }, here)
    end
  end
  io.stderr:write(("zvm: unknown command %q; try `zvm help`\n"):format(name))
  return 2
end

return M
