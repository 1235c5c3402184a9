--- Usage texts, man pages and completion agree with the tables of the command.
--
-- SPDX-License-Identifier: Apache-2.0
local channel = require "zvm.cli.channel"
local commands = require "zvm.cli.commands"
local exits = require "zvm.cli.exits"
local host = require "support.host"
local lfs = require "lfs"
local man = require "zvm.cli.man"
local usage = require "zvm.cli.usage"

local function quote(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

-- What bash offers for the last of these words, sorted.
local function complete(words, before)
  local quoted = {}
  for i, word in ipairs(words) do
    quoted[i] = quote(word)
  end
  local script = ("%s source lua/completion/zvm.bash; COMP_WORDS=(zvm %s); "
    .. "COMP_CWORD=%d; _zvm; printf '%%s\\n' \"${COMPREPLY[@]}\""):format(
    before or "", table.concat(quoted, " "), #words)
  local pipe = io.popen("bash --norc -c " .. quote(script))
  local out = {}
  for line in pipe:lines() do
    out[#out + 1] = line ~= "" and line or nil
  end
  pipe:close()
  table.sort(out)
  return out
end

local function sorted(list)
  local out = { unpack(list) }
  table.sort(out)
  return out
end

local function options_of(command)
  local out = {}
  for i, option in ipairs(command.options) do
    out[i] = "--" .. option.name
  end
  return sorted(out)
end

-- The options that a text names at the start of lines.
local function options_in(text, pattern)
  local out = {}
  for name in text:gmatch(pattern) do
    out[#out + 1] = name
  end
  return sorted(out)
end

describe("completion", function()
  it("offers the commands", function()
    local names = { "--help", "--version" }
    for i, command in ipairs(commands.list) do
      names[i + 2] = command.name
    end
    assert.same(sorted(names), complete { "" })
    assert.same({ "repl" }, complete { "re" })
    table.remove(names, 1)
    table.remove(names, 1)
    assert.same(sorted(names), complete { "help", "" })
  end)

  for _, command in ipairs(commands.list) do
    if command.name ~= "cc" then
      it("offers the options of " .. command.name, function()
        assert.same(options_of(command), complete { command.name, "--" })
      end)
    end
    for _, option in ipairs(command.options) do
      local spelling = "--" .. option.name
      if option.values then
        it(("offers the values of %s %s"):format(command.name, spelling),
          function()
            -- As bash parts them, and as one word.
            local one = {}
            for i, value in ipairs(option.values) do
              one[i] = spelling .. "=" .. value
            end
            assert.same(sorted(option.values), complete { command.name,
              spelling, "=" })
            assert.same(sorted(one), complete { command.name,
              spelling .. "=" })
            if not option.optional then
              assert.same(sorted(option.values), complete { command.name,
                spelling, "" })
            end
            assert.same({ option.values[1] }, complete { command.name,
              spelling, "=", option.values[1] })
          end)
      elseif option.complete then
        it(("offers paths for %s %s"):format(command.name, spelling),
          function()
            assert.same({ "docs" }, complete { command.name, spelling, "doc" })
            assert.same(option.complete == "file" and { "README.md" } or {},
              complete { command.name, spelling, "READ" })
          end)
      end
    end
  end

  it("offers files for a program, and for what follows it", function()
    assert.same({ "README.md" }, complete { "run", "READ" })
    assert.same({ "README.md" }, complete { "run", "x.zvm", "READ" })
    assert.same({ "README.md" }, complete { "run", "x.zvm", "@", "READ" })
    assert.same({ "@README.md" }, complete { "run", "x.zvm", "@READ" })
    assert.same({ "README.md" }, complete { "explain", "--max", "3", "READ" })
    assert.same({ "README.md" }, complete { "cc", "-O2", "READ" })
    assert.same({}, complete { "version", "READ" })
  end)

  it("offers options of zvm after the program too, but not after --", function()
    assert.same({ "--memory", "--memory-etag" },
      complete { "run", "x.zvm", "--mem" })
    assert.same({ "README.md" }, complete { "run", "x.zvm", "--memory", "1M",
      "READ" })
    assert.same({}, complete { "run", "--", "--mem" })
    assert.same({}, complete { "run", "x.zvm", "--", "--mem" })
    assert.same({ "--memory", "--memory-etag" }, complete { "run", "--etag",
      "--mem" })
    assert.same({ "--memory", "--memory-etag" }, complete { "run", "--stack",
      "8M", "--channel", "in", "=", "file", ":", "x", "--mem" })
  end)

  it("offers paths, keys, flags and values for --channel", function()
    assert.same({ "stderr=", "stdin=", "stdout=" }, complete { "run",
      "--channel", "" })
    assert.same({ "README.md" }, complete { "run", "--channel", "in", "=",
      "READ" })
    assert.same({ "in=README.md" }, complete { "run", "--channel",
      "in=READ" })
    assert.same({ "README.md" }, complete { "run", "--channel", "in", "=",
      "file", ":", "READ" })
    local all = { unpack(channel.FLAGS) }
    for _, key in ipairs(channel.KEYS) do
      all[#all + 1] = key .. "="
    end
    for i, each in ipairs(all) do
      all[i] = "x," .. each
    end
    assert.same(sorted(all), complete { "run", "--channel", "in", "=", "x," })
    assert.same({ "a", "r", "r+", "w" }, complete { "run", "--channel", "in",
      "=", "x,mode", "=", "" })
    assert.same({ "md5" }, complete { "run", "--channel", "in", "=", "x,etag",
      "=", "m" })
  end)

  it("offers the limits for --limit", function()
    local all = {}
    for i, limit in ipairs(channel.LIMITS) do
      all[i] = "out." .. limit .. "="
    end
    assert.same(sorted(all), complete { "run", "--limit", "out." })
    assert.same({ "unlimited" }, complete { "run", "--limit", "out.puts", "=",
      "u" })
  end)

  it("is there for zvm, and says nothing on its own", function()
    local pipe = io.popen("bash --norc -c 'set -u; source "
      .. "lua/completion/zvm.bash; complete -p zvm' 2>&1")
    assert.equal("complete -F _zvm zvm\n", pipe:read "*a")
    pipe:close()
  end)
end)

describe("usage texts", function()
  for _, command in ipairs(commands.list) do
    it(("of %s have its options and exit codes, and no others"):format(
      command.name), function()
      local text = usage.of(command)
      assert.same(options_of(command), options_in(text, "\n  (%-%-[%l-]+)"))
      for _, exit in ipairs(command.exits) do
        assert.truthy(text:find(("\n  %-10s"):format(exit.shown or exit.code),
          1, true))
      end
    end)
  end
end)

describe("man pages", function()
  local pages = {}
  for name in lfs.dir "docs/man" do
    local page = name:match "^(.*)%.scd$"
    if page then
      pages[page] = man.expand(host.read_file("docs/man/" .. name))
    end
  end

  it("are there for the command and what it takes", function()
    for _, page in ipairs { "zvm.1", "zvm-manifest.5" } do
      assert.truthy(pages[page])
    end
    for _, command in ipairs(commands.list) do
      assert.truthy(pages["zvm.1"]:find("*zvm " .. command.name .. "*", 1,
        true))
    end
  end)

  for _, name in ipairs { "run", "pipeline", "validate", "explain", "cc",
    "repl" } do
    it(("of %s have its options and exit codes, and no others"):format(name),
      function()
        local command = commands.find(name)
        local page = pages["zvm-" .. name .. ".1"]
        assert.same(options_of(command), options_in(page,
          "\n%*(%-%-[%l-]+)%*[^\n]*\n\t"))
        local section = page:match "\n# EXIT STATUS\n(.-)\n# "
        local codes = {}
        for code in section:gmatch "\n%*([^*]+)%*\n\t" do
          codes[#codes + 1] = code
        end
        local expected = {}
        for i, exit in ipairs(command.exits) do
          expected[i] = tostring(exit.shown or exit.code)
        end
        assert.same(expected, codes)
      end)
  end

  it("name each key and flag of a channel", function()
    local page = pages["zvm-run.1"]:match "\nKeys after the URI:\n(.-)\n# "
    local about = commands.run.options[1].about
    for _, list in ipairs { channel.KEYS, channel.LIMITS, { "listen",
      "partial" } } do
      for _, word in ipairs(list) do
        assert.truthy(page:find("*" .. word .. "*", 1, true), word)
        assert.truthy(about:find(word, 1, true), word)
      end
    end
  end)

  it("are taken by scdoc, where it is", function()
    if os.execute "command -v scdoc >/dev/null" ~= 0 then
      return
    end
    local path = os.tmpname()
    for name, text in pairs(pages) do
      host.write_file(path, text)
      assert.equal(0, os.execute("scdoc >/dev/null <" .. path), name)
    end
    os.remove(path)
  end)

  it("refer only to commands and pages that there are", function()
    for _, text in pairs(pages) do
      for page, section in text:gmatch "%*(zvm[%l-]*)%*%((%d)%)" do
        assert.truthy(pages[page .. "." .. section], page)
      end
    end
  end)

  it("may not name what there is not", function()
    assert.has_error(function() man.expand "@options frob@" end)
    assert.has_error(function() man.expand "@colours run@" end)
    assert.equal("a@b.c\n\td\n```\n    e\n```\n",
      man.expand "a@b.c\n    d\n```\n    e\n```\n")
  end)
end)

describe("exit codes", function()
  it("are those that docs/command.md tells", function()
    local codes = {}
    local text = host.read_file "docs/command.md"
    for code in text:match "\n## Exit codes\n(.-)\n## ":gmatch
      "\n| (%d[%w +]-) |" do
      codes[#codes + 1] = code
    end
    local expected = {}
    for i, exit in ipairs(exits.run) do
      expected[i] = tostring(exit.shown or exit.code)
    end
    assert.same(expected, codes)
  end)

  it("differ, and each is for one thing", function()
    local seen = {}
    for _, exit in ipairs(exits.run) do
      assert.is_nil(seen[exit.code])
      seen[exit.code] = true
      assert.equal(exit.code, exits[exit.name])
    end
  end)
end)
