/*
** absent.c - what musl has only with a kernel behind it.
**
** There is one process, one thread and one clock that nobody rings. The
** names exist, so that programs link, and say so when they are called.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <errno.h>
#include <link.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "features.h"

/* As where no more processes may be had. */
static int refuse(void) {
  errno = EAGAIN;
  return -1;
}

pid_t vfork(void) { return refuse(); }

int clone(int (*run)(void *), void *stack, int flags, void *arg, ...) {
  (void)run, (void)stack, (void)flags, (void)arg;
  return refuse();
}

/*
** Between two calls of a timer's function its thread would get its variables
** anew. They stay as they are.
*/
static void keep(void) {}
extern hidden void __reset_tls(void)
    __attribute__((__weak__, __alias__("keep")));

/* A static program is no shared object, and loads none. */
int dl_iterate_phdr(int (*visit)(struct dl_phdr_info *, size_t, void *),
                    void *data) {
  (void)visit, (void)data;
  return 0;
}
