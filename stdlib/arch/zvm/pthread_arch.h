/*
** pthread_arch.h - the thread pointer is a variable: the running thread.
**
** SPDX-License-Identifier: Apache-2.0
*/

/* Defined in crt/start.c. The second is the running thread: the scheduler
** (thread/scheduler.c) changes it. */
extern struct __pthread __zvm_thread __attribute__((__visibility__("hidden")));
extern struct __pthread *__zvm_self __attribute__((__visibility__("hidden")));

static inline uintptr_t __get_tp(void) { return (uintptr_t)__zvm_self; }

/*
** What the library OS keeps of a thread; build-libc puts this at the end of
** musl's struct. A thread is linked in one queue at most: that of those who
** can run, or that of the address it waits on.
*/
struct zvm_link {
  struct zvm_link *next, *prev;
};

struct zvm_thread {
  uint64_t signal_mask;    /* blocked signals: sys/signal.c             */
  uint64_t signal_pending; /* sent to this thread alone                 */
  unsigned handlers;       /* how many began to run in it               */
  unsigned interrupts;     /* of these, those without SA_RESTART        */
  uint32_t alternate, alternate_size; /* its sigaltstack; size 0: none  */

  struct zvm_link link;
  const volatile void *on; /* what it waits on; NULL: it can run        */
  int kind;                /* of `on`: enum wait (thread/scheduler.h)    */
  int result;              /* of the wait                               */

  struct __pthread *left, *right, *parent; /* in the heap of deadlines  */
  int64_t deadline;
  uint64_t turn; /* who waited first, of equal deadlines                */

  uint32_t sp;       /* where its registers are, while others run       */
  uint32_t distance; /* of its thread-local variables: __zvm_tp         */
  uint32_t *canary;  /* lowest word of its stack; NULL: main's          */
  void *(*run)(void *);
  void *argument;
  void *at_exit;     /* destructors of thread_local objects             */
  char name[16];
};
#define ZVM_THREAD_FIELDS struct zvm_thread zvm;

#define MC_PC gregs[REG_RIP]
