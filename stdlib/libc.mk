# libc.mk - read after musl's own makefile: start files and builtins.
#
# SPDX-License-Identifier: Apache-2.0

CRT = lib/crt1.o lib/crt1-v2.o lib/crt1-v3.o
RT_SRCS = $(wildcard $(STDLIB)/builtins/*.c)
RT_OBJS = $(patsubst $(STDLIB)/builtins/%.c,obj/rt/%.o,$(RT_SRCS))
EMPTY = $(addprefix lib/,libm.a librt.a libpthread.a libcrypt.a libutil.a \
  libxnet.a libresolv.a libdl.a)

.PHONY: sysroot
sysroot: lib/libc.a lib/libzvmrt.a $(CRT) $(EMPTY)

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

lib/libzvmrt.a: $(RT_OBJS)
	rm -f $@
	$(AR) rcs $@ $^
