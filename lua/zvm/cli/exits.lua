--- What the commands end with: the one table that usage texts, man pages and
-- code take it from.
--
-- An entry is { code, name, about, shown }: `shown` where it is no one number.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

--- Of `zvm run`. The numbers 124 to 126 and 128+N mean to a script what they
-- mean with timeout(1) and env(1).
M.run = {
  { code = 0, name = "EXIT", shown = "0 to 255",
    about = "The guest exited: the low 8 bits of its code." },
  { code = 121, name = "LOST",
    about = "The guest's worker process was lost." },
  { code = 122, name = "FAULT", about = "The guest faulted." },
  { code = 123, name = "LIMIT",
    about = "A limit ended the guest: of CPU time, of resident memory, or "
      .. "of a channel with on_limit stop." },
  { code = 124, name = "TIMEOUT",
    about = "The guest ran longer than --timeout." },
  { code = 125, name = "CANNOT",
    about = "zvm could not run it: the command line, the manifest, an "
      .. "option, a channel, a file or the system; or the report could not "
      .. "be written." },
  { code = 126, name = "REFUSED",
    about = "The program is refused, or is no program." },
  { code = 128, name = "SIGNAL", shown = "128+N",
    about = "Signal N stopped the run: 130 after Ctrl-C." },
}

--- Of `zvm pipeline`.
M.pipeline = {
  { code = 0, name = "DONE", about = "All stages ended well." },
  { code = 1, name = "FAILED",
    about = "A stage failed, all waited for each other, or two runs of an "
      .. "instance differed." },
  { code = 124, name = "TIMEOUT", about = "It took longer than --timeout." },
  { code = 125, name = "CANNOT",
    about = "zvm could not run it: the command line, the job, a channel, a "
      .. "file or the system." },
  { code = 126, name = "REFUSED",
    about = "A program is refused, or is no program." },
  { code = 128, name = "SIGNAL", shown = "128+N",
    about = "Signal N stopped it: 130 after Ctrl-C." },
}

--- Of `zvm validate` and `zvm explain`.
M.verdict = {
  { code = 0, name = "ACCEPTED", about = "All is accepted." },
  { code = 1, name = "FINDINGS", about = "Something is refused." },
  { code = 2, name = "TROUBLE",
    about = "The command line is wrong, or a file cannot be used." },
}

--- Of commands that only say something.
M.plain = {
  { code = 0, name = "DONE", about = "It is done." },
  { code = 2, name = "TROUBLE",
    about = "The command line is wrong, or there is something else in the "
      .. "way." },
}

--- Of `zvm cc`.
M.compiler = {
  { code = 0, name = "DONE", shown = "0 to 255",
    about = "What gcc ends with." },
}

for _, list in ipairs { M.run, M.pipeline, M.verdict, M.plain } do
  for _, entry in ipairs(list) do
    M[entry.name] = entry.code
  end
end

--- The code for a command line that is wrong.
function M.trouble(list)
  return (list == M.run or list == M.pipeline) and M.CANNOT or M.TROUBLE
end

local STATES = { fault = M.FAULT, limit = M.LIMIT, timeout = M.TIMEOUT,
  lost = M.LOST }
local REFUSALS = { REJECTED = true, FORMAT = true, CPU = true }

--- What `zvm run` ends with for a report.
function M.of(report)
  if report.state == "exit" then
    return report.code % 256
  elseif report.state == "stopped" then
    return M.SIGNAL + report.signal
  elseif report.state == "refused" then
    return REFUSALS[report.reason] and M.REFUSED or M.CANNOT
  end
  return STATES[report.state]
end

--- What `zvm pipeline` ends with for a report.
function M.of_pipeline(report)
  if report.state == "exit" then
    return M.DONE
  elseif report.state == "stopped" then
    return M.SIGNAL + report.signal
  elseif report.state == "timeout" then
    return M.TIMEOUT
  end
  return M.FAILED
end

--- What it ends with when nothing could run.
function M.of_refusal(code)
  return REFUSALS[code] and M.REFUSED or M.CANNOT
end

return M
