--- A name server: it waits for all nodes of a job, and tells each where the
-- others listen.
--
-- usage: server.lua NODES [PORT [HOST]]
--
-- Prints its port, serves one job, and says how that went. Exit code 0 when
-- all nodes were told, 1 when the job cannot be.
--
-- SPDX-License-Identifier: Apache-2.0
local protocol = require "zvm.nodes.protocol"
local socket = require "socket"

local M = {}

-- -- Who comes -----------------------------------------------------

local Server = {}
Server.__index = Server

local CONNECTIONS = 500 -- select has no more than 1024 descriptors
local NAP = 1           -- seconds: how late it is seen that time is over

--- A server for a number of nodes.
--
-- @tparam table options `nodes`, their number; `port` (0: any), `host`
--   ("127.0.0.1"); `timeout`, seconds until all have come (60); `patience`,
--   seconds until a question is complete (5)
-- @treturn[1] table server: `port`, `step`, `close`
-- @treturn[2] nil
-- @treturn[2] string message
function M.new(options)
  local listener, message = socket.bind(options.host or "127.0.0.1",
    options.port or 0, 128)
  if not listener then
    return nil, message
  end
  listener:settimeout(0)
  local _, port = listener:getsockname()
  return setmetatable({
    nodes = options.nodes,
    port = tonumber(port),
    listener = listener,
    deadline = socket.gettime() + (options.timeout or 60),
    patience = options.patience or 5,
    callers = {}, -- list of { socket, host, since, text, size, question }
    known = {},  -- number of a node -> its caller, whose question is complete
    count = 0,   -- of those
  }, Server)
end

--- Close all. Twice is fine.
function Server:close()
  self.listener:close()
  for _, caller in ipairs(self.callers) do
    caller.socket:close()
  end
  self.callers, self.known, self.count = {}, {}, 0
end

local function send(caller, text)
  caller.socket:settimeout(1) -- it fits what the system holds for a socket
  caller.socket:send(text)
end

function Server:drop(caller, reason)
  if reason then
    send(caller, "error " .. reason .. "\n")
  end
  caller.socket:close()
  for i, other in ipairs(self.callers) do
    if other == caller then
      table.remove(self.callers, i)
    end
  end
  if self.known[caller.question.node] == caller then
    self.known[caller.question.node] = nil
    self.count = self.count - 1
  end
end

function Server:admit()
  local client = self.listener:accept()
  if not client then
    return
  end
  client:settimeout(0)
  local caller = { socket = client, host = client:getpeername(),
    since = socket.gettime(), text = "", size = 0, question = {} }
  if not caller.host or #self.callers >= CONNECTIONS
    or client:getfd() >= 1000 then
    client:close()
    return
  end
  table.insert(self.callers, caller)
end

-- Lines that are complete become part of the question.
local function read_lines(caller)
  local from = 1
  while true do
    local line, after = protocol.line(caller.text, from)
    if not line then
      break
    end
    local wrong = protocol.take(caller.question, line)
    if wrong then
      return wrong
    end
    from = after
  end
  caller.text = caller.text:sub(from)
end

function Server:hear(caller)
  local part, message, rest = caller.socket:receive(4096)
  part = part or rest
  caller.size = caller.size + #part
  caller.text = caller.text .. part
  local before = caller.question.complete
  local wrong = caller.size > protocol.QUESTION and "too long a question"
    or read_lines(caller)
  if wrong or message == "closed" then
    return self:drop(caller, wrong)
  end
  local node = caller.question.node
  if caller.question.complete and not before then
    if self.known[node] then
      return self:drop(caller, ("node %.0f is here already"):format(node))
    end
    self.known[node] = caller
    self.count = self.count + 1
  end
end

-- -- Bringing together ------------------------------------------------------

-- Who reads from whom: reader's number, "<" and the writer's -> list of uses.
local function readers(known)
  local found = {}
  for number, caller in pairs(known) do
    for _, use in ipairs(caller.question.uses) do
      if use.reads then
        local key = ("%.0f<%.0f"):format(number, use.node)
        found[key] = found[key] or {}
        table.insert(found[key], { use = use, host = caller.host })
      end
    end
  end
  return found
end

local function sorted(known)
  local numbers = {}
  for number in pairs(known) do
    numbers[#numbers + 1] = number
  end
  table.sort(numbers)
  return numbers
end

--- Give each use that writes its place. The first channel from one node to
-- another meets the first there, the second the second.
--
-- @treturn ?string what does not fit
local function match(known)
  local found = readers(known)
  local numbers = sorted(known)
  for _, number in ipairs(numbers) do
    for _, use in ipairs(known[number].question.uses) do
      if not use.reads then
        local list = found[("%.0f<%.0f"):format(use.node, number)]
        local place = list and table.remove(list, 1)
        if not place then
          return ("node %.0f writes to node %.0f, which does not read that")
            :format(number, use.node)
        end
        use.host, use.port = place.host, place.use.port
      end
    end
  end
  for _, number in ipairs(numbers) do
    for _, use in ipairs(known[number].question.uses) do
      local list = found[("%.0f<%.0f"):format(number, use.node)]
      if use.reads and list[1] then
        return ("node %.0f reads from node %.0f, which does not write that")
          :format(number, use.node)
      end
    end
  end
end

function Server:finish(wrong)
  wrong = wrong or match(self.known)
  for _, number in ipairs(sorted(self.known)) do
    local caller = self.known[number]
    send(caller, wrong and "error " .. wrong .. "\n"
      or protocol.answer(caller.question.uses))
  end
  self:close()
  return wrong == nil, wrong
end

--- Wait for something to happen, for a while, and see to it.
--
-- @tparam[opt] number wait seconds at most
-- @treturn ?boolean nil: to be called again; true: all were told; false
-- @treturn ?string why not
function Server:step(wait)
  local list = { self.listener }
  for i, caller in ipairs(self.callers) do
    list[i + 1] = caller.socket
  end
  local ready = socket.select(list, nil, wait or NAP)
  local now = socket.gettime()
  if ready[self.listener] then
    self:admit()
  end
  for i = #self.callers, 1, -1 do
    local caller = self.callers[i]
    local late = now > caller.since + self.patience
    if ready[caller.socket] then
      self:hear(caller)
    elseif late and not caller.question.complete then
      self:drop(caller, "too slow a question")
    end
  end
  if self.count >= self.nodes then
    return self:finish()
  elseif now > self.deadline then
    return self:finish(("%d of %d nodes came"):format(self.count,
      self.nodes))
  end
end

local function main(nodes, port, host)
  local server = assert(M.new { nodes = tonumber(nodes),
    port = tonumber(port), host = host })
  print(server.port)
  io.stdout:flush()
  local done, wrong
  repeat
    done, wrong = server:step()
  until done ~= nil
  print(done and "told " .. nodes .. " nodes" or wrong)
  return done and 0 or 1
end

if arg and arg[0] and arg[0]:find "04%-nodes/server%.lua$" then
  os.exit(main(arg[1], arg[2], arg[3]))
end

return M
