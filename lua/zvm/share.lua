--- Where the guests are that come with zvm: in the build, or installed.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

-- Below the folder that has zvm/share.lua: the tree's, an installation's, and
-- that of the command's own copy of it.
local PLACES = { "../build/share/zvm/", "../../../lib/zvm/share/",
  "../share/" }

local function readable(path)
  local file = io.open(path, "rb")
  if file then
    file:close()
  end
  return file ~= nil
end

--- The path of a guest, such as "lua.zvm"; or nil and a message.
function M.path(name)
  local build = os.getenv "ZVM_BUILD"
  local here = debug.getinfo(1, "S").source:match "^@(.*)zvm/share%.lua$" or ""
  if build and readable(build .. "/share/zvm/" .. name) then
    return build .. "/share/zvm/" .. name
  end
  for _, place in ipairs(PLACES) do
    if readable(here .. place .. name) then
      return here .. place .. name
    end
  end
  return nil, ("%s is neither in %s%s nor in %s%s"):format(name, here,
    PLACES[1], here, PLACES[2])
end

return M
