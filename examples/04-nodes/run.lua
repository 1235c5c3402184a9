--- Three nodes and their name server, each a process of its own.
--
-- SPDX-License-Identifier: Apache-2.0
local HERE = arg[0]:match "^(.*)/" or "."
local LUA = arg[-1]

local function start(script, ...)
  local words = { LUA, HERE .. "/" .. script, ... }
  for i, word in ipairs(words) do
    words[i] = "'" .. word .. "'"
  end
  return io.popen(table.concat(words, " ") .. " 2>&1")
end

local server = start("server.lua", "3")
local address = "tcp:127.0.0.1:" .. server:read "*l"

-- The last one first: each waits for the others, whoever comes when.
local running = {}
for i, name in ipairs { "3-merge", "2-upper", "1-deal" } do
  running[i] = start("node.lua", HERE .. "/" .. name .. ".manifest", address)
end
for i = 3, 1, -1 do
  io.write(running[i]:read "*a")
  running[i]:close()
end
print("server: " .. server:read "*l")
server:close()
