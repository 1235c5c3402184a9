/*
** cell.h - the worker executable: the zygote, and workers forked from it.
**
** Linked statically, from the same objects as the library, and embedded in
** it (worker/image.S). It is started from a memory file, has none of the
** host's memory, and does its lock-down before a guest byte is mapped.
**
** Descriptors: 2 is the socket to the host in both, so that the text of a
** broken invariant can go nowhere else. The zygote has the host's pidfd at
** 1, a signalfd at 0 and the image of the module that is expected at 3; a
** worker has what the job brings from 0 on.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_CELL_CELL_H
#define ZVM_CELL_CELL_H

#include <sys/syscall.h>

#include "base/error.h"
#include "job/wire.h"
#include "memory/layout.h"

enum {
  ZVM__CELL_SIGNALS = 0,
  ZVM__CELL_HOST = 1,
  ZVM__CELL_SOCKET = 2,
  ZVM__CELL_IMAGE = 3,
};

/* -- The filter (filter.c) ----------------------------------------------- */

/* What the zygote knows and a worker has forgotten, beside the context. */
#define ZVM__CELL_SECRET (ZVM__CONTEXT + ZVM_PAGE_SIZE - 8)

/* From here on only what filter.def allows, in this process and its forks. */
bool zvm__filter_install(void);

/* In a worker: from here on it may not make the zygote's calls. */
static inline void zvm__secret_forget(void) {
  *(volatile uint64_t *)(uintptr_t)ZVM__CELL_SECRET = 0;
}


/*
** One of the zygote's calls: its result, or a negated errno. The secret is in
** no other register, and nowhere on the stack.
*/
static inline long zvm__zygote_call(long number, long a, long b, long c,
                                    long d) {
  register long fourth __asm__("r10") = d;
  long result;
  __asm__ volatile("mov %[secret], %%r9\n\tsyscall\n\txor %%r9d, %%r9d"
                   : "=a"(result), "+r"(fourth)
                   : "0"(number), "D"(a), "S"(b), "d"(c),
                     [secret] "m"(*(const uint64_t *)(uintptr_t)
                                      ZVM__CELL_SECRET)
                   : "rcx", "r8", "r9", "r11", "cc", "memory");
  return result;
}


/* -- Locks (lock.c) ------------------------------------------------------ */

/* In the zygote, for itself and all its workers. NULL, or what failed. */
const char *zvm__lock_zygote(void);
/*
** In a worker; `parent` is the zygote's pid. Keeps `socket`, and the image.
** False if it must not go on.
*/
bool zvm__lock_worker(pid_t parent, int socket);
/* With the job known, and its descriptors there. */
bool zvm__lock_job(const zvm__wire_head *head);

/* -- A worker ------------------------------------------------------------ */

/* The exit code of a worker to which no job came. */
enum { ZVM__CELL_RETIRED = 3 };

/*
** Take one job, run it, answer; or retire if none comes for `patience`
** milliseconds, which is -1 for ever. Never returns.
*/
_Noreturn void zvm__work(int patience);

/* Wait for a job (receive.c). False: none came. */
bool zvm__receive_wait(int patience);

/* Receive it. False: the host is gone, or out of order. */
bool zvm__receive(zvm__job *job, zvm__wire_head *head);

/* False: it has more segments than can be. */
bool zvm__receive_module(zvm_module *m, const zvm__wire_module *w, int image);

/* Write where a job will be written. */
void zvm__receive_touch(void);

/* Write where malloc begins. */
void zvm__heap_touch(void);

#endif
