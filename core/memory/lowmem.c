/*
** lowmem.c - reserve the low 4 GiB and their guard, once per process.
**
** The reservation lasts until the process ends: address space that is not
** accessible costs nothing, and a later run needs the same addresses. This
** is one of the two process-wide states of the core (the other is in
** trap/fault.c); the run lock here guards both.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "lowmem.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "layout.h"

static struct {
  pthread_mutex_t turn;
  _Atomic pid_t owner; /* thread that has its turn, or 0 */
  bool reserved;       /* guarded by turn                */
  bool released;       /* likewise                       */
  bool fork_watched;   /* likewise                       */
  void (*orphaned)(void);
} lowmem = {.turn = PTHREAD_MUTEX_INITIALIZER};

/* This model is read without a call, so that signal handlers may. */
static _Thread_local pid_t this_thread
    __attribute__((tls_model("initial-exec")));

enum { RESERVE = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE };


/* -- Reservation --------------------------------------------------------- */

/* The first line of /proc/self/maps that overlaps [start, end), or "". */
static void find_culprit(uint64_t start, uint64_t end, char *out,
                         size_t size) {
  out[0] = '\0';
  FILE *f = fopen("/proc/self/maps", "re");
  if (f == NULL)
    return;
  char line[512];
  while (fgets(line, sizeof line, f) != NULL) {
    uint64_t from, to;
    if (sscanf(line, "%" SCNx64 "-%" SCNx64, &from, &to) != 2 ||
        from >= end || to <= start)
      continue;
    line[strcspn(line, "\n")] = '\0';
    const char *name = strpbrk(line, "/[");
    (void)snprintf(out, size, "0x%" PRIx64 "-0x%" PRIx64 " %.80s", from, to,
                   name != NULL ? name : "(anonymous)");
    break;
  }
  (void)fclose(f);
}


static zvm_status refuse(zvm_error *err, int os, uint64_t start,
                         uint64_t end) {
  char culprit[128];
  find_culprit(start, end, culprit, sizeof culprit);
  if (culprit[0] != '\0') {
    zvm__fail(err, ZVM_E_LOWMEM,
              "the low 4 GiB are not free: %s is in the way; use a "
              "position-independent host program, and load zvm early",
              culprit);
    if (err != NULL)
      err->os = os;
    return ZVM_E_LOWMEM;
  }
  return zvm__fail_os(err, ZVM_E_LOWMEM, os,
                      "cannot reserve 0x%" PRIx64 "-0x%" PRIx64
                      " (is the address space limited, as by ulimit -v?)",
                      start, end);
}


/* 0, or an errno. Never replaces a mapping. */
static int reserve_range(uint64_t start, uint64_t end) {
  void *want = (void *)(uintptr_t)start;
  void *p = mmap(want, end - start, PROT_NONE,
                 RESERVE | MAP_FIXED_NOREPLACE, -1, 0);
  if (p == MAP_FAILED)
    return errno;
  if (p == want)
    return 0;
  /* A kernel that does not know the flag took the address as a hint. */
  (void)munmap(p, end - start);
  return EEXIST;
}


/*
** Of what lies below, the kernel keeps unprivileged code out: its answer is
** then EPERM, which is as good as having the pages.
*/
static int reserve_null_guard(void) {
  int os = EPERM;
  for (uint64_t start = 0; os == EPERM && start < ZVM_NULL_GUARD;
       start += ZVM_PAGE_SIZE)
    os = reserve_range(start, ZVM_NULL_GUARD);
  return os == EPERM ? 0 : os;
}


static zvm_status reserve(zvm_error *err) {
  int os = reserve_range(ZVM_NULL_GUARD, ZVM__RESERVED_END);
  if (os != 0)
    return refuse(err, os, ZVM_NULL_GUARD, ZVM__RESERVED_END);
  os = reserve_null_guard();
  if (os != 0) {
    zvm_status st = refuse(err, os, 0, ZVM_NULL_GUARD);
    (void)munmap((void *)(uintptr_t)ZVM_NULL_GUARD,
                 ZVM__RESERVED_END - ZVM_NULL_GUARD);
    return st;
  }
  lowmem.reserved = true;
  return ZVM_OK;
}


/* -- Turns --------------------------------------------------------------- */

/*
** In a forked child only the forking thread exists. If another one was
** running a guest, its turn never ends: take it back, and what it left.
*/
static void after_fork(void) {
  this_thread = 0;
  (void)pthread_mutex_init(&lowmem.turn, NULL);
  if (atomic_exchange(&lowmem.owner, 0) != 0)
    lowmem.orphaned();
}


pid_t zvm__lowmem_thread(void) {
  return this_thread;
}


zvm_status zvm__lowmem_take(void (*orphaned)(void), zvm_error *err) {
  if (this_thread == 0)
    this_thread = gettid();
  pid_t self = this_thread;
  if (atomic_load(&lowmem.owner) == self)
    return zvm__fail(err, ZVM_E_STATE,
                     "this thread is running a session already");
  (void)pthread_mutex_lock(&lowmem.turn);
  lowmem.orphaned = orphaned;
  if (!lowmem.fork_watched)
    lowmem.fork_watched = pthread_atfork(NULL, NULL, after_fork) == 0;
  zvm_status st = lowmem.reserved ? ZVM_OK : reserve(err);
  if (st != ZVM_OK) {
    (void)pthread_mutex_unlock(&lowmem.turn);
    return st;
  }
  atomic_store(&lowmem.owner, self);
  return ZVM_OK;
}


void zvm__lowmem_give(void) {
  atomic_store(&lowmem.owner, 0);
  (void)pthread_mutex_unlock(&lowmem.turn);
}


void zvm__lowmem_release(void) {
  (void)munmap(NULL, ZVM_GATE_BASE);
  (void)munmap((void *)(uintptr_t)(ZVM_GATE_BASE + ZVM_PAGE_SIZE),
               ZVM__GUARD_END - ZVM_GATE_BASE - ZVM_PAGE_SIZE);
  lowmem.released = true;
}


bool zvm__lowmem_unmap(uint64_t start, uint64_t end) {
  /* Only ever what is a tenant's: the gate stays. */
  ZVM_CHECK(start >= ZVM_TEXT_BASE && start < end && end <= ZVM__GUEST_END);
  void *at = (void *)(uintptr_t)start;
  if (lowmem.released)
    return munmap(at, end - start) == 0;
  return mmap(at, end - start, PROT_NONE, RESERVE | MAP_FIXED, -1, 0) == at;
}
