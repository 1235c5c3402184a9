/*
** sys.h - the library OS: what its files share.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_SYS_H
#define ZVM_SYS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "syscall.h"
#include "zvm.h"
#include "zvm_abi.h"

typedef syscall_arg_t arg;

#define PTR(type, a) ((type *)(uintptr_t)(a))

/* All of the manifest, of which MANIFEST is what ZeroVM's had. */
#define START_BLOCK (*(const zvm_abi_manifest *const *)ZVM_MANIFEST_PTR)

/* The head of a call; unused arguments cost nothing. */
#define SYS(name)                                                        \
  long long __zvm_sys_##name(arg a, arg b, arg c, arg d, arg e, arg f)

/*
** Arrays that most programs never touch lie behind all else (link.ld), so
** that what every program touches is on few pages. Zero at the start.
*/
#define LARGE __attribute__((__section__(".bss.0large")))

#define FD_MAX 1024 /* open files are in fs.h */

/* -- Channels (fs/channel.c) --------------------------------------------- */

hidden bool __zvm_can_get(int channel);
hidden bool __zvm_can_put(int channel);
hidden bool __zvm_is_random(int channel); /* has a position */
hidden bool __zvm_is_appended(int channel); /* puts go to the end alone */
/* Gets give the next bytes, and a position is that of puts alone. */
hidden bool __zvm_is_read_in_turn(int channel);
hidden unsigned __zvm_channel_mode(int channel);
/* Bytes of a channel, counting what was written to it since the start. */
hidden int64_t __zvm_channel_size(int channel);
hidden int64_t __zvm_get(int channel, void *buf, size_t size, int64_t off);
hidden int64_t __zvm_put(int channel, const void *buf, size_t size,
                         int64_t off);

/* -- What a program starts with (crt/start.c) ----------------------------- */

/* Of the start block, and after them those that nvram asks for. */
extern hidden const zvm_abi_mount *__zvm_mounts;
extern hidden uint32_t __zvm_mounts_count;

/* What nvram says that each channel is; NULL: nothing of any. */
enum { CHANNEL_AS_IT_IS, CHANNEL_PIPE, CHANNEL_CHARACTER, CHANNEL_FILE };
extern hidden const unsigned char *__zvm_channel_types;

/* From the start block's clock to the one that nvram gives; ns. */
extern hidden int64_t __zvm_clock_shift;

hidden int __zvm_channel_named(const char *name); /* -1: there is none */

/* -- Time (clock.c) ------------------------------------------------------ */

hidden int64_t __zvm_clock_start(void); /* ns since 1970 at the start */
hidden int64_t __zvm_clock_now(void); /* ns since 1970; does not move it */
hidden int64_t __zvm_clock_elapsed(void); /* ns since the start */
/* Both last in a call: a handler of the program may run. ns: not negative. */
hidden void __zvm_clock_advance(int64_t ns);
hidden void __zvm_clock_sleep(int64_t ns);   /* the same, off the CPU */

/* -- Chance (random.c) --------------------------------------------------- */

hidden uint64_t __zvm_random(void);

/* -- Pages of the heap (malloc/pages.c) ---------------------------------- */

hidden void *__zvm_pages_map(size_t count); /* zeroed; NULL: none left */
hidden bool __zvm_pages_unmap(void *p, size_t count);
hidden bool __zvm_pages_are_mapped(void *p, size_t count);
/* The same at a place of the caller's choice, where all of it is free. */
hidden bool __zvm_pages_map_at(void *p, size_t count);
/* Pages of the heap that are free or mapped. */
hidden bool __zvm_pages_are_replaceable(void *p, size_t count);
/* Pages that a program may touch: its own, its stack, none that is free. */
hidden bool __zvm_pages_are_there(void *p, size_t count);
hidden size_t __zvm_pages_spare(void); /* bytes that can still be had */
/* Whether max(64 KiB, heap / 64) bytes are left when these are taken. */
hidden bool __zvm_pages_leave_reserve(size_t size);

#endif
