/*
** trace.c - lines of a trace, and those of them that the run itself writes.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "trace.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xmmintrin.h>

#include "base/clock.h"
#include "channel/limits.h"

enum {
  LINGER_MS = 1000, /* less than a host waits for a worker's report */
  LATE_MS = 5,      /* the same when it was a limit that ended the run */
};


/* -- Writing ------------------------------------------------------------- */

static void wait_no_longer(zvm__trace *t, uint64_t most_ms) {
  t->stop = NULL;
  t->until_ns = zvm__now_ns() + most_ms * ZVM__MS_NS;
}


void zvm__trace_hurry(zvm__trace *t) {
  wait_no_longer(t, LINGER_MS);
}


void zvm__trace_over(zvm__trace *t, zvm_state state) {
  bool late = state == ZVM_STATE_TIMEOUT || state == ZVM_STATE_LIMIT;
  wait_no_longer(t, late ? LATE_MS : LINGER_MS);
}


static int left_ms(const zvm__trace *t) {
  if (t->until_ns == 0)
    return -1;
  uint64_t now = zvm__now_ns();
  return now < t->until_ns ? (int)((t->until_ns - now) / ZVM__MS_NS) + 1 : 0;
}


/* System call `number`; while the guest runs, its end ends it with EINTR. */
static long call(const zvm__trace *t, long number, long a, long b, long c) {
  static const volatile int never;
  return zvm__blocking_call(t->stop != NULL ? t->stop : &never, number, a, b,
                            c);
}


/* Until a line fits whole. 0 or an errno. */
static int wait_for_room(const zvm__trace *t) {
  struct pollfd p = {.fd = t->fd, .events = POLLOUT};
  long n = call(t, SYS_poll, (long)&p, 1, left_ms(t));
  if (n == 0)
    return EAGAIN;
  return n < 0 ? (int)-n : 0;
}


/* 0 or an errno. Who reads slowly holds the guest up, but not its end. */
static int write_all(zvm__trace *t, const char *line, size_t size) {
  while (size > 0) {
    if (t->stop != NULL && *t->stop != 0)
      zvm__trace_over(t, *t->state);
    int os = t->is_file ? 0 : wait_for_room(t);
    long n = 0;
    if (os == 0) {
      n = call(t, SYS_write, t->fd, (long)line, (long)size);
      os = n < 0 ? (int)-n : n == 0 ? EIO : 0;
      if (os == EAGAIN && !t->is_file && left_ms(t) != 0)
        os = EINTR; /* somebody else filled it */
    }
    if (os != 0 && os != EINTR)
      return os;
    line += n > 0 ? n : 0;
    size -= n > 0 ? (size_t)n : 0;
  }
  return 0;
}


/* As it is among the host's own signals: none of them is due to us. */
static int write_quietly(zvm__trace *t, const char *line, size_t size) {
  sigset_t ours, old;
  (void)sigemptyset(&ours);
  (void)sigaddset(&ours, SIGPIPE);
  (void)sigaddset(&ours, SIGXFSZ);
  (void)pthread_sigmask(SIG_BLOCK, &ours, &old);
  int os = zvm__put_error(write_all(t, line, size));
  (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
  return os;
}


/* Microseconds, with nanoseconds behind the point. */
static int print_time(char *to, size_t size, uint64_t ns) {
  if (ns == ZVM__TRACE_NO_TIME)
    return snprintf(to, size, "%14s ", "-");
  return snprintf(to, size, "%10" PRIu64 ".%03u ", ns / 1000,
                  (unsigned)(ns % 1000));
}


void zvm__trace_line(zvm__trace *t, uint64_t at_ns, uint64_t took_ns,
                     const char *format, ...) {
  char line[ZVM__TRACE_MAX];
  va_list args;
  if (t->os != 0)
    return;
  int n = print_time(line, sizeof line, at_ns - t->base_ns);
  n += print_time(line + n, sizeof line - (size_t)n, took_ns);
  va_start(args, format);
  n += vsnprintf(line + n, sizeof line - (size_t)n, format, args);
  va_end(args);
  ZVM_CHECK(n > 0 && (size_t)n < sizeof line);
  line[n++] = '\n';
  t->os = t->blocked ? zvm__put_error(write_all(t, line, (size_t)n))
                     : write_quietly(t, line, (size_t)n);
}


void zvm__trace_quote(char out[ZVM__QUOTED_MAX], const char *text) {
  static const char hex[] = "0123456789abcdef";
  size_t n = 0;
  out[n++] = '"';
  for (; *text != '\0' && n < ZVM__QUOTED_MAX - 6; text++) {
    uint8_t byte = (uint8_t)*text;
    bool plain = byte >= ' ' && byte <= '~' && byte != '"' && byte != '\\';
    if (!plain) {
      out[n++] = '\\';
      out[n++] = 'x';
      out[n++] = hex[byte >> 4];
    }
    out[n++] = plain ? *text : hex[byte & 15];
  }
  out[n++] = '"';
  out[n] = '\0';
}


/* -- Traps --------------------------------------------------------------- */

enum { RESULT_MAX = 32, BLOCK_MAX = 24 };

static void print_result(char out[RESULT_MAX], int64_t result) {
  const char *name = result < 0 && result > -4096
                         ? strerrorname_np((int)-result)
                         : NULL;
  if (name != NULL)
    (void)snprintf(out, RESULT_MAX, "-%s", name);
  else
    (void)snprintf(out, RESULT_MAX, "%" PRId64, result);
}


/* Where a sequential channel ignores it, the offset is what was passed. */
static void tell_transfer(zvm__run *run, uint64_t at, uint64_t took,
                          const char *result, const char *block) {
  const zvm_last_trap *last = &run->last;
  uint64_t handle = last->args[0];
  zvm__trace_line(run->trace, at, took,
                  "%s handle=%" PRIu64 " alias=%s address=0x%" PRIx64
                  " size=%" PRId64 " offset=%" PRId64 " result=%s%s",
                  last->slot == ZVM_SLOT_PREAD ? "pread" : "pwrite", handle,
                  handle < run->channels->count
                      ? run->channels->list[handle].alias
                      : "-",
                  last->args[1], (int64_t)last->args[2],
                  (int64_t)last->args[3], result, block);
}


static void tell_trap(zvm__run *run, uint64_t at, uint64_t took,
                      const char *block) {
  const zvm_last_trap *last = &run->last;
  char result[RESULT_MAX];
  print_result(result, last->result);
  switch (last->slot) {
  case ZVM_SLOT_PREAD:
  case ZVM_SLOT_PWRITE:
    tell_transfer(run, at, took, result, block);
    break;
  case ZVM_SLOT_JAIL:
  case ZVM_SLOT_UNJAIL:
    zvm__trace_line(run->trace, at, took,
                    "%s address=0x%" PRIx64 " size=%" PRId64 " result=%s%s",
                    last->slot == ZVM_SLOT_JAIL ? "jail" : "unjail",
                    last->args[0], (int64_t)last->args[1], result, block);
    break;
  case ZVM_SLOT_EXIT: /* it does not come back */
    zvm__trace_line(run->trace, at, took, "exit code=%" PRId32 "%s",
                    (int32_t)(uint32_t)last->args[0], block);
    break;
  case ZVM_SLOT_FORK:
    zvm__trace_line(run->trace, at, took, "fork result=%s%s", result, block);
    break;
  default: /* a classic block that asks for nothing */
    zvm__trace_line(run->trace, at, took, "trap address=0x%" PRIx64
                    " result=%s", last->args[0], result);
  }
}


int64_t zvm__trace_dispatch(void *owner, uint32_t slot, uint64_t a,
                            uint64_t b, uint64_t c, uint64_t d) {
  zvm__run *run = owner;
  char block[BLOCK_MAX] = "";
  uint32_t guests = _mm_getcsr(); /* see trap.c, stays_here */
  _mm_setcsr(run->ctx->host_mxcsr);
  uint64_t at = zvm__now_ns();
  int64_t result = zvm__trap_dispatch(owner, slot, a, b, c, d);
  uint64_t took = zvm__now_ns() - at;
  if (slot == ZVM_SLOT_TRAP)
    (void)snprintf(block, sizeof block, " block=0x%" PRIx32, (uint32_t)a);
  tell_trap(run, at, took, block);
  _mm_setcsr(guests);
  return result;
}


/* -- The end ------------------------------------------------------------- */

/* By the names that options have for them. */
static const char *limit_name(zvm_limited limit) {
  if (limit == ZVM_LIMITED_GET_SIZE)
    return "get_bytes";
  if (limit == ZVM_LIMITED_PUT_SIZE)
    return "put_bytes";
  return zvm_limited_name(limit);
}


static const char *alias_of(const zvm__run *run) {
  return run->channels->list[run->channel].alias;
}


void zvm__trace_fault(const zvm__run *run) {
  const zvm_fault *f = &run->given;
  zvm__trace_line(run->trace, zvm__now_ns(), ZVM__TRACE_NO_TIME,
                  "fault kind=%s signal=%d pc=0x%" PRIx64 " address=0x%" PRIx64
                  " entry=0x%" PRIx64 " stack=0x%" PRIx32,
                  zvm_fault_name(f->kind), f->signal, f->pc, f->address,
                  run->ctx->entry, run->ctx->entry_esp);
}


void zvm__trace_end(const zvm__run *run, uint64_t since_ns) {
  zvm__trace *t = run->trace;
  uint64_t now = zvm__now_ns(), took = now - since_ns;
  const zvm_fault *f = &run->fault;
  zvm__trace_over(t, run->state);
  switch (run->state) {
  case ZVM_STATE_EXIT:
    zvm__trace_line(t, now, took, "end state=exit code=%" PRId32, run->code);
    return;
  case ZVM_STATE_FAULT:
    zvm__trace_line(t, now, took,
                    "end state=fault kind=%s signal=%d pc=0x%" PRIx64
                    " address=0x%" PRIx64,
                    zvm_fault_name(f->kind), f->signal, f->pc, f->address);
    return;
  case ZVM_STATE_STOPPED:
    zvm__trace_line(t, now, took, "end state=stopped signal=%d", run->signal);
    return;
  case ZVM_STATE_LIMIT:
    zvm__trace_line(t, now, took, "end state=limit limit=%s alias=%s",
                    limit_name(run->limit),
                    zvm__limit_is_channel(run->limit) ? alias_of(run) : "-");
    return;
  case ZVM_STATE_TIMEOUT:
  case ZVM_STATE_LOST: /* what only a host says */
    break;
  }
  zvm__trace_line(t, now, took, "end state=%s", zvm_state_name(run->state));
}


void zvm__trace_finish(zvm__trace *t, const zvm__channels *channels,
                       unsigned handle, uint64_t since_ns) {
  const zvm__channel *ch = &channels->list[handle];
  const char *error = ch->os != 0 ? strerrorname_np(ch->os) : NULL;
  uint64_t now = zvm__now_ns();
  zvm__trace_line(t, now, now - since_ns,
                  "finish handle=%u alias=%s gets=%" PRId64
                  " get_bytes=%" PRId64 " puts=%" PRId64
                  " put_bytes=%" PRId64 "%s%s",
                  handle, ch->alias, ch->used[ZVM_LIMIT_GETS],
                  ch->used[ZVM_LIMIT_GET_SIZE], ch->used[ZVM_LIMIT_PUTS],
                  ch->used[ZVM_LIMIT_PUT_SIZE], error != NULL ? " error=" : "",
                  error != NULL ? error : "");
}
