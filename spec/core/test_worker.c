/*
** test_worker.c - worker processes, in a host that has no low 4 GiB to give:
** this program is linked to lie there.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "guest.h"
#include "worker.h"

GUEST(exits, "mov $42, %edi\n finish", "");
GUEST(divides, "xor %ecx, %ecx\n xor %edx, %edx\n div %ecx", "");
GUEST(loops, "1: jmp 1b", "");
/* Reads a byte of handle 0, and exits with the result. */
GUEST(reads,
      "mov $0, %edi\n mov $0x22000, %esi\n mov $1, %edx\n xor %ecx, %ecx\n"
      "gate 1\n mov %eax, %edi\n finish",
      "");
/* A byte from handle 0 to handle 1. */
GUEST(copies,
      "mov $0, %edi\n mov $0x22000, %esi\n mov $1, %edx\n xor %ecx, %ecx\n"
      "gate 1\n"
      "mov $1, %edi\n mov $0x22000, %esi\n mov $1, %edx\n xor %ecx, %ecx\n"
      "gate 2\n xor %edi, %edi\n finish",
      "");

static volatile sig_atomic_t children, stops;


static void on_child(int sig) {
  (void)sig;
  children++;
}


static void on_stop(int sig) {
  (void)sig;
  stops++;
}


static zvm_report run_apart(const unsigned char *pages) {
  zvm_session_options opt = {.isolation = ZVM_ISOLATION_PROCESS};
  return run_guest(pages, &opt);
}


/* -- The host ------------------------------------------------------------ */

static void no_low_memory(void) {
  zvm_error err;
  zvm_report r;
  zvm_module *m = guest(exits);
  zvm_session_options opt = or_inline(NULL);
  zvm_session *s = zvm_session_new(m, &opt, &err);
  is(zvm_session_run(s, &r, &err), ZVM_E_LOWMEM,
     "a host that lies in the low 4 GiB cannot run inline");
  zvm_session_free(s);
  zvm_module_free(m);
  int maps = mappings_below(0x200000000);
  is(run_apart(exits).code, 42, "it runs in a worker");
  is(run_apart(divides).fault.kind, ZVM_FAULT_ARITHMETIC,
     "a fault of a worker's guest is reported");
  is(mappings_below(0x200000000), maps, "its own low memory is as it was");
}


static void no_children(void) {
  struct sigaction a = {.sa_handler = on_child}, plain = {0};
  (void)sigaction(SIGCHLD, &a, NULL);
  for (int i = 0; i < 20; i++)
    (void)run_apart(exits);
  errno = 0;
  is(waitpid(-1, NULL, WNOHANG), -1, "the host has no child to wait for");
  is(errno, ECHILD, "not one");
  is(children, 0, "the host gets no SIGCHLD");
  (void)sigaction(SIGCHLD, &plain, NULL);
}


/* One of a worker at hand, and one that is yet to be closed, come and go. */
static void no_descriptors(void) {
  int before = open_descriptors();
  for (int i = 0; i < 50; i++)
    (void)run_apart(i % 2 == 0 ? exits : divides);
  ok(open_descriptors() <= before + 2, "no descriptor is left over");
}


/* -- Threads ------------------------------------------------------------- */

typedef struct reader {
  pthread_t thread;
  int pipe[2];
  zvm_report report;
} reader;


static void *read_apart(void *arg) {
  reader *r = arg;
  zvm_channel_options in = {.alias = "/dev/stdin",
                            .source = ZVM_SOURCE_FD,
                            .fd = r->pipe[0],
                            .limits = {ZVM_UNLIMITED, ZVM_UNLIMITED}};
  zvm_session_options opt = {.isolation = ZVM_ISOLATION_PROCESS,
                             .channels = &in,
                             .channels_count = 1};
  r->report = run_guest(reads, &opt);
  return NULL;
}


static void threads(void) {
  enum { READERS = 12 };
  static reader all[READERS];
  for (int i = 0; i < READERS; i++) {
    (void)!pipe(all[i].pipe);
    (void)pthread_create(&all[i].thread, NULL, read_apart, &all[i]);
  }
  is(run_apart(exits).code, 42, "a run does not wait for another thread's");
  int right = 0;
  for (int i = READERS - 1; i >= 0; i--) {
    (void)!write(all[i].pipe[1], "x", 1);
    (void)pthread_join(all[i].thread, NULL);
    right += all[i].report.state == ZVM_STATE_EXIT && all[i].report.code == 1;
    (void)close(all[i].pipe[0]);
    (void)close(all[i].pipe[1]);
  }
  is(right, READERS, "twelve threads run twelve guests at once");
}


/* Those beyond the usual retire when nobody needs them. */
static void pool_shrinks(void) {
  int pids[WORKERS_MAX], n = WORKERS_MAX;
  for (int i = 0; i < 100 && n != 5; i++) {
    usleep(100000);
    n = find_workers(getpid(), pids);
  }
  is(n, 5, "then four workers wait with their zygote");
  is(run_apart(exits).code, 42, "one that has retired is not missed");
}


/* -- Signals ------------------------------------------------------------- */

static void *send_later(void *arg) {
  usleep(100000);
  (void)kill(getpid(), *(int *)arg);
  return NULL;
}


static void stop(const unsigned char *pages, int sig, const char *what) {
  struct sigaction a = {.sa_handler = on_stop}, plain = {0};
  pthread_t other;
  sigset_t set, old;
  int fds[2];
  (void)sigaction(sig, &a, NULL);
  stops = 0;
  /* The signal is this thread's: the other one blocks it. */
  (void)sigfillset(&set);
  (void)pthread_sigmask(SIG_BLOCK, &set, &old);
  (void)pthread_create(&other, NULL, send_later, &sig);
  (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
  (void)!pipe(fds);
  reader r = {.pipe = {fds[0], fds[1]}};
  if (pages == reads)
    (void)read_apart(&r);
  else
    r.report = run_apart(pages);
  (void)pthread_join(other, NULL);
  ok(r.report.state == ZVM_STATE_STOPPED && r.report.signal == sig, what);
  is(stops, 1, "the host's handler ran once");
  (void)close(fds[0]);
  (void)close(fds[1]);
  (void)sigaction(sig, &plain, NULL);
}


/* -- The queue ----------------------------------------------------------- */

static void *run_exits(void *arg) {
  *(int *)arg = run_apart(exits).code;
  return NULL;
}


typedef struct copier {
  pthread_t thread;
  char letter;
  int to;
} copier;


static void *copy_apart(void *arg) {
  copier *c = arg;
  zvm_channel_options list[] = {{.alias = "/dev/stdin",
                                 .source = ZVM_SOURCE_MEMORY,
                                 .data = &c->letter,
                                 .size = 1,
                                 .limits = {1, 1}},
                                {.alias = "/dev/stdout",
                                 .source = ZVM_SOURCE_FD,
                                 .mode = ZVM_MODE_WRITE,
                                 .fd = c->to,
                                 .limits = {0, 0, 1, 1}}};
  zvm_session_options opt = {.isolation = ZVM_ISOLATION_PROCESS,
                             .channels = list,
                             .channels_count = 2};
  (void)run_guest(copies, &opt);
  return NULL;
}


static void queue(void) {
  enum { QUEUED = 8 };
  copier all[QUEUED];
  char order[QUEUED + 1] = "";
  int fds[2];
  static reader first;
  is(zvm_workers_limit(0, ZVM_QUEUE_UNLIMITED, NULL), ZVM_E_OPTION,
     "no workers is no limit");
  is(zvm_workers_limit(1, ZVM_QUEUE_UNLIMITED, NULL), ZVM_OK, "one is");
  (void)!pipe(first.pipe);
  sigset_t set, old;
  (void)sigfillset(&set);
  (void)pthread_sigmask(SIG_BLOCK, &set, &old);
  (void)pthread_create(&first.thread, NULL, read_apart, &first);
  (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
  usleep(100000);
  stop(exits, SIGINT, "a run that waits for its turn can be stopped");
  (void)!pipe2(fds, O_NONBLOCK);
  for (int i = 0; i < QUEUED; i++) {
    all[i] = (copier){.letter = (char)('a' + i), .to = fds[1]};
    (void)pthread_create(&all[i].thread, NULL, copy_apart, &all[i]);
    usleep(80000); /* until it waits: nothing tells */
  }
  is(read(fds[0], order, QUEUED), -1, "runs above the limit wait");
  (void)!write(first.pipe[1], "x", 1);
  (void)pthread_join(first.thread, NULL);
  for (int i = 0; i < QUEUED; i++)
    (void)pthread_join(all[i].thread, NULL);
  (void)!read(fds[0], order, QUEUED);
  if (!ok(strcmp(order, "abcdefgh") == 0,
          "and have their turn, first come, first served"))
    printf("# %s\n", order);
  (void)close(fds[0]);
  (void)close(fds[1]);
  (void)zvm_workers_limit(1024, ZVM_QUEUE_UNLIMITED, NULL);
  (void)close(first.pipe[0]);
  (void)close(first.pipe[1]);
}


static bool is_refused(const zvm_report *r) {
  return r->state == ZVM_STATE_LIMIT && r->limit == ZVM_LIMITED_WORKERS &&
         r->wall_ns == 0 && r->traps[ZVM_SLOT_EXIT] == 0;
}


static double seconds(void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}


/* A reader has the one worker; a second run waits, or does not. */
static void refused_channels(void) {
  /* SHA-256 of nothing */
  static const uint8_t none[] = {0xe3, 0xb0, 0xc4, 0x42};
  char path[] = "/tmp/zvm-test-XXXXXX";
  (void)close(mkstemp(path));
  zvm_channel_options list[] = {
      {.alias = "/dev/file",
       .source = ZVM_SOURCE_FILE,
       .mode = ZVM_MODE_WRITE,
       .path = path,
       .limits = {0, 0, ZVM_UNLIMITED, ZVM_UNLIMITED}},
      {.alias = "/dev/stdout",
       .source = ZVM_SOURCE_BUFFER,
       .etag = true,
       .limits = {0, 0, ZVM_UNLIMITED, ZVM_UNLIMITED}}};
  zvm_session_options opt = {.isolation = ZVM_ISOLATION_PROCESS,
                             .channels = list,
                             .channels_count = 2};
  zvm_error err;
  zvm_report r;
  zvm_module *m = guest(exits);
  int before = open_descriptors();
  zvm_session *s = zvm_session_new(m, &opt, &err);
  is(zvm_session_run(s, &r, &err), ZVM_OK, "a refusal is a report");
  ok(is_refused(&r) && r.channel == NULL,
     "one run more than may wait has not begun");
  is((long long)r.channels_count, 4, "its channels are reported");
  ok(r.channels[1].has_etag && r.channels[1].size == 0 &&
         memcmp(r.channels[1].etag, none, sizeof none) == 0,
     "nothing moved, and the etag is that of nothing");
  is(open_descriptors(), before, "its files are closed");
  is(zvm_session_run(s, &r, &err), ZVM_E_STATE, "it has had its run");
  zvm_session_free(s);
  zvm_module_free(m);
  (void)unlink(path);
}


static void bounded_queue(void) {
  static reader first;
  pthread_t second;
  int code = 0;
  (void)!pipe(first.pipe);
  (void)zvm_workers_limit(1, 0, NULL);
  is(run_apart(exits).code, 42, "nobody waits while a worker is free");
  (void)pthread_create(&first.thread, NULL, read_apart, &first);
  usleep(100000);
  refused_channels();
  (void)zvm_workers_limit(1, 1, NULL);
  (void)pthread_create(&second, NULL, run_exits, &code);
  usleep(50000);
  zvm_report r = run_apart(exits);
  ok(is_refused(&r), "one waits, the next one does not");
  (void)zvm_workers_limit(1, ZVM_QUEUE_UNLIMITED, NULL);
  zvm_session_options hurried = {.isolation = ZVM_ISOLATION_PROCESS,
                                 .timeout_ms = 50};
  double start = seconds();
  r = run_guest(exits, &hurried);
  double took = seconds() - start;
  ok(is_refused(&r), "a run waits no longer than its timeout");
  ok(took >= 0.05 && took < 0.3, "and as long as that");
  printf("# it waited for %.1f ms\n", took * 1e3);
  (void)!write(first.pipe[1], "x", 1);
  (void)pthread_join(first.thread, NULL);
  (void)pthread_join(second, NULL);
  is(code, 42, "who waited has its turn");
  (void)zvm_workers_limit(1, 0, NULL);
  is(run_apart(exits).code, 42, "those who left are not waiting still");
  (void)zvm_workers_limit(1024, ZVM_QUEUE_UNLIMITED, NULL);
  (void)close(first.pipe[0]);
  (void)close(first.pipe[1]);
}


/* -- Lost ---------------------------------------------------------------- */

/* Does it use a processor? */
static bool is_busy(int pid) {
  char path[32], state = 0;
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *f = fopen(path, "r");
  if (f == NULL)
    return false;
  bool read = fscanf(f, "%*d (%*[^)]) %c", &state) == 1;
  (void)fclose(f);
  return read && state == 'R';
}


/* A guest that loops is seen to: twice, as a worker starts only once. */
static int find_looping(int owner, int pids[WORKERS_MAX]) {
  int n = 0;
  for (int look = 0, seen = 0; look < 200 && seen < 2; look++) {
    bool busy = false;
    usleep(20000);
    n = find_workers(owner, pids);
    for (int i = 1; i < n; i++)
      busy = busy || is_busy(pids[i]);
    seen = busy ? seen + 1 : 0;
  }
  return n;
}


/* To everything but the zygote when the guest loops, by another process. */
static int signal_later(int sig, bool zygote) {
  int owner = getpid();
  int pid = fork();
  if (pid == 0) {
    int pids[WORKERS_MAX];
    int n = find_looping(owner, pids);
    for (int i = zygote ? 0 : 1; i < (zygote ? 1 : n); i++)
      (void)kill(pids[i], sig);
    _exit(0);
  }
  return pid;
}


static void lost(bool zygote, const char *what) {
  zvm_error err;
  zvm_report r = {0};
  zvm_module *m = guest(loops);
  zvm_session_options opt = {.isolation = ZVM_ISOLATION_PROCESS};
  zvm_session *s = zvm_session_new(m, &opt, &err);
  int pid = signal_later(SIGKILL, zygote);
  zvm_status st = zvm_session_run(s, &r, &err);
  is(st == ZVM_OK ? (int)r.state : -1, ZVM_STATE_LOST, what);
  printf("# %s\n", r.message != NULL ? r.message : "no message");
  ok(r.message != NULL && (zygote || strstr(r.message, "signal") != NULL),
     "the message says how it ended");
  (void)waitpid(pid, NULL, 0);
  zvm_session_free(s);
  zvm_module_free(m);
  r = run_apart(exits);
  if (!is(r.code, 42, "the next run is as any other"))
    printf("# state %d\n", (int)r.state);
}


/* A worker that does not get to run cannot end its run by its own timer. */
static void stopped(void) {
  enum { TIMEOUT_MS = 200 };
  zvm_session_options opt = {.isolation = ZVM_ISOLATION_PROCESS,
                             .timeout_ms = TIMEOUT_MS};
  int pid = signal_later(SIGSTOP, false);
  double start = seconds();
  zvm_report r = run_guest(loops, &opt);
  double took = seconds() - start;
  (void)waitpid(pid, NULL, 0);
  is(r.state, ZVM_STATE_LOST, "a worker that is stopped loses its run");
  ok(took >= 2.2 && took < 4, "two seconds after the run's timeout");
  int pids[WORKERS_MAX];
  for (int i = find_workers(getpid(), pids) - 1; i > 0; i--)
    (void)kill(pids[i], SIGCONT);
  is(run_apart(exits).code, 42, "the next run is as any other");
}


/* -- Workers that cannot be made ----------------------------------------- */

/* From here on the system call fails if its first argument is `first`. */
static bool forbid(unsigned number, unsigned first, unsigned os) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, first, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | os),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof code / sizeof code[0], code};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}


/* In a process of its own. The errno of a run that had no worker, or 0. */
static int run_without_worker(void) {
  zvm_session_options opt = {.isolation = ZVM_ISOLATION_PROCESS};
  zvm_error err = {.os = 0};
  zvm_report r;
  zvm_module *m = guest(exits);
  zvm_session *s = zvm_session_new(m, &opt, &err);
  /* A plain fork: as at a limit of processes. */
  if (!forbid(SYS_clone, SIGCHLD, EAGAIN))
    return 0;
  return zvm_session_run(s, &r, &err) == ZVM_E_SYSTEM ? err.os : 0;
}


static void no_worker(void) {
  int status = 0, pid = fork();
  if (pid == 0)
    _exit(run_without_worker());
  for (int i = 0; i < 500 && waitpid(pid, &status, WNOHANG) == 0; i++)
    usleep(10000);
  ok(kill(pid, SIGKILL) != 0, "where no process can be made, no run waits");
  is(WEXITSTATUS(status), EAGAIN, "and its error says why");
}


/* CPU time of a process, in ticks; -1 if it is not there. */
static long ticks_of(int pid) {
  char path[32], line[512] = "";
  unsigned long user, system;
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *f = fopen(path, "r");
  if (f == NULL)
    return -1;
  (void)!fread(line, 1, sizeof line - 1, f);
  (void)fclose(f);
  const char *after = strrchr(line, ')');
  return after != NULL &&
                 sscanf(after,
                        ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                        &user, &system) == 2
             ? (long)(user + system)
             : -1;
}


/* In a process of its own. Does its zygote sleep? */
static bool sleeps_without_pidfd(void) {
  int pids[WORKERS_MAX];
  if (!forbid(SYS_pidfd_open, (unsigned)getpid(), ENOSYS) ||
      run_apart(exits).code != 42 || find_workers(getpid(), pids) == 0)
    return false;
  long before = ticks_of(pids[0]);
  usleep(500000);
  long after = ticks_of(pids[0]);
  return before >= 0 && after - before < 10;
}


static void no_pidfd(void) {
  int status = 0, pid = fork();
  if (pid == 0)
    _exit(sleeps_without_pidfd() ? 7 : 1);
  (void)waitpid(pid, &status, 0);
  is(WEXITSTATUS(status), 7, "a zygote that has no pidfd of its host sleeps");
  ok(none_left(pid), "and ends with it");
}


/* -- Fork ---------------------------------------------------------------- */

static void forks(void) {
  int status;
  int pid = fork();
  if (pid == 0)
    _exit(run_apart(exits).code == 42 && run_apart(exits).code == 42 ? 7 : 1);
  is(run_apart(exits).code, 42, "a host that forked runs on");
  (void)waitpid(pid, &status, 0);
  is(WEXITSTATUS(status), 7, "its child has workers of its own");
  ok(none_left(pid), "they end with it");
}


static void killed_host(void) {
  int pid = fork();
  if (pid == 0) {
    (void)run_apart(loops);
    _exit(1);
  }
  int pids[WORKERS_MAX], n = 0;
  for (int i = 0; i < 300 && n < 3; i++) {
    usleep(10000);
    n = find_workers(pid, pids);
  }
  usleep(100000);
  ok(n >= 2, "a child has a zygote and workers");
  /* Who holds a copy of its sockets must not keep them alive. */
  (void)kill(pid, SIGKILL);
  (void)waitpid(pid, NULL, 0);
  ok(none_left(pid), "a host that is killed leaves no worker behind");
}


int main(void) {
  no_low_memory();
  no_children();
  no_descriptors();
  threads();
  pool_shrinks();
  stop(loops, SIGINT, "SIGINT stops a guest that loops");
  stop(reads, SIGTERM, "SIGTERM stops a guest that waits for input");
  queue();
  bounded_queue();
  lost(false, "a worker that is killed is reported as lost");
  lost(true, "so is one whose zygote is killed");
  stopped();
  no_worker();
  no_pidfd();
  forks();
  killed_host();
  uint32_t barriers = 0;
  ok(zvm_barriers(&barriers, NULL) == ZVM_OK &&
         (barriers & ZVM_BARRIER_FILTER) != 0,
     "barriers can be asked for");
  printf("# barriers 0x%x\n", barriers);
  return tap_done();
}
