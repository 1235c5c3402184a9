--- zvm run: what a command line means, what it ends with, and what a wrong one
-- is told.
--
-- SPDX-License-Identifier: Apache-2.0
local channel = require "zvm.cli.channel"
local cjson = require "cjson"
local cli = require "zvm.cli"
local code = require "support.code"
local exits = require "zvm.cli.exits"
local host = require "support.host"
local lfs = require "lfs"
local quantity = require "zvm.cli.quantity"

local LUA = os.getenv "ZVM_TEST_LUA" or "lua5.1"
local HELLO, BAD = host.guest "01-hello/main", host.guest "08-explain/bad"
local OPS, FAULTS = host.guest "channel_ops", host.guest "faults"
local ARGUMENTS = host.guest "arguments"

local folder, loop

-- Run `zvm run` with these words of the shell, in which HELLO, BAD, OPS, LOOP
-- and TMP stand for files: exit code, stdout, stderr.
local function run(words, before)
  local names = { HELLO = HELLO, BAD = BAD, OPS = OPS, LOOP = loop,
    TMP = folder .. "/file", FAULTS = FAULTS, ARGUMENTS = ARGUMENTS,
    FOLDER = folder }
  local out, err = folder .. "/.out", folder .. "/.err"
  local line = words:gsub("%u%u%u+", names)
  local status = os.execute(("%s ZVM_LUA=%s lua/bin/zvm run %s >%s 2>%s")
    :format(before or "</dev/null", LUA, line, out, err))
  local printed, told = host.read_file(out), host.read_file(err)
  os.remove(out)
  os.remove(err)
  for name, path in pairs(names) do
    told = told:gsub(path:gsub("%p", "%%%0"), name)
  end
  return status / 256, printed, told
end

setup(function()
  folder = os.tmpname()
  os.remove(folder)
  assert(lfs.mkdir(folder))
  loop = folder .. "/loop.zvm"
  host.write_file(loop, code.new():raw "eb fe":module())
end)

teardown(function()
  os.execute("rm -r " .. folder)
end)

-- -- Wrong command lines ----------------------------------------------------

local DIGEST = "sha256, sha1 or md5"
local KEYS = "keys are mode, type, etag, on_limit, gets, get_bytes, puts, "
  .. "put_bytes, file_size, flags r, w, a, r+, etag, listen, partial; a "
  .. "comma in a path is written twice"
local LIMITS = "gets, get_bytes, puts, put_bytes or file_size"
local REPORT = "text, json, zerovm or none"
local SIZE = "a size such as 4096, 64K, 10M or 2G"
local SPAN = "a time from 1ms to 4294967s"
local TCP = "tcp: wants HOST:PORT, such as tcp:127.0.0.1:8080 or "
  .. "tcp:[::1]:8080"
local TIME = "a time such as 250ms, 10s or 5m"

-- Command lines, and what is said before "; try `zvm help run`".
local WRONG = {
  { "", "no program is given" },
  { "--", "no program is given" },
  { "--frob HELLO", "unknown option --frob" },
  { "--frob=1 HELLO", "unknown option --frob" },
  { "-x HELLO", "unknown option -x" },
  { "-m 64M HELLO", "unknown option -m" },
  { "--memory", "--memory wants a value: SIZE" },
  { "--memory many HELLO", "--memory wants " .. SIZE .. ", not many" },
  { "--memory 64MB HELLO", "--memory wants " .. SIZE .. ", not 64MB" },
  { "--memory 64m HELLO", "--memory wants " .. SIZE .. ", not 64m" },
  { "--memory -1 HELLO", "--memory wants " .. SIZE .. ", not -1" },
  { "--memory 0 HELLO", "--memory wants more than 0 bytes, not 0" },
  { "--memory= HELLO", "--memory wants " .. SIZE .. ', not ""' },
  { "--memory 99999999999999999G HELLO",
    "--memory wants " .. SIZE .. ", not 99999999999999999G" },
  { "--memory 1M --memory 2M HELLO", "--memory is given twice" },
  { "--stack 1T HELLO", "--stack wants " .. SIZE .. ", not 1T" },
  { "--resident 0 HELLO", "--resident wants more than 0 bytes, not 0" },
  { "--timeout soon HELLO", "--timeout wants " .. TIME .. ", not soon" },
  { "--timeout 0 HELLO", "--timeout wants " .. SPAN .. ", not 0" },
  { "--timeout 5h HELLO", "--timeout wants " .. TIME .. ", not 5h" },
  { "--timeout 1..5s HELLO", "--timeout wants " .. TIME .. ", not 1..5s" },
  { "--timeout 0.1ms HELLO", "--timeout wants " .. SPAN .. ", not 0.1ms" },
  { "--timeout 2000000m HELLO",
    "--timeout wants " .. SPAN .. ", not 2000000m" },
  { "--cpu -5 HELLO", "--cpu wants " .. TIME .. ", not -5" },
  { "--cpu ms HELLO", "--cpu wants " .. TIME .. ", not ms" },
  { "--isolation none HELLO", "--isolation wants process or inline, not none" },
  { "--isolation", "--isolation wants process or inline" },
  { "--on-limit abort HELLO", "--on-limit wants error or stop, not abort" },
  { "--report xml HELLO", "--report wants " .. REPORT .. ", not xml" },
  { "--report", "--report wants " .. REPORT },
  { "--report= HELLO", "--report wants " .. REPORT .. ', not ""' },
  { "--report none --report-file x HELLO",
    "--report none leaves nothing for --report-file" },
  { "--etag=crc32 HELLO", "--etag wants " .. DIGEST .. ", not crc32" },
  { "--memory-etag=none HELLO",
    "--memory-etag wants " .. DIGEST .. ", not none" },
  { "--env HOME HELLO", "--env HOME: NAME=VALUE is wanted" },
  { "--env =x HELLO", "--env =x: NAME=VALUE is wanted" },
  { "--env A=1 --env A=2 HELLO", "--env A=2: A is given twice" },
  { "--help=yes", "--help takes no value" },
  { "--limit stdout HELLO", "--limit stdout: ALIAS.LIMIT=SIZE is wanted" },
  { "--limit stdout.puts HELLO",
    "--limit stdout.puts: ALIAS.LIMIT=SIZE is wanted" },
  { "--limit stdout=5 HELLO", "--limit stdout=5: ALIAS.LIMIT=SIZE is wanted" },
  { "--limit stdout.writes=5 HELLO",
    '--limit stdout.writes=5: there is no limit "writes", but ' .. LIMITS },
  { "--limit stdout.puts=few HELLO",
    "--limit stdout.puts=few: puts wants " .. SIZE
      .. ", or unlimited, not few" },
  { "--limit stdout.puts=1 --limit /dev/stdout.puts=2 HELLO",
    "--limit /dev/stdout.puts=2: puts is given twice" },
  { "--limit input.gets=1 HELLO",
    '--limit input.gets=1: there is no channel "input", but '
      .. "stderr, stdin, stdout" },
  { "--channel input HELLO", "--channel input: ALIAS=URI is wanted" },
  { "--channel =x HELLO", "--channel =x: no alias before =" },
  { "--channel a/b=x HELLO",
    "--channel a/b=x: an alias has no slash, or is an absolute " .. "path" },
  { "--channel input= HELLO", "--channel input=: no path or URI after =" },
  { "--channel input=http://x HELLO",
    "--channel input=http://x: there is no http:, but file:, "
      .. "fd:, null:, tcp: and unix:; a path with a colon is "
      .. "written file:http://x" },
  { "--channel input=fd:x HELLO",
    "--channel input=fd:x: fd: wants a number, such as fd:3" },
  { "--channel input=fd:99999999999 HELLO",
    "--channel input=fd:99999999999: fd: wants a number, such " .. "as fd:3" },
  { "--channel input=null:x HELLO",
    "--channel input=null:x: null: takes nothing" },
  { "--channel input=file: HELLO",
    "--channel input=file:: file: wants a path" },
  { "--channel input=unix: HELLO",
    "--channel input=unix:: unix: wants a path" },
  { "--channel input=tcp:localhost HELLO",
    "--channel input=tcp:localhost: " .. TCP },
  { "--channel input=tcp:::1:80 HELLO", "--channel input=tcp:::1:80: " .. TCP },
  { "--channel input=tcp:h:99999 HELLO",
    "--channel input=tcp:h:99999: " .. TCP },
  { "--channel input=x,mode=rw HELLO",
    "--channel input=x,mode=rw: mode wants r, w, a or r+, not " .. "rw" },
  { "--channel input=x,mode=r,w HELLO",
    "--channel input=x,mode=r,w: mode is given twice" },
  { "--channel input=x,type=4 HELLO",
    "--channel input=x,type=4: type wants 0, 1, 2 or 3, not 4" },
  { "--channel input=x,etag=crc HELLO",
    "--channel input=x,etag=crc: etag wants " .. DIGEST .. ", not crc" },
  { "--channel input=x,gets HELLO",
    "--channel input=x,gets: gets wants a value: gets=..." },
  { "--channel input=x,gets=1,gets=2 HELLO",
    "--channel input=x,gets=1,gets=2: gets is given twice" },
  { "--channel input=x,put_bytes=lots HELLO",
    "--channel input=x,put_bytes=lots: put_bytes wants " .. SIZE
      .. ", or unlimited, not lots" },
  { "--channel input=x,on_limit=die HELLO",
    "--channel input=x,on_limit=die: on_limit wants error or "
      .. "stop, not die" },
  { "--channel input=x,listen=1 HELLO",
    "--channel input=x,listen=1: listen takes no value" },
  { "--channel input=x,colour=red HELLO",
    '--channel input=x,colour=red: there is no key "colour"; ' .. KEYS },
  { "--channel input=x,blue HELLO",
    '--channel input=x,blue: there is no key "blue"; ' .. KEYS },
  { "--channel input=x, HELLO",
    '--channel input=x,: there is no key ""; ' .. KEYS },
  { "--channel input=x --channel /dev/input=y HELLO",
    "--channel /dev/input=y: there is one input already" },
  { "--channel 1.x=null: HELLO @x",
    "@x: there is a channel 1.x already" },
  { "HELLO @", "@: no path after it; the argument @ is written @@" },
  { "''", "the name of the program is empty" },
  { "--mem 5M HELLO", "unknown option --mem (did you mean --memory?)" },
  { "--memori 5 HELLO", "unknown option --memori (did you mean --memory?)" },
  { "--channel a=b,puts_bytes=4 HELLO",
    '--channel a=b,puts_bytes=4: there is no key "puts_bytes" '
      .. "(did you mean put_bytes?); " .. KEYS },
  { "--channel a=b,partal HELLO",
    '--channel a=b,partal: there is no key "partal" (did you '
      .. "mean partial?); " .. KEYS },
  { "--report-file", "--report-file wants a value: FILE" },
  { "--cache", "--cache wants a value: DIRECTORY" },
  { "--trace", "--trace wants a value: FILE" },
  { "--name", "--name wants a value: NAME" },
  { "--env", "--env wants a value: NAME=VALUE" },
  { "--limit", "--limit wants a value: ALIAS.LIMIT=SIZE" },
  { "--channel", "--channel wants a value: ALIAS=URI[,KEY=VALUE|,FLAG]..." },
  { "--channel input=x,type= HELLO",
    '--channel input=x,type=: type wants 0, 1, 2 or 3, not ""' },
  { "--channel input=x,type HELLO",
    "--channel input=x,type: type wants a value: type=..." },
  { "--channel input=x,mode HELLO",
    "--channel input=x,mode: mode wants a value: mode=..." },
  { "--channel input=x,gets= HELLO",
    "--channel input=x,gets=: gets wants " .. SIZE
      .. ', or unlimited, not ""' },
  { "--channel input=x,r=1 HELLO", "--channel input=x,r=1: r takes no value" },
  { "--timeout '' HELLO", "--timeout wants " .. TIME .. ', not ""' },
  { "--timeout . HELLO", "--timeout wants " .. TIME .. ", not ." },
  { "--isolation= HELLO", '--isolation wants process or inline, not ""' },
  { "--report json --report text HELLO", "--report is given twice" },
  { "--limit .puts=1 HELLO", "--limit .puts=1: ALIAS.LIMIT=SIZE is wanted" },
}

-- What only the file, the system or the core can refuse.
local WORLD = {
  { "--memory 8G HELLO", 125,
    "memory: 8589934592 bytes are too many; at most "
      .. host.room_for(HELLO) .. " fit for this module" },
  { "--stack 16M HELLO", 125,
    "stack: 16777216 bytes are too many; at most 16773120" },
  { "--report-file /nowhere/x HELLO", 125,
    "--report-file /nowhere/x: No such file or directory" },
  { "--limit stdin.puts=1 HELLO", 125,
    "channels.stdin.limits.puts: this channel cannot be written" },
  { "--channel input=fd:99 HELLO", 125,
    "channel /dev/input: descriptor 99: Bad file descriptor" },
  { "--channel input=/nowhere HELLO", 125,
    "channel /dev/input: cannot open /nowhere: No such file or "
      .. "directory" },
  { "--channel out=/nowhere/x,w HELLO", 125,
    "channel /dev/out: cannot open /nowhere/x: No such file or "
      .. "directory" },
  { "--channel out=/,w HELLO", 125,
    "channel /dev/out: cannot open /: Is a directory" },
  { "--channel a=TMP,w --channel b=TMP,w HELLO", 125,
    "channel /dev/b: writes the file of channel /dev/a" },
  { "HELLO @/nowhere", 125,
    "channel /dev/1.nowhere: cannot open /nowhere: No such "
      .. "file or directory" },
  { "HELLO @/", 125, "channel /dev/1.: is a directory" },
  { "--cache /proc/x HELLO", 125,
    "HELLO: verdict cache /proc/x: No such file or directory" },
  { "/nowhere", 125, "/nowhere: No such file or directory" },
  { "/", 126, "/: not a regular file" },
  { "README.md", 126,
    "README.md: at file offset 0x0: not an ELF file; build the "
      .. "program with zvm-cc" },
  { "--channel /a//b=null: HELLO", 125,
    "channel /a//b: alias has an empty part" },
  { "--channel stdout=x,r,gets=5,puts=1 HELLO", 125,
    "channels.stdout.limits.puts: this channel cannot be " .. "written" },
  { "/dev/null", 126, "/dev/null: not a regular file" },
}

describe("zvm run refuses", function()
  for _, row in ipairs(WRONG) do
    it(("`%s`, which is wrong"):format(row[1]), function()
      assert.same({ 125, "", ("zvm run: %s; try `zvm help run`\n"):format(
        row[2]) }, { run(row[1]) })
    end)
  end

  for _, row in ipairs(WORLD) do
    it(("`%s`, with what the world says"):format(row[1]), function()
      assert.same({ row[2], "", ("zvm run: %s\n"):format(row[3]) },
        { run(row[1]) })
    end)
  end

  it("a bad program with its first finding, and says where to ask", function()
    assert.same({ 126, "", "zvm run: BAD: 0x2002a: R_MEM_ADDR32: memory "
      .. "operand is not 32-bit addressed; address through 32-bit registers: "
      .. "(%eax), not (%rax)\nzvm run: and 9 more findings; `zvm explain BAD` "
      .. "tells why, and what to do instead\n" }, { run "BAD" })
  end)

  it("what is no regular file without waiting for it", function()
    os.execute("mkfifo " .. folder .. "/fifo")
    local status, _, err = run("FOLDER/fifo", "timeout 20 env")
    assert.equal(126, status)
    assert.truthy(err:find("not a regular file", 1, true), err)
    os.remove(folder .. "/fifo")
  end)

  it("nothing in a way that moves the terminal's cursor", function()
    local _, _, err = run "--channel 'stdin=/no\27[31m\nwhere' HELLO"
    assert.equal("zvm run: channel /dev/stdin: cannot open /no?[31m?where: "
      .. "No such file or directory\n", err:gsub("%[31m\n", "[31m?"))
  end)

  it("and leaves no file behind, but those that were asked for", function()
    local before = {}
    for name in lfs.dir(folder) do
      before[name] = true
    end
    for _, row in ipairs { WRONG[1], WORLD[1], { "BAD" }, { "HELLO" },
      { "FAULTS null-read" } } do
      run(row[1])
    end
    for name in lfs.dir(folder) do
      assert.is_true(before[name], name)
    end
  end)
end)

-- -- Exit codes -------------------------------------------------------------

-- The worker of a host that is busy, or nil: workers have the host's number
-- for an argument.
local function busy_worker(pid)
  local pipe = io.popen "ps -eo pid=,stat=,args="
  local list = pipe:read "*a"
  pipe:close()
  return list:match("(%d+) +R%S* +zvm%-worker " .. pid .. " *\n")
end

describe("zvm run ends with", function()
  local CODES = {
    { exits.EXIT, "HELLO", "" },
    { 2, "OPS what", "what is what?\n" },
    { exits.LIMIT, "--on-limit stop --limit stdout.puts=1 OPS list list",
      "zvm run: limit: puts of stdout\n" },
    { exits.LIMIT, "--cpu 50ms LOOP", "zvm run: limit: cpu\n" },
    { exits.TIMEOUT, "--timeout 50ms LOOP", "zvm run: timeout\n" },
    { exits.CANNOT, "/nowhere",
      "zvm run: /nowhere: No such file or directory\n" },
    { exits.REFUSED, "README.md", "zvm run: README.md: at file offset 0x0: "
      .. "not an ELF file; build the program with zvm-cc\n" },
  }
  for _, isolation in ipairs { "process", "inline" } do
    for _, row in ipairs(CODES) do
      it(("%d after `%s`, %s"):format(row[1], row[2], isolation), function()
        local status, _, err = run(("--isolation %s %s"):format(isolation,
          row[2]))
        assert.same({ row[1], row[3] }, { status, err })
      end)
    end

    it(("%d after a fault, and says where, %s"):format(exits.FAULT,
      isolation), function()
      local status, out, err = run(("--isolation=%s FAULTS null-read")
        :format(isolation))
      assert.equal(exits.FAULT, status)
      assert.equal("before\n", out)
      assert.truthy(err:find("^zvm run: fault memory: access to memory that "
        .. "is not the guest's to use so, read of 0x0 at main%s?[^\n]*\n"
        .. "  #0   0x%x+ in main%+0x%x+"), err)
    end)

    for signal, number in pairs { INT = 2, TERM = 15, HUP = 1, QUIT = 3 } do
      it(("%d after SIG%s, %s"):format(exits.SIGNAL + number, signal,
        isolation), function()
        local status, _, err = run(("--isolation %s LOOP"):format(isolation),
          ("timeout --foreground --preserve-status -s %s 0.5 env"):format(
            signal))
        assert.equal(exits.SIGNAL + number, status)
        assert.equal(("zvm run: stopped by signal %d\n"):format(number), err)
      end)
    end
  end

  it("121 when the worker is lost", function()
    local pipe = io.popen(("ZVM_LUA=%s lua/bin/zvm run --timeout 20s %s "
      .. "2>%s/err </dev/null & echo $!; wait $!; echo $?"):format(LUA, loop,
      folder))
    local pid = pipe:read "*l"
    local worker
    for _ = 1, 500 do
      worker = busy_worker(pid)
      if worker then
        break
      end
      os.execute "sleep 0.02"
    end
    assert.truthy(worker)
    os.execute("kill -KILL " .. worker)
    assert.equal("121", pipe:read "*l")
    pipe:close()
    assert.truthy(host.read_file(folder .. "/err"):find "^zvm run: lost: ")
    os.remove(folder .. "/err")
  end)

  it("the low 8 bits of the guest's code", function()
    local path = folder .. "/exit.zvm"
    host.write_file(path, code.exit(300))
    assert.equal(44, (run(path)))
    host.write_file(path, code.exit(126))
    assert.same({ 126, "", "" }, { run(path) })
  end)

  it("a code for each state that a report may have", function()
    local STATES = { lost = 121, fault = 122, limit = 123, timeout = 124 }
    for state, number in pairs(STATES) do
      assert.equal(number, exits.of { state = state })
    end
    assert.equal(130, exits.of { state = "stopped", signal = 2 })
    assert.equal(255, exits.of { state = "exit", code = -1 })
    for _, reason in ipairs { "REJECTED", "FORMAT", "CPU" } do
      assert.equal(126, exits.of { state = "refused", reason = reason })
    end
    for _, reason in ipairs { "OPTION", "CHANNEL", "SYSTEM", "LOWMEM",
      "NOMEM", "STATE" } do
      assert.equal(125, exits.of { state = "refused", reason = reason })
    end
  end)
end)

-- -- What a command line means ----------------------------------------------

describe("zvm run", function()
  it("gives the guest this command's streams", function()
    assert.same({ 0, "5 hello\n", "" }, { run("OPS get 0 5 0",
      "echo hello |") })
    assert.same({ 2, "", "what is x?\n" }, { run "OPS x" })
    assert.same({ 0, "6\n", "direct" }, { run(
      "--channel /err=fd:2,w,type=0 OPS put 3 0 direct") })
  end)

  it("does without streams that are closed", function()
    for _, closed in ipairs { "<&-", ">&-", "2>&-" } do
      assert.equal(0, os.execute(("ZVM_LUA=%s lua/bin/zvm run %s %s "
        .. ">/dev/null"):format(LUA, closed, HELLO)))
    end
    assert.equal(2 * 256, os.execute(("ZVM_LUA=%s lua/bin/zvm run %s x 2>&-")
      :format(LUA, OPS)))
  end)

  it("leaves all that follows -- to the guest", function()
    local _, out = run "-- ARGUMENTS --memory -x -- @@y '' 'a b' --help"
    assert.equal("arg arguments.zvm\narg --memory\narg -x\narg --\narg @y\n"
      .. "arg \narg a b\narg --help\n", out)
  end)

  it("takes its own options behind the program, and no others", function()
    local status, out = run("ARGUMENTS a --name=me --env A=1 --memry -x "
      .. "--help -- --timeout 1ns")
    assert.equal("arg me\narg a\narg --memry\narg -x\narg --help\n"
      .. "arg --timeout\narg 1ns\nenv A=1\n", out)
    assert.equal(7, status)
    assert.same({ 124, "", "zvm run: timeout\n" },
      { run "LOOP --timeout 50ms" })
    local _, _, err = run "ARGUMENTS --timeout 5y"
    assert.truthy(err:find "^zvm run: %-%-timeout wants ")
    _, out = run "ARGUMENTS -- a -- --name me"
    assert.equal("arg arguments.zvm\narg a\narg --\narg --name\narg me\n",
      out)
  end)

  it("sets a name and variables, and no others", function()
    local out = select(2, run "--name me --env B=2=3 --env A= ARGUMENTS")
    assert.equal("arg me\nenv A=\nenv B=2=3\n", out)
  end)

  it("maps @PATH as a channel to read, once for each file", function()
    local text = ("line\n"):rep(40)
    host.write_file(folder .. "/a b,c.txt", text)
    local status, out = run("OPS get 3 4 5 drain 3 64 list list @'FOLDER/"
      .. "a b,c.txt'")
    assert.equal(2, status) -- its last argument is no command
    assert.truthy(out:find("4 line\n200 0\n", 1, true), out)
    assert.truthy(out:find("3 /dev/1.a_b_c.txt type=3 size=200 limits="
      .. "9223372036854775807,9223372036854775807,0,0\n", 1, true), out)
    assert.equal(125, (run "ARGUMENTS @README.md @FOLDER")) -- a folder
    out = select(2, run "ARGUMENTS @README.md @/dev/null @README.md x@y")
    assert.equal("arg arguments.zvm\narg /dev/1.README.md\n"
      .. "arg /dev/2.null\narg /dev/1.README.md\narg x@y\n", out)
    os.remove(folder .. "/a b,c.txt")
  end)

  it("maps what is no regular file as a stream", function()
    local _, out = run("OPS list @/dev/stdin", "echo x |")
    assert.truthy(out:find("3 /dev/1.stdin type=0 ", 1, true))
  end)

  it("writes files, within limits", function()
    local status, out = run("--channel out=TMP,w,type=0 "
      .. "--limit out.put_bytes=5 --limit /dev/stdout.puts=9 OPS "
      .. "put 3 0 abc put 3 0 def put 3 0 ghi")
    assert.same({ 0, "3\n2\n-122\n" }, { status, out })
    assert.equal("abcde", host.read_file(folder .. "/file"))
    assert.equal(0, (run "--channel out=file:TMP,a OPS put 3 0 fg"))
    assert.equal("abcdefg", host.read_file(folder .. "/file"))
    os.remove(folder .. "/file")
  end)

  it("keeps verdicts where --cache says", function()
    assert.equal(0, (run "--cache FOLDER/verdicts HELLO"))
    local n = 0
    for name in lfs.dir(folder .. "/verdicts") do
      n = n + (name:find "^%." and 0 or 1)
    end
    assert.equal(1, n)
    os.execute("rm -r " .. folder .. "/verdicts")
  end)

  it("tells what the host could not write, but for a reader that has gone",
    function()
      local status, _, err = run("--channel out=/dev/full,w --channel "
        .. "stdout=null: OPS put 3 0 x")
      assert.same({ 0, "zvm run: channel /dev/out: No space left on device\n"
        }, { status, err })
      assert.equal("", select(3, run("--report none --channel "
        .. "out=/dev/full,w OPS put 3 0 x")))
      os.execute(("(sleep 0.3; ZVM_LUA=%s lua/bin/zvm run %s 2>%s/err) | true")
        :format(LUA, HELLO, folder))
      assert.equal("", host.read_file(folder .. "/err"))
      os.remove(folder .. "/err")
    end)

  it("bounds memory and stack", function()
    assert.equal(0, (run "--memory 1M --stack 64K --resident 8M HELLO"))
    local status, _, err = run "--memory 4K HELLO"
    assert.equal(125, status)
    assert.truthy(err:find "^zvm run: memory: ")
  end)
end)

describe("a report of zvm run", function()
  it("is not told of an exit, or when none is wanted", function()
    assert.same({ 0, "hello, world\n", "" }, { run "HELLO" })
    assert.same({ 124, "", "" }, { run "--report none --timeout 50ms LOOP" })
  end)

  it("goes to stderr, and never to stdout", function()
    local _, out, err = run "--report text HELLO"
    assert.equal("hello, world\n", out)
    assert.truthy(err:find("^exit 0 .*\n  stdout +puts %d+  put_bytes 13\n"
      .. "  total +puts %d+  put_bytes 13\n"
      .. "  memory +%d+ bytes  page faults %d+\n$"), err)
    _, out, err = run "--report json --etag HELLO"
    assert.equal("hello, world\n", out)
    local report = cjson.decode(err)
    assert.equal("exit", report.state)
    assert.equal(host.sha256 "hello, world\n", report.channels.stdout.etag)
    _, _, err = run "--report zerovm --channel stderr=null:,etag HELLO"
    assert.truthy(err:find("^0\n0\n0\n/dev/stderr %x+\n%d+%.%d%d %d+%.%d%d "
      .. "0 0 %d+ 13 0 0 0 0\nok\n$"), err)
  end)

  it("takes the place of the short one", function()
    local status, _, err = run "--report json --timeout 50ms LOOP"
    assert.equal(124, status)
    assert.equal("timeout", cjson.decode(err).state)
  end)

  it("goes to a file, as JSON unless said otherwise", function()
    assert.same({ 0, "hello, world\n", "" }, { run "--report-file TMP HELLO" })
    assert.equal("exit", cjson.decode(host.read_file(folder .. "/file")).state)
    local status, _, err = run "--report zerovm --report-file TMP BAD"
    assert.equal(126, status)
    assert.truthy(err:find "^zvm run: BAD: ")
    assert.truthy(host.read_file(folder .. "/file"):find "^10\n0\n0\n")
    os.remove(folder .. "/file")
  end)

  it("tells what was refused, and why", function()
    local status, _, err = run "--report json BAD"
    local report = cjson.decode(err)
    assert.same({ 126, "refused", "REJECTED", 10 }, { status, report.state,
      report.reason, #report.findings })
    status, _, err = run "--report json --channel x=/nowhere HELLO"
    report = cjson.decode(err)
    assert.same({ 125, "refused", "CHANNEL" }, { status, report.state,
      report.reason })
  end)

  it("that cannot be written is an error", function()
    assert.same({ 125, "hello, world\n", "zvm run: --report-file /dev/full: "
      .. "No space left on device\n" }, { run "--report-file /dev/full HELLO" })
  end)
end)

-- -- Manifests --------------------------------------------------------------

describe("a manifest", function()
  local is_manifest = require "zvm.cli.run".is_manifest

  it("is known by what it contains", function()
    for _, text in ipairs { "Version = 1\n", "\r\n Channel=a, b\r\n",
      "# words\nProgram = x\n", "Job=y" } do
      assert.is_true(is_manifest(text), text)
    end
    for _, text in ipairs { "", "\127ELF\nVersion = 1\n", "\0\nVersion = 1\n",
      "Versions = 1\n", "a Program = x\n", "x\n" } do
      assert.is_false(is_manifest(text), text)
    end
  end)
end)

describe("a job that a manifest describes", function()
  -- Its lines: stdin and stdout are uris.
  local function lines(stdin, stdout)
    return { "Version = 20130611", "Program = " .. OPS,
      "Memory = 0x4000000, 1", "Timeout = 017",
      "Channel = " .. stdin .. ", /dev/stdin, 0, 1, 0x10, 1024, 0, 0",
      "Channel = " .. stdout .. ", /dev/stdout, 0, 1, 0, 0, 010, 0x400",
      "Channel = null:, /dev/stderr, 0, 0, 0, 0, 1, 1" }
  end

  local function job(list, newline)
    host.write_file(folder .. "/job", table.concat(list, newline or "\n"))
    return "FOLDER/job"
  end

  teardown(function()
    for _, name in ipairs { "/job", "/from", "/to", "/reads" } do
      os.remove(folder .. name)
    end
  end)

  for name, newline in pairs { LF = "\n", ["CR LF"] = "\r\n" } do
    it(("reads and writes files, its lines end with %s"):format(name),
      function()
        host.write_file(folder .. "/from", "words")
        local path = job(lines("file:" .. folder .. "/from",
          folder .. "/to"), newline)
        local status, out, err = run("--report=json " .. path
          .. " get 0 5 0")
        assert.same({ 0, "" }, { status, out })
        assert.equal("5 words\n", host.read_file(folder .. "/to"))
        local report = cjson.decode(err)
        assert.equal(64, #report.memory_etag)
        assert.equal(64, #report.channels.stdin.etag)
        assert.equal(8, report.channels.stdout.put_bytes)
      end)
  end

  it("is overruled by options, channel by channel", function()
    local path = job(lines("null:", folder .. "/to"))
    assert.same({ 0, "", "" }, { run(path .. " get 0 5 0") })
    assert.equal("0\n", host.read_file(folder .. "/to"))
    assert.same({ 0, "5 words\n", "" }, { run("--channel=stdin=fd:0 "
      .. "--channel=stdout=fd:1,w " .. path .. " get 0 5 0",
      "printf words |") })
    assert.same({ 123, "", "zvm run: limit: put_bytes of stdout\n" },
      { run("--limit=stdout.put_bytes=1 --on-limit=stop " .. path
        .. " get 0 5 0") })
    assert.equal("0\n", host.read_file(folder .. "/to"))
  end)

  it("is refused in a report when it is wrong", function()
    local status, _, err = run("--report=json " .. job { "Version = 1" })
    assert.equal(125, status)
    assert.equal("refused", cjson.decode(err:match "{.*").state)
  end)

  it("reads and writes descriptors, and nothing", function()
    assert.same({ 0, "5 words\n", "" }, { run(job(lines("fd:0", "fd:1"))
      .. " get 0 5 0", "printf words |") })
    assert.same({ 0, "0\n", "" }, { run(job(lines("null:", "fd:1"))
      .. " get 0 5 0") })
    assert.same({ 0, "", "" }, { run(job(lines("null:", "null:"))
      .. " get 0 5 0") })
  end)

  -- A port that was free a moment ago.
  local function address(scheme)
    if scheme == "unix" then
      return "unix:" .. folder .. "/socket"
    end
    local socket = assert(require "socket".bind("127.0.0.1", 0))
    local _, port = socket:getsockname()
    socket:close()
    return "tcp:127.0.0.1:" .. port
  end

  for _, scheme in ipairs { "tcp", "unix" } do
    it("reads what another one writes, by " .. scheme, function()
      local uri = address(scheme)
      host.write_file(folder .. "/reads", table.concat(lines(uri, "fd:1"),
        "\n"))
      local reader = io.popen(("ZVM_LUA=%s lua/bin/zvm run %s/reads get 0 "
        .. "100 0 2>&1 </dev/null"):format(LUA, folder))
      assert.same({ 0, "", "" }, { run(job(lines("null:", uri))
        .. " get 0 1 0") })
      assert.equal("2 0\n\n", reader:read "*a")
      reader:close()
    end)
  end

  it("that is wrong has file, line, column, key and reason of each error",
    function()
      local wrong = lines("null:", "relative")
      wrong[3], wrong[4] = "Memroy = 1, 1", "  Timeout = 5s"
      table.insert(wrong, 5, "# Memory")
      local path = job(wrong, "\r\n")
      local told = 'zvm run: FOLDER/job:3:1: Memroy: unknown key; did you '
        .. 'mean "Memory"?\n'
        .. 'zvm run: FOLDER/job:4:13: Timeout: number expected, got "5s"\n'
        .. 'zvm run: FOLDER/job:7:11: Channel: uri: absolute path expected, '
        .. 'got "relative"; for a relative one, write "file:..."\n'
        .. "zvm run: FOLDER/job:8:47: Memory: missing\n"
      assert.same({ 125, "", told }, { run(path) })
    end)

  it("that no run can have is told with its line as well", function()
    assert.same({ 125, "", "zvm run: FOLDER/job:6:11: Channel: uri: zvm has "
      .. "no broker that would know opaque sources\n" },
      { run(job(lines("null:", "opaque:x"), "\r\n")) })
  end)

  local function node(number, server, input, output)
    local list = lines(input, output)
    list[#list + 1] = "Node = " .. number
    list[#list + 1] = "NameServer = " .. server
    return list
  end

  it("meets other nodes at its name server", function()
    local server = io.popen(LUA .. " examples/04-nodes/server.lua 2 2>&1")
    local at = "tcp:127.0.0.1:" .. server:read "*l"
    host.write_file(folder .. "/reads", table.concat(node(2, at, "tcp:1:",
      "fd:1"), "\n"))
    local reader = io.popen(("ZVM_LUA=%s lua/bin/zvm run %s/reads get 0 "
      .. "100 0 2>&1 </dev/null"):format(LUA, folder))
    assert.same({ 0, "", "" }, { run(job(node(1, at, "null:", "tcp:2:"))
      .. " get 0 1 0") })
    assert.equal("2 0\n\n", reader:read "*a")
    reader:close()
    server:close()
  end)

  it("says so when nobody is at the address of its name server", function()
    assert.same({ 125, "", "zvm run: FOLDER/job: name server tcp:127.0.0.1:1"
      .. ": connection refused\n" },
      { run(job(node(1, "tcp:127.0.0.1:1", "null:", "tcp:2:"))) })
  end)
end)

-- -- Words ------------------------------------------------------------------

describe("a channel of a command line", function()
  local PARSED = {
    ["in=a.txt"] = { "in", { path = "a.txt" } },
    ["/dev/in=file:a:b"] = { "in", { path = "a:b" } },
    ["/etc/x=./a:b"] = { "/etc/x", { path = "./a:b" } },
    ["x=a=b"] = { "x", { path = "a=b" } },
    ["x=a,,b,,,w"] = { "x", { path = "a,b,", mode = "w" } },
    ["x=,,"] = { "x", { path = "," } },
    ["x=fd:0"] = { "x", { fd = 0 } },
    ["x=null:"] = { "x", { null = true } },
    ["x=tcp:[::1]:80,listen"] = { "x", { uri = "tcp:[::1]:80",
      listen = true } },
    ["x=tcp:localhost:0"] = { "x", { uri = "tcp:localhost:0" } },
    ["x=unix:/run/s"] = { "x", { uri = "unix:/run/s" } },
    ["x=y,partial,w,etag"] = { "x", { path = "y", partial = true, mode = "w",
      etag = true } },
    ["x=y,mode=r+,type=2,etag=md5,on_limit=stop"] = { "x", { path = "y",
      mode = "r+", type = 2, etag = "md5", on_limit = "stop" } },
    ["x=y,gets=1,get_bytes=2K,puts=unlimited,put_bytes=0,file_size=1G"] = {
      "x", { path = "y", limits = { gets = 1, get_bytes = 2048,
        puts = math.huge, put_bytes = 0, file_size = 2 ^ 30 } } },
  }
  for word, result in pairs(PARSED) do
    it(("may be %s"):format(word), function()
      assert.same(result, { channel.parse(word) })
    end)
  end

  it("gets the digest of all, unless it has its own", function()
    local channels = { a = { etag = "md5" }, b = {}, c = { etag = false } }
    channel.etag_all(channels, "sha1")
    assert.same({ a = { etag = "md5" }, b = { etag = "sha1" },
      c = { etag = "sha1" } }, channels)
  end)

  it("for an argument has a name that any path may have", function()
    local channels = {}
    assert.same({ "/dev/1.x_y", "/dev/2.z" }, { unpack(
      channel.map_arguments(channels, { "@/a/x\ny", "@z/" })) })
    assert.equal("/a/x\ny", channels["1.x_y"].path)
    local long = "@" .. ("n"):rep(300)
    assert.equal(207, #channel.map_arguments(channels, { long })[1])
  end)
end)

describe("quantities", function()
  it("are sizes with K, M and G, and times with ms, s and m", function()
    for text, n in pairs { ["0"] = 0, ["7"] = 7, ["1K"] = 1024,
      ["3M"] = 3 * 2 ^ 20, ["2G"] = 2 ^ 31 } do
      assert.equal(n, quantity.size(text))
    end
    for text, n in pairs { ["1"] = 1, ["250ms"] = 0.25, ["1.5s"] = 1.5,
      ["2m"] = 120, [".5"] = 0.5, ["1.m"] = 60 } do
      assert.equal(n, quantity.time(text))
    end
    assert.equal(math.huge, quantity.limit "unlimited")
  end)
end)

describe("zvm run, of a file without its @", function()
  -- What a person sees on a terminal: all that the guest and zvm write.
  local function seen(words)
    local line = words:gsub("%u%u%u+", { OPS = OPS, TMP = folder .. "/given",
      FAULTS = FAULTS, HELLO = HELLO })
    host.write_file(folder .. "/given", "text\n")
    return (host.output(("ZVM_LUA=%s script -qec 'lua/bin/zvm run %s' "
      .. "/dev/null </dev/null"):format(LUA, line)):gsub("\r", "")
      :gsub(folder:gsub("%p", "%%%0"), "DIR"))
  end

  local HINT = "zvm run: the guest does not see DIR/given, a file of the "
    .. "host: @DIR/given gives it to the guest\n"

  it("tells a person when the run fails", function()
    assert.equal("what is what?\n" .. HINT, seen "OPS what TMP")
    assert.equal(HINT, seen("OPS what -- README TMP TMP"):match "\n(.*)$")
    assert.truthy(seen("FAULTS null-read TMP"):find("\n" .. HINT, 1, true))
  end)

  it("is silent where that cannot be it", function()
    for _, words in ipairs { "OPS what /none /tmp /dev/null", "OPS what @TMP",
      "OPS what @@TMP", "--report none OPS what TMP", "HELLO TMP",
      "--file TMP=TMP OPS what TMP", "--channel TMP=TMP OPS what TMP" } do
      assert.is_nil(seen(words):find "does not see", words)
    end
  end)

  it("tells a script nothing but what the guest wrote", function()
    host.write_file(folder .. "/given", "text\n")
    local status, _, err = run "OPS what FOLDER/given"
    assert.same({ 2, "what is what?\n" }, { status, err })
  end)
end)

-- Inline: how many workers wait for their turn differs from time to time.
describe("zvm run, many times in a process", function()
  local stderr, stub = io.stderr, {}
  function stub.write() return true end
  stub.flush = stub.write
  local CASES = {
    { "--channel=stdout=null:", HELLO },
    { "--channel=stdout=null:", "--report=json", HELLO },
    { "--channel=stdout=null:", "--report-file=/dev/null", HELLO },
    { "--report-file=/dev/full", "--channel=stdout=null:", HELLO },
    { "--report-file=/nowhere/x", HELLO }, { "--memory=x", HELLO },
    { "--report-file=/dev/null", BAD }, { HELLO, "@README.md", "@/nowhere" },
    { "--report-file=/dev/null", "/nowhere" },
    { "--channel=stdout=null:", FAULTS, "null-read" },
  }
  for _, words in ipairs(CASES) do
    it(("holds nothing after `%s`"):format(table.concat(words, " ")),
      function()
        io.stderr = stub -- luacheck: ignore
        local ok, message = pcall(host.assert_flat, function()
          cli.main({ "run", "--isolation=inline", unpack(words) }, "lua/bin")
        end, 20)
        io.stderr = stderr -- luacheck: ignore
        assert(ok, message)
      end)
  end
end)
