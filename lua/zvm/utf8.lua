--- Where text is UTF-8.
--
-- Source: The Unicode Standard, table 3-7.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

-- Well-formed sequences of more than one byte.
local SEQUENCES = {
  "^[\194-\223][\128-\191]",
  "^\224[\160-\191][\128-\191]",
  "^[\225-\236\238\239][\128-\191][\128-\191]",
  "^\237[\128-\159][\128-\191]",
  "^\240[\144-\191][\128-\191][\128-\191]",
  "^[\241-\243][\128-\191][\128-\191][\128-\191]",
  "^\244[\128-\143][\128-\191][\128-\191]",
}

--- Where the well-formed sequence of more than one byte at `at` ends, or nil.
function M.sequence_end(text, at)
  for _, pattern in ipairs(SEQUENCES) do
    local _, last = text:find(pattern, at)
    if last then
      return last
    end
  end
end

--- Where the first byte is that belongs to no character, or nil.
function M.fault(text)
  local at = text:find "[\128-\255]"
  while at do
    local last = M.sequence_end(text, at)
    if not last then
      return at
    end
    at = text:find("[\128-\255]", last + 1)
  end
end

--- Text as UTF-8: a byte that belongs to no character is written \xNN.
function M.clean(text)
  local out, at = {}, 1
  while true do
    local odd = text:find("[\128-\255]", at)
    out[#out + 1] = text:sub(at, (odd or 0) - 1)
    if not odd then
      return table.concat(out)
    end
    local last = M.sequence_end(text, odd)
    out[#out + 1] = last and text:sub(odd, last)
      or ("\\x%02x"):format(text:byte(odd))
    at = (last or odd) + 1
  end
end

--- The character of a code point, which is no surrogate and below 0x110000.
function M.char(code)
  local floor, char = math.floor, string.char
  if code < 0x80 then
    return char(code)
  elseif code < 0x800 then
    return char(192 + floor(code / 64), 128 + code % 64)
  elseif code < 0x10000 then
    return char(224 + floor(code / 4096), 128 + floor(code / 64) % 64,
      128 + code % 64)
  end
  return char(240 + floor(code / 262144), 128 + floor(code / 4096) % 64,
    128 + floor(code / 64) % 64, 128 + code % 64)
end

return M
