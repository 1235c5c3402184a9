--- Why a program is refused, or what an accepted one consists of.
--
-- The verdict is the core's. What is added here is for people, and may be
-- missing: function and line from zvm.symbols, instructions from
-- zvm.disasm. `format` makes text of a result; zvm.explain.text.
--
-- SPDX-License-Identifier: Apache-2.0
local bundle = require "zvm.explain.bundle"
local elf = require "zvm.elf"
local lessons = require "zvm.explain.lessons"
local symbols = require "zvm.symbols"
local text = require "zvm.explain.text"
local zvm = require "zvm"

local M = {}

local BUNDLE = 32
local TEXT_BASE = 0x20000
local SWEEP_MAX = 4096 -- bytes that are read once more to find tails
local MAX, MAX_MOST = 20, 100 -- findings; zvm.load has no more

-- -- Findings ---------------------------------------------------------------

-- Function and line of `place`, which has an address.
local function locate(self, place)
  if self.symbols then
    local found = self.symbols:lookup(place.address)
    place.func, place.func_offset = found.func, found.offset
    place.file, place.line = found.file, found.line
  end
  return place
end

-- Where a direct branch goes that may not go there.
local function add_target(self, finding)
  local target = bundle.target(self.code, finding.offset)
  if not target then
    return
  end
  local place = locate(self, { address = self.address + target })
  if target >= 0 and target < #self.code then
    place.context = bundle.read(self.code, self.address, target, self.decode)
  end
  finding.target = place
end

-- Does the bundle, or the finding itself, begin within an instruction? To
-- tell, the code is read from the beginning of the function, if that is near
-- and known, else from the bundle before.
local function add_tails(self, finding)
  local start = finding.offset - finding.offset % BUNDLE
  local from = finding.offset - (finding.func_offset or math.huge)
  if from < 0 or from < start - SWEEP_MAX then
    from = math.max(start - BUNDLE, 0)
  end
  finding.crossed_by = bundle.spanning(self.code, self.address, from, start,
    self.decode)
  finding.tail_of = bundle.spanning(self.code, self.address, from,
    finding.offset, self.decode)
end

local function add_code(self, finding)
  if finding.offset >= #self.code or #self.code < BUNDLE then
    return
  end
  local context, marked = bundle.read(self.code, self.address,
    finding.offset, self.decode)
  finding.context, finding.bytes = context, marked.bytes
  finding.disasm = marked.disasm
  add_tails(self, finding)
  if finding.rule == "R_FLOW_TARGET" or finding.rule == "R_FLOW_OUTSIDE" then
    add_target(self, finding)
  end
end

-- One finding of zvm.load or zvm.validate, explained.
local function explain(self, found)
  local finding = {
    address = found.address, offset = found.offset, rule = found.rule,
    text = found.text, remedy = found.remedy,
    bytes = found.bytes:gsub("%x%x", "%0 "):sub(1, -2),
    why = lessons[found.rule]:gsub("\n", " "),
  }
  locate(self, finding)
  add_code(self, finding)
  return finding
end

-- The result for a refused text.
local function refused(self, result, findings, max)
  result.accepted, result.findings = false, {}
  for i = 1, math.min(#findings, max) do
    result.findings[i] = explain(self, findings[i])
  end
  result.more = findings.more or #findings > max
  return result
end

local function accepted(self, result)
  local counts, message, code = zvm.survey(self.code, {
    address = self.address, level = result.level,
  })
  if not counts then
    return nil, message, code
  end
  counts.padding_share = counts.padding / counts.bytes
  result.accepted, result.summary = true, counts
  result.findings, result.more = {}, false
  return result
end

-- -- Options ----------------------------------------------------------------

-- nil, message, "OPTION" for what is wrong in `options`.
local function check_options(where, options, known)
  for key, value in pairs(options) do
    if not known[key] then
      return nil, ("%s: unknown option %q"):format(where, tostring(key)),
        "OPTION"
    elseif type(value) ~= "number" then
      return nil, ("%s: %s: number expected, got %s"):format(where, key,
        type(value)), "OPTION"
    end
  end
  local max = options.max
  if max and (max < 1 or max > MAX_MOST or max % 1 ~= 0) then
    return nil, ("%s: max: whole number from 1 to %d expected"):format(where,
      MAX_MOST), "OPTION"
  end
  return true
end

local function check_types(name, first, what, options)
  if type(first) ~= "string" then
    error(("bad argument #1 to '%s' (%s expected, got %s)"):format(name, what,
      type(first)), 3)
  elseif options ~= nil and type(options) ~= "table" then
    error(("bad argument #2 to '%s' (table expected, got %s)"):format(name,
      type(options)), 3)
  end
end

-- -- Files ------------------------------------------------------------------

-- As zvm.load tells bytes from a path.
local function is_bytes(program)
  return program == "" or program:byte() == 127
    or program:find("\0", 1, true) ~= nil
end

local function slurp(path)
  local file = io.open(path, "rb")
  local bytes = file and file:read "*a"
  if file then
    file:close()
  end
  return bytes
end

-- More about a file that is no module: what stands at the place that the
-- message names.
local function details_of(bytes, place)
  local at = tonumber(place or "", 16)
  if not at or not bytes then
    return nil
  end
  local field = elf.field(at)
  local first = elf.u32(bytes, 28)
  if not field and at >= first and at < first + 64 * 32 then
    field = ("program header %d"):format(math.floor((at - first) / 32))
  end
  return { offset = at, field = field,
    bytes = bundle.hex(bytes:sub(at + 1, at + 16)) }
end

-- The place that a message names, in hex. A path is the user's, and may say
-- anything: it comes first, cut to 100 bytes.
local function place_in(file)
  local message = file.message
  if file.path then
    message = message:sub(math.min(#file.path, 100) + 1)
  end
  return message:match "^:? ?at file offset 0x(%x+)"
end

-- A file is read again only when zvm.load could read it: others may be
-- pipes, or have no end. Should it change meanwhile, the explanation is off;
-- the verdict is not.
local function load(program)
  local file = { path = not is_bytes(program) and program or nil }
  file.module, file.message, file.code, file.findings = zvm.load(program)
  if not file.path then
    file.bytes = program
  elseif file.module or file.findings or place_in(file) then
    file.bytes = slurp(file.path)
  end
  return file
end

-- -- Public -----------------------------------------------------------------

--- Explain a program.
--
-- @tparam string program path or bytes, as for `zvm.load`
-- @tparam[opt] table options `max`: findings that are explained, 1 to 100
--  (20)
-- @treturn[1] table `accepted`, `file`, `level`, `address` and `size` of the
--  text, `findings`, `more`; of an accepted one `digest` and `summary`.
--  docs/lua.md has all fields
-- @treturn[2] nil when the file is no module
-- @treturn[2] string message
-- @treturn[2] string code: that of `zvm.load`, or `"OPTION"`
-- @treturn[2] table for `"FORMAT"`: `offset` into the file, `field`, `bytes`
-- @usage print(explain.format(explain.module "prog.zvm"))
function M.module(program, options)
  check_types("module", program, "string", options)
  options = options or {}
  local ok, message, code = check_options("zvm.explain.module", options,
    { max = true })
  if not ok then
    return nil, message, code
  end
  local file = load(program)
  local headers = file.bytes and elf.read(file.bytes)
  local segment = headers and elf.text_segment(headers)
  if not segment or not (file.module or file.findings) then
    return nil, file.message or program .. ": changed while it was read",
      file.code or "SYSTEM",
      file.code == "FORMAT" and details_of(file.bytes, place_in(file)) or nil
  end
  local self = { code = elf.content(file.bytes, segment),
    address = segment.address, decode = nil,
    symbols = symbols.read(file.bytes) }
  local result = { file = file.path, level = elf.level(file.bytes, headers),
    address = segment.address, size = segment.size }
  self.decode, result.note = bundle.decoder()
  if not file.module then
    return refused(self, result, file.findings, options.max or MAX)
  end
  local about = file.module:about()
  result.digest, result.level = about.digest, about.level
  file.module:close()
  return accepted(self, result)
end

--- Explain machine code without a file around it.
--
-- @tparam string code whole bundles of 32 bytes
-- @tparam[opt] table options `address` where it is to run (0x20000), `level`
--  of the CPU (2), `max` as for `module`
-- @treturn[1] table as `module` gives
-- @treturn[2] nil
-- @treturn[2] string message
-- @treturn[2] string code
function M.code(code, options)
  check_types("code", code, "string", options)
  options = options or {}
  local ok, message, status = check_options("zvm.explain.code", options,
    { address = true, level = true, max = true })
  if not ok then
    return nil, message, status
  end
  local place = { address = options.address or TEXT_BASE,
    level = options.level or 2 }
  local findings
  ok, message, status, findings = zvm.validate(code, place)
  if not ok and not findings then
    return nil, message, status
  end
  local self = { code = code, address = place.address }
  local result = { level = place.level, address = place.address,
    size = #code }
  self.decode, result.note = bundle.decoder()
  if not ok then
    return refused(self, result, findings, options.max or MAX)
  end
  return accepted(self, result)
end

--- What `module` or `code` gave, a failure too, as text of 80 columns.
--
-- @function format
-- @tparam ?table result
-- @tparam[opt] string message
-- @tparam[opt] string code
-- @tparam[opt] table details
-- @treturn string without a newline at the end
M.format = text.format

return M
