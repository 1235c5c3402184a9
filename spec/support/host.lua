--- What this process holds, counted: descriptors and mappings.
--
-- SPDX-License-Identifier: Apache-2.0
local lfs = require "lfs"

local M = {}

function M.descriptors()
  local n = 0
  for name in lfs.dir "/proc/self/fd" do
    if name ~= "." and name ~= ".." then
      n = n + 1
    end
  end
  return n
end

function M.mappings()
  local n = 0
  for _ in io.lines "/proc/self/maps" do
    n = n + 1
  end
  return n
end

-- The first bytes of a file that may be gone.
local function glance(path)
  local file = io.open(path, "rb")
  local text = file and file:read(200) or ""
  if file then
    file:close()
  end
  return text
end

--- Ids of the workers of this process, without the one that makes them;
-- `state`, if given, is the kernel's letter for those wanted.
function M.workers(state)
  local self = M.read_file "/proc/self/stat":match "^%d+"
  local parent, letter, out = {}, {}, {}
  for id in lfs.dir "/proc" do
    if glance("/proc/" .. id .. "/cmdline"):match "^zvm%-worker%D(%d+)"
      == self then
      letter[id], parent[id] = glance("/proc/" .. id .. "/stat")
        :match "%) (%a) (%d+)"
    end
  end
  for id, maker in pairs(parent) do
    if parent[maker] and (not state or letter[id] == state) then
      out[#out + 1] = id
    end
  end
  table.sort(out)
  return out
end

--- Whether all workers of this process come to rest within three seconds.
function M.workers_rest()
  for _ = 1, 300 do
    if #M.workers "R" == 0 then return true end
    require("zvm").host.sleep(0.01)
  end
  return false
end

--- The mappings below the springboard: the guest's, one string.
function M.guest_map()
  local out = {}
  for line in io.lines "/proc/self/maps" do
    local start = tonumber(line:match "^(%x+)", 16)
    if start < 2 ^ 33 then
      out[#out + 1] = line
    end
  end
  return table.concat(out, "\n")
end

--- Call `attempt` many times and assert that nothing piles up. A few times
-- before the count: what is made once and kept (the reserved addresses, pools
-- of the allocator, a worker at hand) is no leak.
function M.assert_flat(attempt, times)
  times = times or 50
  for _ = 1, 4 do
    attempt()
  end
  collectgarbage()
  collectgarbage()
  local fds, maps = M.descriptors(), M.mappings()
  for _ = 1, times do
    attempt()
  end
  collectgarbage()
  collectgarbage()
  -- A pool at rest holds up to two: a worker, and a socket yet to be closed.
  assert(M.descriptors() <= fds + 2,
    ("descriptors: %d before, %d after"):format(fds, M.descriptors()))
  -- The interpreter's own heap may come in a few pieces more.
  assert(M.mappings() < maps + math.max(6, times / 4),
    ("mappings: %d before, %d after"):format(maps, M.mappings()))
end

--- A fresh path for a file of the spec's own.
function M.temporary()
  local name = os.tmpname()
  return name
end

function M.write_file(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

function M.read_file(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

--- SHA-256 as the system's own program gives it.
function M.sha256(text)
  local path = M.temporary()
  M.write_file(path, text)
  local pipe = io.popen("sha256sum " .. path)
  local digest = pipe:read "*a":match "^%x+"
  pipe:close()
  os.remove(path)
  return digest
end

--- Copy what a host process needs to `dir`, for users who cannot read the
-- build: the interpreter, the module, and `script`, which finds it.
--
-- @treturn string the command that runs the script
function M.copy_host(dir, script)
  local lua = os.getenv "ZVM_TEST_LUA" or "lua5.1"
  for template in package.cpath:gmatch "[^;]+" do
    local file = io.open((template:gsub("%?", "zvm")), "rb")
    if file then
      M.write_file(dir .. "/zvm.so", file:read "*a")
      file:close()
      break
    end
  end
  if lua:find("/", 1, true) then
    M.write_file(dir .. "/lua", M.read_file(lua))
    lua = dir .. "/lua"
  end
  M.write_file(dir .. "/host.lua",
    ("package.cpath = %q\n"):format(dir .. "/?.so") .. script)
  os.execute("chmod -R a+rX " .. dir .. "; test -f " .. dir
    .. "/lua && chmod 755 " .. dir .. "/lua")
  return lua .. " " .. dir .. "/host.lua"
end

--- The folder of all that was built.
function M.build()
  return os.getenv "ZVM_BUILD" or "build"
end

--- A command of the shell, which has to succeed.
function M.shell(command, ...)
  local code = os.execute(command:format(...))
  assert(code == 0 or code == true, command)
end

--- What a command prints.
function M.output(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "*a"
  pipe:close()
  return text
end

--- `body` with a fresh directory that is gone afterwards.
function M.inside(body)
  local dir = os.tmpname()
  os.remove(dir)
  M.shell("mkdir %s", dir)
  local ok, message = pcall(body, dir)
  M.shell("chmod -R u+rwx %s; rm -rf %s", dir, dir)
  if not ok then
    error(message, 0)
  end
end

--- Bytes of data and heap that fit for a module, as a number without exponent.
function M.room_for(path)
  local about = assert(require "zvm".load(path)):about()
  return ("%d"):format(0xf0000000 - about.data_end + about.write_size)
end

--- A program of spec/guest or examples/, compiled.
function M.guest(name)
  return M.build() .. "/guest/" .. name .. ".zvm"
end

return M
