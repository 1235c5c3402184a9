--- zvm validate: the verdict, a line for each finding.
--
-- SPDX-License-Identifier: Apache-2.0
local arguments = require "zvm.cli.arguments"
local commands = require "zvm.cli.commands"
local symbols = require "zvm.symbols"
local zvm = require "zvm"

local M = {}

local function print_findings(path, findings)
  for _, finding in ipairs(findings) do
    io.write(("%s: 0x%x: %s: %s: %s; %s\n"):format(path, finding.address,
      finding.rule, finding.bytes:gsub("%x%x", "%0 "):sub(1, -2),
      finding.text, finding.remedy))
  end
  if findings.more then
    io.write(path, ": there are more findings\n")
  end
end

local function one(path)
  path = arguments.path(path)
  local module, message, _, findings = zvm.load(path)
  path = symbols.shown(path)
  if module then
    local about = module:about()
    module:close()
    io.write(("%s: accepted, level v%d, %d bytes of text\n"):format(path,
      about.level, about.text_size))
    return 0
  elseif findings then
    print_findings(path, findings)
    return 1
  end
  io.stderr:write("zvm validate: ", message, "\n")
  return 2
end

function M.run(_, files)
  if not files[1] then
    return arguments.fail(commands.validate, "no file is given")
  end
  local worst = 0
  for _, path in ipairs(files) do
    worst = math.max(worst, one(path))
  end
  return worst
end

return M
