--- A folder of this process's own, for what is tried, and commands.
--
-- SPDX-License-Identifier: Apache-2.0

local M = {}

--- The text of a file, or nil.
function M.read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read "*a"
  file:close()
  return text
end

--- A fresh folder; M.close takes it away.
function M.open()
  M.dir = os.tmpname()
  os.remove(M.dir)
  assert(os.execute("mkdir " .. M.dir))
  return M.dir
end

function M.close()
  os.execute("rm -rf " .. M.dir)
end

--- Exit code and all output of a command, while the folder is there.
function M.sh(command)
  local log = M.dir .. "/log"
  local status = os.execute(("{ %s; } >%s 2>&1 </dev/null"):format(command,
    log))
  if type(status) == "boolean" then status = status and 0 or 1 end
  if status > 255 then status = math.floor(status / 256) end
  return status, M.read(log) or ""
end

--- The lines that a command prints.
function M.lines(command)
  local list = {}
  local pipe = assert(io.popen(command))
  for line in pipe:lines() do list[#list + 1] = line end
  pipe:close()
  return list
end

--- What the words of a script's command line say: list, try or count.
--
-- @tparam function list given the further words
-- @tparam function try given the lines to try, each a word
-- @tparam function count given the path of the results; whether none failed
function M.main(list, try, count)
  local command = table.remove(arg, 1)
  if command == "list" then
    list(arg)
  elseif command == "try" then
    try(arg)
  elseif command == "count" then
    os.exit(count(arg[1]) and 0 or 1)
  else
    error(("usage: %s list|try|count"):format(arg[0]:match "[^/]*$"))
  end
end

return M
