--- What a node and its name server say to each other, as text.
--
-- Over one TCP connection the node sends
--
--     zvm-nodes 1            the protocol
--     node 3                 who it is
--     read 1 40001           it listens at port 40001 for what node 1 writes
--     write 2                it writes to node 2
--     end
--
-- with a line for each of its channels, and waits. When the name server has
-- heard of all nodes it sends
--
--     at 127.0.0.1 40002     where to connect, for each "write" in order
--     end
--
-- or "error ..." alone, and closes. Neither side trusts the other: all that
-- is read is checked, and bounded.
--
-- SPDX-License-Identifier: Apache-2.0
local show = require "zvm.manifest.show"
local source = require "zvm.manifest.source"

local M = {}

M.HELLO = "zvm-nodes 1"
M.CHANNELS = 1024       -- the most of a node
M.QUESTION = 32 * 1024  -- bytes, the most
M.ANSWER = 64 * 1024

--- The line that begins at `from`, and where the next one does; nil when it
-- has no end. A pattern would look for the end from every byte.
function M.line(text, from)
  local newline = text:find("\n", from, true)
  if newline then
    return text:sub(from, newline - 1), newline + 1
  end
end

local function number(text, most)
  local value = #text <= 10 and text:find "^[1-9]%d*$" and tonumber(text)
  return value and value <= most and value or nil
end

--- The question of a node. `uses`: list of { node, reads, port }.
function M.question(node, uses)
  local lines = { M.HELLO, ("node %.0f"):format(node) }
  for _, use in ipairs(uses) do
    lines[#lines + 1] = use.reads
      and ("read %.0f %d"):format(use.node, use.port)
      or ("write %.0f"):format(use.node)
  end
  lines[#lines + 1] = "end\n"
  return table.concat(lines, "\n")
end

local function read_use(line)
  local other, port = line:match "^read (%d+) (%d+)$"
  local reads = other ~= nil
  other = other or line:match "^write (%d+)$"
  local node = other and number(other, source.NODES)
  port = reads and number(port, 65535)
  if not node or reads and not port then
    return nil
  end
  return { node = node, reads = reads, port = port or nil }
end

--- Take the next line of a question.
--
-- @tparam table question what was read before; {} at first
-- @tparam string line
-- @treturn ?string what is wrong with it. After "end", question.complete
function M.take(question, line)
  if question.complete then
    return "a line after the end"
  elseif not question.greeted then
    question.greeted = line == M.HELLO
    return not question.greeted and ('"%s" expected'):format(M.HELLO) or nil
  elseif not question.node then
    question.node = number(line:match "^node (%d+)$" or "", source.NODES)
    question.uses = {}
    return not question.node and '"node N" expected' or nil
  elseif line == "end" then
    question.complete = true
    return nil
  end
  local use = read_use(line)
  if not use then
    return '"read N PORT", "write N" or "end" expected'
  elseif use.node == question.node then
    return "a node is not connected to itself"
  elseif #question.uses == M.CHANNELS then
    return ("more than %d channels"):format(M.CHANNELS)
  end
  question.uses[#question.uses + 1] = use
end

--- The answer to a question whose writers have `host` and `port`.
function M.answer(uses)
  local lines = {}
  for _, use in ipairs(uses) do
    if not use.reads then
      lines[#lines + 1] = ("at %s %d"):format(use.host, use.port)
    end
  end
  lines[#lines + 1] = "end\n"
  return table.concat(lines, "\n")
end

local function read_place(line)
  local host, port = line:match "^at (%S+) (%d+)$"
  port = port and number(port, 65535)
  if not port then
    return nil
  end
  local uri = ("tcp:%s:%d"):format(
    host:find(":", 1, true) and "[" .. host .. "]" or host, port)
  local read = source.read(uri)
  return read and not read.node and uri
end

--- Read an answer: each use that writes gets its `uri`.
--
-- @tparam string text
-- @tparam table uses
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] string what is wrong: also what the name server says is
function M.read_answer(text, uses)
  local reason = text:match "^error ([^\n]*)"
  if reason then
    return nil, show.text(reason)
  end
  local from = 1
  for _, use in ipairs(uses) do
    if not use.reads then
      local line, after = M.line(text, from)
      use.uri = line and read_place(line)
      if not use.uri then
        return nil, "nonsense instead of an answer"
      end
      from = after
    end
  end
  if text:sub(from) ~= "end\n" then
    return nil, "nonsense instead of an answer"
  end
  return true
end

return M
