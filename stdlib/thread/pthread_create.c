/*
** pthread_create.c - a thread's memory, its start and its end.
**
** One mapping holds it all: room below that is never used on purpose (the
** guard), the stack, the thread-local variables, the values of keys and
** struct pthread on top. No page of it can be protected: the lowest word
** of the stack is a canary, which the scheduler looks at.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "pthread_impl.h"

#include <string.h>

#include "libc.h"
#include "scheduler.h"
#include "stdio_impl.h"

#define TIDS 0x3ffffffe /* a mutex's word has 30 bits for its owner  */
#define KEPT 16         /* stacks of the default size, for new threads */

static void dummy(void) {}
weak_alias(dummy, __pthread_tsd_run_dtors);
weak_alias(dummy, __do_orphaned_stdio_locks);
weak_alias(dummy, __acquire_ptc);
weak_alias(dummy, __release_ptc);
extern weak hidden void __zvm_thread_run_at_exit(void);
extern weak hidden void __zvm_signals_leave(pthread_t t); /* signal.c */

static volatile size_t no_keys = 0;
weak_alias(no_keys, __pthread_tsd_size);
static void *no_values[1];
weak_alias(no_values, __pthread_tsd_main);

/* link.ld: the first thread's variables, of which the first __zvm_tls_data
** bytes have values. The last two are numbers. */
extern weak hidden char __zvm_tls_start[], __zvm_tls_end[],
    __zvm_tls_data[], __zvm_tls_align[];

extern char __libc_single_threaded; /* single_threaded.c */

static void *image; /* those values as they were before main */

void __zvm_thread_start(void) {
  size_t size = (size_t)__zvm_tls_data;
  if (!size) return;
  image = __libc_malloc(size);
  if (image) memcpy(image, __zvm_tls_start, size);
}

/* -- Memory -------------------------------------------------------------- */

struct room {
  unsigned char *map, *stack, *top; /* the stack is from `stack` to `top` */
  size_t size;                      /* of the mapping                     */
  char *locals;                     /* thread-local variables             */
  void **values;                    /* of keys                            */
  pthread_t thread;
};

/* Mappings of one size, to be used again: what they hold is not cleared. */
static struct kept {
  struct kept *next;
} *kept;
static size_t kept_size;
static int kept_count;

static void *take(size_t size) {
  void *map;
  if (kept && size == kept_size) {
    struct kept *first = kept;
    kept = first->next;
    kept_count--;
    return first;
  }
  map = __mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1,
               0);
  return map == MAP_FAILED ? NULL : map;
}

static void give(void *map, size_t size) {
  struct kept *first = map;
  if (kept_count && size != kept_size) {
    __munmap(map, size);
  } else if (kept_count >= KEPT) {
    __munmap(map, size);
  } else {
    first->next = kept;
    kept = first;
    kept_size = size;
    kept_count++;
  }
}

void __zvm_thread_free(pthread_t t) { give(t->map_base, t->map_size); }

static size_t round_to_page(size_t n) { return (n + 4095) & -4096; }

/* Bytes on top of a stack, and the most that they need with alignment. */
static size_t needed(void) {
  size_t locals = (size_t)(__zvm_tls_end - __zvm_tls_start);
  return locals + (size_t)__zvm_tls_align + __pthread_tsd_size +
         sizeof(struct pthread) + 64;
}

/* Lay out, downwards from `end`: struct, values, variables. */
static void divide(struct room *r, unsigned char *end) {
  size_t locals = (size_t)(__zvm_tls_end - __zvm_tls_start);
  size_t align = (size_t)__zvm_tls_align;
  uintptr_t p = (uintptr_t)end - sizeof(struct pthread);
  r->thread = (pthread_t)(p &= -16);
  r->values = (void **)(p -= __pthread_tsd_size);
  if (locals) {
    p -= locals;
    if (align) p -= (p - (uintptr_t)__zvm_tls_start) & (align - 1);
    r->locals = (char *)p;
  }
  r->top = (unsigned char *)(p & -64);
}

/* Own mapping, or the program's stack with a mapping for the rest. */
static bool make_room(struct room *r, const pthread_attr_t *attr) {
  size_t stack = attr->_a_stacksize, guard = attr->_a_guardsize;
  if (attr->_a_stackaddr) {
    r->size = round_to_page(needed());
    if (!(r->map = take(r->size))) return false;
    divide(r, r->map + r->size);
    r->top = (unsigned char *)(attr->_a_stackaddr & -64);
    r->stack = (unsigned char *)(attr->_a_stackaddr - stack);
    return true;
  }
  if (stack > SIZE_MAX / 4 || guard > SIZE_MAX / 4) return false;
  guard = round_to_page(guard);
  r->size = round_to_page(guard + stack + needed());
  if (!(r->map = take(r->size))) return false;
  divide(r, r->map + r->size);
  r->stack = r->map + guard;
  return true;
}

/* -- Start --------------------------------------------------------------- */

static FILE *volatile no_file;
weak_alias(no_file, __stdin_used);
weak_alias(no_file, __stdout_used);
weak_alias(no_file, __stderr_used);

static void lock_file(FILE *f) {
  if (f && f->lock < 0) f->lock = 0;
}

/* From the first thread on, files have locks that are used. */
static void become_threaded(void) {
  if (libc.threaded) return;
  __libc_single_threaded = 0;
  for (FILE *f = *__ofl_lock(); f; f = f->next) lock_file(f);
  __ofl_unlock();
  lock_file(__stdin_used);
  lock_file(__stdout_used);
  lock_file(__stderr_used);
  if (!__zvm_thread.tsd) __zvm_thread.tsd = __pthread_tsd_main;
  libc.threaded = 1;
}

/* Registers as __zvm_switch finds them. */
static void set_up_stack(pthread_t t, unsigned char *top) {
  uint64_t *frame = (uint64_t *)(top - 64);
  unsigned mxcsr;
  memset(frame, 0, 64);
  __asm__("stmxcsr %0" : "=m"(mxcsr));
  frame[0] = mxcsr;
  frame[7] = (uintptr_t)__zvm_thread_entry;
  t->zvm.sp = (uint32_t)(uintptr_t)frame;
  t->zvm.canary = (uint32_t *)(((uintptr_t)t->stack - t->stack_size + 3) & -4);
  *t->zvm.canary = CANARY;
}

static void set_up_locals(const struct room *r) {
  size_t size = (size_t)(__zvm_tls_end - __zvm_tls_start);
  size_t data = (size_t)__zvm_tls_data;
  memset(r->values, 0, __pthread_tsd_size);
  if (!size) return;
  if (data) memcpy(r->locals, image, data);
  memset(r->locals + data, 0, size - data);
  r->thread->zvm.distance = (uint32_t)(r->locals - __zvm_tls_start);
}

static void set_up(const struct room *r, const pthread_attr_t *attr) {
  pthread_t self = __pthread_self(), t = r->thread;
  static int last = 1;
  memset(t, 0, sizeof(*t));
  t->self = t;
  t->tid = ++last;
  t->map_base = r->map;
  t->map_size = r->size;
  t->stack = r->top;
  t->stack_size = (size_t)(r->top - r->stack);
  t->guard_size = attr->_a_stackaddr ? 0 : attr->_a_guardsize;
  t->tsd = r->values;
  t->locale = &libc.global_locale;
  t->detach_state = attr->_a_detach ? DT_DETACHED : DT_JOINABLE;
  t->canary = self->canary;
  t->zvm.signal_mask = self->zvm.signal_mask;
  if (last == TIDS) last = 1;
}

static void *start_c11(void *p) {
  pthread_t self = __pthread_self();
  int (*run)(void *) = (int (*)(void *))(uintptr_t)self->result;
  return (void *)(intptr_t)run(p);
}

int __pthread_create(pthread_t *restrict out,
                     const pthread_attr_t *restrict given,
                     void *(*run)(void *), void *restrict arg) {
  bool c11 = given == __ATTRP_C11_THREAD;
  pthread_attr_t attr = { 0 };
  struct room r = { 0 };
  if (given && !c11) {
    attr = *given;
  } else {
    attr._a_stacksize = __default_stacksize;
    attr._a_guardsize = __default_guardsize;
  }
  /* Of the policies there is one, and of its priorities. */
  if (attr._a_sched && (attr._a_policy != SCHED_OTHER || attr._a_prio))
    return EPERM;
  if ((size_t)__zvm_tls_data && !image) return EAGAIN;
  become_threaded();
  if (!make_room(&r, &attr)) return EAGAIN;
  set_up(&r, &attr);
  set_up_locals(&r);
  set_up_stack(r.thread, r.top);
  r.thread->zvm.run = c11 ? start_c11 : run;
  r.thread->zvm.argument = arg;
  if (c11) r.thread->result = (void *)(uintptr_t)run;
  libc.threads_minus_1++;
  libc.need_locks = 1;
  __zvm_thread_add(r.thread);
  *out = r.thread;
  return 0;
}

/* -- End ----------------------------------------------------------------- */

void __do_cleanup_push(struct __ptcb *cb) {
  struct pthread *self = __pthread_self();
  cb->__next = self->cancelbuf;
  self->cancelbuf = cb;
}

void __do_cleanup_pop(struct __ptcb *cb) {
  __pthread_self()->cancelbuf = cb->__next;
}

static void run_cleanups(pthread_t self) {
  struct __ptcb *top;
  while ((top = self->cancelbuf)) {
    self->cancelbuf = top->__next;
    top->__f(top->__x);
  }
}

static void nothing_robust(pthread_t self) {}
weak_alias(nothing_robust, __zvm_mutexes_leave);

_Noreturn void __pthread_exit(void *result) {
  pthread_t self = __pthread_self();
  bool detached;
  self->canceldisable = PTHREAD_CANCEL_DISABLE;
  self->cancelasync = 0;
  self->result = result;
  run_cleanups(self);
  if (__zvm_thread_run_at_exit) __zvm_thread_run_at_exit();
  __pthread_tsd_run_dtors();
  if (self->next == self) exit(0);
  self->zvm.signal_mask = -1;
  if (__zvm_signals_leave) __zvm_signals_leave(self);
  __zvm_mutexes_leave(self);
  __do_orphaned_stdio_locks();
  detached = self->detach_state == DT_DETACHED;
  if (!detached) {
    self->detach_state = DT_EXITED;
    __zvm_unpark_all(&self->detach_state);
  }
  self->tid = 0;
  libc.threads_minus_1--;
  __zvm_thread_leave(detached);
}

/* No thread is between two states when another runs. */
void __tl_lock(void) {}
void __tl_unlock(void) {}
void __tl_sync(pthread_t t) {}

weak_alias(__pthread_create, pthread_create);
weak_alias(__pthread_exit, pthread_exit);

/* What it is for, user and group, all threads have in common. */
void __synccall(void (*run)(void *), void *arg) { run(arg); }
