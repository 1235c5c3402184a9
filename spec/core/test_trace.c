/*
** test_trace.c - the trace of a run as a C program asks for it.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"
#include "trap/trace.h"
#include "worker.h"

GUEST(exits, "gate 6\n mov $42, %edi\n finish", "");
GUEST(loops, "gate 6\n gate 6\n .p2align 5\n 1: jmp 1b", "");
/* Every number as long as it gets, to the last channel. */
GUEST(far, "mov $3, %edi\n mov $-1, %esi\n mov $0x80000000, %edx\n"
           "movabs $0x8000000000000000, %rcx\n"
           "gate 1\n xor %edi, %edi\n finish", "");

static char path[] = "/tmp/zvm-trace-XXXXXX";


/* What is in the trace; the file is emptied by the next one. */
static const char *text(void) {
  static char bytes[65536];
  int fd = open(path, O_RDONLY);
  ssize_t n = read(fd, bytes, sizeof bytes - 1);
  bytes[n > 0 ? n : 0] = '\0';
  (void)close(fd);
  return bytes;
}


static bool has(const char *part) {
  return strstr(text(), part) != NULL;
}


/* -- Quotes -------------------------------------------------------------- */

static void quotes(const char *from, const char *want, const char *what) {
  char out[ZVM__QUOTED_MAX];
  zvm__trace_quote(out, from);
  if (!ok(strcmp(out, want) == 0, what))
    printf("# %s\n", out);
}


static void all_quotes(void) {
  char out[ZVM__QUOTED_MAX], much[4096];
  quotes("plain text", "\"plain text\"", "text is quoted");
  quotes("", "\"\"", "nothing too");
  quotes("a\nb\33[2J\r", "\"a\\x0ab\\x1b[2J\\x0d\"",
         "what is no printable ASCII is shown by number");
  quotes("\"\\\377", "\"\\x22\\x5c\\xff\"", "so are quote and backslash");
  memset(much, '\1', sizeof much - 1);
  much[sizeof much - 1] = '\0';
  zvm__trace_quote(out, much);
  ok(strlen(out) < sizeof out && out[strlen(out) - 1] == '"',
     "too much is cut, and the quote closed");
}


/* -- Runs ---------------------------------------------------------------- */

static void traced(zvm_isolation isolation) {
  zvm_session_options opt = {.isolation = isolation, .trace = path};
  zvm_report r = run_guest(exits, &opt);
  is(r.code, 42, "a run with a trace ends as without");
  is(r.trace_os, 0, "the trace is whole");
  ok(has(" fork result=-ENOSYS\n") && has(" exit code=42\n") &&
         has(" report state=exit\n"),
     "it has the traps and the end");
  opt.trace = "/dev/full";
  r = run_guest(exits, &opt);
  is(r.code, 42, "so does one whose trace cannot be written");
  is(r.trace_os, ENOSPC, "the report says why");
  opt.trace = NULL;
  is(run_guest(exits, &opt).trace_os, 0, "without a trace there is no error");
}


/* One that was started is told of as one that was run. */
static void started(void) {
  zvm_error err;
  zvm_report r = {0};
  zvm_session_options opt = {.isolation = ZVM_ISOLATION_PROCESS,
                             .trace = path};
  zvm_module *m = guest(exits);
  zvm_session *s = zvm_session_new(m, &opt, &err);
  (void)zvm_session_start(s, &err);
  ok(zvm_session_wait(s, &r, &err) == ZVM_OK && r.code == 42 &&
         has(" send\n") && has(" end state=exit code=42\n"),
     "the trace of a run that was started says when it was sent");
  zvm_session_free(s);
  zvm_module_free(m);
}


static void longest(void) {
  char alias[256];
  memset(alias, 'a', sizeof alias - 1);
  alias[0] = '/';
  alias[sizeof alias - 1] = '\0';
  zvm_channel_options c = {.alias = alias,
                           .source = ZVM_SOURCE_BUFFER,
                           .limits = {INT64_MAX - 1, INT64_MAX - 1,
                                      INT64_MAX - 1, INT64_MAX - 1}};
  zvm_session_options opt = {.channels = &c, .channels_count = 1,
                             .trace = path};
  is(run_guest(far, &opt).code, 0, "the longest numbers and names fit");
  ok(has(" size=-2147483648 offset=-9223372036854775808 result=-EINVAL\n"),
     "and are there whole");
}


/* To everything but the zygote, a little later, from another process. */
static int kill_later(void) {
  int owner = getpid();
  int pid = fork();
  if (pid == 0) {
    int pids[WORKERS_MAX];
    usleep(200000);
    for (int n = find_workers(owner, pids); n > 1; n--)
      (void)kill(pids[n - 1], SIGKILL);
    _exit(0);
  }
  return pid;
}


static void lost(void) {
  zvm_session_options opt = {.isolation = ZVM_ISOLATION_PROCESS,
                             .trace = path};
  int pid = kill_later();
  zvm_report r = run_guest(loops, &opt);
  (void)waitpid(pid, NULL, 0);
  is(r.state, ZVM_STATE_LOST, "a worker is killed while it writes a trace");
  ok(has(" fork result=-ENOSYS\n") && !has(" end state="),
     "what it had done is there, and no end");
  ok(has(" report state=lost message=\""), "the host has the last word");
  is(r.trace_os, 0, "that is no error of the trace");
}


static void failed(void) {
  zvm_error err;
  zvm_report r;
  zvm_session_options opt = {.isolation = ZVM_ISOLATION_INLINE,
                             .trace = path};
  zvm_module *m = guest(exits);
  zvm_session *s = zvm_session_new(m, &opt, &err);
  (void)zvm_session_run(s, &r, &err);
  is(zvm_session_run(s, &r, &err), ZVM_E_STATE, "a session runs once");
  ok(!has("failed"), "and the trace is of that");
  zvm_session_free(s);
  zvm_module_free(m);
}


/* A pipe without a reader, and a host that takes SIGPIPE as it comes. */
static void broken(zvm_isolation isolation) {
  char name[32];
  int ends[2];
  (void)!pipe(ends);
  (void)snprintf(name, sizeof name, "/dev/fd/%d", ends[1]);
  (void)close(ends[0]);
  zvm_session_options opt = {.isolation = isolation, .trace = name};
  zvm_report r = run_guest(exits, &opt);
  is(r.trace_os, EPIPE, "a broken pipe is an error of the trace");
  is(r.code, 42, "and no signal for the host");
  (void)close(ends[1]);
}


/* However a channel names it. */
static void refused(zvm_source source, const char *uri, const char *what) {
  zvm_error err = {0};
  zvm_channel_options c = {.alias = "/dev/x",
                           .source = source,
                           .path = path,
                           .uri = uri,
                           .limits = {1, 1, 0, 0}};
  zvm_session_options opt = {.channels = &c, .channels_count = 1,
                             .trace = path};
  zvm_module *m = guest(exits);
  zvm_session *s = zvm_session_new(m, &opt, &err);
  ok(s == NULL && err.status == ZVM_E_OPTION &&
         strstr(err.text, "is the file of channel /dev/x") != NULL,
     what);
  zvm_session_free(s);
  zvm_module_free(m);
}


static void own_file(void) {
  char uri[64];
  refused(ZVM_SOURCE_FILE, NULL, "a trace has a file of its own");
  (void)snprintf(uri, sizeof uri, "file:%s", path);
  refused(ZVM_SOURCE_URI, uri, "which is no channel's by an uri");
  int fd = open(path, O_RDONLY);
  (void)snprintf(uri, sizeof uri, "fd:%d", fd);
  refused(ZVM_SOURCE_URI, uri, "nor by one of a descriptor");
  (void)close(fd);
}


/* A pipe that is full when the run begins, and nobody reads. */
static void full(zvm_isolation isolation) {
  static const char page[4096];
  char name[32];
  zvm_error err;
  zvm_report r = {0};
  int ends[2];
  (void)!pipe(ends);
  (void)snprintf(name, sizeof name, "/dev/fd/%d", ends[1]);
  zvm_session_options opt = {
      .isolation = isolation, .trace = name, .timeout_ms = 300};
  zvm_module *m = guest(loops);
  zvm_session *s = zvm_session_new(m, &opt, &err);
  (void)fcntl(ends[1], F_SETFL, O_NONBLOCK);
  while (write(ends[1], page, sizeof page) > 0)
    ;
  (void)fcntl(ends[1], F_SETFL, 0);
  ok(zvm_session_run(s, &r, &err) == ZVM_OK && r.state == ZVM_STATE_TIMEOUT,
     "a timeout holds before the guest has begun");
  is(r.trace_os, EAGAIN, "and the trace is not whole");
  zvm_session_free(s);
  zvm_module_free(m);
  (void)close(ends[0]);
  (void)close(ends[1]);
}


int main(void) {
  int fd = mkstemp(path);
  if (fd < 0)
    return 1;
  (void)close(fd);
  all_quotes();
  traced(ZVM_ISOLATION_INLINE);
  traced(ZVM_ISOLATION_PROCESS);
  int before = open_descriptors(); /* what is kept from run to run is there */
  longest();
  started();
  failed();
  broken(ZVM_ISOLATION_INLINE);
  broken(ZVM_ISOLATION_PROCESS);
  own_file();
  full(ZVM_ISOLATION_INLINE);
  full(ZVM_ISOLATION_PROCESS);
  /* A worker at hand, and one that is yet to be closed, come and go. */
  ok(open_descriptors() <= before + 2, "no descriptor is left");
  lost();
  (void)unlink(path);
  return tap_done();
}
