--- zvm.explain.module: programs, right, refused, and no programs at all.
--
-- SPDX-License-Identifier: Apache-2.0
local code = require "support.code"
local elf = require "support.elf"
local explain = require "zvm.explain"
local host = require "support.host"
local zvm = require "zvm"

local function assert_fits(text)
  for line in text:gmatch "[^\n]+" do
    assert.is_true(#line <= 80, line)
    assert.is_nil(line:find "[%z\1-\31\127]", line)
    assert.is_nil(line:find " $", line)
  end
end

local SOURCE = [[
int (*table[4])(int);
int total;

static __attribute__((noinline)) int sum(const char *p, long n)
{
  int s = 0;
  for (long i = 0; i < n; i++) {
    int c;
    __asm__ volatile("movsbl (%q1), %0" : "=r"(c) : "r"(p + i));
    s += c;
  }
  return s;
}

__attribute__((aligned(32))) void _start(void)
{
  total = sum("abc", 3) + table[1](2);
  for (;;)
    ;
}
]]

-- SOURCE by gcc alone: right in form, refused for its code.
local function plain_program()
  local base = os.tmpname()
  host.write_file(base .. ".c", SOURCE)
  assert(os.execute(("gcc -mx32 -O1 -g -nostdlib -fno-pic -fno-pie -static "
    .. "-fcf-protection=none -fno-asynchronous-unwind-tables "
    .. "-Wl,-T,stdlib/link.ld -Wl,--build-id=none -Wl,-z,noexecstack "
    .. "-Wl,-z,max-page-size=4096 -o %s %s.c"):format(base, base)) == 0)
  os.remove(base .. ".c")
  return base
end

describe("zvm.explain.module", function()
  it("tells function and line of code that gcc has made", function()
    local path = plain_program()
    local result = assert(explain.module(path))
    local findings = result.findings
    assert.equal(path, result.file)
    assert.equal(0x20000, result.address)
    assert.equal("R_MEM_ADDR32", findings[1].rule)
    assert.equal("sum", findings[1].func)
    assert.equal(path .. ".c", findings[1].file)
    assert.equal(9, findings[1].line)
    local rules = {}
    for _, finding in ipairs(findings) do
      rules[finding.rule .. " " .. finding.func] = finding.line
    end
    assert.equal(17, rules["R_FLOW_INDIRECT _start"])
    local text = explain.format(result)
    assert.truthy(text:find(path .. ".c:9, in sum+0x", 1, true))
    assert_fits(text:gsub("^[^\n]*\n", ""))
    -- As bytes: the same, without a name.
    local again = assert(explain.module(host.read_file(path)))
    assert.is_nil(again.file)
    assert.same(findings, again.findings)
    os.remove(path)
  end)

  it("explains a program without symbols by addresses", function()
    local result = assert(explain.module(code.instruction "0f 05"))
    assert.is_nil(result.findings[1].func)
    assert.truthy(explain.format(result):find("\n0x20000: R_INSN_SYSTEM\n",
      1, true))
  end)

  it("sums up a program that is accepted", function()
    local path = host.guest "01-hello/main"
    local result = assert(explain.module(path))
    local about = assert(zvm.load(path)):about()
    assert.is_true(result.accepted)
    assert.equal(about.digest, result.digest)
    assert.equal(about.text_size, result.summary.bytes)
    assert.equal(about.text_addr, result.address)
    assert.is_true(result.summary.traps.exit > 0)
    local text = explain.format(result)
    assert.truthy(text:find(about.digest, 1, true))
    assert.truthy(text:gsub("%s+", " "):find("each masked to the", 1, true))
    assert_fits(text:gsub("^[^\n]*\n", ""))
  end)

  it("tells the level that is declared and what needs it", function()
    local result = assert(explain.module(host.guest "avx_check"))
    assert.equal(3, result.level)
    assert.equal(3, result.summary.level)
    assert.truthy(explain.format(result):find("need x86-64-v3", 1, true))
  end)

  it("tells the level that a refused program declares", function()
    local note = elf.le(4, 4) .. elf.le(8, 4) .. elf.le(1, 4) .. "zvm\0"
      .. elf.le(1, 4) .. elf.le(3, 4)
    local result = assert(explain.module(elf.build {
      elf.text(code.hex "0f 05"),
      { type = elf.NOTE, offset = 2 * elf.PAGE, flags = elf.R, bytes = note },
    }))
    assert.equal(3, result.level)
    assert.equal(2, assert(explain.module(code.instruction "0f 05")).level)
  end)

  it("says of a file that is no module what and where", function()
    local bad = elf.build({ elf.text(code.new():exit(0).bytes) },
      { entry = elf.TEXT + 4 })
    local result, message, status, details = explain.module(bad)
    assert.is_nil(result)
    assert.equal("FORMAT", status)
    assert.truthy(message:find("entry is not at a bundle start", 1, true))
    assert.same({ offset = 24, field = "e_entry",
      bytes = "04 00 02 00 34 00 00 00 00 00 00 00 00 00 00 00" }, details)
    local text = explain.format(result, message, status, details)
    assert.truthy(text:find("At 0x18, e_entry:  04 00 02 00", 1, true))
    local twice = elf.build { elf.text "x", elf.text("x", {
      offset = 2 * elf.PAGE, vaddr = elf.TEXT + elf.PAGE }) }
    details = select(4, explain.module(twice))
    assert.equal("program header 1", details.field)
  end)

  it("names the path of a file that cannot be used", function()
    local result, message, status, details = explain.module "README.md"
    assert.is_nil(result)
    assert.truthy(message:find "^README.md: ")
    assert.equal("FORMAT", status)
    assert.equal("23 20 7a 76 6d", details.bytes:sub(1, 14))
    local bad = os.tmpname()
    host.write_file(bad, elf.build { { type = elf.TLS } })
    message = select(2, explain.module(bad))
    os.remove(bad)
    assert.equal(bad .. ": at file offset", message:sub(1, #bad + 16))
    for path, code_of in pairs { ["/nowhere/at all"] = "SYSTEM",
      ["/usr"] = "FORMAT" } do
      result, message, status = explain.module(path)
      assert.is_nil(result)
      assert.equal(path, message:sub(1, #path))
      assert.equal(code_of, status)
      assert.truthy(explain.format(result, message, status))
    end
  end)

  it("does not read what is no regular file", function()
    local pipe = os.tmpname()
    os.remove(pipe)
    assert.equal(0, os.execute("mkfifo " .. pipe))
    for _, path in ipairs { pipe, "/dev/zero" } do
      local result, message, status = explain.module(path)
      assert.is_nil(result)
      assert.equal(path .. ": not a regular file", message)
      assert.equal("FORMAT", status)
    end
    os.remove(pipe)
  end)

  it("takes damage for what it is", function()
    local bytes = host.read_file(host.guest "01-hello/main")
    local seed = 3
    for _ = 1, 60 do
      seed = seed * 16807 % 2147483647
      local at = seed % 52 + 1
      local damaged = bytes:sub(1, at - 1) .. string.char(seed % 251)
        .. bytes:sub(at + 1)
      assert.equal("string", type(explain.format(explain.module(damaged))))
      assert.equal("string", type(explain.format(explain.module(
        bytes:sub(1, seed % #bytes + 1)))))
    end
  end)
end)
