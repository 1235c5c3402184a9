--- Where the guests are that come with zvm: build/share/zvm in the tree,
-- share/zvm beside the Lua files when they are installed.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

local HERE = debug.getinfo(1, "S").source:match "^@(.*)zvm/guests%.lua$"

-- By where this file is: <root>/lua of the tree, <prefix>/share/lua/5.1,
-- <prefix>/lib/zvm/lua of the commands, or a tree of rocks.
local PLACES = {
  { "^(.-)lua/$", "build/share/zvm/" },
  { "^(.*/)share/lua/5%.1/$", "share/zvm/" },
  { "^(.*/)share/lua/5%.1/$",
    "lib/luarocks/rocks-5.1/zvm/scm-1/usr/share/zvm/" },
  { "^(.*/)lib/zvm/lua/$", "share/zvm/" },
}

local function is_there(path)
  local file = io.open(path, "rb")
  return file and file:close()
end

--- The path of a guest.
--
-- @tparam string name such as "cut.zvm"
-- @treturn[1] string
-- @treturn[2] nil
-- @treturn[2] string message
-- @treturn[2] string code: "SYSTEM"
function M.find(name)
  local build = os.getenv "ZVM_BUILD"
  local tried = { build and build .. "/share/zvm/" }
  for _, place in ipairs(PLACES) do
    local root = HERE and HERE:match(place[1])
    tried[#tried + 1] = root and root .. place[2]
  end
  for _, folder in ipairs(tried) do
    if is_there(folder .. name) then
      return folder .. name
    end
  end
  return nil, ("the guest %s, a part of zvm, is not in %s: make and make "
    .. "install put it there"):format(name, table.concat(tried, " or ")),
    "SYSTEM"
end

return M
