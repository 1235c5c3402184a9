--- What may have gone wrong in a run that failed: somebody gave the guest the
-- name of a file of the host, and forgot the @ that gives it the file.
--
-- SPDX-License-Identifier: Apache-2.0
local channel = require "zvm.cli.channel"
local zvm = require "zvm"

local M = {}

local function has_failed(report)
  return report.state == "fault" or report.state == "exit" and report.code ~= 0
end

-- Whether the guest may have had files of its own by such names.
local function has_files(job)
  return next(job.images or {}) ~= nil or next(job.files or {}) ~= nil
end

--- A line for a person, or nil.
--
-- @tparam table report
-- @tparam table words of the command line, behind the program
-- @tparam table job what zvm.run was given
-- @treturn ?string
function M.of(report, words, job)
  if not has_failed(report) or has_files(job) then
    return nil
  end
  for _, word in ipairs(words) do
    if word:sub(1, 1) ~= "@" and not job.channels[channel.short(word)]
      and zvm.host.kind(word) == "file" then
      return ("the guest does not see %s, a file of the host: @%s gives it to "
        .. "the guest"):format(word, word)
    end
  end
end

return M
