--- ELF32 files from tables, right or wrong on purpose, without a toolchain.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

M.PAGE = 4096
M.TEXT = 0x20000

M.LOAD, M.DYNAMIC, M.INTERP, M.NOTE, M.TLS = 1, 2, 3, 4, 7
M.STACK = 0x6474e551
M.X, M.W, M.R = 1, 2, 4

--- The low `n` bytes of an integer, lowest first.
function M.le(value, n)
  local out = {}
  for i = 1, n do
    out[i] = string.char(value % 256)
    value = math.floor(value / 256)
  end
  return table.concat(out)
end

local le = M.le

--- `bytes` filled up with `fill` to a multiple of `size`.
function M.pad(bytes, size, fill)
  return bytes .. fill:rep(-#bytes % size)
end

-- name, size, default: the fields of the file header in their order.
local HEADER = {
  { "magic", 4 }, { "class", 1, 1 }, { "data", 1, 1 }, { "ident", 1, 1 },
  { "type", 2, 2 }, { "machine", 2, 62 }, { "version", 4, 1 },
  { "entry", 4, M.TEXT }, { "phoff", 4, 52 }, { "shoff", 4, 0 },
  { "flags", 4, 0 }, { "ehsize", 2, 52 }, { "phentsize", 2, 32 },
  { "phnum", 2 }, { "shentsize", 2, 0 }, { "shnum", 2, 0 },
  { "shstrndx", 2, 0 },
}

local SEGMENT = {
  { "type", 1 }, { "offset", 0 }, { "vaddr", 0 }, { "paddr", 0 },
  { "filesz", 0 }, { "memsz", 0 }, { "flags", 0 }, { "align", M.PAGE },
}

local function header_bytes(fields, count)
  local out = {}
  for _, field in ipairs(HEADER) do
    local name, size = field[1], field[2]
    if name == "magic" then
      out[#out + 1] = fields.magic or "\127ELF"
    else
      local default = field[3] or count
      out[#out + 1] = le(fields[name] or default, size)
    end
    if name == "ident" then
      out[#out + 1] = ("\0"):rep(9)
    end
  end
  return table.concat(out)
end

local function segment_bytes(segment)
  local out = {}
  for _, field in ipairs(SEGMENT) do
    out[#out + 1] = le(segment[field[1]] or field[2], 4)
  end
  return table.concat(out)
end

--- A file of these segments. `segment.bytes` is stored at `segment.offset`
-- and sets `filesz` and `memsz` unless they are given.
function M.build(segments, header)
  local file = header_bytes(header or {}, #segments)
  for _, segment in ipairs(segments) do
    if segment.bytes then
      segment.filesz = segment.filesz or #segment.bytes
      segment.memsz = segment.memsz or segment.filesz
    end
    file = file .. segment_bytes(segment)
  end
  for _, segment in ipairs(segments) do
    if segment.bytes then
      local at = segment.at or segment.offset
      assert(at >= #file, "segments do not come in order")
      file = file .. ("\0"):rep(at - #file) .. segment.bytes
    end
  end
  return file
end

--- The text segment of a right module: `code` padded to whole pages.
function M.text(code, fields)
  local segment = {
    offset = M.PAGE, vaddr = M.TEXT, flags = M.R + M.X,
    bytes = M.pad(code, M.PAGE, "\244"),
  }
  for key, value in pairs(fields or {}) do
    segment[key] = value
  end
  return segment
end

--- A right module around `code`, which starts at M.TEXT. `data`, if given,
-- lies at M.DATA, read-write.
M.DATA = 0x40000

function M.module(code, data)
  local text = M.text(code)
  if not data then
    return M.build { text }
  end
  return M.build {
    text,
    {
      offset = M.PAGE + #text.bytes, vaddr = M.DATA, flags = M.R + M.W,
      bytes = data, memsz = #data,
    },
  }
end

return M
