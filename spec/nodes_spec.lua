--- Nodes: who reads from a node listens, who writes to one connects, and a
-- name server brings them together.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"
local manifest = require "zvm.manifest"
local nodes = require "zvm.nodes"
local protocol = require "zvm.nodes.protocol"
local socket = require "socket"

package.path = "examples/04-nodes/?.lua;" .. package.path
local name_server = require "server"

local LUA = os.getenv "ZVM_TEST_LUA" or "lua5.1"

-- -- The name server --------------------------------------------------------

-- A question by its lines but the first and the last.
local function question(...)
  return table.concat({ protocol.HELLO, ... }, "\n") .. "\nend\n"
end

local function call(server, text)
  local client = assert(socket.connect("127.0.0.1", server.port))
  client:settimeout(5)
  assert(client:send(text))
  return client
end

-- Step until it is done, or nothing is heard any more.
local function settle(server)
  for _ = 1, 1000 do
    local before = #server.callers
    local done, wrong = server:step(0.02)
    if done ~= nil then
      return done, wrong
    end
    if before == #server.callers and not socket.select({ server.listener },
      nil, 0)[1] then
      local list = {}
      for i, caller in ipairs(server.callers) do
        list[i] = caller.socket
      end
      if not socket.select(list, nil, 0)[1] then
        return nil
      end
    end
  end
  error "the name server does not come to rest"
end

-- Ask all of it at once; the answers in the order of the questions.
local function ask(count, questions)
  local server = assert(name_server.new { nodes = count })
  local clients, answers, done, wrong = {}, {}, nil, nil
  for i, text in ipairs(questions) do
    clients[i] = call(server, text)
    done, wrong = settle(server)
  end
  server:close()
  for i, client in ipairs(clients) do
    local text, _, rest = client:receive "*a"
    answers[i] = text or rest
    client:close()
  end
  return answers, done, wrong
end

describe("the name server", function()
  it("tells who writes where the reader listens", function()
    local answers = ask(3, {
      question("node 1", "write 3", "write 2"),
      question("node 3", "read 1 4001", "read 2 4002"),
      question("node 2", "read 1 4003", "write 3"),
    })
    assert.same({
      "at 127.0.0.1 4001\nat 127.0.0.1 4003\nend\n", "end\n",
      "at 127.0.0.1 4002\nend\n",
    }, answers)
  end)

  it("tells nodes that write to each other", function()
    assert.same({ "at 127.0.0.1 2\nend\n", "at 127.0.0.1 1\nend\n" },
      (ask(2, { question("node 1", "read 2 1", "write 2"),
        question("node 2", "write 1", "read 1 2") })))
  end)

  it("tells channels between the same nodes apart by their order", function()
    assert.same({ "at 127.0.0.1 11\nat 127.0.0.1 12\nend\n", "end\n" },
      (ask(2, { question("node 4294967295", "write 7", "write 7"),
        question("node 7", "read 4294967295 11", "read 4294967295 12") })))
  end)

  it("tells no one before all are there", function()
    local server = assert(name_server.new { nodes = 2 })
    local first = call(server, question("node 1", "write 2"))
    assert.is_nil((settle(server)))
    first:settimeout(0)
    assert.equal("timeout", (select(2, first:receive "*l")))
    local second = call(server, question("node 2", "read 1 9"))
    assert.is_true((settle(server)))
    first:settimeout(5)
    assert.equal("at 127.0.0.1 9", (first:receive "*l"))
    first:close()
    second:close()
  end)

  it("tells a hundred nodes in a ring", function()
    local questions, expected = {}, {}
    for i = 1, 100 do
      local before, after = (i - 2) % 100 + 1, i % 100 + 1
      questions[i] = question("node " .. i,
        ("read %d %d"):format(before, 1000 + i), "write " .. after)
      expected[i] = ("at 127.0.0.1 %d\nend\n"):format(1000 + after)
    end
    assert.same(expected, (ask(100, questions)))
  end)

  it("tells all when they do not fit", function()
    for wrong, questions in pairs {
      ["node 1 writes to node 2, which does not read that"] = {
        question("node 1", "write 2", "write 2"),
        question("node 2", "read 1 5") },
      ["node 1 writes to node 3, which does not read that"] = {
        question("node 1", "write 3"), question("node 2") },
      ["node 2 reads from node 1, which does not write that"] = {
        question("node 1", "write 2"),
        question("node 2", "read 1 5", "read 1 6") },
    } do
      local answers, done, said = ask(2, questions)
      assert.same({ "error " .. wrong .. "\n", "error " .. wrong .. "\n" },
        answers)
      assert.is_false(done)
      assert.equal(wrong, said)
    end
  end)

  it("tells who has come that others have not", function()
    local server = assert(name_server.new { nodes = 3, timeout = 0.2 })
    local client = call(server, question("node 1"))
    local done, wrong
    repeat
      done, wrong = server:step(0.05)
    until done ~= nil
    assert.is_false(done)
    assert.equal("1 of 3 nodes came", wrong)
    assert.equal("error 1 of 3 nodes came\n", (client:receive "*a"))
    client:close()
  end)

  local GOOD = { question("node 1", "write 2"), question("node 2",
    "read 1 5") }

  local BAD = {
    { "GET / HTTP/1.1\r\n\r\n", '"zvm-nodes 1" expected' },
    { "\n", '"zvm-nodes 1" expected' },
    { "zvm-nodes 2\n", '"zvm-nodes 1" expected' },
    { question(), '"node N" expected' },
    { question "node 0", '"node N" expected' },
    { question "node 4294967296", '"node N" expected' },
    { question "node -1", '"node N" expected' },
    { question "node 01", '"node N" expected' },
    { question("node 9", "write"),
      '"read N PORT", "write N" or "end" expected' },
    { question("node 9", "write 0"),
      '"read N PORT", "write N" or "end" expected' },
    { question("node 9", "read 1"),
      '"read N PORT", "write N" or "end" expected' },
    { question("node 9", "read 1 0"),
      '"read N PORT", "write N" or "end" expected' },
    { question("node 9", "read 1 65536"),
      '"read N PORT", "write N" or "end" expected' },
    { question("node 9", "write 1 1"),
      '"read N PORT", "write N" or "end" expected' },
    { question("node 9", "write 9"), "a node is not connected to itself" },
    { question "node 9" .. "more\n", "a line after the end" },
    { question("node 9", ("write 1\n"):rep(1024) .. "write 1"),
      "more than 1024 channels" },
    { ("x"):rep(40000), "too long a question" },
    { ("x"):rep(protocol.QUESTION + 1), "too long a question" },
    { ("\0"):rep(50) .. "\n", '"zvm-nodes 1" expected' },
    { GOOD[1], "node 1 is here already" },
  }
  for i, case in ipairs(BAD) do
    it(("refuses a bad message and goes on: %d, %s"):format(i, case[2]),
      function()
        local answers, done = ask(2, { GOOD[1], case[1], GOOD[2] })
        assert.is_true(done)
        assert.equal("at 127.0.0.1 5\nend\n", answers[1])
        assert.equal("error " .. case[2] .. "\n", answers[2])
      end)
  end

  it("forgets who goes away, and lets him come again", function()
    local server = assert(name_server.new { nodes = 2 })
    call(server, question("node 1", "write 2")):close()
    call(server, "zvm-nodes 1\nnode"):close()
    assert.is_nil((settle(server)))
    assert.same({ 0, 0 }, { server.count, #server.callers })
    local early = call(server, question("node 1", "write 2"))
    settle(server)
    assert.same({ 1, 1 }, { server.count, #server.callers })
    early:close()
    assert.is_nil((settle(server)))
    assert.same({ 0, 0 }, { server.count, #server.callers })
    local clients = { call(server, GOOD[1]), call(server, GOOD[2]) }
    assert.is_true((settle(server)))
    assert.equal("at 127.0.0.1 5", (clients[1]:receive "*l"))
    clients[1]:close()
    clients[2]:close()
  end)

  it("drops who does not get on", function()
    local server = assert(name_server.new { nodes = 2, patience = 0.1 })
    local client = call(server, "zvm-nodes 1\n")
    settle(server)
    socket.sleep(0.15)
    server:step(0.01)
    assert.equal("error too slow a question\n", (client:receive "*a"))
    assert.equal(0, #server.callers)
    client:close()
    server:close()
  end)

  it("takes messages in pieces", function()
    local server = assert(name_server.new { nodes = 1 })
    local client = call(server, "")
    local done
    for byte in (question "node 1"):gmatch "." do
      assert(client:send(byte))
      server:step(0.05)
    end
    assert(client:send "")
    done = settle(server)
    assert.is_nil(done)
    client:close()
    server:close()
  end)

  it("outlives noise, and holds nothing afterwards", function()
    local state = 1
    local function below(n)
      state = state * 16807 % 2147483647
      return state % n
    end
    local words = { "zvm-nodes 1\n", "node 1\n", "node 2\n", "read 1 5\n",
      "write 2\n", "end\n", "\n", " ", "\0", "\255", "node ", "9", "-" }
    host.assert_flat(function()
      local server = assert(name_server.new { nodes = 3 })
      for _ = 1, 20 do
        local parts = {}
        for i = 1, below(12) do
          parts[i] = words[below(#words) + 1]
        end
        local client = call(server, table.concat(parts))
        local done = server:step(0.01)
        client:close()
        if done ~= nil then
          break
        end
      end
      server:close()
    end, 20)
  end)
end)

-- -- A node -----------------------------------------------------------------

local TEXT = [[
Version = 20130611
Program = %s
Memory = 0x1000000, 0
Timeout = 20
Node = %d
NameServer = %s
Channel = null:, /dev/stdin, 0, 0, 1, 1, 0, 0
Channel = null:, /dev/stdout, 0, 0, 0, 0, 9, 9
Channel = null:, /dev/stderr, 0, 0, 0, 0, 9, 9
]]

local READ = "Channel = tcp:%d:, /dev/%s, 0, 0, 9, 9, 0, 0\n"
local WRITE = "Channel = tcp:%d:, /dev/%s, 0, 0, 0, 0, 9, 9\n"

local function document(node, server, channels)
  return assert(manifest.read(TEXT:format(host.guest "channel_ops", node,
    server) .. (channels or "")))
end

-- A Lua program in a process of its own; it can be read from.
local function start(script)
  local path = host.temporary()
  host.write_file(path, script)
  local pipe = io.popen(("%s %s 2>&1; rm %s"):format(LUA, path, path))
  return pipe
end

-- A name server that gives one answer, whatever it is asked. `delay`:
-- seconds until it closes.
local function answering(text, delay)
  local pipe = start(([[
    local socket = require "socket"
    local listener = assert(socket.bind("127.0.0.1", 0))
    print((select(2, listener:getsockname())))
    io.stdout:flush()
    listener:settimeout(10)
    local client = assert(listener:accept())
    repeat
      local line = client:receive "*l"
    until not line or line == "end"
    client:send(%q)
    socket.sleep(%f)
    client:close()
  ]]):format(text, delay or 0))
  return "tcp:127.0.0.1:" .. pipe:read "*l", pipe
end

describe("a node", function()
  it("without channels of nodes has the options of its manifest", function()
    local doc = document(1, "tcp:127.0.0.1:1")
    local options, link = assert(nodes.join(doc))
    assert.same((manifest.options(doc)), options)
    assert.is_true(link:close())
  end)

  it("has a socket for what it reads and an address for what it writes",
    function()
      local server, pipe = answering "at 10.0.0.7 4444\nat ::1 5\nend\n"
      local doc = document(1, server, WRITE:format(9, "c")
        .. READ:format(2, "b") .. WRITE:format(2, "a"))
      local options, link = assert(nodes.join(doc))
      pipe:close()
      local limits = { gets = 0, get_bytes = 0, puts = 9, put_bytes = 9 }
      assert.same({ uri = "tcp:10.0.0.7:4444", mode = "w", type = 0,
        etag = false, limits = limits }, options.channels.a)
      assert.same({ uri = "tcp:[::1]:5", mode = "w", type = 0,
        etag = false, limits = limits }, options.channels.c)
      local fd = options.channels.b.fd
      assert.same({ fd = fd, mode = "r", type = 0, etag = false,
        limits = { gets = 9, get_bytes = 9, puts = 0, put_bytes = 0 } },
        options.channels.b)
      assert.truthy(link.listening[5]:getfd() == fd)
      local ip, port = link.listening[5]:getsockname()
      assert.equal("127.0.0.1", ip)
      assert(socket.connect(ip, port)):close()
      assert.is_true(link:close())
      assert.is_true(link:close())
      assert.is_nil((socket.connect(ip, port)))
    end)

  it("listens as long as its options live", function()
    local server, pipe = answering "end\n"
    local options, link = assert(nodes.join(document(1, server,
      READ:format(2, "b"))))
    pipe:close()
    local ip, port = link.listening[4]:getsockname()
    link = nil
    collectgarbage()
    collectgarbage()
    assert(socket.connect(ip, port)):close()
    assert.truthy(options)
    options = nil
    collectgarbage()
    collectgarbage()
    assert.is_nil((socket.connect(ip, port)))
    assert.is_nil(options or link)
  end)

  it("is told what stands against it", function()
    local function refused(doc, options, message, code)
      local made, said, status = nodes.join(doc, options)
      assert.is_nil(made)
      assert.equal(message, said)
      assert.equal(code, status)
    end
    local reads = READ:format(2, "b")
    local doc = document(1, "tcp:127.0.0.1:1", reads)
    refused(doc, nil, "zvm.nodes: name server tcp:127.0.0.1:1: connection "
      .. "refused", "SYSTEM")
    refused(doc, { time = 1 }, 'zvm.nodes: unknown option "time"; did you '
      .. 'mean "timeout"?', "OPTION")
    refused(doc, { timeout = 0 }, "zvm.nodes: timeout: more than 0 seconds "
      .. "expected, got 0", "OPTION")
    refused(doc, { host = 1 },
      "zvm.nodes: host: string expected, got 1", "OPTION")
    refused(document(1, "udp:127.0.0.1:1", reads), nil, 'zvm.nodes: '
      .. 'name_server: "tcp:host:port" expected, got "udp:127.0.0.1:1", '
      .. "which is ZeroVM's protocol", "OPTION")
    doc.timeout = 0
    refused(doc, nil, "zvm.manifest: timeout: whole number from 1 to "
      .. "2147483647 expected, got 0", "OPTION")
    doc = document(1, "tcp:127.0.0.1:1", reads)
    table.insert(doc.channels, { uri = "opaque:x", alias = "/x", type = 0,
      etag = false, gets = 1, get_size = 1, puts = 0, put_size = 0 })
    local server, pipe = answering "end\n"
    doc.name_server = server
    refused(doc, nil, "zvm.nodes: channels.5.uri: zvm has no broker that "
      .. "would know opaque sources", "OPTION")
    pipe:close()
    server, pipe = answering ""
    refused(document(1, server, reads), { host = "192.0.2.1" },
      "zvm.nodes: channels.4: cannot listen on 192.0.2.1: Cannot assign "
      .. "requested address", "CHANNEL")
    pipe:close()
  end)

  local ANSWERS = {
    { "error node 2 is dead\27[1m\nat 1 2\n", "node 2 is dead\\027[1m" },
    { "", "nonsense instead of an answer" },
    { "end\n", "nonsense instead of an answer" },
    { "at 127.0.0.1 5\n", "nonsense instead of an answer" },
    { "at 127.0.0.1 5\nend", "nonsense instead of an answer" },
    { "at 127.0.0.1 5\nend\nend\n", "nonsense instead of an answer" },
    { "at 127.0.0.1 5\nat 127.0.0.1 5\nend\n",
      "nonsense instead of an answer" },
    { "at 127.0.0.1 0\nend\n", "nonsense instead of an answer" },
    { "at 127.0.0.1 65536\nend\n", "nonsense instead of an answer" },
    { "at 127.0.0 5\nend\n", "nonsense instead of an answer" },
    { "at 7 5\nend\n", "nonsense instead of an answer" },
    { "at a;b 5\nend\n", "nonsense instead of an answer" },
    { ("x"):rep(protocol.ANSWER), "nonsense instead of an answer" },
    { ("x"):rep(protocol.ANSWER * 2), "too long an answer" },
  }
  for i, case in ipairs(ANSWERS) do
    it(("takes no bad answer: %d, %s"):format(i, case[2]), function()
      local server, pipe = answering(case[1])
      local doc = document(1, server, WRITE:format(2, "a")
        .. READ:format(3, "b"))
      local fds = host.descriptors()
      local options, message, code = nodes.join(doc)
      assert.is_nil(options)
      assert.equal(("zvm.nodes: name server %s: %s"):format(server, case[2]),
        message)
      assert.equal("SYSTEM", code)
      assert.equal(fds, host.descriptors())
      pipe:close()
    end)
  end

  it("waits for the name server no longer than it should", function()
    local server, pipe = answering("at 127.0.0.1 5\n", 1)
    local options, message = nodes.join(document(1, server,
      WRITE:format(2, "a")), { timeout = 0.3 })
    assert.is_nil(options)
    assert.equal("zvm.nodes: name server " .. server .. ": timeout", message)
    pipe:close()
  end)

  it("meets others that wait for it", function()
    local server = io.popen(LUA .. " examples/04-nodes/server.lua 3 2>&1")
    local address = "tcp:127.0.0.1:" .. server:read "*l"
    local pipes = {}
    for node = 1, 3 do
      local before, after = (node - 2) % 3 + 1, node % 3 + 1
      local path = host.temporary()
      local doc = document(node, address, READ:format(before, "from")
        .. WRITE:format(after, "to") .. READ:format(after, "back")
        .. WRITE:format(before, "again"))
      host.write_file(path, assert(manifest.write(doc)))
      -- What a run does with the options, by hand.
      pipes[node] = start(([[
        local socket = require "socket"
        local file = assert(io.open(%q))
        local doc = assert(require "zvm.manifest".read(file:read "*a"))
        os.remove(%q)
        local options, link = assert(require "zvm.nodes".join(doc))
        local open = {}
        for _, name in ipairs { "to", "again" } do
          local host, port = options.channels[name].uri:match
            "^tcp:(.*):(%%d+)$"
          open[name] = assert(socket.connect(host, port))
          open[name]:send(name .. " by " .. doc.node .. "\n")
        end
        for index = 4, 7 do
          local listener = link.listening[index]
          if listener then
            listener:settimeout(10)
            print((assert(listener:accept()):receive "*l"))
          end
        end
      ]]):format(path, path))
    end
    for node = 1, 3 do
      local before, after = (node - 2) % 3 + 1, node % 3 + 1
      assert.equal(("to by %d\nagain by %d\n"):format(before, after),
        pipes[node]:read "*a")
      pipes[node]:close()
    end
    assert.equal("told 3 nodes\n", server:read "*a")
    server:close()
  end)
end)
