-- Producers, filters and consumers that take turns.
-- SPDX-License-Identifier: Apache-2.0
local yield, wrap = coroutine.yield, coroutine.wrap

local function numbers(n)
  return wrap(function()
    for i = 2, n do
      yield(i)
    end
  end)
end

local function without(p, source)
  return wrap(function()
    for n in source do
      if n % p ~= 0 then
        yield(n)
      end
    end
  end)
end

local primes = 0
for _ = 1, 60 do
  local source = numbers(500)
  local p = source()
  while p do
    primes = primes + 1
    source = without(p, source)
    p = source()
  end
end
print(primes)
