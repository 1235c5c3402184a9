--- Man pages: what zvm.cli.commands and zvm.cli.exits say, put into them.
--
-- A line `@WHAT NAME@` of a page becomes the synopsis, the description, the
-- options or the exits of that command; `@commands@` the list of commands. The
-- rest is scdoc(5) already. Called by `make man`.
--
-- SPDX-License-Identifier: Apache-2.0
local commands = require "zvm.cli.commands"

local M = {}

-- Text that means itself.
local function plain(text)
  return (text:gsub("[\\*_]", "\\%0"))
end

-- A term, and its text below and indented.
local function entry(term, text)
  return ("%s\n\t%s\n"):format(term, plain(text))
end

local PARTS = {}

function PARTS.synopsis(command)
  local lines = {}
  for i, words in ipairs(command.synopsis) do
    lines[i] = ("*zvm %s* %s"):format(command.name, plain(words))
  end
  return table.concat(lines, "++\n")
end

function PARTS.text(command)
  return plain(command.about .. " " .. (command.text or ""))
end

-- What an option takes is underlined, unless it is empty.
local function term(option)
  local value = option.value and plain(option.value)
  if not value then
    return ("*--%s*"):format(option.name)
  elseif option.optional then
    return ("*--%s*[=_%s_]"):format(option.name, value)
  end
  return ("*--%s* _%s_"):format(option.name, value)
end

function PARTS.options(command)
  local out = {}
  for i, option in ipairs(command.options) do
    out[i] = entry(term(option), option.about)
  end
  return table.concat(out, "\n")
end

function PARTS.exits(command)
  local out = {}
  for i, exit in ipairs(command.exits) do
    out[i] = entry(("*%s*"):format(exit.shown or exit.code), exit.about)
  end
  return table.concat(out, "\n")
end

local function list_commands()
  local out = {}
  for i, command in ipairs(commands.list) do
    out[i] = entry(("*zvm %s*"):format(command.name), command.about)
  end
  return table.concat(out, "\n")
end

local function put_in(what, name)
  if what == "commands" then
    return list_commands()
  end
  local part, command = PARTS[what], commands.find(name)
  return assert(part and command and part(command),
    ("no @%s %s@"):format(what, name))
end

--- A page with its parts put in. Four spaces indent a paragraph, which is
-- scdoc's tab; between lines of ``` they are themselves.
--
-- @tparam string text
-- @treturn string scdoc
function M.expand(text)
  local literal = false
  return (text:gsub("([^\n]*)(\n?)", function(line, newline)
    if line:find "^```" then
      literal = not literal
    elseif not literal then
      line = line:gsub("^    ", "\t"):gsub("^@(%l+) ?(%l*)@$", put_in)
    end
    return line .. newline
  end))
end

--- Standard input to standard output.
function M.main()
  io.write(M.expand(io.read "*a"))
end

return M
