--- Jobs against the same in Lua; what hostile streams of records do.
--
-- SPDX-License-Identifier: Apache-2.0
local zvm = require "zvm"

local GUEST = (os.getenv "ZVM_BUILD" or "build") .. "/guest/mapreduce/job.zvm"
local LUAJIT = rawget(_G, "jit") ~= nil

local module = assert(zvm.load(GUEST))

-- -- Tools ------------------------------------------------------------------

-- A number for each call; the same for the same seed.
local function chance(seed)
  return function(n)
    seed = (seed * 16807) % 2147483647
    return seed % n
  end
end

local function u32(n)
  return string.char(n % 256, math.floor(n / 256) % 256,
    math.floor(n / 65536) % 256, math.floor(n / 16777216))
end

local function with_file(text, body)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  local ok, message = pcall(body, path)
  os.remove(path)
  if not ok then
    error(message, 0)
  end
end

local function program(...)
  return { program = module, args = { ... } }
end

-- The outputs of all reducers, one after another.
local function run(job, options)
  local report = assert(assert(zvm.mapreduce(job)):run(options))
  assert.equal("exit", report.state, report:text())
  local parts = {}
  for i, instance in ipairs(report.stages[#report.stages].instances) do
    parts[i] = assert(report.outputs[instance.name])
  end
  return table.concat(parts), parts, report
end

local function lines_of(text)
  local list = {}
  for line in text:gmatch "[^\n]+" do
    list[#list + 1] = line
  end
  return list
end

local function random_text(seed, size)
  local draw, words, bytes = chance(seed), {}, 0
  while bytes < size do
    local word = ("w%x"):format(math.floor(draw(900) * draw(900) / 900))
    words[#words + 1] = word .. (draw(9) == 0 and "\n" or " ")
    bytes = bytes + #words[#words]
  end
  return table.concat(words)
end

-- Lines as the reducer `sum` prints them, sorted.
local function count_words(text)
  local counts, list = {}, {}
  for word in text:gmatch "%S+" do
    counts[word] = (counts[word] or 0) + 1
  end
  for word, n in pairs(counts) do
    list[#list + 1] = word .. " " .. n
  end
  table.sort(list)
  return list
end

local function sorted_lines(text)
  local list = lines_of(text)
  table.sort(list)
  return list
end

-- Pairs {key, value}: as an input, and what the reducer `groups` says of them.
local function pack_pairs(list)
  local out = {}
  for i, pair in ipairs(list) do
    out[i] = u32(#pair[1]) .. u32(#pair[2]) .. pair[1] .. pair[2]
  end
  return table.concat(out)
end

local function groups_of(list)
  local values, keys = {}, {}
  for _, pair in ipairs(list) do
    if not values[pair[1]] then
      values[pair[1]], keys[#keys + 1] = {}, pair[1]
    end
    table.insert(values[pair[1]], u32(#pair[2]) .. pair[2])
  end
  table.sort(keys)
  local out = {}
  for i, key in ipairs(keys) do
    out[i] = u32(#key) .. u32(#values[key]) .. key
      .. table.concat(values[key])
  end
  return table.concat(out)
end

-- Keys of any bytes, many of them equal or with a common beginning.
local function random_pairs(seed, n)
  local draw, list = chance(seed), {}
  for i = 1, n do
    local bytes = {}
    for k = 1, draw(12) do
      bytes[k] = string.char(draw(3) == 0 and draw(256) or draw(2))
    end
    local key = table.concat(bytes)
    if draw(4) == 0 then
      key = ("\0"):rep(draw(24)) .. key
    elseif draw(4) == 0 then
      key = ("common beginning "):rep(draw(20)) .. key
    end
    list[i] = { key, ("%d "):format(i) .. ("v"):rep(draw(40)) }
  end
  return list
end

-- -- Streams ----------------------------------------------------------------

local function header(partition, partitions, version)
  return "ZVMR" .. u32(version or 1) .. u32(partition) .. u32(partitions)
end

local function record(key, value)
  return u32(#key) .. u32(#value) .. key .. value
end

local function block(...)
  local bytes = table.concat { ... }
  return u32(#bytes) .. u32(select("#", ...)) .. bytes
end

local END = ("\0"):rep(8)

-- A reducer fed with these streams.
local function reduce(reducer, ...)
  local channels = {}
  for i, stream in ipairs { ... } do
    channels["/dev/in/map-" .. i] = { data = stream }
  end
  return assert(zvm.run { program = module, args = { reducer },
    channels = channels })
end

describe("zvm_hash", function()
  it("is XXH64", function()
    local report = assert(zvm.run { program = module, args = { "hash", "",
      "a", "abc", "Nobody inspects the spammish repetition" } })
    assert.equal("ef46db3751d8e999\nd24ec4f1a98c6e5b\n44bc2cf5ad770999\n"
      .. "fbcea83c8a378bf1\n", report.channels.stdout.data)
  end)
end)

describe("zvm.mapreduce", function()
  it("counts words as Lua does, however many mappers and reducers",
    function()
      local text = random_text(7, 60000)
      local expected = count_words(text)
      with_file(text, function(path)
        for mappers = 1, 8 do
          local partitions = (mappers * 3) % 5 + 1
          local out = run { input = { path = path, split = "newline" },
            mappers = mappers, map = program(mappers % 2 == 0 and "words"
              or "counts"), reduce = program "sum",
            partitions = partitions, output = true }
          assert.same(expected, sorted_lines(out))
        end
      end)
    end)

  it("gives each key to one reducer, in order", function()
    with_file(random_text(8, 30000), function(path)
      local _, parts = run { input = { path = path, split = "newline" },
        mappers = 3, map = program "counts", partitions = 5, output = true }
      local seen = {}
      for _, part in ipairs(parts) do
        local last = ""
        for word in part:gmatch "(%S+) %d+\n" do
          assert.is_nil(seen[word])
          assert.is_true(last < word)
          seen[word], last = true, word
        end
      end
      assert.is_not_nil(next(seen))
    end)
  end)

  it("gives the same bytes for any workers, rings and buffers", function()
    local text = random_text(9, 120000)
    with_file(text, function(path)
      local function job(buffer, records)
        return { input = { path = path, split = "newline" }, mappers = 3,
          map = program "words", reduce = program "sum", partitions = 3,
          output = true, buffer = buffer, records = records }
      end
      local expected = run(job())
      assert.equal(expected, (run(job(), { workers = 1, ring = "4K" })))
      assert.equal(expected, (run(job "16K", { workers = 8 })))
      assert.equal(expected, (run(job("64K", "blocks"), { workers = 2 })))
      assert.equal(expected, (run(job(nil, "whole"), { ring = "1M" })))
    end)
  end)

  it("sorts any bytes, and keeps the order of equal keys", function()
    for seed = 1, 4 do
      local list = random_pairs(seed, 1500)
      local out = run { input = { { data = pack_pairs(list) } },
        map = program "pairs", reduce = program "groups",
        records = "whole", output = true }
      assert.equal(groups_of(list), out)
    end
  end)

  it("sorts more than memory holds, in several passes", function()
    local list = random_pairs(5, LUAJIT and 20000 or 6000)
    local out, _, report = run { input = { { data = pack_pairs(list) } },
      map = program "pairs", reduce = program "groups", records = "whole",
      buffer = "16K", output = true }
    assert.equal(groups_of(list), out)
    local scratch = report.instances.map.channels.scratch
    assert.is_true(scratch.put_bytes > 1.5 * #pack_pairs(list))
    assert.is_true(scratch.get_bytes >= scratch.put_bytes - 16384)
  end)

  it("sorts many records of one key", function()
    local list = {}
    for i = 1, 3000 do
      list[i] = { i % 2 == 0 and "twelve bytes" or "", tostring(i) }
    end
    local out = run { input = { { data = pack_pairs(list) } },
      map = program "pairs", reduce = program "groups", records = "whole",
      output = true }
    assert.equal(groups_of(list), out)
  end)

  it("combines what it spills", function()
    local text = random_text(10, 100000)
    with_file(text, function(path)
      local out, _, report = run {
        input = { path = path, split = "newline" }, mappers = 2,
        map = program "counts", partitions = 2, buffer = "16K",
        output = true }
      assert.same(count_words(text), sorted_lines(out))
      assert.is_true(report.instances["map-1"].channels.scratch.puts > 0)
    end)
  end)

  it("sends a key once, if its values combine and memory holds it",
    function()
      local words, size = {}, 0
      for i = 1, 3000 do
        words[i] = ("word%d"):format(i % 1000)
        size = size + (i <= 1000 and 8 + #words[i] + 8 or 0)
      end
      local _, _, report = run { map = program "counts", output = true,
        input = { { data = table.concat(words, " ") } } }
      -- Header, header of one block, end.
      assert.equal(16 + 8 + size + 8,
        report.instances.map.channels["out/reduce"].put_bytes)
    end)

  it("runs a program as the combiner", function()
    local list = random_pairs(6, 800)
    local expected, joined = {}, {}
    for _, pair in ipairs(list) do
      if not joined[pair[1]] then
        expected[#expected + 1] = { pair[1], "" }
        joined[pair[1]] = {}
      end
      table.insert(joined[pair[1]], pair[2])
    end
    for _, pair in ipairs(expected) do
      pair[2] = table.concat(joined[pair[1]], ",")
    end
    local job = { input = { { data = pack_pairs(list) } }, partitions = 3,
      map = program "pairs", combine = program "join",
      reduce = program "groups", records = "whole", partition = "range",
      output = true }
    assert.equal(groups_of(expected), (run(job)))
    job.combine = program "copy"
    assert.equal(groups_of(list), (run(job)))
  end)

  it("gives sorted files for ranges of keys", function()
    local list = random_pairs(11, 1000)
    local function job(partition, partitions)
      return { input = { { data = pack_pairs(list) } }, records = "whole",
        map = program "pairs", reduce = program "groups",
        partition = partition, partitions = partitions, output = true }
    end
    local expected = groups_of(list)
    local out, parts = run(job({ "\0\1", "\1", "common\0", "d" }))
    assert.equal(expected, out)
    assert.equal(5, #parts)
    for i = 1, 4 do
      assert.is_true(#parts[i] > 0)
    end
    assert.equal(expected, (run(job("range", 4))))
  end)

  it("sorts records of one size without a reducer", function()
    local draw, list = chance(12), {}
    for i = 1, 2000 do
      list[i] = u32(3) .. u32(1) .. string.char(draw(256), draw(256),
        draw(256)) .. "\n"
    end
    with_file(table.concat(list), function(path)
      local out = run { input = { path = path, split = 12 }, mappers = 3,
        map = program "pairs", output = true }
      local records = {}
      for i, each in ipairs(list) do
        records[i] = each:sub(9)
      end
      table.sort(records)
      assert.equal(table.concat(records), out)
    end)
  end)

  it("takes files as they are listed", function()
    with_file("b a\n", function(one)
      with_file("a c", function(two)
        assert.equal("a 2\nb 1\nc 1\n", (run {
          input = { one, two }, map = program "words", output = true }))
      end)
    end)
  end)

  it("takes empty inputs, keys and values", function()
    assert.equal("", (run { input = { { data = "" }, { data = "" } },
      map = program "words", partitions = 2, output = true }))
    local list = { { "", "" }, { "a", "" }, { "", "x" } }
    assert.equal(groups_of(list), (run { records = "whole",
      input = { { data = pack_pairs(list) } }, map = program "pairs",
      reduce = program "groups", output = true }))
  end)

  it("takes keys and values of megabytes", function()
    local long = ("long "):rep(300000)
    local list = { { long .. "2", "a" }, { "k", long }, { long .. "1", "b" },
      { long, "c" }, { "k", "short" }, { long, "d" }, { "l", long } }
    for _, buffer in ipairs { "8M", "32M" } do
      local out, _, report = run { records = "whole", buffer = buffer,
        input = { { data = pack_pairs(list) } }, map = program "pairs",
        reduce = program "groups", output = true }
      assert.is_true(groups_of(list) == out)
      assert.equal(buffer == "8M",
        report.instances.map.channels.scratch.puts > 0)
    end
  end)

  it("lets a reducer pass values over", function()
    local list = random_pairs(13, 500)
    local values, keys = {}, {}
    for _, pair in ipairs(list) do
      if not values[pair[1]] then
        values[pair[1]], keys[#keys + 1] = pair[2], pair[1]
      end
    end
    table.sort(keys)
    for i, key in ipairs(keys) do
      keys[i] = key .. (#key % 2 == 0 and values[key] or "")
    end
    assert.equal(table.concat(keys), (run { records = "whole",
      input = { { data = pack_pairs(list) } }, map = program "pairs",
      reduce = program "first", output = true }))
  end)

  it("leaves no descriptor and no file behind", function()
    local before = zvm.host.entries "/proc/self/fd"
    local dir = os.tmpname()
    os.remove(dir)
    assert(zvm.save(dir, {}))
    for _, bad in ipairs { false, true } do
      local report = assert(assert(zvm.mapreduce { scratch = dir,
        input = { { data = "a b c" } }, buffer = "16K",
        map = bad and program("fail", "b") or program "words",
        output = true }):run())
      assert.equal(bad and "failed" or "exit", report.state)
    end
    assert.is_nil(next(zvm.host.entries(dir)))
    os.remove(dir)
    local count = { 0, 0 }
    for i, list in ipairs { before, zvm.host.entries "/proc/self/fd" } do
      for _ in pairs(list) do
        count[i] = count[i] + 1
      end
    end
    assert.equal(count[1], count[2])
  end)
end)

describe("a job that fails", function()
  local function failure(job)
    local report = assert(assert(zvm.mapreduce(job)):run())
    assert.equal("failed", report.state)
    return report.reason, report
  end

  it("names the mapper, and what it said", function()
    local reason = failure { map = program("fail", "x"), output = true,
      input = { { data = "a b\n" }, { data = "c x\n" } }, partitions = 2,
      reduce = program "sum" }
    assert.equal("map-2: exit 3: I do not map x", (reason:gsub("%(.*%)", "")
      :gsub(" +:", ":")))
  end)

  it("says when a record is too long to be sorted", function()
    local reason = failure { map = program "words", buffer = "16K",
      input = { { data = ("x"):rep(5000) } } }
    assert.truthy(reason:find("a key of 5000 bytes and a value of 8 bytes: "
      .. "4096 bytes are the most", 1, true))
  end)

  it("says when memory is short and there is no scratch, or too little",
    function()
      local text = random_text(14, 60000)
      local reason = failure { map = program "words", buffer = "16K",
        input = { { data = text } }, scratch = false }
      assert.truthy(reason:find("there is no /dev/scratch", 1, true))
      reason = failure { map = program "words", buffer = "16K",
        input = { { data = text } }, scratch_size = "64K" }
      assert.truthy(reason:find('"scratch_size" of the job sets', 1, true))
    end)

  it("says when the input is no whole number of records", function()
    local reason = failure { map = program "pairs", records = 12,
      input = { { data = ("\0"):rep(30) } } }
    assert.truthy(reason:find("/dev/stdin: byte 24: 6 bytes at the end are "
      .. "no record of 12", 1, true))
  end)

  it("says when a program has another role than the job gives it", function()
    local reason = failure { map = program "sum", input = { { data = "" } } }
    assert.truthy(reason:find("this program reduces", 1, true))
    reason = failure { map = program "words", combine = program "words",
      input = { { data = "" } } }
    assert.truthy(reason:find("this program maps", 1, true))
  end)
end)

describe("a stream of records", function()
  local GOOD = header(0, 1) .. block(record("a", "1"), record("b", "22"))
    .. block(record("b", "3")) .. END

  it("is merged with others by key, then by mapper", function()
    local report = reduce("records", GOOD, header(0, 1)
      .. block(record("", "0"), record("b", "4"), record("ba", "5")) .. END)
    assert.equal(0, report.code, report.channels.stderr.data)
    assert.equal("0a1b22b3b4ba5", report.channels.stdout.data)
  end)

  local bad = {
    ["an empty channel"] = { "", "byte 0: a stream of records expected, "
      .. "not the end" },
    ["half a header"] = { GOOD:sub(1, 20), "byte 0: cannot read the start of "
      .. "a stream: cut short" },
    ["another magic"] = { "ZVMX" .. GOOD:sub(5), "byte 0: no stream of "
      .. "records begins here" },
    ["another version"] = { header(0, 1, 2) .. END, "byte 4: version 2 of "
      .. "the format; 1 is known" },
    ["a partition that is none"] = { header(1, 1) .. END,
      "byte 8: partition 1 of 1" },
    ["too many partitions"] = { header(0, 257) .. END,
      "byte 8: partition 0 of 257" },
    ["no end"] = { GOOD:sub(1, -9), "the stream ends in a block" },
    ["half a block"] = { GOOD:sub(1, 40), "byte 40: the stream ends in a "
      .. "block" },
    ["a block of a gigabyte and more"] = { header(0, 1) .. u32(2 ^ 31)
      .. u32(1), "byte 16: a block of 2147483648 bytes cannot have 1 records" },
    ["a block that memory does not hold"] = { header(0, 1) .. u32(2 ^ 30)
      .. u32(1), "no memory for a block of records" },
    ["a block of no records"] = { header(0, 1) .. u32(9) .. u32(0)
      .. ("x"):rep(9) .. END, "byte 16: a block of 9 bytes cannot have 0 " },
    ["too many records for a block"] = { header(0, 1) .. u32(16) .. u32(3)
      .. ("\0"):rep(16) .. END, "byte 16: a block of 16 bytes cannot have 3 " },
    ["a record longer than its block"] = { header(0, 1) .. u32(9) .. u32(1)
      .. u32(1) .. u32(1) .. "x" .. END, "byte 24: a record of 10 bytes in a "
      .. "block that has 9 more" },
    ["sizes that overflow"] = { header(0, 1) .. u32(9) .. u32(1)
      .. ("\255"):rep(8) .. "x" .. END, "byte 24: a record of 8589934598 " },
    ["fewer records than it says"] = { header(0, 1) .. u32(18) .. u32(2)
      .. record("a", "123456789") .. END, "byte 42: a record of 8 bytes in a "
      .. "block that has 0 more" },
    ["more than it says"] = { header(0, 1) .. u32(20) .. u32(1)
      .. record("a", "1") .. record("b", "2") .. END,
      "byte 34: 10 bytes behind the last record of a block" },
    ["keys that descend"] = { header(0, 1) .. block(record("b", ""),
      record("a", "")) .. END, "byte 33: a key that is less than the one "
      .. "before it" },
    ["long keys that descend"] = { header(0, 1) .. block(
      record("eight bytes and b", ""), record("eight bytes and a", "")) .. END,
      "byte 49: a key that is less" },
    ["keys that descend from block to block"] = { header(0, 1)
      .. block(record("abc", "")) .. block(record("ab", "")) .. END,
      "byte 43: a key that is less" },
  }

  it("is refused, with the place of what is wrong", function()
    for name, case in pairs(bad) do
      local report = reduce("groups", case[1])
      assert.equal("exit", report.state, name)
      assert.equal(120, report.code, name)
      local said = report.channels.stderr.data
      assert.truthy(said:find(case[2], 1, true), name .. ": " .. said)
      assert.truthy(said:find "^zvm%-mapreduce: [^\n]+\n$", name)
    end
  end)

  it("is refused when it is of another partition than the others", function()
    local report = reduce("sum", header(0, 2) .. END, header(1, 2) .. END)
    assert.equal("zvm-mapreduce: /dev/in/map-2: byte 8: partition 1 of 2; "
      .. "the first stream is of 0 of 2\n", report.channels.stderr.data)
  end)

  it("never makes a reducer fault, whatever bytes it has", function()
    local draw = chance(15)
    for i = 1, LUAJIT and 300 or 60 do
      local bytes = { GOOD:byte(1, -1) }
      for _ = 1, 1 + draw(3) do
        bytes[1 + draw(#bytes)] = draw(3) == 0 and 255 or draw(256)
      end
      local report = reduce(i % 2 == 0 and "records" or "groups",
        string.char(unpack(bytes)):sub(1, #bytes - draw(2) * draw(#bytes)))
      assert.equal("exit", report.state)
      assert.is_true(report.code == 0 or report.code == 120)
    end
  end)
end)

describe("the options of a job", function()
  local function refusal(changes)
    local job = { input = { path = "x", split = "newline" }, map = GUEST }
    for key, value in pairs(changes) do
      job[key] = value
    end
    local made, message, code = zvm.mapreduce(job)
    assert.is_nil(made)
    assert.equal("OPTION", code)
    return message
  end

  it("are refused by name, and with what was expected", function()
    local cases = {
      { { mapper = 2 }, 'unknown option "mapper"; did you mean "mappers"?' },
      { { mappers = 0 }, "mappers: whole number from 1 to 100000 expected, "
        .. "got 0" },
      { { map = 7 }, "map: module, path or table expected, got 7" },
      { { map = { program = GUEST, memori = 1 } },
        'map: unknown option "memori"; did you mean "memory"?' },
      { { map = { program = GUEST, memory = "x" } }, "map: memory: size such "
        .. 'as 4096 or "64M" expected, got "x"' },
      { { map = { program = GUEST, env = { ZVM_MAPREDUCE = "" } } },
        "map: env: ZVM_MAPREDUCE belongs to the job" },
      { { reduce = false }, "reduce: module, path or table expected, "
        .. "got boolean" },
      { { partitions = 257 }, "partitions: whole number from 1 to 256 "
        .. "expected, got 257" },
      { { partition = "rang" }, 'partition: "hash", "range" or a list of '
        .. 'keys expected, got "rang"' },
      { { partition = { "b", "a" } }, "partition[2]: a greater key than the "
        .. 'one before expected, got "a"' },
      { { partition = { "b" }, partitions = 3 }, "partitions: 2 expected, "
        .. "one more than there are keys, got 3" },
      { { records = "line" }, 'records: "lines", "blocks", "whole" or a '
        .. 'number of bytes expected, got "line"' },
      { { buffer = 100 }, "buffer: 16384 to 3758096384 bytes expected, "
        .. "got 100" },
      { { scratch = true }, "scratch: directory or false expected, "
        .. "got boolean" },
      { { scratch_size = "1T" }, 'scratch_size: size such as 4096 or "64M" '
        .. 'expected, got "1T"' },
      { { input = 7 }, "input: path, table or list expected, got 7" },
      { { output = 7 }, "output: path, true, function or table expected, "
        .. "got 7" },
      { { output = "one", partitions = 2 }, 'output: "one" would be written '
        .. "by reduce-1 and reduce-2; %i or %n in the name makes it another "
        .. "for each" },
    }
    for _, case in ipairs(cases) do
      assert.equal("mapreduce: " .. case[2], refusal(case[1]))
    end
    assert.equal("mapreduce: map: module, path or table expected, got none",
      select(2, zvm.mapreduce { input = "x" }))
  end)

  it("name a scratch directory that there is not", function()
    local job = assert(zvm.mapreduce { input = { { data = "" } },
      map = GUEST, scratch = "/nowhere" })
    local report = assert(job:run())
    assert.equal("failed", report.state)
    assert.equal("map: scratch: /nowhere: No such file or directory",
      report.reason)
  end)

  it("leave the channel of that name to the job", function()
    assert.equal("mapreduce: map: channels: scratch belongs to the job",
      refusal { map = { program = GUEST, channels = { scratch = "x" } } })
  end)

  it("give the memory that reducers need for many mappers", function()
    local job = assert(zvm.mapreduce { map = GUEST, mappers = 500,
      input = { path = "x", split = "newline" } })
    assert.is_true(job.graph.stages[2].options.memory > 500 * 262144)
  end)
end)
