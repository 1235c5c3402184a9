--- Names of output files: %1 to %9 are what the wildcards of the input
-- matched, %i is the instance's number, %n its name, %% a percent sign.
--
-- SPDX-License-Identifier: Apache-2.0
local check = require "zvm.pipeline.check"

local M = {}

--- `captures`: how many wildcards the input has.
function M.check(where, text, captures)
  for letter in text:gmatch "%%(.?)" do
    local number = tonumber(letter)
    if number and number > captures then
      check.fail(where, captures == 0
        and "%%%d: the input has no wildcard, which it would stand for"
        or "%%%d: the input has only %d wildcard%s", number, captures,
        captures == 1 and "" or "s")
    elseif number == 0 or not number and letter ~= "i" and letter ~= "n"
      and letter ~= "%" then
      check.fail(where, "%%%s: %%1 to %%9, %%i, %%n or %%%% expected", letter)
    end
  end
end

--- The name for one instance.
function M.expand(text, instance)
  return (text:gsub("%%(.)", function(letter)
    if letter == "i" then
      return ("%d"):format(instance.index)
    elseif letter == "n" then
      return instance.name
    elseif letter == "%" then
      return "%"
    end
    return instance.captures[tonumber(letter)]
  end))
end

return M
