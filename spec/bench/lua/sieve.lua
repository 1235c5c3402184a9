-- One large array: primes.
-- SPDX-License-Identifier: Apache-2.0
local function sieve(n)
  local composite, count = {}, 0
  for i = 2, n do
    composite[i] = false
  end
  for i = 2, n do
    if not composite[i] then
      count = count + 1
      for j = i + i, n, i do
        composite[j] = true
      end
    end
  end
  return count
end

for _ = 1, 3 do
  print(sieve(500000))
end
