-- Numbers: text, arithmetic, math.
-- SPDX-License-Identifier: Apache-2.0
local numbers = { 0, 1, -1, 0.1, 1 / 3, 2 ^ 53, 2 ^ 63, -2 ^ 31, 1e15, 1e16,
  1e100, 5e-324, 1.7976931348623157e308, 1 / 0, -1 / 0, 123456789.125 }
for _, n in ipairs(numbers) do
  print(n, ("%.17g"):format(n), ("%g %e %10.3f"):format(n, n, n % 1000))
  print(math.floor(n), math.ceil(n), math.abs(n), n == n)
  print(math.frexp(n == n and math.abs(n) < 1 / 0 and n or 1))
end
print(0 / 0 ~= 0 / 0, -0 == 0, 1 / -0 < 0)
for _, text in ipairs { "10", " 10 ", "0x10", "1e2", "1e", "", " ", "0x", "1 2",
  ".5", "5.", "1e+5", "0xffffffffff", "inf", "nan", "z" } do
  print(("%q"):format(text), text:find "[in]" and "-" or tonumber(text))
end
for base = 2, 36, 7 do
  print(base, tonumber("10", base), tonumber("zz", base), tonumber("11", base))
end
print(7 % 3, -7 % 3, 7 % -3, -7 % -3, 5.5 % 2, 2 ^ 0.5, 2 ^ -1, 10 / 4)
print("10" + 5, "3" * "4", 10 .. 20, -"2", "0x10" + 0)
for x = -2, 2, 0.5 do
  print(("%.12g %.12g %.12g %.12g"):format(math.sin(x), math.exp(x),
    math.atan2(x, 2), math.fmod(x * 7, 3)))
  print(("%.12g %.12g"):format(math.log(x + 3), math.sqrt(x + 2)), math.modf(x))
end
print(("%d %5d %-5d| %05d %+d %x %X %o %c"):format(1, 2, 3, 4, 5, 255, 255, 8,
  65))
print(("%d %d"):format(2 ^ 40, -2 ^ 52), ("%i"):format(3.9))
print(math.max(3, 1, 2), math.min(3, 1, 2), math.huge, math.pi)
print(pcall(math.random, 0), pcall(math.random, 2, 1))
for _ = 1, 100 do
  local a, b = math.random(), math.random(3, 5)
  assert(a >= 0 and a < 1 and b >= 3 and b <= 5 and b % 1 == 0)
end
for i = 3, 1, -1 do io.write(i, " ") end
for i = 1, 2, 0.25 do io.write(i, " ") end
print()
