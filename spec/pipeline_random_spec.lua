--- Random graphs, with cycles, do the same however they are scheduled: with
-- other numbers of workers, other rings, and workers that are stopped and
-- continued at random.
--
-- ZVM_RANDOM_RUNS is how many runs there are, ZVM_RANDOM_SEED another start.
-- Only with LuaJIT: what is tested is hardly Lua.
--
-- SPDX-License-Identifier: Apache-2.0
if not rawget(_G, "jit") or os.getenv "ZVM_TEST_ISOLATION" then
  return
end

local host = require "support.host"
local zvm = require "zvm"

local RUNS = tonumber(os.getenv "ZVM_RANDOM_RUNS") or 500
local SEED = tonumber(os.getenv "ZVM_RANDOM_SEED") or 1
local NODE = host.guest "node"
local EACH = 10 -- runs of one graph

-- Lehmer's, with Park and Miller's numbers: the same in every interpreter.
local function generator(state)
  return function(n)
    state = state * 16807 % 2147483647
    return state % n + 1
  end
end

-- Graphs depend on the seed alone; what is done to their runs also on how
-- many workers there are just then.
local random = generator(SEED)
local chance = generator(SEED)

-- -- Graphs -----------------------------------------------------------------

local SIZES = { 1, 10, 1000, 5000, 30000 }

-- Pipe some stages into others that are not piped into.
local function add_pipes(stages)
  local has = {}
  for _, stage in ipairs(stages) do
    local to = stages[random(#stages)]
    if random(3) == 1 and to.count == stage.count and not has[to] then
      stage.pipe, has[to], stage.output = to.name, true, nil
    end
  end
end

-- Stages, and which leads to which.
local function random_stages()
  local stages, names = {}, {}
  for i = 1, 1 + random(4) do
    names[i] = ("s%d"):format(i)
    stages[i] = { name = names[i], program = NODE, count = random(2),
      etag = true, connect = {}, output = true }
  end
  add_pipes(stages)
  for i, stage in ipairs(stages) do
    for k, name in ipairs(names) do
      -- Forward more often than back.
      if random(10) <= (k > i and 6 or 2) then
        stage.connect[#stage.connect + 1] = name
      end
    end
  end
  return stages
end

-- What the instances do is written down while one execution is made up: who
-- reads finds what was written. So no graph has to deadlock, but some of the
-- reads are for too much, and then some do.
local function random_scripts(graph)
  local scripts, on_the_way = {}, {}
  for _, stage in ipairs(graph.stages) do
    for _, instance in ipairs(stage.instances) do
      scripts[instance.name] = {}
    end
  end
  local function act(name, ...)
    for _, word in ipairs { ... } do
      table.insert(scripts[name], tostring(word))
    end
  end
  for _ = 1, #graph.edges > 0 and 10 + random(30) or 0 do
    local n = random(#graph.edges)
    local edge = graph.edges[n]
    local there = on_the_way[n] or 0
    if there > 0 and random(2) == 1 then
      local size = random(4) == 1 and there or math.min(there, random(3000))
      act(edge.to, "get", edge.to_channel, size)
      on_the_way[n] = there - size
    elseif random(25) == 1 then
      act(edge.to, "get", edge.to_channel, 1 + there)
      on_the_way[n] = 0
    else
      local size = random(SIZES[random(#SIZES)])
      act(edge.from, "put", edge.from_channel, size)
      on_the_way[n] = there + size
    end
    if random(8) == 1 then
      act(edge.to, "spin", random(300000))
    end
  end
  return scripts
end

-- Each instance as a stage of its own: all have other scripts.
local function random_pipeline()
  local graph = assert(zvm.pipeline(random_stages())).graph
  local scripts = random_scripts(graph)
  local single, by_name = {}, {}
  for _, stage in ipairs(graph.stages) do
    for _, instance in ipairs(stage.instances) do
      local each = { name = instance.name, program = NODE, connect = {},
        etag = true, output = not stage.pipe and true or nil,
        args = scripts[instance.name] }
      single[#single + 1], by_name[each.name] = each, each
    end
  end
  for _, edge in ipairs(graph.edges) do
    local from = by_name[edge.from]
    if edge.from_channel == "stdout" then
      from.pipe = edge.to
    else
      table.insert(from.connect, edge.to)
    end
  end
  return single
end

-- -- Results ----------------------------------------------------------------

-- A table as text, whatever the order of its keys.
local function text_of(value, skip)
  if type(value) ~= "table" then
    return tostring(value)
  end
  local keys, out = {}, {}
  for key in pairs(value) do
    keys[#keys + 1] = tostring(key)
  end
  table.sort(keys)
  for i, key in ipairs(keys) do
    local each = value[key]
    if each == nil then
      each = value[tonumber(key)]
    end
    out[i] = skip[key] and "" or key .. "=" .. text_of(each, skip)
  end
  return "{" .. table.concat(out, ",") .. "}"
end

local SKIP = { times = true, usage = true, timeline = true }

-- Of a deadlock only that it is one.
local function result_of(report)
  if report.state == "deadlock" then
    return "deadlock"
  end
  return text_of(report, SKIP)
end

-- -- Disturbances -----------------------------------------------------------

-- Stop some workers for some milliseconds, beside the run.
local function disturb()
  local script = {}
  for _, pid in ipairs(host.workers()) do
    if chance(2) == 1 then
      script[#script + 1] = ("kill -STOP %s; sleep 0.00%d; kill -CONT %s")
        :format(pid, chance(9), pid)
    end
  end
  if #script > 0 then
    os.execute("{ " .. table.concat(script, "; ") .. "; } 2>/dev/null &")
  end
end

-- -- The runs ---------------------------------------------------------------

local RINGS = { "4K", "8K", "64K", "1M" }

describe("random graphs", function()
  it("do the same however they are scheduled", function()
    local deadlocks = 0
    for n = 1, RUNS / EACH do
      local p = assert(zvm.pipeline(random_pipeline()))
      local want
      for i = 1, EACH do
        local report = assert(p:run {
          workers = chance(8), ring = RINGS[chance(#RINGS)], timeout = 60,
          listener = i > 2 and function(event)
            if event.kind == "start" then
              if chance(6) == 1 then
                zvm.host.sleep(chance(3) / 1000)
              end
              if i > 8 and chance(3) == 1 then
                disturb()
              end
            end
          end or nil,
        })
        local got = result_of(report)
        want = want or got
        assert.equal(want, got, ("graph %d, run %d"):format(n, i))
      end
      deadlocks = deadlocks + (want == "deadlock" and 1 or 0)
    end
    -- Both kinds are there, or this tests nothing.
    if SEED == 1 and RUNS == 500 then
      assert.is_true(deadlocks > 0 and deadlocks < 25)
    end
  end)
end)
