-- Strings: functions, patterns, formats.
-- SPDX-License-Identifier: Apache-2.0
local text = "The quick brown fox, 42 jumps over 7 lazy dogs."
print(text:upper(), text:lower(), text:len(), text:reverse())
for i = -3, 3 do
  for j = -3, 3 do
    io.write(("%q "):format(("abc"):sub(i, j)))
  end
end
print(("abc"):byte(1, -1), string.char(72, 105), ("x"):rep(5), ("x"):rep(-1))
for _, pattern in ipairs { "%a+", "(%a)(%a)", "%d+", "^The", "dogs.$",
  "%f[%w]%w+", "()q()", "[^%s]+$", "x-", "(o)(.)", "%b,7", "[%a_][%w_]*",
  "b.-n", ".-", "%s*", "[0-9]+", "[]%-]", "(%w+) (%w+)" } do
  print(pattern, text:find(pattern))
  print(pattern, text:match(pattern))
  print(pattern, text:gsub(pattern, "<%0>", 3))
end
for a, b in ("a=1, b=2, c=3"):gmatch "(%w+)=(%w+)" do
  io.write(a, ":", b, ";")
end
print(("hello world"):gsub("o", { o = "0" }))
print(("hello world"):gsub("%w+", function(w)
  return w ~= "world" and w:upper()
end))
print(("abc"):gsub("", "-"), ("abc"):gsub(".", "%0%0"))
print(("%d"):gsub("%%d", "%%"), ("a.b.c"):find(".", 1, true))
print(("a.b.c"):find("%.", 3), ("abc"):find("", 10))
for _, bad in ipairs { "%", "[a", "(a", "a)", "%1", "%b", "%f", "(()" } do
  print(bad, pcall(string.find, "aaa", bad))
end
print(pcall(string.gsub, "a", "a", "%2"), pcall(string.rep))
print(pcall(string.format, "%d", "x"), pcall(string.format, "%y", 1))
print(("%s|%10s|%-10s|%.2s"):format("abc", "abc", "abc", "abc"))
print(("%q"):format 'a "quoted"\n\\ \0 \r string')
print(("%5.1f|%c%c"):format(3.14159, 76, 117))
print(tostring(nil), tostring(true), tostring(12), #tostring({}) > 7)
print("a" < "b", "a" < "B", "" < "a", "a\0b" < "a\0c", "Z" < "a", "10" < "9")
print(#"a\0b\0", ("a\0b"):byte(2), ("a\0b"):find("\0", 1, true), "\65\066")
print(("x"):rep(300):len(), table.concat({ 1, 2, 3 }, ", ", 2, 3),
  table.concat({}, "x"))
print(pcall(table.concat, { 1, {}, 3 }))
print([[
long
string]], [==[with ]] inside]==], "tab\tnewline\\n")
print(("\255\254\128"):byte(1, -1))
for i = 0, 255, 5 do
  local c = string.char(i)
  io.write(c:find "%a" and "a" or "", c:find "%c" and "c" or "",
    c:find "%d" and "d" or "", c:find "%l" and "l" or "", c:find "%p" and "p"
    or "", c:find "%s" and "s" or "", c:find "%u" and "u" or "", c:find "%w"
    and "w" or "", c:find "%x" and "x" or "", " ")
end
print()
