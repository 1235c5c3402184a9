--- Limits: what a guest may use, and what it notices of that.
--
-- SPDX-License-Identifier: Apache-2.0
local zvm = require "zvm"

local GUESTS = (os.getenv "ZVM_BUILD" or "build") .. "/guest/"

local module = assert(zvm.load(GUESTS .. "03-limits/main.zvm"))

local function run(what, options)
  options.program, options.args = module, { what }
  local report = assert(zvm.run(options))
  io.write(report.channels.stderr.data)
  print(what, report.state, report.code or report.fault.text)
  return report
end

-- Bytes: what fits is taken, the next call gets EDQUOT.
local report = run("write", {
  channels = { stdout = { buffer = true, limits = { put_bytes = 2500 } } },
})
print("kept", #report.channels.stdout.data)

-- Memory: malloc returns NULL.
run("allocate", { memory = "16M" })

-- The stack: a fault of the guest. The host lives on.
run("nest", { stack = "64K" })
