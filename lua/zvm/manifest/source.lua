--- The source of a channel as a manifest spells it, and other addresses.
--
-- A source is an absolute path, or a scheme and what belongs to it. ZeroVM
-- has tcp: and opaque:; the others are those of zvm.run.
--
-- SPDX-License-Identifier: Apache-2.0
local number = require "zvm.manifest.number"
local show = require "zvm.manifest.show"

local M = {}

local SOCKET_PATH = 107 -- bytes that sockaddr_un has for a path
M.NODES = 2 ^ 32 - 1

local function decimal(text, least, most)
  local value = text:find "^[1-9]%d*$" and #text <= 10 and tonumber(text)
    or text == "0" and 0
  return value and value >= least and value <= most and value or nil
end

local function is_ipv4(host)
  local parts = 0
  for part in (host .. "."):gmatch "([^.]*)%." do
    parts = parts + 1
    if not decimal(part, 0, 255) then
      return false
    end
  end
  return parts == 4
end

-- What follows "tcp:", apart; the host of IPv6 stands in brackets.
local function split_host(rest)
  local host, port = rest:match "^(%[[%x:.%%%w]+%]):([^:]*)$"
  if not host then
    host, port = rest:match "^([^:]*):([^:]*)$"
  end
  return host, port
end

local function check_host(host)
  if host == "" then
    return "no host"
  elseif host:find "^%[" then
    return nil
  elseif host:find "^[%d.]+$" and not is_ipv4(host) then
    return ("%s is not an IPv4 address"):format(show.quote(host))
  elseif #host > 253 or host:find "[^%w._-]" then
    return ("%s is not the name of a host"):format(show.quote(host))
  end
end

-- host:port. `node`: a number and no port is the number of a node.
local function read_address(rest, node)
  local host, port = split_host(rest)
  if not host then
    return nil, ("host:port expected%s, got %s"):format(
      rest:find ":.*:" and " (an IPv6 address in brackets)" or "",
      show.quote(rest))
  elseif node and port == "" and host:find "^%d+$" then
    local n = decimal(host, 1, M.NODES)
    if not n then
      return nil, ("number of a node from 1 to %s expected, got %s"):format(
        number.text(M.NODES), show.quote(host))
    end
    return { node = n }
  elseif node and host:find "^%d+$" then
    return nil, ("%s is the number of a node, which has no port here"):format(
      show.quote(host))
  end
  local reason = check_host(host)
  if reason then
    return nil, reason
  elseif not decimal(port, 1, 65535) then
    return nil, ("port from 1 to 65535 expected, got %s"):format(
      show.quote(port))
  end
  return { host = host, port = tonumber(port) }
end

local SCHEMES = {}

function SCHEMES.tcp(rest)
  return read_address(rest, true)
end

function SCHEMES.file(rest)
  if rest == "" then
    return nil, "no path"
  end
  return { path = rest }
end

function SCHEMES.unix(rest)
  if rest == "" then
    return nil, "no path"
  elseif #rest > SOCKET_PATH then
    return nil, ("path of at most %d bytes expected"):format(SOCKET_PATH)
  end
  return { path = rest }
end

function SCHEMES.fd(rest)
  local fd = decimal(rest, 0, 2 ^ 31 - 1)
  if not fd then
    return nil, ("number of a descriptor expected, got %s"):format(
      show.quote(rest))
  end
  return { fd = fd }
end

SCHEMES["null"] = function(rest)
  if rest ~= "" then
    return nil, ("nothing may follow, got %s"):format(show.quote(rest))
  end
  return {}
end

function SCHEMES.opaque(rest)
  if rest == "" then
    return nil, "no name"
  end
  return {}
end

local KNOWN = { "file", "tcp", "unix", "fd", "null", "opaque" }

local function read_scheme(scheme, rest)
  local read = SCHEMES[scheme]
  if not read then
    return nil, ('"%s:" is not a source; did you mean "%s:"?'):format(
      show.text(scheme), show.nearest(scheme, KNOWN))
  end
  local source, reason = read(rest)
  if not source then
    return nil, ("%s: %s"):format(scheme, reason)
  end
  source.scheme = scheme
  source.uri = scheme .. ":" .. rest
  return source
end

--- Take a source apart.
--
-- @tparam string text
-- @treturn[1] table `scheme` ("path" for a plain one), `uri` the text with
--   the scheme in lower case, and what is in it: `path`, `fd`, `host` and
--   `port`, or `node`
-- @treturn[2] nil
-- @treturn[2] string what is wrong with it
function M.read(text)
  if text == "" then
    return nil, "path or source expected, got nothing"
  elseif text:find(";", 1, true) then
    return nil, 'one source expected: ";" would be between two of them'
  elseif text:byte() == 47 then
    return { scheme = "path", path = text, uri = text }
  end
  local scheme, rest = text:match "^(%a[%w+.-]*):(.*)$"
  if scheme then
    return read_scheme(scheme:lower(), rest)
  end
  return nil, ('absolute path expected, got %s; for a relative one, write '
    .. '"file:..."'):format(show.quote(text))
end

--- The address of a name server: "udp:host:port", as ZeroVM has it, or
-- "tcp:host:port", which zvm.nodes speaks. Gives scheme, host, port and uri.
function M.read_server(text)
  local scheme, rest = text:match "^(%a+):(.*)$"
  scheme = scheme and scheme:lower()
  if scheme ~= "udp" and scheme ~= "tcp" then
    return nil, ('"tcp:host:port" or "udp:host:port" expected, got %s')
      :format(show.quote(text))
  end
  local address, reason = read_address(rest, false)
  if not address then
    return nil, ("%s: %s"):format(scheme, reason)
  end
  address.scheme = scheme
  address.uri = scheme .. ":" .. rest
  return address
end

--- What is wrong with an alias, or nil: the rules are those of the core.
function M.check_alias(alias)
  if alias == "" then
    return "name for the guest expected, got nothing"
  elseif alias:byte() ~= 47 then
    return ("absolute path expected, got %s"):format(show.quote(alias))
  elseif #alias > 255 then
    return "longer than 255 bytes"
  elseif alias:find "[^\33-\126]" then
    return ("printable ASCII without blanks expected, got %s"):format(
      show.quote(alias))
  end
  for part in (alias .. "/"):gmatch "([^/]*)/" do
    if part == "." or part == ".." then
      return ("%s has a part that is . or .."):format(show.quote(alias))
    end
  end
  if alias:find("//", 1, true) or alias:sub(-1) == "/" then
    return ("%s has an empty part"):format(show.quote(alias))
  end
end

--- Whether a channel of this source is a connection.
function M.is_stream(source)
  return source.scheme == "tcp" or source.scheme == "unix"
end

return M
