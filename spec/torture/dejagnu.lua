--- What a test of gcc's suites asks for in its `{ dg-... }` comments.
--
-- Only what changes how a test is built, and for which targets it is. Most
-- demands are not looked at: where the target lacks something, the native
-- compiler fails on it too, and torture.lua asks that.
--
-- SPDX-License-Identifier: Apache-2.0

local M = {}

-- Words of a Tcl list: bare, "quoted" or {braced}.
local function words(text)
  local list, i = {}, 1
  while true do
    i = text:find("%S", i)
    if not i then return list end
    local c = text:sub(i, i)
    local word
    if c == "{" then
      word = text:match("^%b{}", i) or text:sub(i)
      list[#list + 1] = word:sub(2, -2)
    elseif c == '"' then
      word = text:match('^"[^"]*"', i) or text:sub(i)
      list[#list + 1] = word:sub(2, -2)
    else
      word = text:match("^%S+", i)
      list[#list + 1] = word
    end
    i = i + #word
  end
end

-- Whether a name of a selector is true of x32. What is not known is.
local function holds(name)
  if name:find("-", 1, true) then
    local cpu = name:match "^[^-]*"
    return cpu == "*" or cpu == "x86_64" or cpu:find "^i%?86" ~= nil
  end
  return not (name == "lp64" or name == "ia32" or name == "llp64"
    or name == "pthread" or name == "fopenmp" or name == "dfp"
    or name == "profiling" or name:find "^powerpc" or name:find "^arm"
    or name:find "^aarch64" or name:find "^sparc" or name:find "^mips"
    or name:find "^s390")
end

--- Evaluate a selector such as `{ i?86-*-* x86_64-*-* } && { ! ia32 }`.
function M.selected(text)
  text = text:gsub("^%s*target%s", " ")
  local value, negated, operator = nil, false, "||"
  local i = 1
  while true do
    i = text:find("%S", i)
    if not i then break end
    local word = text:match("^%b{}", i) or text:match("^!", i)
      or text:match("^[^%s{}]+", i) or text:sub(i, i)
    i = i + #word
    if word == "!" then
      negated = not negated
    elseif word == "&&" or word == "||" then
      operator = word
    elseif word == "xfail" then
      break
    else
      local now
      if word:sub(1, 1) == "{" then
        now = M.selected(word:sub(2, -2))
      else
        now = holds(word)
      end
      if negated then now = not now end
      if value == nil then
        value = now
      elseif operator == "&&" then
        value = value and now
      else
        value = value or now
      end
      negated, operator = false, "||"
    end
  end
  return value ~= false
end

--- Read a test's text. Returns { action, options, sources, elsewhere }:
-- what to do ("compile", "run", ...; nil: the suite's default), options,
-- more sources, and for which other targets the test is, if so.
function M.read(text)
  local test = { sources = {}, options = "" }
  local more = ""
  local at = 1
  while true do
    local from = text:find("{%s*dg%-", at)
    if not from then break end
    local block = text:match("^%b{}", from)
    if not block then break end
    at = from + #block
    local list = words(block:sub(2, -2))
    local name = list[1]
    if name == "dg-do" then
      local select = list[3]
      local here = not select or not select:find "^%s*target"
        or M.selected(select)
      if here then
        test.action, test.elsewhere = list[2], nil
      elseif not test.action then
        test.elsewhere = "dg-do for another processor"
      end
    elseif name == "dg-require-effective-target" then
      if not holds(list[2] or "") then
        test.elsewhere = "requires " .. list[2]
      end
    elseif name == "dg-options" then
      if not list[3] or M.selected(list[3]) then
        test.options = list[2] or ""
      end
    elseif name == "dg-additional-options" then
      if not list[3] or M.selected(list[3]) then
        more = more .. " " .. (list[2] or "")
      end
    elseif name == "dg-additional-sources" then
      for file in (list[2] or ""):gmatch "%S+" do
        test.sources[#test.sources + 1] = file
      end
    end
  end
  test.options = (test.options .. more .. " "):gsub("%f[%S]%-S%s", "")
  return test
end

return M
