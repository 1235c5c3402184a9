--- Network channels by the number of a node.
--
-- In a manifest "tcp:3:" is the node 3, wherever that is. Who reads from a
-- node listens, on a port that was free; who writes to one connects. The
-- name server, which all nodes know, brings both together: it answers when
-- every node has told it where it listens, so that nobody connects too
-- early. examples/04-nodes has one, and the protocol.
--
-- Needs LuaSocket, of which its C module is enough. Whoever can reach a port
-- can connect to it: this is for networks whose hosts trust each other.
--
-- SPDX-License-Identifier: Apache-2.0
local manifest = require "zvm.manifest"
local option = require "zvm.manifest.option"
local protocol = require "zvm.nodes.protocol"
local run = require "zvm.manifest.run"
local show = require "zvm.manifest.show"
local source = require "zvm.manifest.source"

local M = {}

local TIMEOUT = 60 -- seconds

-- Nobody but the accepted one is expected; a few more may be in a hurry.
local BACKLOG = 4

-- Options of a run -> its link: a listening socket lives as long as the
-- options that name its descriptor.
local links = setmetatable({}, { __mode = "k" })

-- -- Link: the sockets of a node --------------------------------------------

local Link = {}
Link.__index = Link
Link.__name = "zvm.link"

--- Close the sockets that listen. To be called when the run is over; twice
-- is fine.
function Link:close()
  for _, socket in pairs(self.listening) do
    socket:close()
  end
  self.listening = {}
  return true
end

local function fail(link, code, message, ...)
  link:close()
  return nil, "zvm.nodes: " .. message:format(...), code
end

-- -- Steps ------------------------------------------------------------------

-- The channels of nodes, sorted by alias, so that two between the same nodes
-- are told apart: { index, node, reads }.
local function uses_of(doc)
  local uses = {}
  for i, channel in ipairs(doc.channels) do
    local node = source.read(channel.uri).node
    if node then
      uses[#uses + 1] = { index = i, node = node, alias = channel.alias,
        reads = run.mode(channel) == "r" }
    end
  end
  table.sort(uses, function(a, b)
    return a.alias < b.alias
  end)
  return uses
end

local function connect(address, timeout)
  local server, message = require "socket.core".tcp()
  if not server then
    return nil, message
  end
  server:settimeout(timeout)
  local host = address.host:match "^%[(.*)%]$" or address.host
  local ok
  ok, message = server:connect(host, address.port)
  if not ok then
    server:close()
    return nil, message
  end
  return server
end

-- A socket that listens on a free port of `host`.
local function listen(link, use, host)
  local socket, message = require "socket.core".tcp()
  if not socket then
    return nil, message
  end
  link.listening[use.index] = socket
  local ok
  ok, message = socket:bind(host, 0)
  if ok then
    ok, message = socket:listen(BACKLOG)
  end
  if not ok then
    return nil, message
  end
  local _, port = socket:getsockname()
  use.port = tonumber(port)
  return true
end

-- All of what the server sends until it closes; or nil and why not.
local function receive(server, deadline)
  local parts, size = {}, 0
  local now = require "socket.core".gettime
  while size <= protocol.ANSWER do
    server:settimeout(math.max(0, deadline - now()))
    local part, message, rest = server:receive(4096)
    part = part or rest
    parts[#parts + 1] = part
    size = size + #part
    if message == "closed" then
      return table.concat(parts)
    elseif message then
      return nil, message
    end
  end
  return nil, "too long an answer"
end

local function ask(server, doc, uses, timeout)
  local deadline = require "socket.core".gettime() + timeout
  local ok, message = server:send(protocol.question(doc.node, uses))
  if not ok then
    return nil, message
  end
  local answer
  answer, message = receive(server, deadline)
  if not answer then
    return nil, message
  end
  return protocol.read_answer(answer, uses)
end

-- What stands for the uri of each use in the options.
local function sources_of(link, uses)
  local sources = {}
  for _, use in ipairs(uses) do
    if use.reads then
      sources[use.index] = { fd = link.listening[use.index]:getfd() }
    else
      sources[use.index] = { uri = use.uri }
    end
  end
  return sources
end

-- Listen, tell and ask; nil, code and message when that fails.
local function meet(link, server, doc, uses, options)
  local host = options.host or server:getsockname()
  for _, use in ipairs(uses) do
    if use.reads then
      local ok, message = listen(link, use, host)
      if not ok then
        return nil, "CHANNEL", ("channels.%d: cannot listen on %s: %s")
          :format(use.index, host, message)
      end
    end
  end
  local ok, message = ask(server, doc, uses, options.timeout or TIMEOUT)
  if not ok then
    return nil, "SYSTEM", ("name server %s: %s"):format(doc.name_server,
      message)
  end
  return true
end

local function check(doc, options)
  local wrong = option.check_keys(options, { "host", "timeout" })
  if wrong then
    return wrong
  end
  local host, timeout = options.host, options.timeout
  if host ~= nil and type(host) ~= "string" then
    return "host: string expected, got " .. show.value(host)
  elseif timeout ~= nil and not (type(timeout) == "number"
    and timeout > 0) then
    return "timeout: more than 0 seconds expected, got "
      .. show.value(timeout)
  end
  local address = doc.name_server and source.read_server(doc.name_server)
  if address and address.scheme ~= "tcp" then
    return ('name_server: "tcp:host:port" expected, got %s, which is '
      .. "ZeroVM's protocol"):format(show.quote(doc.name_server))
  end
  return nil, address
end

--- Meet the other nodes, and give options with which zvm.run is one of them.
--
-- Waits until the name server has heard of all nodes. A document without
-- channels of nodes gives what `manifest.options` does.
--
-- Channels that read become `fd`, a socket that listens; those that write
-- `uri`. The sockets stay open as long as the options are not collected, or
-- until `link:close()`.
--
-- @tparam table doc a document of zvm.manifest
-- @tparam[opt] table options `timeout`: seconds to wait for the name server
--   (60); `host`: the address to listen on (that by which the name server
--   is reached)
-- @treturn[1] table options for zvm.run
-- @treturn[1] table link; link:close()
-- @treturn[2] nil
-- @treturn[2] string message
-- @treturn[2] string code "OPTION", "CHANNEL" or "SYSTEM"
-- @usage local options, link = assert(nodes.join(doc))
-- local report = assert(zvm.run(options))
-- link:close()
function M.join(doc, options)
  options = options or {}
  local link = setmetatable({ listening = {} }, Link)
  local text, message, code = manifest.write(doc)
  if not text then
    return nil, message, code
  end
  local wrong, address = check(doc, options)
  if wrong then
    return fail(link, "OPTION", "%s", wrong)
  end
  local uses = uses_of(doc)
  if uses[1] then
    local server
    server, message = connect(address, options.timeout or TIMEOUT)
    if not server then
      return fail(link, "SYSTEM", "name server %s: %s", doc.name_server,
        message)
    end
    local ok
    ok, code, message = meet(link, server, doc, uses, options)
    server:close()
    if not ok then
      return fail(link, code, "%s", message)
    end
  end
  local made
  made, wrong = run.options(doc, sources_of(link, uses))
  if not made then
    return fail(link, "OPTION", "%s", wrong)
  end
  links[made] = link
  return made, link
end

return M
