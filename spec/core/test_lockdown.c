/*
** test_lockdown.c - what a guest could do if the validator were broken: a
** worker of this test runs host code where the guest would be (hook.c). The
** worker of the library has none of it.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "channel/pipe.h"
#include "guest.h"
#include "worker.h"

GUEST(exits, "mov $42, %edi\n finish", "");

/* In the place of worker/image.S: the linker takes no second one. */
__asm__(".section .rodata\n"
        ".globl zvm__cell_image, zvm__cell_image_end\n"
        ".hidden zvm__cell_image, zvm__cell_image_end\n"
        "zvm__cell_image: .incbin \"" ZVM_HOOK_CELL "\"\n"
        "zvm__cell_image_end:\n.previous\n");


/*
** What came of an attempt: its errno, 0, or -1 if it ended the worker. A file
** of at most 64 KiB may be a channel of it, and `arg` its argument.
*/
static int attempt(const char *name, const char *path, const char *arg,
                   char message[160]) {
  int64_t all = ZVM_UNLIMITED;
  zvm_channel_options list[] = {{.alias = "/dev/attempt",
                                 .source = ZVM_SOURCE_MEMORY,
                                 .data = name,
                                 .size = strlen(name),
                                 .limits = {all, all, all, all}},
                                {.alias = "/dev/file",
                                 .source = ZVM_SOURCE_FILE,
                                 .mode = ZVM_MODE_WRITE,
                                 .path = path,
                                 .file_size = 65536,
                                 .limits = {all, all, all, all}}};
  zvm_session_options opt = {.isolation = ZVM_ISOLATION_PROCESS,
                             .args = (const char *const[]){arg, NULL},
                             .channels = list,
                             .channels_count = path != NULL ? 2 : 1};
  zvm_error err;
  zvm_report r = {0};
  zvm_module *m = guest(exits);
  zvm_session *s = zvm_session_new(m, &opt, &err);
  if (s == NULL || zvm_session_run(s, &r, &err) != ZVM_OK) {
    printf("Bail out! %s\n", err.text);
    exit(1);
  }
  message[0] = '\0';
  if (r.message != NULL)
    snprintf(message, 160, "%s", r.message);
  int result = r.state == ZVM_STATE_EXIT ? r.code : -1;
  zvm_session_free(s);
  zvm_module_free(m);
  return result;
}


/* The worker ends by SIGSYS, and the host goes on. */
static void ends(const char *name) {
  char message[160], sentence[80];
  int got = attempt(name, NULL, NULL, message);
  snprintf(sentence, sizeof sentence, "%s ends the worker", name);
  if (!ok(got == -1 && strstr(message, "Bad system call") != NULL, sentence))
    printf("# got %d, %s\n", got, message);
}


/* The host's limit may be less than that as well. */
static void stack(void) {
  char message[160];
  ok(attempt("deep_stack", NULL, NULL, message) == -1 &&
         strstr(message, "Segmentation") != NULL,
     "a worker's own stack has a MiB at most, whatever the host's has");
}


static void fails(const char *name, int os, const char *sentence) {
  char message[160];
  if (!is(attempt(name, NULL, NULL, message), os, sentence))
    printf("# %s\n", message);
}


static void files(void) {
  static char large[50000];
  char message[160], path[] = "/tmp/zvm-test-XXXXXX";
  (void)close(mkstemp(path));
  is(attempt("write_far", path, NULL, message), EFBIG,
     "no file becomes longer than the limits of its channel");
  memset(large, 'x', sizeof large - 1);
  is(attempt("write_job", path, large, message), EPERM,
     "the file of a large job cannot be written");
  (void)unlink(path);
}


/* Is one of them at work, not waiting? */
static bool busy(const int *pids, int n) {
  for (int i = 0; i < n; i++) {
    char path[32], state = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", pids[i]);
    FILE *f = fopen(path, "r");
    if (f == NULL)
      continue;
    bool is_running = fscanf(f, "%*d (%*[^)]) %c", &state) == 1 &&
                      state == 'R';
    (void)fclose(f);
    if (is_running)
      return true;
  }
  return false;
}


/* Its answer is right, and its host closes the socket with the next run. */
static void linger(void) {
  char message[160];
  int pids[WORKERS_MAX], n = 0;
  is(attempt("linger", NULL, NULL, message), 0,
     "a worker may answer and go on");
  (void)attempt("nothing", NULL, NULL, message);
  for (int i = 0; i < 50; i++) {
    usleep(100000);
    n = find_workers(getpid(), pids);
    if (n == 5 && !busy(pids, n))
      break;
  }
  ok(n == 5 && !busy(pids, n), "but not for long");
}


/*
** It says `name`, and goes on. Its channel is the last copy of one end of a
** pipe: the other end tells when it has ended.
*/
static void is_ended(const char *name, zvm_status status,
                     const char *sentence) {
  int64_t all = ZVM_UNLIMITED;
  int ends[2];
  (void)!pipe(ends);
  zvm_channel_options list[] = {{.alias = "/dev/attempt",
                                 .source = ZVM_SOURCE_MEMORY,
                                 .data = name,
                                 .size = strlen(name),
                                 .limits = {all, all, all, all}},
                                {.alias = "/dev/pipe",
                                 .source = ZVM_SOURCE_FD,
                                 .mode = ZVM_MODE_WRITE,
                                 .fd = ends[1],
                                 .limits = {0, 0, all, all}}};
  zvm_session_options opt = {.isolation = ZVM_ISOLATION_PROCESS,
                             .timeout_ms = 100,
                             .channels = list,
                             .channels_count = 2};
  zvm_error err;
  zvm_report r = {0};
  zvm_module *m = guest(exits);
  zvm_session *s = zvm_session_new(m, &opt, &err);
  zvm_status st = zvm_session_run(s, &r, NULL);
  (void)close(ends[1]);
  struct pollfd p = {.fd = ends[0], .events = POLLIN};
  bool ended = poll(&p, 1, 2000) == 1;
  if (!ok(st == status && (st != ZVM_OK || r.state == ZVM_STATE_LOST) &&
              ended, sentence))
    printf("# status %d, state %d, ended %d\n", (int)st, (int)r.state, ended);
  is(zvm_session_run(s, &r, &err), ZVM_E_STATE,
     "and its session does not run again");
  zvm_session_free(s);
  zvm_module_free(m);
  (void)close(ends[0]);
}


static zvm_session *make_attempt(const char *name) {
  int64_t all = ZVM_UNLIMITED;
  zvm_channel_options ch = {.alias = "/dev/attempt",
                            .source = ZVM_SOURCE_MEMORY,
                            .data = name,
                            .size = strlen(name),
                            .limits = {all, all, all, all}};
  zvm_session_options opt = {.isolation = ZVM_ISOLATION_PROCESS,
                             .channels = &ch,
                             .channels_count = 1};
  zvm_error err;
  zvm_module *m = guest(exits);
  zvm_session *s = zvm_session_new(m, &opt, &err);
  zvm_module_free(m);
  return s;
}


/* Its answer begins, and never ends, without a timeout; another run goes on. */
static void holds_up(void) {
  zvm_error err;
  zvm_report r = {0}, other = {0};
  zvm_session *s = make_attempt("call_close");
  zvm_session *waited = make_attempt("say_end");
  zvm_session *spins = make_attempt("spin");
  (void)zvm_session_start(s, &err);
  (void)zvm_session_start(spins, &err);
  ok(zvm_session_run(waited, &r, &err) == ZVM_OK &&
         r.state == ZVM_STATE_LOST,
     "one that feigns its end does not hold up others without an end");
  ok(zvm_session_wait(s, &other, &err) == ZVM_OK &&
         other.state == ZVM_STATE_EXIT,
     "which go on");
  zvm_session_free(s);
  zvm_session_free(waited);
  zvm_session_free(spins);
}


/*
** It answers and stays, and has an end of a pipe; the host runs nothing more.
** The bell of the other end tells when it has ended.
*/
static bool lets_go(bool started) {
  int64_t all = ZVM_UNLIMITED;
  zvm_error err;
  zvm_pipe *pipe = zvm_pipe_new(0, &err);
  zvm_channel_options list[] = {{.alias = "/dev/attempt",
                                 .source = ZVM_SOURCE_MEMORY,
                                 .data = "linger",
                                 .size = strlen("linger"),
                                 .limits = {all, all, all, all}},
                                {.alias = "/dev/pipe",
                                 .source = ZVM_SOURCE_PIPE,
                                 .mode = ZVM_MODE_WRITE,
                                 .pipe = pipe,
                                 .limits = {0, 0, all, all}}};
  zvm_session_options opt = {.isolation = ZVM_ISOLATION_PROCESS,
                             .channels = list,
                             .channels_count = 2};
  zvm_report r = {0};
  zvm_module *m = guest(exits);
  zvm_session *s = zvm_session_new(m, &opt, &err);
  if (started)
    (void)zvm_session_start(s, &err);
  zvm_status st = started ? zvm_session_wait(s, &r, &err)
                          : zvm_session_run(s, &r, &err);
  zvm_session_free(s);
  zvm_module_free(m);
  struct pollfd p = {
      .fd = zvm__pipe_take(pipe, "/dev/pipe", ZVM_MODE_READ, &err),
      .events = POLLIN};
  bool ended = p.fd >= 0 && poll(&p, 1, 5000) == 1 &&
               (p.revents & POLLHUP) != 0;
  zvm__pipe_return(pipe, false);
  zvm_pipe_free(pipe);
  return st == ZVM_OK && r.state == ZVM_STATE_EXIT && ended;
}


static int take(void *ctx, const void *from, size_t size) {
  (void)from, (void)size;
  ++*(int *)ctx;
  return 0;
}


/* A channel of it is a function. Without a timeout: the host must see it. */
static void asks(const char *name, bool lost, const char *sentence) {
  int64_t all = ZVM_UNLIMITED;
  int calls = 0;
  zvm_channel_options list[] = {{.alias = "/dev/attempt",
                                 .source = ZVM_SOURCE_MEMORY,
                                 .data = name,
                                 .size = strlen(name),
                                 .limits = {all, all, all, all}},
                                {.alias = "/dev/call",
                                 .source = ZVM_SOURCE_CALL,
                                 .put = take,
                                 .ctx = &calls,
                                 .limits = {0, 0, all, all}}};
  zvm_session_options opt = {.isolation = ZVM_ISOLATION_PROCESS,
                             .channels = list,
                             .channels_count = 2};
  zvm_error err = {0};
  zvm_report r = {0};
  char message[160];
  for (int i = 0; i < 3; i++) { /* a pool at rest has as many as it gets */
    (void)attempt("nothing", NULL, NULL, message);
    usleep(30000);
  }
  int before = open_descriptors();
  zvm_module *m = guest(exits);
  zvm_session *s = zvm_session_new(m, &opt, &err);
  zvm_status st = zvm_session_run(s, &r, &err);
  bool as_said = lost ? r.state == ZVM_STATE_LOST &&
                            strstr(r.message, "asked a channel") != NULL
                      : r.state == ZVM_STATE_EXIT && r.code == 0;
  if (!ok(st == ZVM_OK && as_said && calls < 100000, sentence))
    printf("# status %d, state %d, %d calls, %s\n", (int)st, (int)r.state,
           calls, r.message != NULL ? r.message : "");
  zvm_session_free(s);
  zvm_module_free(m);
  ok(open_descriptors() <= before, "and it costs no descriptor");
}


int main(void) {
  static const char *const calls[] = {
#define CALL(name, ...) #name,
#include "hook.def"
#undef CALL
  };
  fails("nothing", 0, "the hook runs, and what it does comes back");
  fails("count_descriptors", 2,
        "a worker has its socket, the module's image, and no other descriptor");
  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
    ends(calls[i]);
  ends("int80");
  ends("mprotect_exec");
  fails("mmap_image", EPERM, "the image is shared with nobody to be written");
  fails("mmap_beyond", ENOMEM, "memory above the limit is refused");
  fails("raise_limit", EPERM, "a limit cannot be raised");
  stack();
  files();
  linger();
  fails("find_secret", 0,
        "nothing is left of the secret of the zygote's calls");
  ends("without_secret");
  ends("fork_without_secret");
  fails("count_low_pages", 1, "below the module only the gate is there");
  is_ended("say_nothing", ZVM_OK, "a worker that says nothing is killed");
  is_ended("say_end", ZVM_OK, "one that feigns its end has no second try");
  is_ended("say_no", ZVM_E_NOMEM, "one that refuses its job is killed");
  holds_up();
  ok(lets_go(false) && lets_go(true),
     "one that has an end of a pipe is killed when it has reported");
  asks("call_flood", true,
       "one that asks a function and does not hear is killed");
  asks("call_large", true, "so is one that asks for more than can be");
  asks("call_close", false, "one may leave a function alone");
  return tap_done();
}
