--- .macro, .rept, .irp and .irpc, expanded before anything is rewritten.
--
-- An instruction can be rewritten only when its operands are known, and
-- in a macro's body they are not. An expansion stays on the line of its
-- call, its statements joined by ";".
--
-- SPDX-License-Identifier: Apache-2.0

local lexer = require "zvm.toolchain.lexer"

local M = {}

local fail = lexer.fail

local OPEN = { [".rept"] = true, [".irp"] = true, [".irpc"] = true,
  [".macro"] = true, [".rep"] = true }
local CLOSE = { [".endr"] = true, [".endm"] = true }

local DEPTH = 200 -- of macros that call each other


-- Replace \name by its value, longest name first.
local function substitute(body, values, count)
  body = body:gsub("\\@", tostring(count))
  body = body:gsub("\\([%a_.$][%w_.$]*)", function(name)
    for n = #name, 1, -1 do
      local value = values[name:sub(1, n)]
      if value then return value .. name:sub(n + 1) end
    end
    return nil
  end)
  return (body:gsub("\\%(%)", ""))
end

-- Arguments are parted by commas, or by spaces as gas allows.
local function arguments(text)
  local list = {}
  for _, op in ipairs(lexer.operands(text)) do
    list[#list + 1] = op:match '^"(.*)"$' or op
  end
  return list
end

local function bind(m, text)
  local values, args, at = {}, arguments(text), 1
  if #args == 1 and #m.params > 1 and not args[1]:find "[(%[=]" then
    local split = {}
    for word in args[1]:gmatch "%S+" do split[#split + 1] = word end
    if #split > 1 then args = split end
  end
  for i, p in ipairs(m.params) do
    values[p.name] = p.default or ""
    if p.rest then
      local tail = {}
      for k = i, #args do tail[#tail + 1] = args[k] end
      values[p.name] = table.concat(tail, ", ")
      return values
    end
  end
  for _, arg in ipairs(args) do
    local name, value = arg:match "^([%a_][%w_]*)%s*=%s*(.*)$"
    if name and values[name] then
      values[name] = value
    else
      local p = m.params[at]
      if not p then
        fail("too many arguments for macro " .. m.name, "give fewer")
      end
      if arg ~= "" then values[p.name] = arg end
      at = at + 1
    end
  end
  for _, p in ipairs(m.params) do
    if p.required and values[p.name] == "" then
      fail("macro " .. m.name .. " needs " .. p.name, "give a value")
    end
  end
  return values
end

local function parameters(text)
  local params = {}
  text = text:gsub("%s*=%s*", "="):gsub("%s*:%s*", ":")
  for word in text:gmatch "[^%s,]+" do
    local name, kind, default = word:match "^([%w_.$]+):?(%l*)=?(.*)$"
    params[#params + 1] = { name = name, default = default,
      required = kind == "req", rest = kind == "vararg" }
  end
  return params
end

local expand_list

local function repeated(directive, args, body, state)
  local out = {}
  if directive == ".rept" or directive == ".rep" then
    local count = tonumber(args)
    if not count then
      fail(".rept with an expression", "write the count as a number")
    end
    for _ = 1, count do expand_list(body, out, state) end
    return out
  end
  local name, rest = args:match "^([%w_.$]+)%s*,?%s*(.-)$"
  local values = {}
  if directive == ".irpc" then
    for c in rest:gmatch "%S" do values[#values + 1] = c end
  elseif rest:find(",", 1, true) then
    values = arguments(rest)
  else
    for word in rest:gmatch "%S+" do values[#values + 1] = word end
  end
  if #values == 0 then values[1] = "" end
  for _, value in ipairs(values) do
    local copy = {}
    for i, text in ipairs(body) do
      copy[i] = substitute(text, { [name] = value }, state.count)
    end
    expand_list(copy, out, state)
  end
  return out
end

-- Statements in, statements out, with nothing left to expand.
function expand_list(list, out, state)
  state.depth = state.depth + 1
  if state.depth > DEPTH then fail("macros nest too deeply", "end one") end
  local i = 1
  while list[i] do
    local text = list[i]
    local label, rest = text:match "^([%w_.$]+:)%s*(.*)$"
    if label and rest ~= "" then
      out[#out + 1] = label
      text = rest
    end
    local word, args = text:match "^([%w_.$]+)%s*(.-)$"
    if OPEN[word] then
      local body, depth = {}, 1
      while depth > 0 do
        i = i + 1
        if not list[i] then fail(word .. " does not end", "close it") end
        local inner = list[i]:match "^[%w_.$]+"
        depth = depth + (OPEN[inner] and 1 or CLOSE[inner] and -1 or 0)
        if depth > 0 then body[#body + 1] = list[i] end
      end
      if word == ".macro" then
        local name, params = args:match "^([%w_.$]+)%s*,?%s*(.-)$"
        state.macros[name] = { name = name, body = body,
          params = parameters(params) }
      else
        for _, t in ipairs(repeated(word, args, body, state)) do
          out[#out + 1] = t
        end
      end
    elseif word and state.macros[word] and not args:find "^=" then
      local m = state.macros[word]
      local values = bind(m, args)
      state.count = state.count + 1
      local body = {}
      for k, t in ipairs(m.body) do
        body[k] = substitute(t, values, state.count)
      end
      expand_list(body, out, state)
    elseif word == ".purgem" then
      state.macros[args] = nil
    elseif word == ".exitm" then
      fail(".exitm is not supported", "use .if around the rest")
    else
      out[#out + 1] = text
    end
    i = i + 1
  end
  state.depth = state.depth - 1
end

--- Expand everything in `text`. `where.line` follows for messages.
function M.expand(text, where)
  if not text:find(".macro", 1, true) and not text:find(".rep", 1, true)
    and not text:find(".irp", 1, true) then
    return text
  end
  local state = { macros = {}, count = 0, depth = 0 }
  local out, n = {}, 0
  local pending, depth -- statements of a construct that is still open
  for line in text:gmatch "([^\n]*)\n" do
    n = n + 1
    where.line = n
    if line:find "^%s*#" then
      out[n] = pending and "" or line
    else
      local list = lexer.statements(line)
      local touched = pending ~= nil
      local now = pending or {}
      depth = depth or 0
      for _, text_ in ipairs(list) do
        local word = text_:gsub("^[%w_.$]+:%s*", ""):match "^[%w_.$]+"
        depth = depth + (OPEN[word] and 1 or CLOSE[word] and -1 or 0)
        touched = touched or OPEN[word] or state.macros[word]
        now[#now + 1] = text_
      end
      if not touched then
        out[n] = line
      elseif depth > 0 then
        pending, out[n] = now, ""
      else
        local result = {}
        expand_list(now, result, state)
        pending, out[n] = nil, table.concat(result, "; ")
      end
    end
  end
  if pending then fail("macro or repetition does not end", "close it") end
  out[n + 1] = ""
  return table.concat(out, "\n")
end

return M
