--- Same module, same options, same inputs: same outputs, to the last byte.
--
-- Host processes of all kinds of circumstances run the same job, many times
-- each, while others keep all processors busy.
--
-- SPDX-License-Identifier: Apache-2.0
local host = require "support.host"
local lfs = require "lfs"

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
