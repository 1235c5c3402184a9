--- Numbers of a manifest: decimal, octal (0...) and hexadecimal (0x...).
--
-- A number is a Lua number when that holds it exactly, up to 2^53. The one
-- larger that is taken is 2^63-1, ZeroVM's largest: it is math.huge here,
-- "unlimited".
--
-- SPDX-License-Identifier: Apache-2.0
local show = require "zvm.manifest.show"

local M = {}

M.EXACT = 2 ^ 53

-- 2^63-1 without leading zeros, by base.
local UNLIMITED = {
  [8] = ("7"):rep(21), [10] = "9223372036854775807",
  [16] = "7" .. ("f"):rep(15),
}
-- So many digits and no more may fit into 63 bits.
local DIGITS = { [8] = 21, [10] = 19, [16] = 16 }

local function split_base(token)
  if token:find "^0[xX]" then
    return 16, token:sub(3), "[%x]", "hexadecimal digits after 0x"
  elseif token:find "^0." then
    return 8, token:sub(2), "[0-7]", "octal digits after 0"
  end
  return 10, token, "[%d]", "number"
end

-- Digits that are known to be of the base. Stops where the sum would not be
-- exact any more, which is after 18 digits at most.
local function sum(digits, base)
  local value = 0
  for i = 1, #digits do
    local digit = tonumber(digits:sub(i, i), 16)
    if value > (M.EXACT - digit) / base then
      return nil
    end
    value = value * base + digit
  end
  return value
end

local function is_63_bits(digits, base)
  local most = UNLIMITED[base]
  return #digits < DIGITS[base]
    or #digits == DIGITS[base] and digits <= most
end

--- The value of a token; math.huge for 2^63-1.
--
-- @tparam string token without blanks around
-- @treturn[1] number
-- @treturn[2] nil
-- @treturn[2] string what is wrong with it
function M.parse(token)
  if token == "" then
    return nil, "number expected, got nothing"
  elseif token:find "^%-%d" then
    return nil, ("negative numbers are not allowed, got %s"):format(
      show.quote(token))
  end
  local base, digits, class, expected = split_base(token)
  if digits:find("[^" .. class:sub(2)) or digits == "" then
    return nil, ("%s expected, got %s"):format(expected, show.quote(token))
  end
  digits = digits:gsub("^0+", ""):lower()
  if digits == UNLIMITED[base] then
    return math.huge
  end
  local value = sum(digits, base)
  if value then
    return value
  elseif is_63_bits(digits, base) then
    return nil, ("%s is more than 2^53 and not 2^63-1, which means "
      .. "unlimited"):format(show.quote(token))
  end
  return nil, ("%s does not fit into 63 bits"):format(show.quote(token))
end

--- Whether a Lua value is a whole number from `least` to `most`.
function M.is_whole(value, least, most)
  return type(value) == "number" and value >= least and value <= most
    and (value == math.huge or value % 1 == 0 and value <= M.EXACT)
end

--- A number as it is written.
function M.text(value)
  return value == math.huge and UNLIMITED[10] or ("%.0f"):format(value)
end

--- What is wrong with a value that is not in its range.
function M.range_reason(value, least, most)
  local got = show.value(value)
  if M.is_whole(value, 0, math.huge) then
    got = M.text(value)
  end
  local range = most == math.huge and M.text(least) .. " on"
    or ("%s to %s"):format(M.text(least), M.text(most))
  return ("whole number from %s expected, got %s"):format(range, got)
end

return M
