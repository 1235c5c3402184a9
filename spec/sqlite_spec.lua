-- SQLite in the sandbox: in memory, and on a channel of random access.
-- `make check-ports PORTS=sqlite3` runs tests of its own.
--
-- SPDX-License-Identifier: Apache-2.0

local host = require "support.host"
local zvm = require "zvm"

-- The guest is the same whatever runs this spec: once is enough.
if not (os.getenv "ZVM_TEST_LUA" or "luajit"):find "^luajit$" then
  return
end

local SHELL = (os.getenv "ZVM_BUILD" or "build") .. "/sqlite3.zvm"

describe("sqlite3.zvm", function()
  local module, path

  setup(function() module = assert(zvm.load(SHELL)) end)

  before_each(function() path = os.tmpname() end)

  after_each(function() os.remove(path) end)

  -- What the shell says to `sql`; on the file, if `channel` says how.
  local function ask(sql, channel)
    local report = assert(zvm.run {
      program = module, args = { "-batch", channel and "/dev/x.db" },
      memory = "128M", timeout = 60,
      channels = { stdin = { data = sql }, ["x.db"] = channel },
    })
    assert.equal("", report.channels.stderr.data)
    assert.equal("exit", report.state)
    return report.channels.stdout.data, report
  end

  local function on_file()
    return { path = path, mode = "r+" }
  end

  it("counts in memory", function()
    assert.equal("333283335000\n", (ask [[
      CREATE TABLE t(n INTEGER PRIMARY KEY, square INTEGER);
      WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 9999)
        INSERT INTO t SELECT n, n * n FROM c;
      SELECT sum(square) FROM t;]]))
  end)

  it("keeps what was committed for the next run", function()
    assert.equal("", (ask([[
      CREATE TABLE t(name TEXT, size INTEGER);
      CREATE INDEX by_size ON t(size);
      BEGIN;
      WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 5000)
        INSERT INTO t SELECT 'name ' || n, n * 7 % 1000 FROM c;
      COMMIT;
      BEGIN; DELETE FROM t; ROLLBACK;]], on_file())))
    assert.equal("SQLite format 3\0", host.read_file(path):sub(1, 16))
    assert.equal("ok\n5000|2497500\n", (ask([[
      PRAGMA integrity_check;
      SELECT count(*), sum(size) FROM t;]], on_file())))
    assert.equal("5\n", (ask("SELECT count(*) FROM t WHERE size = 1;",
      { path = path })))
  end)

  it("forgets what was not", function()
    ask("CREATE TABLE t(a); INSERT INTO t VALUES(1);", on_file())
    ask("BEGIN; INSERT INTO t VALUES(2);", on_file())
    assert.equal("1\nok\n", (ask("SELECT * FROM t; PRAGMA integrity_check;",
      on_file())))
  end)

  it("empties a file that cannot become shorter", function()
    assert.equal("10\nok\n", (ask([[
      CREATE TABLE t(a);
      WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 2000)
        INSERT INTO t SELECT hex(randomblob(500)) FROM c;
      DELETE FROM t WHERE rowid > 10; VACUUM;
      SELECT count(*) FROM t; PRAGMA integrity_check;]], on_file())))
    assert.equal("10\nok\n", (ask([[
      SELECT count(*) FROM t; PRAGMA integrity_check;]], on_file())))
  end)

  it("takes back a transaction by which the file grew", function()
    assert.equal("1\nok\n", (ask([[
      PRAGMA cache_size = 10; CREATE TABLE t(a); INSERT INTO t VALUES(1);
      BEGIN;
      WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 2000)
        INSERT INTO t SELECT hex(randomblob(500)) FROM c;
      ROLLBACK;]], on_file()) .. ask([[
      SELECT count(*) FROM t; PRAGMA integrity_check;]], on_file())))
  end)

  it("makes the same file of the same statements", function()
    local sql = "CREATE TABLE t(a); INSERT INTO t VALUES(random());"
      .. "INSERT INTO t VALUES(datetime('now'));"
    ask(sql, on_file())
    local first = host.read_file(path)
    os.remove(path)
    ask(sql, on_file())
    assert.equal(zvm.digest(first), zvm.digest(host.read_file(path)))
  end)

  it("waits for a lock as long as it is told, by the virtual clock", function()
    local report = assert(zvm.run {
      program = module, args = { "-batch", "/tmp/x.db" },
      channels = { stdin = { data = [[
CREATE TABLE t(a); BEGIN EXCLUSIVE;
.connection 1
.open /tmp/x.db
.timeout 200
SELECT strftime('%f', 'now') < '00.050'; SELECT * FROM t;
SELECT strftime('%f', 'now');
]] } },
    })
    assert.truthy(report.channels.stderr.data:find "database is locked")
    assert.equal("1\n00.200\n", report.channels.stdout.data)
  end)

  it("has full-text search, R-trees and JSON", function()
    assert.equal("a quick fox\n2\n7\n", (ask [[
      CREATE VIRTUAL TABLE f USING fts5(t);
      INSERT INTO f VALUES('a quick fox'), ('a dog');
      SELECT t FROM f('quick');
      CREATE VIRTUAL TABLE r USING rtree(id, low, high);
      INSERT INTO r VALUES(1, 2, 5), (2, 7, 9);
      SELECT id FROM r WHERE high > 6;
      SELECT '{"a":[6,7]}' ->> '$.a[1]';]]))
  end)

  it("says that a file is no database", function()
    host.write_file(path, ("no database "):rep(1000))
    local report = assert(zvm.run { program = module,
      args = { "/dev/x.db", "SELECT * FROM t" },
      channels = { ["x.db"] = on_file() } })
    assert.truthy(report.channels.stderr.data:find("not a database", 1, true))
    assert.is_true(report.code ~= 0)
  end)
end)
