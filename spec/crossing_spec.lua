--- What a crossing between guest and host relies on.
--
-- SPDX-License-Identifier: Apache-2.0
local BUILD = os.getenv "ZVM_BUILD" or "build"

-- Stems of what computes with floating point, raises its exceptions or rounds.
local CALCULATES = {}
for stem in ("add sub mul div sqrt min max rcp rsqrt round hadd hsub addsub dp"
  .. " cmp comi ucomi fmadd fmsub fnmadd fnmsub"):gmatch "%a+" do
  CALCULATES[stem] = true
end

local function calculates(mnemonic)
  local name = mnemonic:gsub("^v", "")
  local stem = name:match "^(%a+)%d*[sp][sd]$"
  return stem and (CALCULATES[stem] or CALCULATES[stem:gsub("^cmp.*", "cmp")])
    or name:find "^cvt"
    or name:find "^f" and name ~= "fnstcw" and name ~= "fldcw"
end

describe("a trap", function()
  it("finds no floating point in what answers it", function()
    assert.truthy(calculates "mulsd" and calculates "vfmadd213pd"
      and calculates "cvtsi2sd" and calculates "cmpltps" and calculates "fld")
    assert.falsy(calculates "movsd" or calculates "pxor" or calculates "xorps"
      or calculates "movaps" or calculates "cmp" or calculates "add")
    local pipe = io.popen("find " .. BUILD .. "/obj/core -name '*.o' -exec "
      .. "objdump -d --no-show-raw-insn {} +")
    local count, place = 0, "?"
    for line in pipe:lines() do
      place = line:match "^%x+ <([^>]+)>:" or place
      local mnemonic = line:match "^%s+%x+:\t(%l%w*)"
      count = count + (mnemonic and 1 or 0)
      assert(not (mnemonic and calculates(mnemonic)), place .. line)
    end
    pipe:close()
    assert(count > 10000, "objdump read nothing")
  end)
end)
