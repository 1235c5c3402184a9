--- Run a program in the sandbox and look at what it did.
--
-- SPDX-License-Identifier: Apache-2.0
local zvm = require "zvm"

local GUESTS = (os.getenv "ZVM_BUILD" or "build") .. "/guest/"

local hello = assert(zvm.load(GUESTS .. "01-hello/main.zvm"))

for _, name in ipairs { "Lua", "sandbox" } do
  local report = assert(zvm.run { program = hello, args = { name } })
  io.write(report.channels.stdout.data)
  print(report.state, report.code)
end

-- What fails in the world is nil, a message and a code; never an error.
local report, message, code = zvm.run { program = hello, arg = { "typo" } }
print(report, code)
print(message)

hello:close()
