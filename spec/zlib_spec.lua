--- zlib as a guest library, with its own tests. `make check-ports` runs those
-- of the larger ports as well.
--
-- SPDX-License-Identifier: Apache-2.0

local host = require "support.host"
local zvm = require "zvm"

-- The string that a program of ours packs and unpacks, and what it tells of it.
local SOURCE = [[
#include <stdio.h>
#include <string.h>
#include <zlib.h>
int main(void) {
  static unsigned char text[100000], packed[2000], again[100000];
  for (int i = 0; i < 100000; i++) text[i] = "zvm"[i % 3];
  uLongf n = sizeof packed, m = sizeof again;
  if (compress2(packed, &n, text, sizeof text, 9)) return 1;
  if (uncompress(again, &m, packed, n) || m != sizeof text) return 2;
  if (memcmp(text, again, m)) return 3;
  packed[n / 2] ^= 1;
  if (uncompress(again, &m, packed, n) != Z_DATA_ERROR) return 4;
  return !printf("%08lx %d\n", crc32(0, text, sizeof text), n < 500);
}
]]

describe("zlib in the sandbox", function()
  it("is linked by -lz", function()
    host.inside(function(dir)
      host.write_file(dir .. "/a.c", SOURCE)
      host.shell("lua/bin/zvm-cc -O2 -o %s/a %s/a.c -lz", dir, dir)
      local report = assert(zvm.run { program = dir .. "/a" })
      assert.equal(0, report.code)
      host.write_file(dir .. "/text", ("zvm"):rep(33333) .. "z")
      local crc = host.output("gzip -c " .. dir .. "/text | tail -c 8 "
        .. "| od -An -tx4 -N4"):match "%x+"
      assert.equal(crc .. " 1\n", report.channels.stdout.data)
    end)
  end)

  it("passes its own tests", function()
    assert.equal("zlib: its test and infcover pass\n0\n",
      host.output "stdlib/ports/zlib/check 2>&1; echo $?")
  end)
end)
