/*
** hook.c - what a guest would try that had broken out of the sandbox.
**
** Runs in a worker after its lock-down, in the place of the guest. System
** calls are made as numbers: the C library must not be in between.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "hook.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cell/cell.h"

typedef long (*attempt_fn)(void);

#define CALL(name, ...)                                                  \
  static long try_##name(void) {                                         \
    return syscall(__VA_ARGS__);                                         \
  }
#include "hook.def"
#undef CALL


/* -- What is more than one call ------------------------------------------ */

static long try_nothing(void) {
  return 0;
}


/* The 32-bit door, where numbers mean other calls: 5 is open. */
static long try_int80(void) {
  long result;
  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "a"(5), "b"(0), "c"(0), "d"(0)
                   : "memory");
  return result;
}


static char page[2 * 4096] __attribute__((aligned(4096)));


/* Code of one's own making: written, then made executable. */
static long try_mprotect_exec(void) {
  page[0] = (char)0xC3;
  return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}


/* More than the job needs. */
static long try_mmap_image(void) {
  void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 0, 0);
  return p == MAP_FAILED ? -errno : 0;
}


static long try_mmap_beyond(void) {
  void *p = mmap(NULL, (size_t)1 << 36, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return p == MAP_FAILED ? -1 : 0;
}


static long try_raise_limit(void) {
  struct rlimit r = {RLIM_INFINITY, RLIM_INFINITY};
  return prlimit(0, RLIMIT_AS, &r, NULL);
}


/* Two MiB of the worker's own stack. */
static long try_deep_stack(void) {
  volatile char *at = __builtin_frame_address(0);
  for (size_t i = 0; i < (size_t)2 << 20; i += 4096)
    at[-(ptrdiff_t)i] = 0;
  return 0;
}


/* The descriptors that are open: the image, the socket, what it was given. */
static long try_count_descriptors(void) {
  int n = 0;
  for (int fd = 0; fd < 4096; fd++) {
    struct pollfd p = {.fd = fd};
    if (poll(&p, 1, 0) >= 0 && (p.revents & POLLNVAL) == 0)
      n++;
  }
  errno = n;
  return -1;
}


/* What quotas allow, the channel's limit of size: 64 KiB. */
static long try_write_far(void) {
  enum { CHANNEL = 1 };
  return pwrite(CHANNEL, "x", 1, 65535) == 1 ? pwrite(CHANNEL, "x", 1, 65536)
                                             : 0;
}


/* The file of a large job is 1: memory that its limits do not count. */
static long try_write_job(void) {
  return pwrite(1, "x", 1, 0);
}


/* -- What may be said to the host, by one that then goes on -------------- */

_Noreturn static void go_on(void) {
  for (;;)
    (void)poll(NULL, 0, -1);
}


static void say(const void *bytes, size_t size) {
  (void)sendto(2, bytes, size, MSG_NOSIGNAL, NULL, 0);
}


static long try_spin(void) {
  go_on();
}


static long try_say_nothing(void) {
  say("", 0);
  go_on();
}


/* As if it had ended before it took its job: another worker may have it. */
static long try_say_end(void) {
  zvm__wire_ended ended;
  memset(&ended, 0xFF, sizeof ended);
  ended.magic = ZVM__WIRE_ENDED;
  ended.status = SIGKILL;
  say(&ended, sizeof ended);
  go_on();
}


static long try_say_no(void) {
  zvm__wire_reply reply;
  memset(&reply, 0, sizeof reply);
  reply.magic = ZVM__WIRE_REPLY;
  reply.status = ZVM_E_NOMEM;
  say(&reply, sizeof reply);
  go_on();
}


/* -- What may be asked of a channel that is a function ------------------- */

static int call_fd = -1;

/* Right requests, as fast as can be, and no answer is ever read. */
_Noreturn static long try_call_flood(void) {
  static zvm__call_message m;
  m = (zvm__call_message){.what = ZVM__CALL_PUT, .size = 1};
  for (;;)
    (void)write(call_fd, &m, ZVM__CALL_HEAD + 1);
}


static long try_call_large(void) {
  static zvm__call_message m;
  m = (zvm__call_message){.what = ZVM__CALL_GET,
                          .size = (uint64_t)ZVM__CALL_PIECE + 1};
  (void)write(call_fd, &m, ZVM__CALL_HEAD);
  go_on();
}


static long try_call_close(void) {
  (void)close(call_fd);
  return 0;
}


/* Pages that can be read below the module. */
static long try_count_low_pages(void) {
  long n = 0;
  for (uintptr_t at = 0; at < 0x20000; at += 4096)
    if (madvise((void *)at, 4096, MADV_POPULATE_READ) == 0)
      n++;
  errno = (int)n;
  return -1;
}


/* -- The secret of the zygote's calls ------------------------------------ */

static uint64_t inverse; /* so that it is not what is looked for */

void zvm__hook_note_secret(void) {
  inverse = ~*(const uint64_t *)(uintptr_t)ZVM__CELL_SECRET;
}


/* Which halves of it are in a page: bits. */
static int look(uintptr_t at) {
  int found = 0;
  if (madvise((void *)at, 4096, MADV_POPULATE_READ) != 0)
    return 0;
  for (const uint32_t *p = (const void *)at; p < (const uint32_t *)at + 1024;
       p++)
    found |= (~*p == (uint32_t)inverse) | (~*p == inverse >> 32) << 1;
  return found;
}


/* 1 if both halves are anywhere in memory that the zygote wrote. */
static long try_find_secret(void) {
  extern const char __ehdr_start[], _end[];
  enum { AROUND = 34 * 4096 }; /* the stack's, and what was below */
  uintptr_t frame = (uintptr_t)__builtin_frame_address(0) & -(uintptr_t)4096;
  uintptr_t thread = (uintptr_t)__builtin_thread_pointer();
  int found = look(thread & -(uintptr_t)4096) | look(ZVM__CONTEXT);
  for (uintptr_t at = frame - AROUND; at < frame + AROUND; at += 4096)
    found |= look(at);
  for (uintptr_t at = (uintptr_t)__ehdr_start; at < (uintptr_t)_end;
       at += 4096)
    found |= look(at);
  errno = inverse == 0 || found == 3;
  return -1;
}


/* As the zygote does it, with what a worker has where the secret was. */
static long try_without_secret(void) {
  return zvm__zygote_call(SYS_getppid, 0, 0, 0, 0);
}


static long try_fork_without_secret(void) {
  return zvm__zygote_call(SYS_clone, SIGCHLD, 0, 0, 0);
}


static bool lingers;

/* Answer, and stay. */
static long try_linger(void) {
  lingers = true;
  return 0;
}


void zvm__hook_exit(int code) {
  while (lingers)
    ;
  _exit(code);
}


/* -- The table ----------------------------------------------------------- */

static const struct {
  const char *name;
  attempt_fn run;
} attempts[] = {
#define CALL(name, ...) {#name, try_##name},
#include "hook.def"
#undef CALL
    {"nothing", try_nothing},
    {"int80", try_int80},
    {"mprotect_exec", try_mprotect_exec},
    {"mmap_beyond", try_mmap_beyond},
    {"mmap_image", try_mmap_image},
    {"raise_limit", try_raise_limit},
    {"deep_stack", try_deep_stack},
    {"count_descriptors", try_count_descriptors},
    {"write_far", try_write_far},
    {"count_low_pages", try_count_low_pages},
    {"find_secret", try_find_secret},
    {"without_secret", try_without_secret},
    {"fork_without_secret", try_fork_without_secret},
    {"linger", try_linger},
    {"write_job", try_write_job},
    {"spin", try_spin},
    {"say_nothing", try_say_nothing},
    {"say_end", try_say_end},
    {"say_no", try_say_no},
    {"call_flood", try_call_flood},
    {"call_large", try_call_large},
    {"call_close", try_call_close},
};


static int outcome_of(const char *name, size_t size) {
  for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++)
    if (strlen(attempts[i].name) == size &&
        memcmp(attempts[i].name, name, size) == 0) {
      errno = 0;
      return attempts[i].run() == -1 ? errno : 0;
    }
  return -1;
}


zvm_status zvm__hook_run(const zvm__job *job, zvm__outcome *out,
                         zvm__again *again, zvm_error *err) {
  (void)again, (void)err;
  *out = (zvm__outcome){.state = ZVM_STATE_EXIT, .code = -2};
  for (unsigned i = 0; i < job->channels->count; i++) {
    const zvm__channel *ch = &job->channels->list[i];
    if (ch->source == &zvm__source_ask)
      call_fd = ch->fd;
  }
  for (unsigned i = 0; i < job->channels->count; i++) {
    const zvm__channel *ch = &job->channels->list[i];
    if (ch->source == &zvm__source_memory)
      out->code = outcome_of((const char *)ch->bytes, ch->size);
  }
  return ZVM_OK;
}
