--- The interpreter's conversation with a person: lines edited, completed and
-- kept, for zvm.repl.
--
-- SPDX-License-Identifier: Apache-2.0
local repl = require "zvm.repl"
local zvm = require "zvm"

local M = {}

-- From a file or a pipe, or where the terminal cannot be edited.
local function plain_reader(person)
  return function(prompt)
    if person then
      io.write(prompt)
      io.flush()
    end
    return io.read()
  end
end

local function write(text)
  io.write(text)
  io.flush()
end

--- Talk until the end of the input.
--
-- @tparam table here what zvm.interpreter has
-- @treturn number exit code
function M.run(here)
  local person = here.person(0)
  if person then
    write(("zvm %s, %s; end of file ends it\n"):format(zvm.VERSION, _VERSION))
  end
  here.catch(true)
  repl.run({ zvm = zvm }, plain_reader(person), write)
  if person then
    write "\n"
  end
  return 0
end

return M
