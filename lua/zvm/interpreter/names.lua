--- Names of options, for completion. A spec holds them to the C that reads
-- them.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

local function words(text)
  local list = {}
  for word in text:gmatch "%S+" do
    list[#list + 1] = word
  end
  table.sort(list)
  return list
end

M.run = words [[program name args env memory stack channels on_stop isolation
  timeout cpu resident on_limit symbols trace memory_etag directory clock seed
  images files collect progress]]

M.channel = words [[path data buffer fd null uri read write pipe listen mode
  type limits on_limit etag partial slice]]

M.limits = words "gets get_bytes puts put_bytes file_size"

--- What may stand in the braces of zvm.run{ ... } and the like.
M.calls = { run = M.run, start = M.run }

--- What may stand in a table that is the value of an option.
M.fields = { limits = M.limits }

return M
