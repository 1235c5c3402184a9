--- What tells two runs of an instance apart.
--
-- SPDX-License-Identifier: Apache-2.0
local zvm = require "zvm"

local M = {}

--- What two runs have to have in common: from words to words. `written`: from
-- channel to a table with the digest of what went there.
function M.of(report, written)
  local out = { ["exit code"] = tostring(report.code) }
  for name, each in pairs(report.channels) do
    out[name .. ": put_bytes"] = ("%.0f"):format(each.put_bytes or 0)
    if each.data then
      out[name] = zvm.digest(each.data)
    end
  end
  for name, each in pairs(written) do
    out[name:match "^/dev/(.+)$" or name] = each.digest
  end
  return out
end

--- The first difference in the order of names, in words; nil if there is none.
function M.difference(first, second)
  local names = {}
  for name in pairs(first) do
    names[#names + 1] = name
  end
  for name in pairs(second) do
    names[#names + 1] = first[name] == nil and name or nil
  end
  for _, name in ipairs(zvm.host.sorted(names)) do
    if first[name] ~= second[name] then
      return ("%s %s and %s"):format(name, first[name] or "missing",
        second[name] or "missing")
    end
  end
end

return M
