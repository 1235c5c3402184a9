# libc.mk - read after musl's own makefile: start files and builtins.
#
# SPDX-License-Identifier: Apache-2.0

CRT = lib/crt1.o lib/crt1-v2.o lib/crt1-v3.o
RT_SRCS = $(wildcard $(STDLIB)/builtins/*.c)
RT_OBJS = $(patsubst $(STDLIB)/builtins/%.c,obj/rt/%.o,$(RT_SRCS))
EMPTY = $(addprefix lib/,libm.a librt.a libpthread.a libcrypt.a libutil.a \
  libxnet.a libresolv.a libdl.a)
# What gcc's own libraries have is in libzvmrt.a.
EMPTY_GCC = $(addprefix lib/,libatomic.a libgcc.a libgcc_s.a)

# The string functions again, for level v3, in an archive that is libc.a but
# for them: linked in its place, whatever a command line says of -lc.
V3_SRCS = $(wildcard $(STDLIB)/string/*.c)
V3_OBJS = $(patsubst $(STDLIB)/string/%.c,obj/v3/%.o,$(V3_SRCS))

.PHONY: sysroot
sysroot: lib/libc.a lib/v3/libc.a lib/libzvmrt.a $(CRT) $(EMPTY) $(EMPTY_GCC)

# A file that is dropped leaves the archive too.
lib/libc.a: config.mak

lib/crt1.o: lib/crt1-v2.o
	cp $< $@

lib/crt1-v%.o: $(STDLIB)/crt/start.S | lib
	$(CC) -DLEVEL=$* -I$(srcdir)/src/internal -c -o $@ $<

obj/rt/%.o: $(STDLIB)/builtins/%.c
	@mkdir -p obj/rt
	$(CC) -O2 -ffreestanding -fno-builtin -ffunction-sections -Wall -Wextra \
	  -c -o $@ $<

$(EMPTY_GCC):
	rm -f $@
	$(AR) rc $@

lib/libzvmrt.a: $(RT_OBJS)
	rm -f $@
	$(AR) rcs $@ $^

$(V3_OBJS): CFLAGS_ALL += $(CFLAGS_MEMOPS)
$(V3_OBJS): | $(GENH)

obj/v3/%.o: $(STDLIB)/string/%.c $(wildcard $(STDLIB)/string/*.h)
	@mkdir -p obj/v3
	$(CC_CMD) -march=x86-64-v3

lib/v3/libc.a: lib/libc.a $(V3_OBJS)
	@mkdir -p lib/v3
	cp $< $@
	$(AR) rs $@ $(V3_OBJS)

# What calls back has frames in memory: a C++ callback may throw through it.
CALLBACKS = stdlib/zvm/qsort stdlib/bsearch search/tsearch search/tdelete \
  search/tdestroy search/tfind search/twalk search/lsearch dirent/scandir \
  legacy/ftw misc/nftw regex/glob thread/zvm/pthread_once thread/call_once
$(CALLBACKS:%=obj/src/%.o): CFLAGS_ALL += -fexceptions
