--- A command line in one string, as ZeroVM's run time library reads it: words
-- between blanks; a word that begins with a double quote goes to the next
-- one, whatever is between; \xHH in a word is that byte.
--
-- Source: zerovm/zrt, lib/helpers/conf_parser.c, and zerovm/zerocloud,
-- zerocloud/configparser.py.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

--- Text with \xHH as bytes.
function M.plain(text)
  return (text:gsub("\\x(%x%x)", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

--- The words of a command line; or nil and what is wrong.
function M.read(text)
  local words, at = {}, 1
  while true do
    local first = text:find("[^ \t]", at)
    if not first then
      return words
    end
    local word
    if text:sub(first, first) == '"' then
      word, at = text:match('^([^"]*)"()', first + 1)
      if not word then
        return nil, "a double quote that is not closed"
      end
    else
      word, at = text:match("^([^ \t]+)()", first)
    end
    word = M.plain(word)
    if word:find "%z" then
      return nil, "a word with a NUL byte"
    end
    words[#words + 1] = word
  end
end

return M
