--- zvm-cc: the host's gcc, aimed at the sandbox.
--
-- Takes gcc's command line. Adds the x32 flags, the rewriting assembler
-- (-B), the guest's headers, and at link time the guest's start file,
-- libraries and linker script. Everything else is gcc's own. zvm-c++ is the
-- same around g++, and links the C++ library.
--
-- SPDX-License-Identifier: Apache-2.0

local response = require "zvm.toolchain.response"
local shell = require "zvm.toolchain.shell"

local M = {}

local function set(words)
  local is = {}
  for word in words:gmatch "%S+" do is[word] = true end
  return is
end

-- Options whose value is the next argument.
local WITH_VALUE = set("-o -I -D -U -L -l -x -include -imacros -isystem"
  .. " -iquote -idirafter -iprefix -iwithprefix -iwithprefixbefore -isysroot"
  .. " -MF -MT -MQ -T -u -z -Xlinker -Xassembler -Xpreprocessor -e -A -B"
  .. " -aux-info -wrapper --param -dumpbase -dumpbase-ext -dumpdir"
  .. " --sysroot -imultilib -imultiarch -specs --specs")

local PROGRAM = { ["c"] = "zvm-cc", ["c++"] = "zvm-c++" }

-- Options that end before linking.
local STOPS = set "-c -S -E -M -MM -fsyntax-only"

-- What they ask for is not to be had, or always so.
local IGNORED = set "-mx32 -pie -no-pie -static-pie -rdynamic -static"

local REFUSED = {
  ["-shared"] = "shared libraries do not exist here; link statically",
  ["-m32"] = "the sandbox runs x32 code; leave -m32 out",
  ["-m64"] = "the sandbox runs x32 code; leave -m64 out",
  ["-m16"] = "the sandbox runs x32 code; leave -m16 out",
}

-- Options whose code calls a library, or needs a system, that guests lack.
local WITHOUT_LIBRARY = {
  { "^%-fsanitize=", "-fsanitize=undefined -fsanitize-undefined-trap-on-error"
    .. " needs none" },
  { "^%-fprofile%-generate", "profile the same code on the host" },
  { "^%-fprofile%-arcs$", "profile the same code on the host" },
  { "^%-%-?coverage$", "measure the same code on the host" },
  { "^%-pg?$", "profile the same code on the host" },
  { "^%-fopenmp$", "leave it out; -fopenmp-simd needs none" },
  { "^%-fopenacc$", "leave it out" },
  { "^%-fgnu%-tm$", "leave it out" },
  { "^%-fsplit%-stack$", "leave it out" },
}

local LEVEL = { ["x86-64"] = 2, ["x86-64-v2"] = 2, ["x86-64-v3"] = 3 }

-- Defaults, which the user's own flags may change. Call frame information is
-- for backtraces of faults: the assembler puts it where no guest is made
-- larger by it. A loop that starts a bundle has the least padding inside.
local DEFAULTS = {
  "-march=x86-64-v2", "-fasynchronous-unwind-tables", "-falign-loops=32",
}

-- Who asks for tables wants them in the guest's memory.
local WANTS_TABLES = { ["-fasynchronous-unwind-tables"] = true,
  ["-funwind-tables"] = true, ["-fexceptions"] = true }

-- What the sandbox needs, after the user's flags so that it holds. Three passes
-- leave flags to be read behind an indirect jump, whose mask sets them.
local FIXED = {
  "-mx32", "-mlong-double-64", "-mfpmath=sse", "-mno-80387",
  "-fno-pic", "-fno-pie", "-fcf-protection=none", "-fno-ipa-ra",
  "-fno-crossjumping", "-fno-rerun-cse-after-loop", "-fno-compare-elim",
  "-ftls-model=local-exec", "-mno-tls-direct-seg-refs",
  "-mstack-protector-guard=global",
  "-mrecip=none", "-D__zvm__=1", "-Werror=trampolines",
}

-- gathers address memory element by element; gcc 12's generic tuning of
-- level v3 likes them
local FIXED_V3 = {
  "-mtune-ctrl=^use_gather,^use_gather_2parts,^use_gather_4parts",
}

local function append(list, more)
  for _, item in ipairs(more) do list[#list + 1] = item end
end

local function exists(path)
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end

-- What gcc takes for C++, and for a header to compile, by the name's end.
local CXX = set "cc cp cxx cpp CPP c++ C ii hh H hp hxx hpp HPP h++ tcc"
local HEADER = set "h hh H hp hxx hpp HPP h++ tcc"

local function ending(name) return name:match "%.(%w+%+*)$" or "" end

-- Of a link: an option whose library is not there, or nil.
local function lacks_library(args)
  local traps = {}
  for _, arg in ipairs(args) do
    if arg == "-fsanitize-undefined-trap-on-error" then
      traps["-fsanitize=undefined"] = true
    end
  end
  for _, arg in ipairs(args) do
    for _, option in ipairs(WITHOUT_LIBRARY) do
      if arg:find(option[1]) and not traps[arg] then
        return arg .. ": its library is not there; " .. option[2]
      end
    end
  end
end

-- Guest headers and libraries: of the source tree, or installed.
local function sysroot(here)
  local given = os.getenv "ZVM_SYSROOT"
  if given and given ~= "" then return given end
  local prefix = here:match "^(.*)/share/lua/5%.1/zvm/toolchain$"
  if prefix then return prefix .. "/lib/zvm/sysroot" end
  return here:match "^(.*)/lua/zvm/toolchain$" .. "/build/sysroot"
end

-- Read the command line once; returns what decides the rest, or nil and a
-- message.
local function parse(args, language)
  local o = { args = {}, level = 2, link = true, inputs = 0,
    driver = language, cxx = language == "c++" }
  local i = 1
  while args[i] do
    local arg = args[i]
    local reason = REFUSED[arg]
    if reason then return nil, arg .. ": " .. reason end
    if STOPS[arg] then o.link = false end
    o.tables = o.tables or WANTS_TABLES[arg]
    local march = arg:match "^%-march=(.*)$"
    if march then
      o.level = LEVEL[march]
      if not o.level then
        return nil, arg
          .. ": allowed are x86-64, x86-64-v2 (default) and x86-64-v3"
      end
    elseif arg == "-nostdlib" then
      o.nostart, o.nolibs = true, true
    elseif arg == "-nostartfiles" then
      o.nostart = true
    elseif arg == "-nodefaultlibs" or arg == "-nolibc" then
      o.nolibs = true
    elseif arg == "-nostdinc" then
      o.noinclude = true
    elseif arg == "-nostdinc++" then
      o.noinclude_cxx = true
    elseif arg:find "^%-x" then
      local kind = arg == "-x" and args[i + 1] or arg
      o.cxx = o.cxx or kind:find "c%+%+" ~= nil
      o.headers = kind:find "%-header$" ~= nil
    elseif arg == "-r" then
      o.relocatable = true
    elseif arg == "-T" or arg:find "^%-T." or arg:find "^%-Wl,.*%-T" then
      o.script = true
    elseif arg:find "^%-print%-" or arg:find "^%-dump[mv]"
      or arg == "--version" or arg:find "^%-%-help" then
      o.query = arg
    end
    if arg == "-l" or arg:find "^%-l." or arg == "-"
      or not arg:find "^%-" then
      o.inputs = o.inputs + 1
      o.cxx = o.cxx or CXX[ending(arg)]
      o.all_headers = o.all_headers ~= false
        and (o.headers or not arg:find "^%-" and HEADER[ending(arg)] or false)
    end
    if not IGNORED[arg] then o.args[#o.args + 1] = arg end
    if WITH_VALUE[arg] then
      i = i + 1
      o.args[#o.args + 1] = args[i]
    end
    i = i + 1
  end
  return o
end

-- Answers that differ from gcc's own; nil when gcc's is right.
local function answer(o, root)
  if o.query == "-dumpmachine" then return "x86_64-unknown-none" end
  if o.query == "-print-libgcc-file-name" then
    return root .. "/lib/libzvmrt.a"
  end
  if o.query == "-print-sysroot" then return root end
  if o.query == "-print-multiarch" then return "" end
  return nil
end

local function linker_flags(o, root)
  local before, after = {}, {}
  append(before, { "-static", "-nostdlib" })
  if o.relocatable then return before, after end
  append(before, {
    "-Wl,-z,max-page-size=4096", "-Wl,-z,noexecstack",
    "-Wl,-z,separate-code", "-Wl,-z,norelro", "-Wl,--build-id=none",
    "-Wl,--no-warn-rwx-segments", "-Wl,--eh-frame-hdr",
  })
  if not o.script then append(before, { "-T", root .. "/lib/zvm.ld" }) end
  if not o.nostart then
    -- It is libc.a that calls main, too late for one in an archive before it.
    append(before, { ("%s/lib/crt1-v%d.o"):format(root, o.level),
      "-Wl,-u,main" })
  end
  if o.level == 3 then
    append(after, { "-Wl,--defsym=zvm_link_with_march_x86_64_v3=0" })
    append(before, { "-L" .. root .. "/lib/v3" })
  end
  append(after, { "-L" .. root .. "/lib" })
  if not o.nolibs then
    append(after, { "-Wl,--start-group" })
    if o.driver == "c++" then append(after, { "-lstdc++" }) end
    if exists(root .. "/lib/libgcc_eh.a") then
      append(after, { "-lgcc_eh" })
    end
    append(after, { "-lc", "-lzvmrt", "-Wl,--end-group" })
  end
  return before, after
end

-- zvm-c++ without its library. The library's own build goes on.
local function is_missing(o, root)
  local given = os.getenv "ZVM_NO_CXX_LIBRARY"
  return o.driver == "c++" and not o.query and o.inputs > 0
    and not (o.nolibs or o.noinclude_cxx) and (not given or given == "")
    and not exists(root .. "/lib/libstdc++.a")
end

-- Run gcc. When the assembler had to refuse without a line of the source, ask
-- again with line numbers: only then they cost anything.
local function compile(command, o)
  local gcc = o.driver == "c++" and (os.getenv "ZVM_GXX" or "g++")
    or os.getenv "ZVM_GCC" or "gcc"
  local unplaced = os.tmpname()
  local level = tostring(o.level)
  local tables = (o.tables or o.cxx) and "1" or ""
  local code = shell.run(gcc, command, { ZVM_LEVEL = level,
    ZVM_TABLES = tables, ZVM_UNPLACED = unplaced })
  local file = code ~= 0 and io.open(unplaced, "rb")
  local message = file and file:read "*a" or ""
  if file then file:close() end
  os.remove(unplaced)
  if message == "" then return code end
  append(command, { "-g1", "-w" })
  if shell.run(gcc, command, { ZVM_LEVEL = level, ZVM_TABLES = tables,
    ZVM_UNPLACED = "" }) == 0 then
    io.stderr:write(message)
  end
  return code
end

--- Run; returns the exit code. `here` is the folder of this file, `language`
-- "c" (the default) or "c++".
function M.main(args, here, language)
  language = language or "c"
  local o, message = parse(response.expand(args), language)
  if not o then
    io.stderr:write(PROGRAM[language], ": error: ", message, "\n")
    return 1
  end
  local root = sysroot(here)
  local text = o.query and answer(o, root)
  if text then
    print(text)
    return 0
  end
  if is_missing(o, root) then
    io.stderr:write("zvm-c++: error: no C++ library in ", root,
      "; make it with `make cxx`, see docs/cxx.md\n")
    return 1
  end
  local link = o.link and o.inputs > 0 and not o.all_headers and not o.query
  message = link and lacks_library(o.args)
  if message then
    io.stderr:write(PROGRAM[language], ": error: ", message, "\n")
    return 1
  end
  local before, after = {}, {}
  if link then before, after = linker_flags(o, root) end
  local command = { "-B" .. here .. "/bin/", "-B" .. root .. "/lib/" }
  append(command, DEFAULTS)
  append(command, before)
  append(command, o.args)
  append(command, FIXED)
  if o.level == 3 then append(command, FIXED_V3) end
  append(command, { "--sysroot=" .. root })
  if not o.noinclude then
    if o.cxx and not o.noinclude_cxx then
      append(command, { "-nostdinc++", "-isystem", root .. "/include/c++",
        "-isystem", root .. "/include/c++/zvm",
        "-isystem", root .. "/include/c++/backward" })
    end
    append(command, { "-isystem", root .. "/include" })
  end
  append(command, after)
  return compile(command, o)
end

return M
