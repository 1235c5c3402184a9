/*
** test_descriptors.c - a host that closes descriptors that it did not open,
** and opens others in their place; a host without standard descriptors.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

enum { FIRST = 3, OTHERS = 32 };

GUEST(exits, "mov $42, %edi\n finish", "");
GUEST(exits_again, "mov $43, %edi\n finish", "");

static const zvm_isolation both[] = {ZVM_ISOLATION_PROCESS,
                                     ZVM_ISOLATION_INLINE};

static zvm_error last;


/* What a run of `m` exits with, or minus the status that there was. */
static long long run_module(zvm_module *m, zvm_isolation isolation) {
  zvm_session_options opt = {.isolation = isolation};
  zvm_report r = {0};
  zvm_session *s = zvm_session_new(m, &opt, &last);
  zvm_status st = s == NULL ? last.status : zvm_session_run(s, &r, &last);
  zvm_session_free(s);
  return st != ZVM_OK ? -(long long)st : r.code;
}


static long long run_new(const unsigned char *pages,
                         zvm_isolation isolation) {
  zvm_module *m = guest(pages);
  long long code = run_module(m, isolation);
  zvm_module_free(m);
  return code;
}


/* -- Files of the host's in the place of ours ---------------------------- */

/* Sockets: what would be taken from one, or sent to it, shows. */
static int ends[OTHERS];
static int first = FIRST; /* the number of the first of them */


static void fill_places(void) {
  for (int i = 0; i < OTHERS; i++) {
    int pair[2];
    (void)!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair);
    ends[i] = fcntl(pair[1], F_DUPFD, 200);
    (void)close(pair[1]);
    (void)!send(ends[i], "mine", 4, 0);
  }
}


static bool is_untouched(int fd, int end) {
  char text[8];
  return recv(end, text, sizeof text, 0) == -1 &&
         recv(fd, text, sizeof text, 0) == 4 && memcmp(text, "mine", 4) == 0;
}


/* All of them are as they were; and they are closed. */
static bool are_untouched(void) {
  int same = 0;
  for (int i = 0; i < OTHERS; i++)
    same += is_untouched(first + i, ends[i]);
  (void)close_range(FIRST, ~0U, 0);
  return same == OTHERS;
}


static void closes_all(void) {
  is(run_new(exits, both[0]), 42, "a host runs a guest");
  (void)close_range(FIRST, ~0U, 0);
  is(run_new(exits, both[0]), 42,
     "and another one, when it has closed all that it did not open");
  is(run_new(exits, both[0]), 42, "and a third one");
  (void)close_range(FIRST, ~0U, 0);
  fill_places();
  is(run_new(exits, both[0]), 42, "its next files have the numbers of ours");
  is(run_new(exits, both[0]), 42, "and a run leaves them alone");
  ok(are_untouched(), "nothing was taken from them, sent to them or closed");
}


/* Each of the numbers by itself, as if the host had confused one. */
static void closes_one(void) {
  int bad = 0, moved = 0;
  for (int i = 0; i < 12; i++) {
    int pair[2];
    (void)run_new(exits, both[0]);
    if (fcntl(FIRST + i, F_GETFD) < 0)
      continue;
    (void)!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair);
    int end = fcntl(pair[1], F_DUPFD, 200);
    (void)dup2(pair[0], FIRST + i);
    (void)close(pair[0]);
    (void)close(pair[1]);
    (void)!send(end, "mine", 4, 0);
    for (int k = 0; k < 3; k++)
      bad += run_new(exits, both[0]) != 42;
    moved += !is_untouched(FIRST + i, end);
    (void)close(end);
    (void)close_range(FIRST, ~0U, 0);
  }
  is(bad, 0, "each may be closed by itself");
  is(moved, 0, "and have another file in its place");
}


/* Another guest's image, where the one of `m` was. */
static void swaps_image(zvm_isolation isolation, const char *sentence) {
  zvm_module *m = guest(exits);
  struct stat before, after;
  (void)close_range(FIRST, ~0U, 0);
  zvm_module *other = guest(exits_again);
  int fd = fcntl(FIRST, F_DUPFD, 100);
  (void)fstat(FIRST, &before);
  if (!is(run_module(m, isolation), -ZVM_E_STATE, sentence))
    printf("# %s\n", last.text);
  ok(strstr(last.text, "load it again") != NULL, "the error says what to do");
  is(run_module(other, isolation), 43, "the other one runs");
  zvm_module_free(m);
  ok(fstat(FIRST, &after) == 0 && before.st_ino == after.st_ino,
     "freeing the first does not close the other's");
  is(run_module(other, isolation), 43, "which runs on");
  zvm_module_free(other);
  (void)close(fd);
}


/* -- Channels, between a session's beginning and its run ------------------ */

/* What is opened from now on is at `first`, and above. */
static void begin_above(void) {
  int highest = FIRST, fd;
  for (fd = FIRST; fd < 1024; fd++)
    if (fcntl(fd, F_GETFD) >= 0)
      highest = fd;
  do
    first = dup(0);
  while (first < highest);
  (void)close(first);
}


static int no_bytes(void *ctx, void *to, size_t size, size_t *moved) {
  (void)ctx, (void)to, (void)size;
  *moved = 0;
  return 0;
}


static char written[64];

/* Of which kind its channel is, of those that have descriptors. */
static zvm_session *make_session(zvm_module *m, zvm_isolation isolation,
                                 zvm_pipe *pipe, int which) {
  int64_t all = ZVM_UNLIMITED;
  zvm_channel_options kinds[] = {
      {.alias = "/x", .source = ZVM_SOURCE_FILE, .path = "/proc/self/exe"},
      {.alias = "/x",
       .source = ZVM_SOURCE_FILE,
       .mode = ZVM_MODE_WRITE,
       .path = written},
      {.alias = "/x", .source = ZVM_SOURCE_CALL, .get = no_bytes},
      {.alias = "/x", .source = ZVM_SOURCE_PIPE, .pipe = pipe},
  };
  zvm_channel_options ch = kinds[which];
  for (int i = 0; i < ZVM_LIMIT_COUNT; i++)
    if (ch.mode == ZVM_MODE_WRITE ? i >= ZVM_LIMIT_PUTS : i < ZVM_LIMIT_PUTS)
      ch.limits[i] = all;
  zvm_session_options opt = {
      .isolation = isolation, .channels = &ch, .channels_count = 1};
  return zvm_session_new(m, &opt, &last);
}


static void closes_channel(zvm_isolation isolation, int which,
                           const char *sentence) {
  zvm_report r = {0};
  zvm_module *m = guest(exits);
  (void)run_module(m, isolation);
  begin_above();
  zvm_pipe *pipe = zvm_pipe_new(1, &last);
  zvm_session *s = make_session(m, isolation, pipe, which);
  if (s == NULL)
    printf("# %s\n", last.text);
  (void)close_range((unsigned)first, ~0U, 0);
  fill_places();
  zvm_status st = zvm_session_run(s, &r, &last);
  bool inline_call = which == 2 && isolation == ZVM_ISOLATION_INLINE;
  is(st, inline_call ? ZVM_OK : ZVM_E_CHANNEL, sentence);
  zvm_session_free(s);
  zvm_pipe_free(pipe);
  ok(are_untouched() && access(written, F_OK) != 0,
     "and what is there now is left alone, and gets no name");
  zvm_module_free(m);
}


static void closes_channels(void) {
  static const char *const sentences[] = {
      "a file that was closed is not read by a run",
      "nor is one written", "nor is a function asked by a socket that was",
      "nor is a pipe used"};
  snprintf(written, sizeof written, "/tmp/zvm-test-%d", (int)getpid());
  for (int i = 0; i < 8; i++)
    closes_channel(both[i / 4], i % 4, sentences[i % 4]);
}


/* While it is under way: all that there is, or what its channel has. */
static void closes_started(int which, const char *sentence) {
  zvm_report r = {0};
  zvm_module *m = guest(exits);
  (void)run_module(m, both[0]); /* a worker is at hand */
  begin_above();
  if (which < 0)
    first = FIRST;
  zvm_session *s = which < 0 ? zvm_session_new(m, NULL, &last)
                             : make_session(m, both[0], NULL, which);
  zvm_status st = zvm_session_start(s, &last);
  (void)close_range((unsigned)first, ~0U, 0);
  fill_places();
  if (st == ZVM_OK)
    st = zvm_session_wait(s, &r, &last);
  ok(st == ZVM_OK && r.state == ZVM_STATE_LOST &&
         strstr(r.message, "closed a descriptor") != NULL,
     sentence);
  zvm_session_free(s);
  zvm_module_free(m);
  ok(are_untouched(), "and what is there now is left alone");
  is(run_new(exits, both[0]), 42, "other runs go on");
}


static void closes_trace(zvm_isolation isolation, const char *sentence) {
  zvm_report r = {0};
  zvm_module *m = guest(exits);
  (void)run_module(m, isolation);
  begin_above();
  zvm_session_options opt = {.isolation = isolation, .trace = written};
  zvm_session *s = zvm_session_new(m, &opt, &last);
  (void)close_range((unsigned)first, ~0U, 0);
  fill_places();
  ok(zvm_session_run(s, &r, &last) == ZVM_OK && r.code == 42 &&
         r.trace_os == EBADF,
     sentence);
  zvm_session_free(s);
  ok(are_untouched(), "and what is there now is left alone");
  zvm_module_free(m);
  (void)unlink(written);
}


/* The host's own ends; `late`: after they were used. */
static void closes_own_ends(bool late, const char *sentence) {
  size_t moved = 0;
  char byte;
  begin_above();
  zvm_pipe *p = zvm_pipe_new(1, &last);
  if (late)
    (void)zvm_pipe_write(p, "x", 1, 100, &moved, &last);
  if (late)
    (void)zvm_pipe_read(p, &byte, 1, 100, &moved, &last);
  (void)close_range((unsigned)first, ~0U, 0);
  fill_places();
  zvm_status wrote = zvm_pipe_write(p, "x", 1, 100, &moved, &last);
  zvm_status read = zvm_pipe_read(p, &byte, 1, 100, &moved, &last);
  zvm_status ended = zvm_pipe_read(p, &byte, 1, 100, &moved, &last);
  if (late)
    ok(wrote == ZVM_OK && read == ZVM_OK && ended == ZVM_OK && moved == 0,
       sentence);
  else
    ok(wrote == ZVM_E_CHANNEL && read == ZVM_E_CHANNEL, sentence);
  zvm_pipe_free(p);
  ok(are_untouched(), "and what is there now is left alone");
}


/* -- Without standard descriptors ---------------------------------------- */

static bool has_standard_files(void) {
  for (int fd = 0; fd <= 2; fd++)
    if (fcntl(fd, F_GETFD) >= 0)
      return true;
  return false;
}


/* 0, or which step failed. */
static int run_bare(void) {
  (void)close_range(0, ~0U, 0);
  zvm_module *m = guest(exits);
  for (int i = 0; i < 6; i++)
    if (run_module(m, both[i % 2]) != 42)
      return 1 + i;
  if (has_standard_files())
    return 10;
  for (int fd = 0; fd <= 2; fd++)
    if (open("/dev/null", O_RDWR) != fd)
      return 11;
  for (int i = 0; i < 6; i++)
    if (run_module(m, both[i % 2]) != 42)
      return 20 + i;
  zvm_module_free(m);
  return 0;
}


static void no_standard_files(void) {
  int status = -1;
  pid_t pid = fork();
  if (pid == 0)
    _exit(run_bare());
  (void)waitpid(pid, &status, 0);
  is(status, 0, "a host without 0, 1 and 2 runs guests, and they stay free");
}


int main(void) {
  (void)close_range(FIRST, ~0U, 0);
  closes_all();
  closes_one();
  swaps_image(both[0], "a module whose image was closed does not run");
  swaps_image(both[1], "nor does it inline");
  closes_channels();
  closes_started(-1, "a run that was started is lost without its socket");
  closes_started(2, "or one of its channels'");
  closes_trace(both[0], "a trace that was closed ends, and the report says so");
  closes_trace(both[1], "so it does inline");
  closes_own_ends(false, "the host's own end of a pipe may be closed");
  closes_own_ends(true, "also when it was used: then the other one has ended");
  no_standard_files();
  return tap_done();
}
