/*
** limits.c - trials that are ended: by a limit, or by being killed.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guests.h"
#include "soak.h"

enum { SLACK_NS = 2000000000 }; /* that a limit may be late, at full load */


/* -- Limits -------------------------------------------------------------- */

void time_out(trial *t) {
  t->opt.timeout_ms = 5 + (uint32_t)pick(t, 16);
  t->opt.cpu_ms = 0;
  if (!go(t, loops))
    return;
  MUST(t, t->r.state == ZVM_STATE_TIMEOUT);
  MUST(t, t->r.wall_ns >= t->opt.timeout_ms * 1000000ull);
  MUST(t, t->r.wall_ns <= t->opt.timeout_ms * 1000000ull + SLACK_NS);
}


void use_up_cpu(trial *t) {
  t->opt.cpu_ms = 3 + (uint32_t)pick(t, 8);
  t->opt.timeout_ms = 0;
  if (!go(t, loops))
    return;
  must_limit(t, ZVM_LIMITED_CPU, NULL);
  MUST(t, t->r.wall_ns >= t->opt.cpu_ms * 1000000ull);
  MUST(t, t->r.user_ns + t->r.system_ns <=
              t->opt.cpu_ms * 1000000ull + SLACK_NS);
}


/* Nobody writes; the pipe is open. */
void starve(trial *t) {
  t->opt.timeout_ms = 5 + (uint32_t)pick(t, 16);
  if (pipe2(t->pipe, O_CLOEXEC) != 0) {
    blame(t, "no pipe");
    return;
  }
  add_channel(t, "/dev/stdin", ZVM_SOURCE_FD)->fd = t->pipe[0];
  if (!go(t, reads))
    return;
  MUST(t, t->r.state == ZVM_STATE_TIMEOUT);
  MUST(t, t->r.wall_ns >= t->opt.timeout_ms * 1000000ull);
  MUST(t, t->r.user_ns + t->r.system_ns < t->opt.timeout_ms * 1000000ull);
}


/* Calls or bytes, an error or the end. */
static void exceed(trial *t, bool puts) {
  const char *alias = puts ? "/dev/stdout" : "/dev/stdin";
  int calls = puts ? ZVM_LIMIT_PUTS : ZVM_LIMIT_GETS;
  bool bytes = once_in(t, 2), stops = once_in(t, 2);
  int64_t most = 1 + (int64_t)pick(t, bytes ? 20000 : 20);
  zvm_channel_options *o =
      puts ? add_channel(t, alias,
                         once_in(t, 2) ? ZVM_SOURCE_NULL : ZVM_SOURCE_BUFFER)
           : add_input(t, t->input, PIECE);
  o->limits[calls + bytes] = most;
  o->on_limit = stops ? ZVM_ON_LIMIT_STOP : ZVM_ON_LIMIT_ERROR;
  if (!go(t, puts ? puts_all : gets_all))
    return;
  const zvm_channel_report *ch = channel_of(t, alias);
  MUST(t, ch->used[calls + bytes] == most);
  MUST(t, ch->used[calls + !bytes] ==
              (bytes ? (most + PUT - 1) / PUT : most * PUT));
  if (stops)
    must_limit(t, (zvm_limited)(ZVM_LIMITED_GETS + calls + bytes), alias);
  else
    must_exit(t, EDQUOT);
}


void exceed_puts(trial *t) {
  exceed(t, true);
}


void exceed_gets(trial *t) {
  exceed(t, false);
}


void exceed_file(trial *t) {
  bool stops = once_in(t, 2), named = once_in(t, 2);
  struct stat st;
  zvm_channel_options *o = add_channel(
      t, "/dev/stdout", named ? ZVM_SOURCE_FILE : ZVM_SOURCE_FD);
  o->path = t->path;
  o->fd = t->file;
  o->mode = ZVM_MODE_WRITE;
  o->partial = named; /* a run that fails leaves nothing else */
  o->file_size = 1 + (int64_t)pick(t, 20000);
  t->opt.on_limit = stops ? ZVM_ON_LIMIT_STOP : ZVM_ON_LIMIT_DEFAULT;
  if (!go(t, puts_all))
    return;
  MUST(t, fstat(t->file, &st) == 0 && st.st_size == o->file_size);
  MUST(t, channel_of(t, "/dev/stdout")->used[ZVM_LIMIT_PUT_SIZE] ==
              o->file_size);
  if (stops)
    must_limit(t, ZVM_LIMITED_FILE_SIZE, "/dev/stdout");
  else
    must_exit(t, EFBIG);
}


void exceed_memory(trial *t) {
  t->opt.memory = 64 << 20;
  t->opt.resident = (1 + pick(t, 4)) << 20;
  if (!go(t, touches))
    return;
  must_limit(t, ZVM_LIMITED_RESIDENT, NULL);
}


/* -- Killed -------------------------------------------------------------- */

void be_killed(trial *t) {
  t->opt.timeout_ms = t->opt.cpu_ms = 0;
  if (go(t, loops))
    blame(t, "it has not ended by being killed");
}


/*
** Stopped for good: the host has two seconds' patience. Unless it was killed
** before, or its time was over before it was stopped.
*/
void be_frozen(trial *t) {
  t->opt.timeout_ms = 200;
  t->opt.cpu_ms = 0;
  if (go(t, loops))
    MUST(t, t->r.state == ZVM_STATE_TIMEOUT && t->r.wall_ns < 1000000000);
  else if (t->r.message != NULL && strstr(t->r.message, "did not stop"))
    __atomic_fetch_add(&total.given_up, 1, __ATOMIC_RELAXED);
}
