--- Same module, same options, same inputs: same outputs, to the last byte.
--
-- Host processes of all kinds of circumstances run the same job, many times
-- each, while others keep all processors busy.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"
local lfs = require "lfs"
local zvm = require "zvm"

local RUNS = 25 -- by each host, in each isolation

-- All that a run gave but times and usage, as one line; and how many
-- different ones there were.
local SCRIPT = [[
  local zvm = require "zvm"
  local dir, extra = %q, arg[1] or ""
  local module = assert(zvm.load(dir .. "/chance.zvm"))
  local other = assert(zvm.load(dir .. "/ops.zvm"))
  local path = os.tmpname()
  local function run(isolation)
    local report = assert(zvm.run {
      program = module, isolation = isolation, memory_etag = true,
      args = { "one", "two" .. extra }, env = { B = "b", A = "a", TZ = "X" },
      channels = {
        input = { data = ("0123456789abcdef"):rep(3000), etag = "md5" },
        output = { path = path, mode = "w", etag = "sha1" },
        stdout = { etag = true },
      },
    })
    local out = { report.state, report.code, report.memory_etag }
    for _, name in ipairs { "stdin", "stdout", "stderr", "input", "output" } do
      local c = report.channels[name]
      for _, key in ipairs { "type", "gets", "get_bytes", "puts",
          "put_bytes", "etag", "final_etag", "data", "error" } do
        out[#out + 1] = key .. "=" .. tostring(c[key])
      end
    end
    for _, slot in ipairs { "trap", "pread", "pwrite", "exit" } do
      out[#out + 1] = slot .. "=" .. report.traps[slot]
    end
    return (table.concat(out, " "):gsub("\n", "|"))
  end
  local seen, count, first = {}, 0, nil
  for i = 1, %d do
    for _, isolation in ipairs { "inline", "process" } do
      local line = run(isolation)
      first = first or line
      if not seen[line] then
        seen[line], count = true, count + 1
      end
      if i %% 3 == 0 then -- what others leave behind
        zvm.run { program = other, isolation = isolation,
          args = { "keep", tostring(i * 10000) } }
      end
    end
  end
  os.remove(path)
  io.write(count, " ", first, "\n")
]]

local CIRCUMSTANCES = {
  { "as it is", "" },
  { "with another environment", "env -i PATH=\"$PATH\" HOME=/nowhere "
    .. "LC_ALL=C.UTF-8 TZ=Asia/Tokyo MALLOC_PERTURB_=85 JUNK="
    .. ("x"):rep(3000) .. " " },
  { "in another directory", "cd / && " },
  { "with addresses that are not random", "setarch -R " },
  { "with a small stack", "ulimit -s 512 && " },
  { "with a stack without a limit",
    "{ ulimit -s unlimited || ulimit -s 65536; } 2>/dev/null; " },
  { "on one processor, last in turn", "nice -n 5 taskset 1 " },
  { "without standard input", "exec 0<&- && umask 077 && " },
}

if io.popen "id -u":read "*l" == "0" then
  CIRCUMSTANCES[#CIRCUMSTANCES + 1] = { "as another user",
    "setpriv --reuid=65534 --regid=65534 --clear-groups " }
end

describe("two hundred runs", function()
  local dir, command, busy, expected

  setup(function()
    dir = host.temporary()
    os.remove(dir)
    assert(lfs.mkdir(dir))
    for to, from in pairs { chance = "chance", ops = "channel_ops" } do
      host.write_file(dir .. "/" .. to .. ".zvm",
        host.read_file(host.guest(from)))
    end
    command = host.copy_host(dir, SCRIPT:format(dir, RUNS))
    busy = {}
    for i = 1, 2 do
      local pipe = io.popen "sh -c 'while :; do :; done' >/dev/null & echo $!"
      busy[i] = pipe:read "*l"
      pipe:close()
    end
  end)

  teardown(function()
    os.execute("kill " .. table.concat(busy, " "))
    os.execute("rm -r " .. dir)
  end)

  local function run(before, after)
    local pipe = io.popen("{ " .. before .. command .. (after or "")
      .. "; } 2>&1")
    local text = pipe:read "*a"
    pipe:close()
    return text
  end

  for _, case in ipairs(CIRCUMSTANCES) do
    it("give the same " .. case[1], function()
      local text = run(case[2])
      expected = expected or text
      assert.truthy(text:find "^1 exit %d+ %x+ ", text)
      assert.equal(expected, text)
    end)
  end

  it("are enough, in each isolation", function()
    assert.truthy(RUNS * #CIRCUMSTANCES >= 200)
  end)

  it("would have shown a difference", function()
    local text = run("", " more")
    assert.truthy(text:find "^1 exit %d+ %x+ ", text)
    assert.not_equal(expected, text)
  end)
end)

-- -- The sources of docs/determinism.md, one by one -------------------------

local BEGINNING, RULES = host.guest "beginning", host.guest "rules"

-- Name, program, argument; what changes with the clock, and with the seed;
-- lines that have to be there. The names stand in docs/determinism.md.
local SOURCES = {
  { "the clock", BEGINNING, "time", clock = true,
    "wall 946684800.000001000", "now 2000%-01%-01T01:00:00Z" },
  { "CPU time", BEGINNING, "time", clock = true,
    "cpu 0.000003000", "used 0.000005" },
  { "random numbers", BEGINNING, "chance", seed = true,
    "219cfa9cfc2ededf22765c48329342e2" },
  { "who the process is", BEGINNING, "self",
    "ids 1 0 1 1 1000 1000 1000 1000", "zvm zvm 1 1 x86_64",
    "host zvm 0 load 0 0 0" },
  { "addresses", BEGINNING, "self", "code %p+ data %p+ heap %p+ stack %p+" },
  { "locale and terminal", BEGINNING, "self",
    "locale C.UTF%-8;C;C;C;C;C terminal 0 %-1" },
  { "arguments and environment", BEGINNING, "words",
    "env A=a\nenv B=b\n$" },
  { "files", RULES, "files", clock = true, "/: ino 1 " },
  { "fresh memory", RULES, "memory", "stack 3298421761 bss 3799892993" },
  { "floating point", RULES, "floats", "%-nan %-inf 0x1.0e4d50f99b211p%+997" },
  { "waiting", RULES, "waits", "after usleep" },
  { "signals", RULES, "signals", "raise fine 1\nkill fine 2" },
  { "threads", RULES, "threads", "threads, " },
  { "thread ids", RULES, "ids", "ids 1 2 3 4 5\n" },
  { "the time zone", RULES, "zone", clock = true,
    "zone UTC  0: 2000%-01%-01 00:00:00 UTC",
    "zone EST EDT 18000: 1999%-12%-31 19:00:00 EST" },
  { "resource limits", RULES, "bounds", "limit 3: 8388608 8388608, less fine "
    .. "4194304, more Operation not permitted", "limit 7: 1024 1024, less" },
  { "errors of channels", RULES, "errors", "write 60 fine\nwrite 40 fine\n"
      .. "write %-1 Quota exceeded" },
  { "the end of memory", RULES, "limits", "Out of memory after %d+ blocks" },
}

local WHOLE = "what a channel gives at once"

describe("what differs elsewhere:", function()
  local function run(source, options)
    options.program, options.args = source[2], { source[3] }
    options.env = { B = "b", A = "a" }
    options.memory_etag = true
    options.channels = { input = "abc", output = { buffer = true,
      limits = { put_bytes = 100 } } }
    local report = assert(zvm.run(options))
    assert.equal("exit", report.state)
    assert.equal(0, report.code)
    return report.channels.stdout.data, report.memory_etag
  end

  for _, source in ipairs(SOURCES) do
    describe(source[1], function()
      it("is the same in each run, and in each isolation", function()
        local first, etag = run(source, { isolation = "inline" })
        for _, isolation in ipairs { "process", "inline", "process" } do
          local text, other = run(source, { isolation = isolation })
          assert.equal(first, text)
          assert.equal(etag, other)
        end
        for i = 4, #source do
          assert.truthy(first:find((source[i]:gsub("%%p%+", "0x%%x+"))),
            first)
        end
      end)

      it("changes with clock and seed as it is to", function()
        local first = run(source, {})
        local later = run(source, { clock = "2024-02-29T12:00:00Z" })
        local other = run(source, { seed = 7 })
        assert.equal(source.clock == true, first ~= later)
        assert.equal(source.seed == true, first ~= other)
      end)
    end)
  end

  it("the time zone, is that of TZ in the environment", function()
    local function zone(env)
      return assert(zvm.run { program = RULES, args = { "zone" }, env = env })
        .channels.stdout.data
    end
    assert.truthy(zone { TZ = "JST-9" }:find("zone JST  -32400: "
      .. "2000-01-01 09:00:00 JST +0900", 1, true))
    assert.equal(zone {}, zone { TZ = "UTC0" })
  end)

  it("resource limits, are what the session allows", function()
    local report = assert(zvm.run { program = RULES, args = { "bounds" },
      stack = "2M" })
    assert.truthy(report.channels.stdout.data:find(
      "limit 3: 2097152 2097152, less fine 1048576, more", 1, true),
      report.channels.stdout.data)
  end)

  it(WHOLE .. ", is whole", function()
    local text
    for _, size in ipairs { 1, 7, 1000, 65536 } do
      local left = 2500
      local report = assert(zvm.run {
        program = RULES, args = { "reads" },
        channels = { stdin = { read = function()
          local n = math.min(size, left)
          left = left - n
          return n > 0 and ("x"):rep(n) or nil
        end } },
      })
      text = text or report.channels.stdout.data
      assert.equal(text, report.channels.stdout.data)
    end
    assert.equal("1000 1000 500 fine\n", text)
  end)

  it("is told of in docs/determinism.md, name by name", function()
    local names, missing = { [WHOLE] = true }, {}
    for _, source in ipairs(SOURCES) do
      names[source[1]] = true
    end
    local text, told = host.read_file "docs/determinism.md", {}
    for cell in text:gmatch "\n|[^\n]*|[^\n]*|([^\n]*)|%f[\n]" do
      for name in cell:gmatch "`([^`]+)`" do
        told[name] = true
        if not names[name] then
          missing[#missing + 1] = name
        end
      end
      for path in cell:gmatch "%f[%w][%w/_]+%.%w+" do
        if not lfs.attributes(path) then
          missing[#missing + 1] = path
        end
      end
    end
    assert.equal("", table.concat(missing, ", "))
    for name in pairs(names) do
      assert.truthy(told[name], name)
    end
  end)
end)
