--- One node: run a manifest, with the others that its name server knows.
--
-- usage: node.lua MANIFEST [NAMESERVER]
--
-- SPDX-License-Identifier: Apache-2.0
local manifest = require "zvm.manifest"
local nodes = require "zvm.nodes"
local zvm = require "zvm"

local file = assert(io.open(arg[1]))
local doc = assert(manifest.read(file:read "*a"))
file:close()

-- A port that is free is known when the name server runs, and not before.
doc.name_server = arg[2] or doc.name_server

local options, link = assert(nodes.join(doc))
local report = assert(zvm.run(options))
link:close()

print(("node %d: %s %s"):format(doc.node, report.state,
  report.code or report.message or ""))
for _, channel in ipairs(doc.channels) do
  if channel.etag then
    local moved = report.channels[channel.alias]
      or report.channels[channel.alias:match "[^/]+$"]
    print(("  %-12s %s"):format(channel.alias, moved.etag:sub(1, 16)))
  end
end
