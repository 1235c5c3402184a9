# zvm - the only makefile. `make help` lists what there is to make.
#
# Everything is made under build/. Each target first installs, through
# .ci/setup, what the machine lacks for it; ZVM_NO_SETUP=1 forbids that.
#
# SPDX-License-Identifier: Apache-2.0

ifeq ($(MAKELEVEL),0)
JOBS ?= $(shell nproc)
MAKEFLAGS += -j$(JOBS)
endif
# Without --no-builtin-rules: makefiles of ports would inherit that.
MAKEFLAGS += --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

B := build
.PRECIOUS: $(B)/src/%/.fetched
CC = gcc
AR = ar
PREFIX ?= /usr/local
DESTDIR ?=
# Where Lua looks for modules, in Lua and in C.
LUA_SHARE ?= $(PREFIX)/share/lua/5.1
LUA_LIB ?= $(PREFIX)/lib/lua/5.1
LUA_CFLAGS ?= -I/usr/include/lua5.1
INTERPRETERS = lua5.1 luajit $(B)/luajit-noffi/bin/luajit

# What is said of the host's code is not said of guests, which the makefiles of
# others build.
MAKEOVERRIDES =
unexport CC AR CFLAGS CPPFLAGS LDFLAGS DESTDIR PREFIX

# V=1 shows commands whole.
run = $(if $(V),,@printf '  %-6s %s\n' $1 $@ && )

# -- Flags ------------------------------------------------------------------

OPT ?= -O2 -g
WARN := -Wall -Wextra -Wvla -Wformat=2 -Wswitch-enum -Wimplicit-fallthrough \
  -Wundef -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
# What is installed names no folder of the build, its debug information neither.
CORE_CFLAGS := -ffile-prefix-map=$(CURDIR)=. -std=gnu11 -fPIC -fvisibility=hidden -fno-strict-aliasing \
  -fno-delete-null-pointer-checks -fno-strict-overflow \
  -ftrivial-auto-var-init=zero -D_GNU_SOURCE -Icore/include -Icore
# What handles untrusted sizes may not convert in silence.
STRICT := -Wconversion -Wno-sign-conversion
$(B)/obj/core/isa/%.o $(B)/obj/core/validator/%.o: STRICT += -ffreestanding

# -- Sources ----------------------------------------------------------------

LAYERS := base isa validator module memory channel entry trap job worker \
  session
CORE_SRC := $(foreach d,$(LAYERS),$(wildcard core/$d/*.c core/$d/*.S))
CORE_OBJ := $(patsubst %,$(B)/obj/%.o,$(basename $(CORE_SRC)))
LUA_OBJ := $(patsubst %.c,$(B)/obj/%.o,$(wildcard zvm.so-src/*.c))
TOOLS := $(patsubst core/tool/%.c,$(B)/bin/%,$(wildcard core/tool/*.c))
CTESTS := $(patsubst spec/core/%.c,$(B)/test/%,$(wildcard spec/core/test_*.c)) \
  $(B)/test/test_host_luajit
ORACLES := $(addprefix $(B)/test/,enumerate compare cpu mutants)
GUESTS := $(patsubst spec/guest/%.c,$(B)/guest/%.zvm,\
  $(wildcard spec/guest/*.c spec/guest/thread/*.c spec/guest/mapreduce/*.c))
# The string functions of level v3 are others. What formats.c prints natively
# is what it has to print.
GUESTS += $(addprefix $(B)/guest/,string_check-v3.zvm edges_check-v3.zvm \
  formats.native)
# These run natively too, and have to say the same.
RE_GUESTS := $(B)/guest/re/filtered.zvm $(B)/guest/re/filtered-v3.zvm
FS_GUESTS := $(patsubst spec/guest/fs/%.c,$(B)/guest/fs/%.zvm,$(wildcard spec/guest/fs/*.c))
FS_NATIVES := $(B)/guest/fs/calls.native $(B)/guest/fs/random.native
# Facts about files, which the host and the guest have to agree on.
POSIX := $(patsubst spec/guest/posix/%.c,$(B)/guest/posix/%,$(wildcard spec/guest/posix/*.c))
# spec/guest/features/atomic.c becomes build/guest/features/O2/atomic.zvm, ...
FEATURE_LEVELS := O0 O1 O2 O3 Os v3
FEATURES := $(foreach l,$(FEATURE_LEVELS),$(patsubst \
  spec/guest/features/%.c,$(B)/guest/features/$l/%.zvm,$(wildcard spec/guest/features/*.c)))
# examples/01-hello/main.c becomes build/guest/01-hello/main.zvm
EXAMPLES := $(patsubst examples/%,$(B)/guest/%.zvm,\
  $(basename $(wildcard examples/*/*.c examples/*/*.s)))
KERNELS := $(patsubst spec/bench/kernel/%.c,%,$(wildcard spec/bench/kernel/*.c))
SYSROOT := $(B)/sysroot
TOOLCHAIN := lua/bin/zvm-cc lua/bin/zvm-c++ stdlib/link.ld $(wildcard lua/zvm/toolchain/*.lua \
  lua/zvm/toolchain/bin/*)
LIBC := $(SYSROOT)/.libc
INTERPRETER := $(B)/bin/zvm
# Guests that come with zvm.
SHARE := $(addprefix $(B)/share/zvm/,cut.zvm lua.zvm re.zvm re-v3.zvm)
MAPREDUCE := $(SYSROOT)/lib/libzvm-mapreduce.a
RE := $(B)/share/zvm/re.zvm $(B)/share/zvm/re-v3.zvm

# -- What is made -----------------------------------------------------------

.PHONY: all setup setup-cxx host libc cxx guests test ctests check-validator check-sanitizers \
  check-toolchain check-busybox check-cxx check-cxx-library check-ports check-rock soak fuzz demo bench lint check man install clean help

all: host libc guests $(INTERPRETER) ## The Lua module, the C library, the guest libc

host: $(B)/zvm.so $(B)/zvm/disasm.so $(B)/libzvm.a $(TOOLS) ## What runs on the host only

libc: $(LIBC) $(SYSROOT)/.pcre2 $(SHARE) ## The guest's libc and ports, guests that zvm needs

guests: $(GUESTS) $(RE_GUESTS) $(FS_GUESTS) $(FS_NATIVES) $(POSIX:=.zvm) $(POSIX:=.native) $(FEATURES) $(EXAMPLES) ## Guests of the specs and the examples

setup:
	@.ci/setup

# -- Host side --------------------------------------------------------------

$(B)/obj/core/%.o: core/%.c Makefile | setup
	@mkdir -p $(@D)
	$(call run,CC)$(CC) $(OPT) $(WARN) $(STRICT) $(CORE_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/obj/core/%.o: core/%.S Makefile | setup
	@mkdir -p $(@D)
	$(call run,AS)$(CC) -g $(CORE_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/obj/zvm.so-src/%.o: zvm.so-src/%.c Makefile | setup
	@mkdir -p $(@D)
	$(call run,CC)$(CC) $(OPT) $(WARN) $(CORE_CFLAGS) $(LUA_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# The validator's automaton, from the decoder and its table.
$(B)/gen/automaton: core/validator/gen/automaton.c core/isa/table.c Makefile \
    $(wildcard core/isa/*.h core/isa/*.def core/validator/*.h) | setup
	@mkdir -p $(@D)
	$(call run,CC)$(CC) -O2 $(WARN) $(CORE_CFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^)

$(B)/gen/automaton.inc: $(B)/gen/automaton
	$(call run,GEN)$< $@

$(B)/obj/core/validator/accept.o $(CTESTS): $(B)/gen/automaton.inc
$(B)/obj/core/validator/accept.o: STRICT += -I$(B)/gen

# A cached verdict counts for the validator that reached it: these sources.
JUDGES := $(sort $(wildcard core/isa/* core/validator/*.* core/validator/gen/* \
  core/module/* core/base/* core/include/*))
$(B)/gen/identity.inc: $(JUDGES) Makefile | setup
	@mkdir -p $(@D)
	$(call run,GEN)set -e; $(CC) --version >$@.of; cat $(JUDGES) Makefile >>$@.of; \
	  echo '$(OPT) $(CORE_CFLAGS) $(STRICT) $(CFLAGS)' >>$@.of; \
	  digest=$$(sha256sum <$@.of); rm $@.of; \
	  echo "#define ZVM__VALIDATOR_IDENTITY \"$${digest%% *}\"" >$@

$(B)/obj/core/module/cache.o: $(B)/gen/identity.inc
$(B)/obj/core/module/cache.o: STRICT += -I$(B)/gen

# The worker executable: static, so that it needs no file and is small. Of
# sanitizers it has those that need no library.
CELL_SRC := $(wildcard core/cell/*.c) $(filter core/base/% core/memory/% \
  core/channel/% core/entry/% core/trap/% core/job/%,$(CORE_SRC))
# It gets its channels open: what opens them would bring a resolver of names.
CELL_SRC := $(filter-out $(addprefix core/channel/,channels.c descriptor.c \
  hostend.c join.c open.c options.c pipe.c socket.c stops.c uri.c),$(CELL_SRC))
CELL_FLAGS = $(OPT) $(WARN) $(STRICT) $(filter-out -fPIC,$(CORE_CFLAGS)) \
  -fPIE $(CFLAGS) \
  $(if $(findstring -fsanitize,$(CFLAGS)),-fsanitize-undefined-trap-on-error)
CELL_OBJ := $(patsubst %,$(B)/cell/%.o,$(basename $(CELL_SRC)))
HOOK_OBJ := $(patsubst %,$(B)/hook/%.o,$(basename $(CELL_SRC))) \
  $(B)/hook/spec/core/hook.o
cell_link = $(CC) -static-pie -s -Wl,--gc-sections -Wl,-z,noexecstack \
  -Wl,-T,core/cell/near.ld -o $@ $(filter %.o,$^) -lcrypto

$(B)/cell/%.o: %.c Makefile | setup
	@mkdir -p $(@D)
	$(call run,CELL)$(CC) $(CELL_FLAGS) -MMD -MP -c -o $@ $<

$(B)/cell/%.o: %.S Makefile | setup
	@mkdir -p $(@D)
	$(call run,AS)$(CC) -g $(CORE_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/zvm-worker: $(CELL_OBJ) core/cell/near.ld
	$(call run,LD)$(cell_link)

# The same with host code in the guest's place, for one test.
$(B)/hook/%.o: %.c spec/core/hook.def Makefile | setup
	@mkdir -p $(@D)
	$(call run,HOOK)$(CC) $(CELL_FLAGS) -DZVM_TEST_HOOK -Ispec/core -MMD -MP -c -o $@ $<

$(B)/hook/%.o: %.S Makefile | setup
	@mkdir -p $(@D)
	$(call run,AS)$(CC) -g $(CORE_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/test/hook-worker: $(HOOK_OBJ) core/cell/near.ld
	@mkdir -p $(@D)
	$(call run,LD)$(cell_link)

$(B)/obj/core/worker/image.o: $(B)/zvm-worker
$(B)/obj/core/worker/image.o: CORE_CFLAGS += -DZVM_CELL='"$(B)/zvm-worker"'

$(B)/libzvm.a: $(CORE_OBJ)
	@rm -f $@
	$(call run,AR)$(AR) rcs $@ $^

# A signal handler lives in it: it may not be unloaded.
$(B)/zvm.so: $(LUA_OBJ) $(B)/libzvm.a
	$(call run,LD)$(CC) -shared -Wl,-z,nodelete,-z,now,-z,relro,-z,noexecstack \
	  -Wl,--exclude-libs,ALL $(LDFLAGS) -o $@ $^ -lcrypto -pthread

# For people who read findings. Not trusted, not needed: without Zydis 4 all
# else is made, and zvm.explain shows bytes.
$(B)/zvm/disasm.so: zvm.so-src/disasm/disasm.c Makefile | setup
	@mkdir -p $(@D)
	@echo '#include <Zydis/Zydis.h>' | $(CC) -E -o $(@D)/probe - 2>/dev/null || \
	  echo "  no Zydis: zvm explain will have no disassembly"
	@! test -f $(@D)/probe || { $(if $(V),set -x;,printf '  %-6s %s\n' LD $@;) \
	  $(CC) $(OPT) $(WARN) $(CORE_CFLAGS) $(LUA_CFLAGS) $(CFLAGS) -shared \
	  -Wl,-z,now,-z,relro,-z,noexecstack -o $@ $< -lZydis; }
	@rm -f $(@D)/probe

# The executable `zvm`: LuaJIT without FFI, zvm, its Lua modules as text, and
# the C that these need.
NOFFI := $(B)/obj/luajit-noffi/src
EMBEDDED := $(sort $(wildcard lua/zvm/*.lua lua/zvm/*/*.lua lua/zvm/*/*/*.lua))
INTERPRETER_SRC := $(wildcard zvm.so-src/interpreter/*.c) zvm.so-src/disasm/disasm.c
$(B)/gen/embedded.S: $(EMBEDDED) Makefile | setup
	@mkdir -p $(@D)
	$(call run,GEN)for f in $(EMBEDDED); do \
	  echo "$$f" | sed 's|^lua/||; s|\.lua$$||; s|/|.|g'; echo "$$f"; done | awk ' \
	  BEGIN { print "/* SPDX-License-Identifier: Apache-2.0 */" } \
	  NR % 2 { name[++n] = $$0; next } { file[n] = $$0 } \
	  END { print ".section .rodata"; for (i = 1; i <= n; i++) \
	    printf "n%d: .asciz \"%s\"\nb%d: .incbin \"%s\"\ne%d: .byte 0\n", i, name[i], i, file[i], i; \
	    print ".section .data.rel.ro, \"aw\""; print ".balign 8"; \
	    print ".globl zvm__embedded"; print "zvm__embedded:"; \
	    for (i = 1; i <= n; i++) printf ".quad n%d, b%d, e%d\n", i, i, i; \
	    print ".quad 0, 0, 0"; print ".section .note.GNU-stack" }' >$@

$(NOFFI)/libluajit.a: $(B)/luajit-noffi/bin/luajit

# Headers of LuaJIT declare what this one defines where Lua does not have it.
CJSON := $(addprefix $(B)/obj/lua-cjson/,lua_cjson.o strbuf.o fpconv.o)
$(CJSON): $(B)/obj/lua-cjson/%.o: $(B)/src/lua-cjson/.fetched
	@mkdir -p $(@D)
	$(call run,CC)$(CC) -O2 -fPIC -w $(LUA_CFLAGS) -c -o $@ $(B)/src/lua-cjson/$*.c

$(INTERPRETER): $(INTERPRETER_SRC) $(B)/gen/embedded.S $(LUA_OBJ) $(CJSON) \
    $(B)/libzvm.a $(NOFFI)/libluajit.a $(wildcard zvm.so-src/interpreter/*.h)
	@mkdir -p $(@D)
	$(call run,CC)$(CC) $(OPT) $(WARN) $(CORE_CFLAGS) $(LUA_CFLAGS) -fPIE $(CFLAGS) $(LDFLAGS) -pie -Wl,-E \
	  -Wl,-z,now,-z,relro,-z,noexecstack -o $@ $(filter %.c %.S %.o %.a,$^) \
	  -lcrypto -lZydis -ledit -lm -ldl -pthread

$(B)/bin/%: core/tool/%.c $(B)/libzvm.a
	@mkdir -p $(@D)
	$(call run,TOOL)$(CC) $(OPT) $(WARN) $(CORE_CFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -MF $@.d -o $@ $< \
	  $(B)/libzvm.a -lcrypto -pthread

# -- Guest side -------------------------------------------------------------

$(B)/src/%/.fetched: | setup
	@.ci/fetch $(B)/src $*
	@test -f $@

$(LIBC): $(TOOLCHAIN) $(B)/src/musl/.fetched \
    $(shell find stdlib -type f -not -path 'stdlib/ports/*' \
      -not -path '*/mapreduce*' -not -path 'stdlib/re/*') core/include/zvm_abi.h
	@mkdir -p $(SYSROOT)/lib
	+$(call run,LIBC)stdlib/build-libc $(B)/src/musl $(SYSROOT) lua/bin/zvm-cc
	@touch $@

$(SYSROOT)/.%: stdlib/ports/%/build $(LIBC) $(B)/src/%/.fetched
	+$(call run,PORT)stdlib/ports/$*/build $(B)/src/$* $(SYSROOT) lua/bin/zvm-cc
	@touch $@

# Where zvm.pipeline cuts files, by a pattern.
$(B)/share/zvm/cut.zvm: stdlib/ports/pcre2/cut.c $(SYSROOT)/.pcre2
	@mkdir -p $(@D)
	$(call run,GUEST)lua/bin/zvm-cc -O2 -std=gnu11 -Wall -Wextra -o $@ $< -lpcre2-8

# A library of its own: who does not link it has nothing of it.
libc: $(MAPREDUCE)
$(B)/obj/mapreduce/%.o: stdlib/mapreduce/%.c stdlib/mapreduce/parts.h \
    stdlib/include/zvm/mapreduce.h $(LIBC)
	@mkdir -p $(@D) $(SYSROOT)/include/zvm
	@cp -p stdlib/include/zvm/mapreduce.h $(SYSROOT)/include/zvm/
	$(call run,GUEST)lua/bin/zvm-cc -O2 -std=gnu11 $(WARN) -D_GNU_SOURCE \
	  -ffunction-sections -Istdlib/include -c -o $@ $<

$(MAPREDUCE): $(patsubst stdlib/mapreduce/%.c,$(B)/obj/mapreduce/%.o,\
    $(wildcard stdlib/mapreduce/*.c))
	@rm -f $@
	$(call run,AR)$(AR) rcs $@ $^

# Lua 5.1, which zvm.lua runs.
LUA_SOURCES := $(B)/src/lua5.1 $(B)/src/lua-cjson
$(B)/share/zvm/lua.zvm: $(wildcard stdlib/ports/lua/*) $(LUA_SOURCES:=/.fetched) $(LIBC)
	@mkdir -p $(@D)
	+$(call run,PORT)stdlib/ports/lua/build $(LUA_SOURCES) $@ lua/bin/zvm-cc

# What zvm.re matches with.
$(B)/share/zvm/re-v3.zvm: LEVEL = -march=x86-64-v3
$(RE): $(wildcard stdlib/re/*) $(SYSROOT)/.pcre2
	@mkdir -p $(@D)
	$(call run,GUEST)lua/bin/zvm-cc -O2 $(LEVEL) -Wall -Wextra -o $@ $(filter %.c,$^) -lpcre2-8

# The C++ library, which zvm-c++ links.
CXX_LIB := $(SYSROOT)/.gcc-12
$(CXX_LIB): $(wildcard stdlib/ports/gcc-12/*) | setup-cxx
setup-cxx:
	@.ci/setup cxx
cxx: $(CXX_LIB) ## The C++ library for zvm-c++

libc: $(SYSROOT)/.zlib # small, and a spec's
$(SYSROOT)/.tcl8.6 $(SYSROOT)/.sqlite3: $(SYSROOT)/.zlib # which they link if it is there

# BusyBox for the sandbox, and the same for the host to compare with.
PORT_BUSYBOX := $(wildcard stdlib/ports/busybox/*) $(B)/src/busybox/.fetched
$(B)/busybox.zvm: $(PORT_BUSYBOX) $(LIBC)
	+$(call run,PORT)stdlib/ports/busybox/build $(B)/src/busybox $@ lua/bin/zvm-cc
	@touch $@

$(B)/busybox.native: $(PORT_BUSYBOX) | setup
	+$(call run,PORT)stdlib/ports/busybox/build $(B)/src/busybox $@ gcc
	@touch $@

# The `echo -ne` that BusyBox's tests want of a shell.
$(B)/test/echo-ne: $(B)/src/busybox/.fetched
	@mkdir -p $(@D)
	$(call run,CC)$(CC) -O2 -w -o $@ $(B)/src/busybox/scripts/echo.c

BUSYBOX := $(B)/busybox.zvm $(B)/test/echo-ne

# Guests of specs do what compilers warn of.
GUEST_CFLAGS = -O2 -std=gnu11 -Ispec/guest
$(B)/guest/%.zvm: spec/guest/%.c $(wildcard spec/guest/*.h) $(LIBC)
	@mkdir -p $(@D)
	$(call run,GUEST)lua/bin/zvm-cc $(GUEST_CFLAGS) -w -o $@ $< -lm

$(B)/guest/mapreduce/%.zvm: spec/guest/mapreduce/%.c $(MAPREDUCE)
	@mkdir -p $(@D)
	$(call run,GUEST)lua/bin/zvm-cc $(GUEST_CFLAGS) -w -o $@ $< -lzvm-mapreduce

$(B)/guest/re/filtered-v3.zvm: LEVEL = -march=x86-64-v3
$(RE_GUESTS): spec/guest/re/filtered.c $(wildcard stdlib/re/*) $(SYSROOT)/.pcre2
	@mkdir -p $(@D)
	$(call run,GUEST)lua/bin/zvm-cc -O2 $(LEVEL) -Wall -Wextra -o $@ $(filter-out %/serve.c,$(filter %.c,$^)) -lpcre2-8
$(FS_GUESTS): $(wildcard spec/guest/fs/*.h)
$(B)/guest/fs/%.native: spec/guest/fs/%.c spec/guest/fs/both.h | setup
	@mkdir -p $(@D)
	$(call run,CC)$(CC) $(GUEST_CFLAGS) -w -o $@ $<

$(B)/guest/avx_check.zvm: GUEST_CFLAGS += -march=x86-64-v3

$(B)/guest/%-v3.zvm: spec/guest/%.c $(wildcard spec/guest/*.h) $(LIBC)
	@mkdir -p $(@D)
	$(call run,GUEST)lua/bin/zvm-cc $(GUEST_CFLAGS) -march=x86-64-v3 -w -o $@ $< -lm

$(B)/guest/%.native: spec/guest/%.c | setup
	@mkdir -p $(@D)
	$(call run,CC)$(CC) $(GUEST_CFLAGS) -w -o $@ $< -lm

# Facts about files, told by the host and by the guest.
$(B)/guest/posix/%.zvm: spec/guest/posix/%.c spec/guest/posix/fact.h $(LIBC)
	@mkdir -p $(@D)
	$(call run,GUEST)lua/bin/zvm-cc $(GUEST_CFLAGS) -D_GNU_SOURCE -w -o $@ $<

$(B)/guest/posix/%.native: spec/guest/posix/%.c spec/guest/posix/fact.h | setup
	@mkdir -p $(@D)
	$(call run,CC)$(CC) $(GUEST_CFLAGS) -D_GNU_SOURCE -w -o $@ $<

# Programs of C++, which print the same natively: make check-cxx.
CXX_NAMES := $(filter-out order,$(patsubst spec/guest/cxx/%.cc,%,$(wildcard spec/guest/cxx/*.cc)))
CXX_GUESTS := $(foreach n,$(CXX_NAMES) $(foreach l,O0 v3 lto,deep-$l exceptions-$l),$(B)/guest/cxx/$n.zvm) \
  $(CXX_NAMES:%=$(B)/guest/cxx/%.native)
CXX_FLAGS = -O2 -std=c++20 -w
cxx_link = $(CXX_FLAGS) -o $@ $(filter %.cc %.o,$^)
$(B)/guest/cxx/%.zvm: spec/guest/cxx/%.cc $(CXX_LIB)
	@mkdir -p $(@D)
	$(call run,GUEST)lua/bin/zvm-c++ $(cxx_link)

$(B)/guest/cxx/%.native: spec/guest/cxx/%.cc | setup-cxx
	@mkdir -p $(@D)
	$(call run,CXX)g++ $(cxx_link)

# experimental/filesystem has a library of its own.
$(B)/guest/cxx/old.zvm $(B)/guest/cxx/old.native: CXX_FLAGS = -O2 -std=c++17 -w
$(B)/guest/cxx/old.zvm $(B)/guest/cxx/old.native: cxx_link += -lstdc++fs

define cxx_level
$(B)/guest/cxx/%-$1.zvm: CXX_FLAGS = $2 -std=c++20 -w
$(B)/guest/cxx/%-$1.zvm: spec/guest/cxx/%.cc $(CXX_LIB)
	@mkdir -p $$(@D)
	$$(call run,GUEST)lua/bin/zvm-c++ $$(cxx_link)
endef
$(eval $(call cxx_level,O0,-O0))
$(eval $(call cxx_level,v3,-O3 -march=x86-64-v3))
$(eval $(call cxx_level,lto,-O2 -flto))

$(B)/guest/cxx/statics.zvm $(B)/guest/cxx/statics.native: spec/guest/cxx/order.cc
$(B)/guest/cxx/callbacks.zvm $(B)/guest/cxx/callbacks.native: $(B)/guest/cxx/callbacks.%: $(B)/guest/cxx/through_c.%.o
$(B)/guest/cxx/through_c.zvm.o: spec/guest/cxx/through_c.c $(LIBC)
	@mkdir -p $(@D)
	$(call run,GUEST)lua/bin/zvm-cc -O2 -fexceptions -c -o $@ $<

$(B)/guest/cxx/through_c.native.o: spec/guest/cxx/through_c.c | setup
	@mkdir -p $(@D)
	$(call run,CC)$(CC) -O2 -fexceptions -c -o $@ $<

define feature
$(B)/guest/features/$1/%.zvm: spec/guest/features/%.c spec/guest/check.h $(LIBC)
	@mkdir -p $$(@D)
	$$(call run,GUEST)lua/bin/zvm-cc $(if $(filter v3,$1),-O3 -march=x86-64-v3,-$1) \
	  -std=gnu11 -w -o $$@ $$< -lm
endef
$(foreach l,$(FEATURE_LEVELS),$(eval $(call feature,$l)))

DEMO := $(addprefix $(B)/guest/06-mapreduce/,grep.zvm count.zvm)
$(B)/guest/06-mapreduce/grep.zvm: GUEST_LIBS = -lzvm-mapreduce -lpcre2-8
$(B)/guest/06-mapreduce/grep.zvm: $(SYSROOT)/.pcre2 $(MAPREDUCE)
$(B)/guest/06-mapreduce/count.zvm: GUEST_LIBS = -lzvm-mapreduce
$(B)/guest/06-mapreduce/count.zvm: $(MAPREDUCE)
$(B)/guest/%.zvm: examples/%.c $(LIBC)
	@mkdir -p $(@D)
	$(call run,GUEST)lua/bin/zvm-cc $(GUEST_CFLAGS) -Wall -Wextra -o $@ $< $(GUEST_LIBS)

# Assembly of examples is taken as it is: some of it is bad on purpose.
$(B)/guest/%.zvm: examples/%.s stdlib/link.ld | setup
	@mkdir -p $(@D)
	$(call run,GUEST)as --x32 -g -o $@.o $< && \
	  ld -m elf32_x86_64 -z max-page-size=4096 -T stdlib/link.ld -o $@ $@.o && rm $@.o

LUA_ENV := LUA_PATH='lua/?.lua;;' LUA_CPATH='$(B)/?.so;;' ZVM_BUILD=$(B)

# -- Tests ------------------------------------------------------------------

# Coverage-guided, SECONDS for each; the same targets replay a corpus.
SECONDS ?= 60
FUZZ := $(patsubst spec/fuzz/%.c,%,$(wildcard spec/fuzz/fuzz_*.c))
FUZZ_SRC := spec/oracle/second.c $(filter %.c,$(filter core/isa/% \
  core/validator/% core/module/% core/base/%,$(CORE_SRC)))
FUZZ_CFLAGS := $(filter-out -ftrivial-auto-var-init=zero,$(CORE_CFLAGS)) \
  -Ispec/oracle -I$(B)/gen -g -O1
$(B)/fuzz/%: spec/fuzz/%.c $(FUZZ_SRC) $(B)/gen/automaton.inc $(B)/gen/identity.inc
	@.ci/setup fuzz
	@mkdir -p $(@D)
	$(call run,FUZZ)clang -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
	  $(FUZZ_CFLAGS) -o $@ $< $(FUZZ_SRC) -lcrypto -lZydis

fuzz: $(FUZZ:%=$(B)/fuzz/%) ## Fuzz validator, loader, manifests: SECONDS=60 for each
	@spec/fuzz/run $(B) $(SECONDS) $(FUZZ) manifest

REPLAYS := $(FUZZ:fuzz_%=$(B)/test/replay_%)
$(B)/test/replay_%: spec/fuzz/fuzz_%.c spec/fuzz/replay.c $(FUZZ_SRC) $(B)/gen/automaton.inc $(B)/gen/identity.inc
	@mkdir -p $(@D)
	$(call run,TEST)$(CC) -fsanitize=address,undefined -fno-sanitize-recover=all \
	  $(FUZZ_CFLAGS) -o $@ $(filter spec/fuzz/%,$^) $(FUZZ_SRC) -lcrypto -lZydis

# The distribution's LuaJIT without its FFI, as some hosts ship it.
$(B)/luajit-noffi/bin/luajit: $(B)/src/luajit/.fetched
	@rm -rf $(B)/obj/luajit-noffi && mkdir -p $(B)/obj $(@D)
	@cp -R $(B)/src/luajit $(B)/obj/luajit-noffi
	@echo "building LuaJIT without FFI"
	@$(MAKE) -C $(B)/obj/luajit-noffi/src BUILDMODE=static CC=gcc CFLAGS= \
	  XCFLAGS=-DLUAJIT_DISABLE_FFI Q= E=@: luajit \
	  >$(B)/obj/luajit-noffi.log 2>&1 || { cat $(B)/obj/luajit-noffi.log; exit 1; }
	@mkdir -p $(B)/luajit-noffi/share/lua/5.1
	@cp -R $(B)/obj/luajit-noffi/src/jit $(B)/luajit-noffi/share/lua/5.1/
	@strip --strip-debug $(B)/obj/luajit-noffi/src/libluajit.a
	@cp $(B)/obj/luajit-noffi/src/luajit $@

$(B)/test/%: spec/core/%.c $(B)/libzvm.a
	@mkdir -p $(@D)
	$(call run,TEST)$(CC) -O1 -g $(filter-out -Wswitch-enum,$(WARN)) $(filter-out -fvisibility=hidden,$(CORE_CFLAGS)) $(CFLAGS) $(LDFLAGS) \
	  $(PLACE) -Ispec/core -I$(B)/gen -MMD -MP -MF $@.d -o $@ $< $(B)/libzvm.a -lcrypto -lZydis -pthread

# A host that has no low 4 GiB to give.
$(B)/test/test_worker: PLACE := -no-pie

# What file systems and kernels may lack is in its own functions.
$(B)/test/test_output: PLACE := -Wl,--wrap=openat,--wrap=faccessat \
  -Wl,--wrap=renameat,--wrap=getrandom,--wrap=linkat,--wrap=pread,--wrap=close

# Hosts that embed Lua. There are no headers of LuaJIT's: Lua's will do.
host_link = $(CC) -O1 -g $(WARN) -std=gnu11 -D_GNU_SOURCE $(LUA_CFLAGS) \
  $(CFLAGS) $(LDFLAGS) -MMD -MP -MF $@.d -o $@ $<
$(B)/test/test_terminal: $(B)/zvm.so
# With sanitizers too it is the executable made without that is talked to.
$(B)/test/test_conversation: build/bin/zvm
$(B)/test/test_host: spec/core/test_host.c $(B)/zvm.so
	@mkdir -p $(@D)
	$(call run,TEST)$(host_link) -llua5.1 -pthread

$(B)/test/test_host_luajit: spec/core/test_host.c $(B)/zvm.so
	@mkdir -p $(@D)
	$(call run,TEST)$(host_link) -l:libluajit-5.1.so.2 -pthread

$(B)/test/test_lockdown: $(B)/test/hook-worker spec/core/hook.def
$(B)/test/test_lockdown: WARN += -DZVM_HOOK_CELL='"$(B)/test/hook-worker"'

# Runs at full load while workers are killed. It has to see which worker a run
# has.
$(B)/test/soak: $(wildcard spec/soak/*) $(B)/libzvm.a
	@mkdir -p $(@D)
	$(call run,TEST)$(CC) -O2 -g $(filter-out -Wswitch-enum,$(WARN)) $(CORE_CFLAGS) -fPIE $(CFLAGS) $(LDFLAGS) \
	  -Wl,--wrap=zvm__pool_take,--wrap=zvm__pool_swap,--wrap=zvm__pool_drop -o $@ $(filter %.c,$^) $(B)/libzvm.a -lcrypto -pthread

# Beside it runs a host in Lua, whose workers nobody may touch.
RUNS ?= 100000
SEED ?= $(shell date +%s)
soak: host guests $(B)/test/soak ## Runs while workers are killed: RUNS=100000 SEED=
	@LUA_PATH='lua/?.lua;spec/?.lua;;' LUA_CPATH='$(B)/?.so;;' ZVM_BUILD=$(B) \
	  luajit spec/soak/beside.lua $$(($(RUNS) / 10)) $(SEED) & lua=$$!; \
	ZVM_BUILD=$(B) $(B)/test/soak $(RUNS) $(SEED); soak=$$?; \
	wait $$lua && [ $$soak = 0 ]

CORPORA := $(foreach t,$(FUZZ:fuzz_%=%),"$(B)/test/replay_$t spec/fuzz/corpus/$t.txt")
test: all guests $(BUSYBOX) $(SYSROOT)/.sqlite3 $(CTESTS) $(B)/test/soak $(ORACLES) $(REPLAYS) $(B)/luajit-noffi/bin/luajit ## All tests, and their count
	@.ci/test $(CTESTS) "$(B)/test/soak --short" "$(B)/test/enumerate --short" "$(B)/test/compare --short" \
	  "$(B)/test/cpu 300" "$(B)/test/mutants --short" \
	  $(CORPORA) -- $(INTERPRETERS)

# All of it again where undefined behaviour ends the process. The address
# sanitizer's own memory lies below 4 GiB: it sees the replays only.
SANITIZE := -fsanitize=undefined -fno-sanitize-recover=all
ctests: $(CTESTS)
check-sanitizers: all $(BUSYBOX) $(REPLAYS) $(B)/luajit-noffi/bin/luajit ## C tests and specs under UBSan, corpora under ASan
	+@$(MAKE) B=$(B)/ubsan CFLAGS='$(SANITIZE)' LDFLAGS='$(SANITIZE)' host ctests
	@ZVM_SO=$(B)/ubsan .ci/test $(CTESTS:$(B)/%=$(B)/ubsan/%) $(CORPORA) -- lua5.1

# The validator's oracles: Zydis, a second validator, the processor, and runs.
$(B)/test/enumerate: spec/oracle/reading.c
$(B)/test/compare: spec/oracle/second.c
$(B)/test/cpu: spec/oracle/lines.c
$(B)/test/mutants: spec/oracle/mutate.c spec/oracle/lines.c
$(ORACLES): $(B)/test/%: spec/oracle/%.c $(B)/libzvm.a $(B)/gen/automaton.inc $(wildcard spec/oracle/*.h)
	@mkdir -p $(@D)
	$(call run,TEST)$(CC) -O2 -g $(filter-out -Wswitch-enum,$(WARN)) $(CORE_CFLAGS) -I$(B)/gen -fpie \
	  -o $@ $(filter %.c,$^) $(B)/libzvm.a -lcrypto -lZydis -pthread

# Each but compare and test_accept keeps two processors busy by itself.
check-validator: guests $(ORACLES) $(B)/test/test_accept $(FUZZ:%=$(B)/fuzz/%) ## The validator's oracles, at length
	$(B)/test/enumerate
	$(B)/test/compare & compare=$$!; $(B)/test/test_accept; accept=$$?; \
	  wait $$compare && [ $$accept = 0 ]
	$(B)/test/cpu
	$(B)/test/mutants
	spec/fuzz/run $(B) $(SECONDS) $(FUZZ)

# gcc's own tests and random programs through zvm-cc: see docs/toolchain.md.
$(B)/src/gcc-testsuite/.unpacked: $(B)/src/gcc-12/.fetched
	@rm -rf $(@D) && mkdir -p $(@D)
	@echo "unpacking the testsuite of gcc 12"
	@tar -C $(@D) --strip-components=3 --wildcards -xf $(B)/src/gcc-12/gcc-12*.tar.xz \
	  '*/gcc/testsuite/gcc.c-torture' '*/gcc/testsuite/gcc.dg' \
	  '*/gcc/testsuite/gcc.target/i386' '*/gcc/testsuite/c-c++-common'
	@touch $@

check-toolchain: all $(B)/src/gcc-testsuite/.unpacked ## Toolchain, at length: FULL=1 COUNT=200
	@.ci/setup toolchain
	@spec/torture/run

# libstdc++'s own tests: see docs/cxx.md.
$(B)/src/libstdcxx-testsuite/.unpacked: $(B)/src/gcc-12/.fetched
	@rm -rf $(@D) && mkdir -p $(@D)
	@tar -C $(@D) --strip-components=3 --wildcards -xf $(B)/src/gcc-12/gcc-12*.tar.xz \
	  '*/libstdc++-v3/testsuite'
	@touch $@

check-cxx-library: host cxx $(B)/src/libstdcxx-testsuite/.unpacked ## libstdc++'s own tests: EVERY=8
	@spec/torture/run-library

# All of them are there: their spec runs then, in `make test` too.
$(B)/guest/cxx/.built: $(CXX_GUESTS)
	@touch $@

check-cxx: host $(B)/guest/cxx/.built $(B)/luajit-noffi/bin/luajit ## Programs of C++, in the sandbox and on the host
	@SPEC=spec/cxx_spec.lua .ci/test -- $(INTERPRETERS)

# BusyBox's own tests, in the sandbox and on the host: see docs/busybox.md.
check-busybox: host $(BUSYBOX) $(B)/busybox.native ## BusyBox's test suite, at length: APPLETS="awk sed"
	@LUA_PATH='lua/?.lua;spec/?.lua;;' ZVM_BUILD=$(B) luajit spec/busybox/check.lua $(APPLETS)

# The tests that ports bring along, in the sandbox.
check-ports: all $(addprefix $(SYSROOT)/.,sqlite3 zlib libzstd tcl8.6) ## Test suites of ports, at length: PORTS="pcre2"
	@stdlib/ports/check $(B) $(PORTS)

check: lint test ## Lint, then test

demo: $(B)/zvm.so $(DEMO) ## The MapReduce example over the system's licence texts
	@$(LUA_ENV) luajit examples/06-mapreduce/run.lua --twice

# -- Benchmarks -------------------------------------------------------------

LIBC_BENCH := $(wildcard spec/bench/libc/*.c)
BENCH := $(KERNELS:%=$(B)/bench/%.zvm) $(KERNELS:%=$(B)/bench/%.native) \
  $(addprefix $(B)/bench/,hello.zvm hello.native large.zvm traps.zvm \
  libc-text.zvm measure processes exchange copy.zvm copy.native puts.zvm puts.native \
  relay.zvm image.zvm image.native throw.zvm throw.native \
  mapreduce/words.zvm mapreduce/order.zvm mapreduce/generate) \
  $(patsubst spec/bench/libc/%.c,$(B)/bench/libc/%.native,$(LIBC_BENCH)) \
  $(patsubst spec/bench/libc/%.c,$(B)/bench/libc/%-v2.zvm,$(LIBC_BENCH)) \
  $(patsubst spec/bench/libc/%.c,$(B)/bench/libc/%-v3.zvm,$(LIBC_BENCH))

$(B)/bench/%.zvm: spec/bench/kernel/%.c spec/bench/kernel.h $(LIBC)
	@mkdir -p $(@D)
	$(call run,GUEST)lua/bin/zvm-cc -O2 -o $@ $< -lm

$(B)/bench/%.zvm: spec/bench/%.c $(LIBC)
	@mkdir -p $(@D)
	$(call run,GUEST)lua/bin/zvm-cc -O2 -o $@ $< $(GUEST_LIBS)

$(B)/bench/throw.zvm: spec/bench/throw.cc $(CXX_LIB)
	@mkdir -p $(@D)
	$(call run,GUEST)lua/bin/zvm-c++ -O2 -o $@ $<

$(B)/bench/throw.native: spec/bench/throw.cc | setup-cxx
	@mkdir -p $(@D)
	$(call run,CXX)g++ -O2 -o $@ $<

# The libc's own text: every object of it in one module.
$(B)/bench/libc-text.zvm: GUEST_LIBS = -Wl,--whole-archive -lc \
  -Wl,--no-whole-archive

$(B)/bench/mapreduce/%.zvm: spec/bench/mapreduce/%.c $(MAPREDUCE)
	@mkdir -p $(@D)
	$(call run,GUEST)lua/bin/zvm-cc -O2 -o $@ $< -lzvm-mapreduce

$(B)/bench/mapreduce/generate: spec/bench/mapreduce/generate.c | setup
	@mkdir -p $(@D)
	$(call run,CC)$(CC) -O2 $(WARN) -o $@ $< -lm

$(B)/bench/%.native: spec/bench/kernel/%.c spec/bench/kernel.h | setup
	@mkdir -p $(@D)
	$(call run,CC)$(CC) -O2 -o $@ $< -lm

# Calls of the library are calls, on both sides.
$(B)/bench/libc/%.native: spec/bench/libc/%.c spec/bench/libc/libc.h | setup
	@mkdir -p $(@D)
	$(call run,CC)$(CC) -O2 -fno-builtin -o $@ $<

$(B)/bench/libc/%-v2.zvm $(B)/bench/libc/%-v3.zvm: spec/bench/libc/%.c \
    spec/bench/libc/libc.h $(LIBC)
	@mkdir -p $(@D)
	$(call run,GUEST)lua/bin/zvm-cc -O2 -fno-builtin -march=x86-64-v2 -o $(@D)/$*-v2.zvm $<
	$(call run,GUEST)lua/bin/zvm-cc -O2 -fno-builtin -march=x86-64-v3 -o $(@D)/$*-v3.zvm $<

$(B)/bench/hello.native: spec/bench/hello.c | setup
	@mkdir -p $(@D)
	$(call run,CC)$(CC) -O2 -static -o $@ $<

$(addprefix $(B)/bench/,copy.native puts.native image.native): $(B)/bench/%.native: spec/bench/%.c | setup
	@mkdir -p $(@D)
	$(call run,CC)$(CC) -O2 -o $@ $<

$(B)/bench/processes $(B)/bench/exchange: $(B)/bench/%: spec/bench/%.c | setup
	@mkdir -p $(@D)
	$(call run,CC)$(CC) -O2 $(WARN) $(CORE_CFLAGS) -o $@ $<

$(B)/bench/measure: spec/bench/measure.c $(B)/libzvm.a
	@mkdir -p $(@D)
	$(call run,CC)$(CC) -O2 $(WARN) $(CORE_CFLAGS) -o $@ $< $(B)/libzvm.a -lcrypto -lZydis -pthread

bench: host $(BENCH) $(EXAMPLES) $(SHARE) ## Guest against native: KERNEL=<name> for one, =libc for its functions, =lua, =re, =cxx ...
	@.ci/setup bench
	@$(LUA_ENV) luajit spec/bench/run.lua $(KERNEL)

# -- The rest ---------------------------------------------------------------

# Options and exit codes of the pages are those of the command's own tables.
MAN := $(patsubst docs/man/%.scd,$(B)/man/%,$(wildcard docs/man/*.scd))
man: $(MAN) ## The man pages, as build/man/*
$(MAN): $(B)/man/%: docs/man/%.scd lua/zvm/cli/man.lua \
    lua/zvm/cli/commands.lua lua/zvm/cli/exits.lua | setup
	@.ci/setup man
	@mkdir -p $(@D)
	$(call run,MAN)LUA_PATH='lua/?.lua' luajit -e 'require "zvm.cli.man".main()' <$< >$@.scd && \
	  scdoc <$@.scd >$@ && rm $@.scd

lint: | setup ## Style, warnings and layers
	@.ci/setup lint
	+@.ci/lint

ZVM_LIB = $(DESTDIR)$(PREFIX)/lib/zvm
# What scripts require; the commands bring theirs along.
LUA_MODULES := $(patsubst lua/%,%,$(filter-out lua/zvm/cli.lua lua/zvm/cli/% \
  lua/zvm/toolchain/% lua/zvm/interpreter.lua lua/zvm/interpreter/%,$(wildcard lua/zvm/*.lua lua/zvm/*/*.lua)))
install: host libc $(INTERPRETER) man ## Install under DESTDIR and PREFIX
	install -d $(ZVM_LIB) $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/include
	install -D -m 755 $(B)/zvm.so $(DESTDIR)$(LUA_LIB)/zvm.so
	! test -f $(B)/zvm/disasm.so || \
	  install -D -m 755 $(B)/zvm/disasm.so $(DESTDIR)$(LUA_LIB)/zvm/disasm.so
	install -m 644 $(B)/libzvm.a $(DESTDIR)$(PREFIX)/lib/
	install -m 644 core/include/* $(DESTDIR)$(PREFIX)/include/
	for m in $(LUA_MODULES); do \
	  install -D -m 644 lua/$$m $(DESTDIR)$(LUA_SHARE)/$$m || exit 1; done
	install -d $(ZVM_LIB)/build $(ZVM_LIB)/lua
	cp -R lua/bin lua/zvm $(ZVM_LIB)/lua/
	for m in $(MAN); do install -D -m 644 $$m \
	  $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$${m##*/} || exit 1; done
	install -D -m 644 lua/completion/zvm.bash \
	  $(DESTDIR)$(PREFIX)/share/bash-completion/completions/zvm
	cp -R $(SYSROOT) $(ZVM_LIB)/build/
	for f in $(B)/share/zvm/*.zvm; do install -D -m 644 $$f \
	  $(DESTDIR)$(PREFIX)/share/zvm/$${f##*/} || exit 1; done
	install -m 755 $(INTERPRETER) $(DESTDIR)$(PREFIX)/bin/zvm
	ln -sf ../lib/zvm/lua/bin/zvm-cc ../lib/zvm/lua/bin/zvm-c++ $(DESTDIR)$(PREFIX)/bin/

# A rock of this tree, built in a copy and used from elsewhere.
check-rock: ## `luarocks make` into a tree of its own, and a script that uses it
	@.ci/setup rock
	@spec/rock/check $(B)

clean: ## Remove build/
	rm -rf $(B)

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' \
	  $(MAKEFILE_LIST)

-include $(CELL_OBJ:.o=.d) $(HOOK_OBJ:.o=.d) $(CORE_OBJ:.o=.d) $(LUA_OBJ:.o=.d) $(TOOLS:=.d) $(CTESTS:=.d)
