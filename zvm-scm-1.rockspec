-- SPDX-License-Identifier: Apache-2.0
package = "zvm"
version = "scm-1"
rockspec_format = "3.0"

source = {
  url = "git+file://.",
}

description = {
  summary = "Run untrusted native x86-64 programs inside Lua",
  detailed = [[
zvm validates the machine code of a program before it runs, lays out its
memory in the low 4 GiB, and answers its six traps. A guest has only the
channels it was given; same program and same input give the same output.
]],
  license = "Apache-2.0",
  labels = { "sandbox", "native", "deterministic" },
}

supported_platforms = { "linux" }

dependencies = {
  "lua >= 5.1, < 5.2", -- and, for reports as JSON, lua-cjson of any source
}

external_dependencies = {
  CRYPTO = { header = "openssl/evp.h", library = "crypto" },
}

-- All is made and installed by the makefile: what scripts require, where Lua
-- looks for it; the rest, which is not for a path of Lua's, under usr.
build = {
  type = "make",
  build_target = "host libc man build/bin/zvm",
  build_variables = {
    OPT = "$(CFLAGS)",
    LUA_CFLAGS = "-I$(LUA_INCDIR)",
  },
  install_target = "install",
  install_variables = {
    PREFIX = "$(PREFIX)/usr",
    LUA_SHARE = "$(LUADIR)",
    LUA_LIB = "$(LIBDIR)",
  },
  install = {
    bin = {
      ["zvm"] = "lua/rock/command",
      ["zvm-cc"] = "lua/rock/command",
      ["zvm-c++"] = "lua/rock/command",
    },
  },
}

test = {
  type = "command",
  command = "make test",
}
