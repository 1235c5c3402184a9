--- Usage texts, of at most 80 columns.
--
-- SPDX-License-Identifier: Apache-2.0
local commands = require "zvm.cli.commands"

local M = {}

local WIDTH = 80

--- Text in lines of at most 80 columns, each after `indent`.
function M.wrap(text, indent)
  local lines, line = {}, nil
  for word in text:gmatch "%S+" do
    if line and #indent + #line + 1 + #word > WIDTH then
      lines[#lines + 1] = indent .. line
      line = nil
    end
    line = line and line .. " " .. word or word
  end
  lines[#lines + 1] = line and indent .. line
  return table.concat(lines, "\n")
end

local function synopsis(command, first, rest, out)
  for i, words in ipairs(command.synopsis) do
    out[#out + 1] = (i == 1 and first or rest) .. "zvm " .. command.name
      .. (words == "" and "" or " " .. words)
  end
end

local function exit_codes(list, out)
  out[#out + 1] = "\nExit codes:"
  for _, entry in ipairs(list) do
    local text = M.wrap(entry.about, (" "):rep(12))
    out[#out + 1] = ("  %-10s"):format(entry.shown or entry.code)
      .. text:sub(13)
  end
end

--- How one command is used.
function M.of(command)
  local out = {}
  synopsis(command, "usage: ", "       ", out)
  out[#out + 1] = "\n" .. M.wrap(command.about .. " " .. (command.text or ""),
    "")
  if command.options[1] then
    out[#out + 1] = "\nOptions:"
    for _, option in ipairs(command.options) do
      out[#out + 1] = "  " .. commands.spelling(option)
      out[#out + 1] = M.wrap(option.about, "      ")
    end
  end
  exit_codes(command.exits, out)
  return table.concat(out, "\n") .. "\n"
end

--- What there is.
function M.all()
  local out = { "usage: zvm COMMAND [OPTION]... [ARGUMENT]...\n",
    "Native programs in a sandbox: run them, and see why they are refused.",
    "" }
  for _, command in ipairs(commands.list) do
    synopsis(command, "  ", "  ", out)
    out[#out + 1] = M.wrap(command.about, "      ")
  end
  out[#out + 1] = "\nzvm help COMMAND says what each takes and what it ends "
    .. "with.\n\nExit codes: those of validate, explain, repl, version and "
    .. "help are 0, 1 for\nsomething refused, and 2 for what is in the way. "
    .. "Those of run are the guest's\nand 121 to 126; those of cc are gcc's."
  return table.concat(out, "\n") .. "\n"
end

return M
