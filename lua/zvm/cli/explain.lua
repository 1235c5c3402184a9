--- zvm explain: each finding at length, or what an accepted program is.
--
-- SPDX-License-Identifier: Apache-2.0
local arguments = require "zvm.cli.arguments"
local commands = require "zvm.cli.commands"
local explain = require "zvm.explain"

local M = {}

-- What explain.module or explain.code gives for a file.
local function explained(path, options)
  if not options.code then
    return explain.module(arguments.path(path), { max = options.max })
  end
  local bytes, message = arguments.slurp(path)
  if not bytes then
    return nil, message, "SYSTEM"
  end
  local result, why, code = explain.code(bytes, { max = options.max,
    address = options.address, level = options.level })
  if result then
    result.file = path
    return result
  end
  return nil, path .. ": " .. why, code
end

local function one(path, options)
  local result, message, code, details = explained(path, options)
  local text = explain.format(result, message, code, details)
  if not result then
    io.stderr:write("zvm explain: ", text, "\n")
    return 2
  end
  io.write(text, "\n")
  return result.accepted and 0 or 1
end

function M.run(options, files)
  if not files[1] then
    return arguments.fail(commands.explain, "no file is given")
  elseif not options.code and (options.address or options.level) then
    return arguments.fail(commands.explain,
      "--address and --level are for --code; a program has its own")
  end
  local worst = 0
  for i, path in ipairs(files) do
    if i > 1 then
      io.write "\n"
    end
    worst = math.max(worst, one(path, options))
  end
  return worst
end

return M
