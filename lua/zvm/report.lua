--- Reports for people and for programs.
--
-- SPDX-License-Identifier: Apache-2.0
local text = require "zvm.report.text"

local M = {}

--- A report as text: one line that says how the run ended, then a line for
-- each channel that moved bytes. No newline at the end.
--
-- @tparam table report what zvm.run gave
-- @treturn string
M.format = text.format

--- How the run ended, in one line; of a fault also where, and who called.
--
-- @tparam table report
-- @treturn string
M.summary = text.summary

--- A report as JSON, one line, keys sorted; see zvm.report.json for what is
-- different in it. Needs the module cjson, and raises an error without it.
--
-- @tparam table report
-- @treturn string
function M.json(report)
  return require "zvm.report.json".format(report)
end

--- The six lines of ZeroVM's report.
--
-- @tparam table report
-- @tparam[opt] table network set of the names of channels that are sockets
-- @treturn string
function M.zerovm(report, network)
  return require "zvm.report.zerovm".format(report, network)
end

--- A report of a run that could not begin, of what zvm.run or zvm.load gave
-- instead: `local r, message, code, findings = zvm.run(options)`.
--
-- @tparam string message
-- @tparam string code "REJECTED", "OPTION", ...: the report's `reason`
-- @tparam[opt] table findings
-- @treturn table of state "refused", with no channels
function M.refusal(message, code, findings)
  return { state = "refused", message = message, reason = code,
    findings = findings, channels = {} }
end

return M
