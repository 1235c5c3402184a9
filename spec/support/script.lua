--- Scripts run by the executable `zvm`.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"

local M = { ZVM = host.build() .. "/bin/zvm" }

--- Run the executable; the script's file is there meanwhile.
--
-- @tparam string words of the command line, where SCRIPT is the file
-- @tparam[opt=""] string text of the script
-- @treturn number exit code
-- @treturn string what it says on both streams, again with SCRIPT for the file
function M.run(words, text)
  local path = host.temporary()
  host.write_file(path, text or "")
  local said = host.output(("%s </dev/null %s 2>&1; printf '\\1%%d\\n' $?")
    :format(M.ZVM, (words:gsub("SCRIPT", path))))
  os.remove(path)
  local out, code = said:match "^(.-)\1(%d+)\n$"
  return tonumber(code), (out:gsub(path:gsub("%p", "%%%0"), "SCRIPT"))
end

return M
