--- Manifests: ZeroVM's text format, as tables, and as options of zvm.run.
--
-- docs/manifest.md describes the format. A document is a plain table:
--
--     { version = "20130611", program = "main.zvm", timeout = 5,
--       memory = { size = 67108864, etag = false },
--       channels = { { uri = "/dev/null", alias = "/dev/stdin", type = 0,
--         etag = false, gets = 1, get_size = math.huge,
--         puts = 0, put_size = 0 }, ... },
--       node = 1, name_server = "tcp:127.0.0.1:5544",
--       job = "/run/job", etag = "..." }
--
-- The last four may be missing. math.huge is "unlimited".
--
-- SPDX-License-Identifier: Apache-2.0
local from = require "zvm.manifest.from"
local reader = require "zvm.manifest.reader"
local run = require "zvm.manifest.run"
local writer = require "zvm.manifest.writer"

local M = {}

local function refuse(wrong)
  return nil, "zvm.manifest: " .. wrong, "OPTION"
end

--- An error of `read`, as one line: "manifest:LINE:COLUMN: KEY: reason".
--
-- @tparam table problem { line, column, key, reason }; both count from 1
-- @treturn string
function M.format(problem)
  return ("manifest:%d:%d: %s: %s"):format(problem.line, problem.column,
    problem.key, problem.reason)
end

--- Read the text of a manifest.
--
-- Nothing is opened. Whatever the text is, no error is raised.
--
-- @tparam string text
-- @tparam[opt] table options `strict = false`: unknown keys and lines that
--   are no "Key = value" are passed over, as ZeroVM does
-- @treturn[1] table document
-- @treturn[1] table what was passed over: a list like that of the errors
-- @treturn[2] nil
-- @treturn[2] string the first error, as `format` gives it
-- @treturn[2] table all errors: a list of { line, column, key, reason }
-- @usage local doc = assert(require "zvm.manifest".read(text))
function M.read(text, options)
  if type(text) ~= "string" then
    error("bad argument #1 to 'read' (string expected, got "
      .. type(text) .. ")", 2)
  elseif options ~= nil and type(options) ~= "table" then
    error("bad argument #2 to 'read' (table expected, got "
      .. type(options) .. ")", 2)
  end
  local strict = not (options and options.strict == false)
  local doc, errors, warnings = reader.read(text, strict)
  if errors[1] then
    return nil, M.format(errors[1]), errors
  end
  return doc, warnings
end

--- Write a document as text, which `read` reads back to an equal one.
--
-- @tparam table doc
-- @treturn[1] string text
-- @treturn[2] nil
-- @treturn[2] string message, which names the field that is wrong
-- @treturn[2] string code "OPTION"
function M.write(doc)
  local text, wrong = writer.write(doc)
  if not text then
    return refuse(wrong)
  end
  return text
end

--- The options for zvm.run that a document stands for.
--
-- `node`, `name_server`, `job` and `etag` have no part in them. Sources
-- "tcp:NODE:" are not resolved here: see zvm.nodes.
--
-- @tparam table doc
-- @treturn[1] table options
-- @treturn[2] nil
-- @treturn[2] string message, which names the field that is wrong
-- @treturn[2] string code "OPTION"
-- @usage local report = assert(zvm.run(assert(manifest.options(doc))))
function M.options(doc)
  local text, wrong = writer.write(doc) -- which finds what is wrong with it
  if not text then
    return refuse(wrong)
  end
  local options
  options, wrong = run.options(doc)
  if not options then
    return refuse(wrong)
  end
  return options
end

--- The document that says what options for zvm.run say.
--
-- What a manifest cannot hold is refused, and named.
--
-- @tparam table opt
-- @treturn[1] table document
-- @treturn[2] nil
-- @treturn[2] string message, which names the option
-- @treturn[2] string code "OPTION"
function M.from_options(opt)
  local doc, wrong = from.document(opt)
  if not doc then
    return refuse(wrong)
  end
  return doc
end

return M
