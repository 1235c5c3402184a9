-- zvm.re: results against the native library, conventions, limits, and an
-- instance that lies.
--
-- SPDX-License-Identifier: Apache-2.0

local re = require "zvm.re"
local zvm = require "zvm"

teardown(re.close) -- an instance that stays would take a worker

local function all(...)
  return { n = select("#", ...), ... }
end

-- As zvm.host has matches: words of 4 bytes.
local function words(...)
  local out = {}
  for i, n in ipairs { ... } do
    out[i] = string.char(n % 256, math.floor(n / 2 ^ 8) % 256,
      math.floor(n / 2 ^ 16) % 256, math.floor(n / 2 ^ 24))
  end
  return table.concat(out)
end

local UNSET = 0xffffffff

describe("zvm.re", function()
  it("finds, with places and captures", function()
    local p = assert(re.compile "(\\w+)@(\\w+)(!)?")
    assert.same(all(6, 13, "bob", "home", false),
      all(p:find "mail bob@home now"))
    assert.same(all("bob", "home", false), all(p:match "mail bob@home now"))
    assert.same(all(nil), all(p:find "nobody"))
    assert.equal("b+", assert(re.compile "[a-z]\\+"):match "a b+")
  end)

  it("begins where it is told, as string.find does", function()
    local p = assert(re.compile "\\w")
    assert.same(all(3, 3), all(p:find("a b", 2)))
    assert.same(all(3, 3), all(p:find("a b", -1)))
    assert.same(all(1, 1), all(p:find("a b", -99)))
    assert.same(all(nil), all(p:find("a b", 4)))
    assert.same(all(nil), all(p:find("a b", 5)))
    assert.same(all(4, 3), all(assert(re.compile "$"):find("a b", 4)))
    -- what is before the place is seen
    assert.same(all(2, 2), all(assert(re.compile "(?<=a)b"):find("ab", 2)))
  end)

  it("takes numbers as string.find does, or says what is wrong", function()
    local p = assert(re.compile "\\w")
    assert.same(all(1, 1), all(p:find("ab", 1.9)))
    assert.same(all(2, 2), all(p:find("ab", -1.9)))
    assert.same(all(2, 2), all(p:find("ab", "2")))
    assert.same(all(nil), all(p:find("ab", math.huge)))
    assert.same(all(1, 1), all(p:find("ab", -math.huge)))
    assert.same(all("b", 1), all(p:gsub("ab", "", "1")))
    assert.same(all("b", 1), all(p:gsub("ab", "", 1.9)))
    assert.same(all("", 2), all(p:gsub("ab", "", math.huge)))
    for name, n in pairs { find = 2, match = 2, exec = 2, gsub = 3 } do
      for got, value in pairs { ["not a number"] = 0 / 0, string = "x",
        table = {} } do
        local arguments = { "ab", n == 3 and "" or value, value }
        assert.has_error(function() p[name](p, unpack(arguments)) end,
          ("bad argument #%d to '%s' (number expected, got %s)"):format(n,
          name, got))
      end
    end
  end)

  it("gives groups by name", function()
    local p = assert(re.compile("(?<year>\\d+)-(?<month>\\d+)(?<z>Z)?"))
    local first, last, groups = p:exec "on 2024-05"
    assert.same({ 4, 10 }, { first, last })
    assert.same({ "2024", "05", false, year = "2024", month = "05",
      z = false }, groups)
    local _, _, either = assert(re.compile("(?<n>a)|(?<n>b)", "J")):exec "b"
    assert.equal("b", either.n)
  end)

  it("walks over all matches, empty ones as Perl does", function()
    local seen = {}
    for key, value in assert(re.gmatch("a=1, b=2", "(\\w)=(\\w)")) do
      seen[#seen + 1] = key .. value
    end
    assert.same({ "a1", "b2" }, seen)
    seen = {}
    for word in assert(re.gmatch("ab c", "\\w*")) do
      seen[#seen + 1] = word
    end
    assert.same({ "ab", "", "c", "" }, seen)
  end)

  it("passes over CR and LF at once where they are one newline", function()
    for _, verb in ipairs { "(*CRLF)", "(*ANYCRLF)", "(*ANY)" } do
      assert.same(all("-a-\r\n-", 3), all(re.gsub("a\r\n", verb, "-")))
    end
    assert.same(all("-a-\r-\n-", 4), all(re.gsub("a\r\n", "", "-")))
  end)

  it("replaces by strings, tables and functions", function()
    local p = assert(re.compile "(?<user>\\w+)@(\\w+)")
    assert.same(all("x b.a% y", 1), all(p:gsub("x a@b y", "%2.%{user}%%")))
    assert.same(all("[a@b] [c@d]", 2), all(p:gsub("a@b c@d", "[%0]")))
    assert.same(all("1 c@d", 2), all(p:gsub("a@b c@d", { a = 1 })))
    assert.same(all("b c@d", 1), all(p:gsub("a@b c@d", "%2", 1)))
    assert.same(all("a@b", 0), all(p:gsub("a@b", "%2", 0)))
    assert.same(all("ba c@d", 2), all(p:gsub("a@b c@d", function(user, host)
      return user == "a" and host .. user
    end)))
    assert.same(all("-h-i-", 3), all(re.gsub("hi", "", "-")))
    assert.same(all("-\195\164-", 2), all(re.gsub("\195\164", "", "-", nil,
      "u")))
    assert.has_error(function() p:gsub("a@b", "%3") end,
      "bad argument #2 to 'gsub' (no group 3 in the pattern)")
    assert.has_error(function() p:gsub("a@b", "%{no}") end,
      "bad argument #2 to 'gsub' (no group \"no\" in the pattern)")
    for _, name in ipairs { "inf", "nan", "_1" } do
      assert.equal("[a]", (re.gsub("a", "(?<" .. name .. ">a)",
        "[%{" .. name .. "}]")))
    end
    assert.equal("[a]", (re.gsub("a", "(a)", "[%{01}]")))
    for _, name in ipairs { "0x1", "1e0", "inf", "nan" } do
      assert.has_error(function() p:gsub("a@b", "%{" .. name .. "}") end,
        "bad argument #2 to 'gsub' (no group \"" .. name
        .. "\" in the pattern)")
    end
    assert.has_error(function() p:gsub("a@b", function() return {} end) end,
      "invalid replacement value (a table)")
    assert.has_error(function() p:gsub("a@b", true) end)
  end)

  it("puts nothing in that is out of bounds", function()
    local replace, GROUPS = zvm.host.replace, 2 ^ 31
    local function text(s) return words(#s) .. s end
    local function group(...) return words(GROUPS + select("#", ...), ...) end
    assert.equal("<a>b<c>", replace("abc", words(0, 1, 2, 3), 1,
      text "<" .. group(0) .. text ">"))
    assert.equal("abc", replace("abc", words(0, 1, 9, 9), 2, group(1, 0)))
    assert.equal("xbc", replace("abc", words(0, 1), 1, group(5, UNSET, 7)
      .. group() .. text "x" .. text ""))
    local long = ("0123456789"):rep(1000)
    assert.equal(long .. long, replace(long, words(0, #long), 1,
      group(0) .. group(0)))
    for _, wrong in ipairs { { words(0, 9), 1, "" }, { words(2, 1), 1, "" },
      { words(0, 1), 0 / 0, "" }, { words(0, 1), 0, "" },
      { words(0, 1), 1e300, "" }, { words(0, 1), 1, "x" },
      { words(0, 1), 1, words(1) }, { words(0, 1), 1, words(GROUPS - 1) },
      { words(0, 1), 1, words(GROUPS + 1) .. "abc" },
      { words(0, 1), 1, words(UNSET) }, { words(0, 1), 1, {} },
      { {}, 1, "" } } do
      assert.has_error(function() replace("abc", unpack(wrong)) end)
    end
    assert.same(all(false, "b", false, false),
      all(zvm.host.captured("abc", words(0, 9, 1, 2, 2, 1), 0, 4)))
    assert.has_error(function() zvm.host.captured("abc", "", 0, 2 ^ 17) end)
    assert.same(all(1, 2), all(zvm.host.span(words(0, 9, 1, 2), 1)))
    assert.same(all(UNSET, UNSET), all(zvm.host.span(words(0, 9), 1)))
  end)

  it("tells what matches can be", function()
    for _, case in ipairs {
      { true, 1, 3, 0, 3, 3, 3 }, { true, 2, 3, 0, 1, UNSET, UNSET },
      { true, 0, 3, UNSET, UNSET }, { true, 1, 3 },
      { false, 1, 3, 0, 4 }, { false, 1, 3, 2, 1 }, { false, 1, 3, UNSET, 1 },
      { false, 1, 3, UNSET, UNSET }, { false, 2, 3, 0, 1 },
      { false, 2, 3, 0, 1, 1, UNSET }, { false, 2, 3, 0, 1, 1, 2, 1, 2 },
      { false, 2, 3, 0, 1, 1, 2, UNSET, UNSET, 1, 2 }, { false, 0, 3, 4, 4 },
    } do
      assert.equal(case[1], zvm.host.are_matches(words(unpack(case, 4)),
        case[2], case[3]), table.concat(case, " ", 2))
    end
    assert.is_false(zvm.host.are_matches(words(0, 1) .. "x", 1, 3))
  end)

  it("puts in the first group of a name that took part", function()
    local p = assert(re.compile("(?<n>a)|(?<n>b)|c", "J"))
    assert.equal("[a][b][]", (p:gsub("abc", "[%{n}]")))
    assert.equal("[][b][]", (p:gsub("abc", "[%{2}]")))
    p = assert(re.compile("(?|(?<n>a)(x)|(?<n>b)(y))(?<n>z)?", "J"))
    assert.equal("a.b.", (p:gsub("axby", "%{n}.")))
    assert.has_error(function() p:gsub("a", "%{m}") end)
    assert.has_error(function() p:gsub("a", "%{4}") end)
  end)

  it("is not misled by what a script makes of a pattern", function()
    local p, two = assert(re.compile "b"), assert(re.compile "(a)(b)")
    local class = assert(re.compile "[b]")
    p[1] = two[1]
    assert.equal("LOST", select(3, p:find "ab"))
    for _, other in ipairs { io.stdout, newproxy(true), {}, "x", 5,
      class[1] } do
      p[1] = other
      assert.equal(2, (p:find "ab"))
      assert.equal("ax", (p:gsub("ab", "x")))
      p[1] = nil
      assert.same(all(2, 2), all(p:find "ab"))
    end
    local host = zvm.host
    for _, wrong in ipairs { { host.finder, io.stdout, 0, 1 },
      { host.finder, p.engine.link, -1, 1 }, { host.text_finder, "" },
      { host.text_finder, ("x"):rep(65) }, { host.link },
      { host.finder, p.engine.link, 0, 65537 },
      { class.engine.link.open, class.engine.link, io.stdout, io.stdout },
      { host.find_all, class, "b", -1, 1 },
      { host.find_all, class, "b", 0, 2 ^ 32 }, { host.find_all, class },
      { class.find, {}, "b" }, { class.find, nil, "b" }, { class.find } } do
      assert.has_error(function() wrong[1](unpack(wrong, 2)) end)
    end
    assert.same(all(nil, false), all(host.find_all({}, "b", 0, 1)))
    assert.same(all(2, 2), all(class:find "ab"))
  end)

  it("keeps in step with its instance, however long subjects are", function()
    local p, text = assert(re.compile "[b]"), assert(re.compile "(b)")
    local seed = 1
    for i = 1, 600 do
      seed = seed * 16807 % 2147483647
      local n = ({ 0, 1, 60, 1000, 4095, 4096, 4097, 65535, 65536, 70000 })[
        seed % 10 + 1]
      local subject = ("a"):rep(n) .. "b"
      local kind = seed % 7
      if kind == 0 then
        assert.is_nil(re.compile("(" .. i))
      elseif kind == 1 then
        assert.same(all(n + 1, n + 1, "b"), all(text:find(subject)))
      elseif kind == 2 then
        assert.equal(n + 1, #p:gsub(subject, "c"))
      elseif kind == 3 then
        assert(re.compile("[" .. i .. "]"))
        collectgarbage()
      end
      assert.same(all(n + 1, n + 1), all(p:find(subject)), i)
      assert.same(all(nil), all(p:find(subject, n + 2)))
    end
  end)

  it("may be used by its own replacement", function()
    local inner = assert(re.compile "b")
    assert.equal("aXa aXa", (re.gsub("aba aba", "\\w+", function(word)
      return (inner:gsub(word, "X"))
    end)))
  end)

  it("knows flags", function()
    assert.equal("A", re.match("A", "a", 1, "i"))
    assert.equal("b", re.match("a\nb", "^b$", 1, "m"))
    assert.equal("a\nb", re.match("a\nb", "a.b", 1, "s"))
    assert.equal("ab", re.match("ab", "a b # both", 1, "x"))
    assert.equal("\195\164", re.match("\195\164", ".", 1, "u"))
    assert.equal("\195", re.match("\195\164", "."))
  end)

  it("does not begin inside a character of UTF-8", function()
    local inside = all(nil, "zvm.re: bad offset into UTF string at 2", "UTF")
    for _, source in ipairs { ".", "(.)", "x" } do
      local p = assert(re.compile(source, "u"))
      local subject = "\195\164" .. source
      assert.same(inside, all(p:find(subject, 2)))
      p:find(subject)
      assert.same(inside, all(p:find(subject, 2)))
    end
  end)

  it("says what is wrong with a pattern, and where", function()
    assert.same(all(nil, "re.compile: at 4: missing closing parenthesis",
      "PATTERN"), all(re.compile "a(b"))
    assert.same(all(nil, "re.compile: at 4: missing closing parenthesis",
      "PATTERN"), all(re.find("a", "a(b")))
    local _, message, code = re.compile("a", "iq")
    assert.equal("OPTION", code)
    assert.truthy(message:find('"q" is none of', 1, true))
    assert.equal("UTF", select(3, re.find("\255", "a", 1, "u")))
    assert.has_error(function() re.compile {} end)
    assert.has_error(function() re.find(1, {}) end)
    assert.equal("OPTION", select(3, re.new { memroy = 1 }))
    assert.equal("OPTION", select(3, re.new { timeout = -1 }))
    assert.equal("OPTION", select(3, re.new { timeout = "1" }))
    assert.same(all(nil, "re.new: memory: number or size string expected, "
      .. "got boolean", "OPTION"), all(re.new { memory = true }))
  end)

  it("takes any bytes and long subjects", function()
    local text = ("\0x\255"):rep(200000) .. "end"
    assert.same(all(600001, 600003), all(re.find(text, "end")))
    local _, count = assert(re.gsub(text, "x", "y"))
    assert.equal(200000, count)
    assert.equal("\0", re.match(text, "\\x00"))
  end)

  it("takes many groups", function()
    local p = assert(re.compile(("(.)"):rep(300)))
    assert.same(all(p:match(("ab"):rep(150))).n, 300)
    assert.equal(302, select("#", p:find(("ab"):rep(150))))
  end)
end)

describe("an engine of zvm.re", function()
  local engine

  before_each(function()
    engine = assert(re.new { timeout = 0.3, memory = "32M",
      match_limit = 4e9, depth_limit = 4e9, heap_limit = 1024 })
  end)

  after_each(function() engine:close() end)

  it("ends a match that takes too long, and goes on", function()
    local slow = assert(engine:compile "(a+)+$")
    local other = assert(engine:compile "b")
    assert.equal("TIMEOUT", select(3, slow:find(("a"):rep(40) .. "b")))
    assert.same(all(1, 3, "aaa"), all(slow:find "aaa"))
    assert.same(all(2, 2), all(other:find "ab"))
  end)

  it("has one time for all matches together", function()
    -- a block of the answer has 81 of them
    local p = assert(engine:compile("(?:(?:a+)+c|b)" .. ("()"):rep(99)))
    local slow = (("a"):rep(12) .. "b"):rep(4000)
    assert.same(all(nil, "zvm.re: no answer within 0.3 seconds", "TIMEOUT"),
      all(p:gsub(slow, "")))
    assert.equal("TIMEOUT", select(3, p:gmatch(slow)))
    assert.same(all("aa", 1), all(p:gsub("aba", "")))
  end)

  it("has its whole time again after all matches", function()
    local p = assert(engine:compile "(?:a+)+c|b")
    local times = 1
    repeat
      local first = zvm.host.now()
      times = times * 2
      assert(p:gsub((("a"):rep(14) .. "b"):rep(times), ""))
    until zvm.host.now() - first > 0.03
    local began = zvm.host.now()
    assert.equal("TIMEOUT", select(3, p:find(("a"):rep(40) .. "b")))
    assert.is_true(zvm.host.now() - began >= 0.299)
  end)

  it("keeps as many offsets of matches as it may", function()
    local few = assert(re.new { offset_limit = 40000 })
    local plain, group = assert(few:compile "[a]"), assert(few:compile "(a)")
    local letter = assert(few:compile "a")
    local message = "zvm.re: matches have more than 40000 offsets"
    local text = ("a"):rep(20001)
    assert.same(all(nil, message, "LIMIT"), all(plain:gsub(text, "")))
    assert.same(all(nil, message, "LIMIT"), all(plain:gmatch(text)))
    assert.same(all(nil, message, "LIMIT"), all(letter:gsub(text, "")))
    assert.same(all("a", 20000), all(plain:gsub(text, "", 20000)))
    assert.same(all("a", 20000), all(letter:gsub(text, "", 20000)))
    assert.same(all("", 20000), all(plain:gsub(text:sub(2), "")))
    assert.same(all(nil, message, "LIMIT"), all(group:gsub(text, "", 10001)))
    assert.equal(10000, (select(2, group:gsub(text, "", 10000))))
    assert.equal(1, few.engine.link:generation()) -- none had to be killed
    few:close()
  end)

  it("counts steps, depth and memory of a match", function()
    local few = assert(re.new { match_limit = 1000 })
    assert.equal("LIMIT", select(3, few:find(("a"):rep(40) .. "b", "(a+)+$")))
    assert.equal("LIMIT", select(3, few:gsub(("a"):rep(40) .. "b", "(a+)+$",
      "")))
    few:close()
    local flat = assert(re.new { depth_limit = 10 })
    assert.equal("LIMIT", select(3, flat:find(("a"):rep(99) .. "c",
      "(?:a|b)*$")))
    flat:close()
    assert.equal("LIMIT", select(3, engine:find(("ab"):rep(99999) .. "c",
      "(?:(a)|(b))*$")))
    assert.equal(1, (engine:find("ab", "a")))
  end)

  it("has the memory it was given, and no more", function()
    assert.equal(1, (engine:find(("a"):rep(20 * 2 ^ 20), "a")))
    local _, message, code = engine:find(("a"):rep(40 * 2 ^ 20), "b")
    assert.equal("NOMEM", code)
    assert.equal("zvm.re: out of memory: more is needed than 32M", message)
    assert.equal(2, (engine:find("ab", "b")))
  end)

  it("has no memory for more patterns than fit", function()
    local few, kept, p, message, code = assert(re.new { memory = "1M" }), {}
    repeat
      p, message, code = few:compile("(?:a|b|c|d){1,50}" .. #kept)
      kept[#kept + 1] = p
    until not p
    assert.same({ "zvm.re: failed to allocate heap memory", "NOMEM" },
      { message, code })
    assert.truthy(#kept > 100)
    few:close()
    assert.equal(1, kept[1]:find "a0")
    few:close()
  end)

  it("uses the places of patterns again that nobody has", function()
    for i = 1, 200 do
      assert(engine:compile("a" .. i))
      collectgarbage()
    end
    assert.is_true(engine.engine.slots < 100)
  end)

  it("gives no answer of a request that an error interrupted", function()
    local p, steps = assert(engine:compile "(b)"), 0
    local function interrupted(f)
      debug.sethook(function()
        debug.sethook()
        error("interrupted", 0)
      end, "", steps)
      f()
      debug.sethook()
    end
    for name, call in pairs {
      find = function() p:find "aab" end,
      gsub = function() p:gsub("bab", "x") end,
      compile = function() engine:compile "(a)(?<n>b)" end,
    } do
      steps = 0
      repeat
        steps = steps + 1
        local whole = pcall(interrupted, call)
        assert.same(all(2, 2, "b"), all(p:find "ab"), name .. steps)
        assert.same(all("axx", 2), all(p:gsub("abb", "x")), name .. steps)
      until whole
      assert.is_true(steps > 5, name)
    end
  end)

  -- Code that LuaJIT has compiled calls no hook.
  local jit = rawget(_G, "jit")

  setup(function()
    if jit then
      jit.off()
      jit.flush()
    end
  end)

  teardown(function()
    if jit then jit.on() end
  end)

  -- All that f gives, while within(...) is called after so many steps.
  local function during(f, steps, within)
    debug.sethook(function()
      debug.sethook()
      within()
    end, "", steps)
    local out = all(f())
    debug.sethook()
    return out
  end

  it("has one request at a time, and refuses another within it", function()
    local p, long = assert(engine:compile "(b)(c)"), ("x"):rep(3000)
    local q = assert(engine:compile("((x))"))
    local slow = assert(engine:compile "(b)(c)")
    slow[1] = nil -- the finder, which does in C what it can
    for name, case in pairs {
      find = { all(3, 4, "b", "c"), function() return p:find "aabc" end },
      exec = { all(3, 4, { "b", "c" }),
        function() return p:exec "aabc" end },
      ["quick gsub"] = { all("aacb", 1),
        function() return p:gsub("aabc", "%2%1") end, none = true },
      gsub = { all("aacb", 1),
        function() return slow:gsub("aabc", "%2%1") end },
      compile = { all "(a)(?<n>b)", function()
        return assert(engine:compile "(a)(?<n>b)").source
      end },
    } do
      local steps, refused = 0, 0
      repeat
        local said
        steps = steps + 1
        assert.same(case[1], during(case[2], steps, function()
          said = all(q:find(long))
        end), name .. steps)
        if said and said[1] == nil then
          assert.equal("STATE", said[3])
          assert.truthy(said[2]:find("has a request under way", 1, true))
          refused = refused + 1
        elseif said then
          assert.same(all(1, 1, "x", "x"), said)
        end
      until not said
      assert.is_true(case.none and refused == 0 and steps > 3
        or refused > 3 and refused < steps, name)
    end
  end)

  it("refuses one of a finalizer within another, too", function()
    local p, refused = assert(engine:compile "(b)"), 0
    for steps = 1, 160, 4 do
      assert.same(all(3, 3, "b"), during(function() return p:find "aab" end,
        steps, function()
          getmetatable(newproxy(true)).__gc = function()
            refused = refused + (select(3, p:find "b") == "STATE" and 1 or 0)
          end
          collectgarbage()
          collectgarbage()
        end))
    end
    assert.is_true(refused > 3)
    assert.same(all(1, 1, "b"), all(p:find "b"))
  end)

  it("is not closed within a request, but others have theirs", function()
    local p, refused = assert(engine:compile "(b)"), 0
    local own = assert(re.new())
    for steps = 1, 160, 4 do
      local other
      assert.same(all(3, 3, "b"), during(function() return p:find "aab" end,
        steps, function()
          refused = refused + (select(3, engine:close()) == "STATE" and 1 or 0)
          own.engine.link:take() -- as one that an error left halfway
          other = all(own:find("b", "(b)"))
        end))
      assert.same(other and all(1, 1, "b"), other)
    end
    assert.is_true(refused > 3)
    own:close()
  end)

  it("gives each its own answer, whatever is asked while it closes", function()
    local p = assert(engine:compile "[ab]c")
    local long = "ac" .. ("x"):rep(70000)
    -- What is called is counted, and what returns.
    local function at_call(number, within, f, ...)
      local count = 0
      debug.sethook(function()
        count = count + 1
        if count == number then within() end
      end, "cr")
      local out = all(f(...))
      debug.sethook()
      return out
    end
    for number = 1, 24 do
      assert.equal(2, (p:find "xac"))
      at_call(number, function() p:find "xac" end, engine.close, engine)
      assert.equal(2, (p:find "xac"), number)
      for step = 1, 24, 3 do
        local inner
        assert.same(all(1, 2), at_call(step, function()
          inner = all(p:find "xxxac")
        end, p.find, p, long), number)
        assert.truthy(not inner or inner[1] == 4 or inner[3] == "STATE")
      end
    end
  end)

  it("has its answer, whatever finalizers ask while it waits", function()
    local slow = assert(engine:compile "(?:a+)+c?$")
    local p = assert(engine:compile "[bc]d")
    local subject, over, said = ("a"):rep(20) .. "b", false, {}
    engine.engine.options.timeout = 20
    engine.engine.from:timeout(20)
    local function leave_one()
      getmetatable(newproxy(true)).__gc = function()
        if over then return end
        local _, last, code = p:find "xxbd"
        said[last == 4 and "found" or tostring(code)] = true
        leave_one()
      end
    end
    local pause = collectgarbage("setpause", 1)
    local speed = collectgarbage("setstepmul", 100000)
    leave_one()
    for _ = 1, 6 do
      assert.same(all(nil), all(slow:find(subject)))
      assert.same(all(subject .. "c", 1), all(p:gsub(subject .. "bd", "c")))
    end
    over = true
    collectgarbage("setpause", pause)
    collectgarbage("setstepmul", speed)
    said.found, said.STATE = nil, nil
    assert.same({}, said)
  end)

  it("can be closed at any time, and begins again", function()
    local p = assert(engine:compile "(b)")
    assert.is_true(engine:close())
    assert.is_true(engine:close())
    assert.same(all(2, 2, "b"), all(p:find "ab"))
  end)
end)

-- An engine that hears what a guest might say.
describe("an instance that lies", function()
  local p, engine

  -- Of pattern "(a)b" or another one. What is said is in a pipe.
  local function lie(source, ...)
    engine = assert(re.new())
    p = assert(engine:compile(source))
    local e = engine.engine
    e.to:close()
    e.from:close()
    e.to, e.from = assert(zvm.pipe { eager = true }), assert(zvm.pipe())
    e.to:timeout(0.2)
    e.from:timeout(0.2)
    assert(e.from:write(...))
    e.link:open(e.to, e.from)
    p.generation = e.link:generation()
    p[1] = zvm.host.finder(e.link, p.slot, p.captures + 1)
  end

  -- Ends that are tables: p is found without a finder.
  local function pretend(from)
    engine.engine.to = {
      write = function() return true end,
      close = function() end,
    }
    engine.engine.from = {
      words = from.words,
      read = from.read,
      timeout = function() end,
      close = function() end,
    }
    p[1] = nil
  end

  local function is_found_out(...)
    assert.same(all(nil, "zvm.re: the instance gave an answer that cannot be",
      "LOST"), all(...))
  end

  -- status, count, size, first, last; offsets of captures
  for name, answer in pairs {
    ["an unknown status"] = { 9, 2, 8, 0, 2, 0, 1 },
    ["more pairs than the pattern has"] = { 0, 3, 16, 0, 2, 0, 1 },
    ["a size of its own"] = { 0, 2, 2 ^ 31, 0, 2, 0, 1 },
    ["an end behind the subject's"] = { 0, 2, 8, 0, 4, 0, 1 },
    ["an end before the start"] = { 0, 2, 8, 2, 1, 0, 1 },
    ["a capture behind the end"] = { 0, 2, 8, 0, 2, 0, 4 },
    ["half a capture"] = { 0, 2, 8, 0, 2, UNSET, 1 },
    ["no capture at all"] = { 0, 1, 0, 0, 2 },
    ["a message without end"] = { 3, 2 ^ 32 - 47, 2 ^ 20, 0, 0 },
  } do
    it("is found out by find when it tells of " .. name, function()
      for _, method in ipairs { "find", "match", "exec" } do
        lie("(a)b", unpack(answer))
        is_found_out(p[method](p, "abc"))
        assert.same(all(1, 2, "a"), all(p:find "abc"))
        engine:close()
      end
    end)
  end

  for name, answer in pairs {
    ["an unknown status"] = { 9, 1, 0, 0, 2 },
    ["captures"] = { 0, 2, 8, 0, 2, 0, 1 },
    ["a size"] = { 0, 1, 8, 0, 2, 0, 1 },
    ["an end behind the subject's"] = { 0, 1, 0, 0, 4 },
    ["no end"] = { 0, 1, 0, UNSET, UNSET },
    ["an end before the start"] = { 0, 1, 0, 2, 1 },
  } do
    it("is found out by a find without groups when it tells of " .. name,
      function()
        for method, whole in pairs { find = all(1, 2), match = all("ab") } do
          lie("a[b]", unpack(answer))
          is_found_out(p[method](p, "abc"))
          assert.same(whole, all(p[method](p, "abc")))
          engine:close()
        end
      end)
  end

  for name, answer in pairs {
    ["no matches, and more"] = { 2, 0, 0, 0, 0 },
    ["a size of its own"] = { 0, 1, 8, 0, 0, 0, 2, 0, 1 },
    ["a block too large"] = { 0, 2 ^ 20, 2 ^ 24, 0, 0, 0, 2, 0, 1 },
    ["an end behind the subject's"] = { 0, 1, 16, 0, 0, 0, 9, 0, 1 },
    ["more matches than were asked for"] = { 0, 2, 32, 0, 0,
      0, 2, 0, 1, 0, 2, 0, 1 },
    ["a match that is not there"] = { 0, 1, 16, 0, 0, UNSET, UNSET, 0, 1 },
  } do
    it("is found out by gsub when it tells of " .. name, function()
      lie("(a)b", unpack(answer))
      is_found_out(p:gsub("abc", "x", 1))
      assert.same(all("xc", 1), all(p:gsub("abc", "x")))
      engine:close()
    end)
  end

  it("is waited for as long as the engine says, and no longer", function()
    for method, arguments in pairs { find = { "abc" }, match = { "abc" },
      exec = { "abc" }, gsub = { "abc", "" } } do
      for _, timeout in ipairs { 0.02, 0.2 } do
        lie "a[b]"
        engine.engine.options.timeout = timeout
        engine.engine.from:timeout(timeout)
        local began = zvm.host.now()
        assert.same(all(nil, ("zvm.re: no answer within %g seconds"):format(
          timeout), "TIMEOUT"), all(p[method](p, unpack(arguments))))
        local took = zvm.host.now() - began
        assert.is_true(took > timeout * 0.7 and took < timeout + 0.5, method)
        engine:close()
      end
    end
  end)

  it("has no more time when its matches come little by little", function()
    lie("(a)b")
    pretend {
      words = function() return 0, 2000, 32000, 0, 0 end,
      read = function(_, n)
        zvm.host.sleep(n / 40000)
        return ("\0"):rep(n)
      end,
    }
    engine.engine.options.timeout = 0.1
    local began = zvm.host.now()
    assert.equal("TIMEOUT", select(3, p:gsub(("a"):rep(2000), "")))
    assert.is_true(zvm.host.now() - began < 0.5)
    engine:close()
  end)

  it("is believed in nothing of a long list of matches", function()
    for _, at in ipairs { 2047, 2048, 2049, 2053, 11995, 12000 } do
      local list = {}
      for i = 1, 12000 do list[i] = 0 end
      list[at] = UNSET
      if at % 6 == 1 then list[at + 1] = UNSET end -- no match
      list = words(unpack(list, 1, 6000)) .. words(unpack(list, 6001))
      lie("(a)(b)", 0, 2000, 48000, 0, 0, list)
      is_found_out(p:gsub(("a"):rep(2000), ""))
      lie("(a)(b)")
      local done = 0
      pretend {
        words = function() return 0, 2000, 48000, 0, 0 end,
        read = function(_, n)
          done = done + n
          return list:sub(done - n + 1, done)
        end,
      }
      is_found_out(p:gsub(("a"):rep(2000), ""))
      engine:close()
    end
  end)

  it("does no harm by a message of control characters", function()
    lie("(a)b", 3, 2 ^ 32 - 47, 3, 0, 0, "\n\n\n")
    assert.same(all(nil, "zvm.re: ??? at 1", "LIMIT"), all(p:find "abc"))
    engine:close()
  end)
end)

describe("a prefilter of zvm.re", function()
  for _, name in ipairs { "filtered", "filtered-v3" } do
    it("changes nothing of what random patterns find: " .. name, function()
      local report = assert(zvm.run { args = { "1", "8000" },
        program = (os.getenv "ZVM_BUILD" or "build") .. "/guest/re/" .. name
          .. ".zvm" })
      local out = report.channels.stdout.data
      assert.equal(0, report.code, out)
      local filters, compared = out:match "^(%d+) filters, (%d+) compared"
      assert.is_true(tonumber(filters) > 1000 and tonumber(compared) > 20000)
    end)
  end
end)

-- -- Against the native library ---------------------------------------------

local rex = require "rex_pcre2"

describe("zvm.re and the native library", function()
  -- `ours`: the pattern, if it is compiled already.
  local function agree(source, subject, flags, ours)
    local native_ok, native = pcall(rex.new, source, flags)
    local code
    if not ours then
      local _
      ours, _, code = re.compile(source, flags)
    end
    if not native_ok or not ours then
      assert.equal(native_ok, ours ~= nil, source)
      assert.equal("PATTERN", code)
      return false
    end
    local expected = all(native:find(subject))
    local found = all(ours:find(subject))
    if found[1] == nil then
      assert.is_nil(found[2], source) -- what went wrong
      found = { n = 1 }
    end
    assert.same(expected, found, source .. " in " .. subject)
    return true
  end

  it("agree on random patterns", function()
    local seed = 7
    local function random(n)
      seed = (seed * 16807) % 2147483647
      return seed % n + 1
    end
    local ATOMS = { "a", "b", "c", ".", "[ab]", "[^a]", "\\w", "\\b", "^", "$",
      "(a)", "(b|c)", "(?:a|bc)", "(?=b)", "(?<!a)", "\\1", "(?>a+)", "(?i)B",
      "\\d", "x", "(", ")", "(?<n>c)" }
    local TIMES = { "", "", "", "*", "+", "?", "{2}", "*?", "++", "{1,2}" }
    local good = 0
    for _ = 1, 400 do
      local parts, text = {}, {}
      for i = 1, random(5) do
        parts[i] = ATOMS[random(#ATOMS)] .. TIMES[random(#TIMES)]
      end
      for i = 1, random(12) do
        text[i] = ("aabbccx1 "):sub(random(9)):sub(1, 1)
      end
      if agree(table.concat(parts), table.concat(text)) then
        good = good + 1
      end
    end
    assert.is_true(good > 200, good)
  end)

  it("agree on plain text, which needs no instance", function()
    local LONG = ("zebr "):rep(2 ^ 18) -- more than string.find is asked about
    for _, source in ipairs { "z", "zebra", "a-b", "%d", "a\0b", "é", "#x y" }
    do
      local p = assert(re.compile(source))
      for _, subject in ipairs { "", "z", "a zebra zebra", "a-b%d", "xa\0ba\0b",
        "é#x y", LONG, LONG .. "zebra" } do
        for _, init in ipairs { 1, 3, -1 } do
          local expected = all(rex.new(source):find(subject, init))
          local found = all(p:find(subject, init))
          if found[1] == nil then found = { n = 1 } end
          assert.same(expected, found, source)
        end
      end
    end
    local engine = assert(re.new())
    local p = assert(engine:compile "zebra")
    engine:close()
    assert.same(all(3, 7), all(p:find "a zebra"))
    assert.is_nil(engine.engine.session)
    assert.same(all("zebra"), all(p:match "a zebra"))
    assert.same(all("a <zebra> zebra", 1),
      all(p:gsub("a zebra zebra", "<%0>", 1)))
    assert.same(all("<zebra><zebra>z", 2), all(p:gsub("zebrazebraz", "<%0>")))
    assert.same(all("zebr", 0), all(p:gsub("zebr", "")))
    assert.is_nil(engine.engine.session)
    assert.equal("", (p:gsub(("zebra"):rep(2 ^ 18), ""))) -- by the instance
    assert.truthy(engine.engine.session)
    -- text of another kind, or with flags, is no plain text
    for source, flags in pairs { ["zeb.a"] = "", ["ZEBRA"] = "i",
      ["zeb ra"] = "x" } do
      p = assert(engine:compile(source, flags))
      assert.same(all(3, 7), all(p:find "a zebra"), source)
    end
    engine:close()
  end)

  local function use_often(p)
    for _ = 1, 2600 do -- each counts, be the subject as short as it may
      p:find ""
    end
    return p
  end

  it("agree when a pattern has matched so often that it has a prefilter",
    function()
      for _, source in ipairs { "zebra(?:)", "zeb|tig|hor", "\\bz",
        "(\\w)(\\d)", "[0-9]+$", "(?i)zeb", "(?s)z.{2}", "a+", "é|z",
        "(?<*-)b" } do
        local p = use_often(assert(re.compile(source)))
        for _, subject in ipairs { "", "z", "a zebra", "zezebra7", "bz z tiger",
          ("ze "):rep(50) .. "Zebra 99", ("z9 "):rep(200), "\n9\n", "xé",
          "-b" } do
          assert.is_true(agree(source, subject, nil, p))
          local new, count = rex.gsub(subject, source, "<%0>")
          assert.same(all(new, count), all(p:gsub(subject, "<%0>")))
        end
      end
    end)

  -- PCRE2 does not try (a+)+ at all then, which would meet each limit.
  it("agree on a long subject without a byte that each match has", function()
    for source, subject in pairs {
      ["[xy](a+)+z"] = "x" .. ("a"):rep(40) .. ("b "):rep(3000),
      ["(?i)[xy](a+)+z"] = "x" .. ("a"):rep(40) .. ("b "):rep(3000),
      ["[xy](a+)+Z"] = "x" .. ("a"):rep(40) .. ("b "):rep(3000) .. "z",
      ["(?i)[xy](a+)Z"] = "x" .. ("b "):rep(3000) .. "xaz",
    } do
      local p = use_often(assert(re.compile(source)))
      assert.is_true(agree(source, subject, nil, p))
    end
  end)

  it("are as quick for a pattern whose prefilter would take long", function()
    local engine = assert(re.new { timeout = 1 })
    for _, source in ipairs { "(?:||||)(?:\\b|||||)[a-zA-Z0-7]ab"
      .. ("()"):rep(7900), ("\\b"):rep(60000) .. "[a-h]ab" } do
      local p = use_often(assert(engine:compile(source)))
      assert.is_nil((p:find "-"))
      assert.equal(1, engine.engine.link:generation())
    end
    engine:close()
  end)

  it("agree on the patterns of PCRE2's first test", function()
    local path = (os.getenv "ZVM_BUILD" or "build")
      .. "/src/pcre2/testdata/testinput1"
    local source, flags, count = nil, nil, 0
    for line in io.lines(path) do
      local pattern, letters = line:match "^/(.+)/([imsx]*)$"
      if pattern or line:find "^/" then
        source, flags = pattern, letters
      elseif source and line:find "^    %S" and not line:find("\\", 1, true)
      then
        if agree(source, line:sub(5), flags) then count = count + 1 end
      end
    end
    assert.is_true(count > 1000, count)
  end)
end)
