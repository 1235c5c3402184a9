-- Files: modes, lines, positions, what fails.
-- SPDX-License-Identifier: Apache-2.0
local name = os.tmpname()
local file = assert(io.open(name, "w"))
print(file:write("one\ntwo\n", 3, " ", 4.5, "\n\nlast"), io.type(file))
print(file:seek(), file:seek("set", 2), file:seek("end"), file:close())
print(io.type(file), pcall(file.write, file, "x"), io.type(1))
for line in io.lines(name) do
  io.write("[", line, "]")
end
print()
file = assert(io.open(name))
print(file:read(), file:read "*l", file:read("*n", "*n"), file:read(1),
  file:read(0), file:read "*a", file:read "*a", file:read "*l", file:read(0))
file:seek "set"
print(#file:read(5), file:read(1000), file:read(1))
file:close()
file = assert(io.open(name, "r+"))
file:write "ONE"
file:seek("end")
file:write "!"
file:seek "set"
print((file:read "*a":gsub("\n", "/")))
file:close()
file = assert(io.open(name, "a"))
file:write "appended"
file:close()
file = assert(io.open(name, "rb"))
print(#file:read "*a", file:write "x" ~= true)
file:close()
print(io.open("/none/such", "r"))
print(io.open("/none/such", "w"))
print(pcall(io.open, name, "z") == true or "refused")
print(pcall(io.lines, "/none/such"))
print(os.rename(name, name .. ".new"), io.open(name) == nil)
print(os.remove(name .. ".new"))
local t = io.tmpfile()
t:write "temporary"
t:seek "set"
print(t:read "*a", t:setvbuf("full", 1024), t:flush(), t:close())
io.output():write "to output\n"
print(io.input() == io.stdin, io.read "*l", io.read "*n", io.read "*a")
print(os.getenv "NONE_SUCH", type(os.time()), type(os.clock()),
  os.date("!%Y-%m-%d %H:%M:%S", 0))
print(os.time { year = 2001, month = 2, day = 3, hour = 12 },
  os.date("!*t", 86400 * 365).year, os.difftime(10, 4), os.date("!%c", 1e9))
print(os.setlocale(), os.setlocale "C")
