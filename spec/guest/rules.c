/*
** rules.c - looks at one thing that differs from run to run elsewhere, and
** says what it saw. docs/determinism.md says what that has to be.
**
**   rules files|memory|floats|waits|signals|threads|errors|limits|reads|zone
**   rules bounds
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

static const char *error_of(int result) {
  return result < 0 ? strerror(errno) : "fine";
}

/* -- Files --------------------------------------------------------------- */

static void show_file(const char *path) {
  struct stat s;
  if (lstat(path, &s)) {
    printf("%s: %s\n", path, strerror(errno));
    return;
  }
  printf("%s: ino %u dev %u mode %o links %u size %lld blocks %lld\n", path,
         (unsigned)s.st_ino, (unsigned)s.st_dev, (unsigned)s.st_mode,
         (unsigned)s.st_nlink, (long long)s.st_size, (long long)s.st_blocks);
  printf("  times %lld.%09ld %lld.%09ld %lld.%09ld\n",
         (long long)s.st_atim.tv_sec, s.st_atim.tv_nsec,
         (long long)s.st_mtim.tv_sec, s.st_mtim.tv_nsec,
         (long long)s.st_ctim.tv_sec, s.st_ctim.tv_nsec);
}

static void show_directory(const char *path) {
  DIR *d = opendir(path);
  struct dirent *e;
  printf("%s holds", path);
  while (d && (e = readdir(d)))
    printf(" %s=%u", e->d_name, (unsigned)e->d_ino);
  printf("\n");
  if (d) closedir(d);
}

static void make_files(void) {
  static const char *const names[] = { "/tmp/z", "/tmp/a", "/tmp/m",
                                       "/tmp/10", "/tmp/9" };
  for (size_t i = 0; i < 5; i++) {
    int fd = open(names[i], O_CREAT | O_WRONLY, 0644);
    if (write(fd, names[i], i) < 0) printf("%s\n", strerror(errno));
    close(fd);
  }
  unlink("/tmp/a");
  symlink("z", "/tmp/link");
  rename("/tmp/9", "/tmp/0");
}

static int files(void) {
  struct statvfs v;
  char cwd[100] = "";
  make_files();
  show_directory("/");
  show_directory("/tmp");
  show_directory("/dev");
  show_file("/");
  show_file("/tmp/z");
  show_file("/tmp/0");
  show_file("/tmp/link");
  show_file("/dev/stdin");
  if (!statvfs("/", &v))
    printf("room %lld of %lld, %lu\n", (long long)v.f_bfree,
           (long long)v.f_blocks, (unsigned long)v.f_bsize);
  printf("in %s\n", getcwd(cwd, sizeof cwd) ? cwd : strerror(errno));
  return 0;
}

/* -- Memory -------------------------------------------------------------- */

static unsigned sum(const unsigned char *p, size_t n, unsigned from) {
  for (size_t i = 0; i < n; i++) from = from * 31 + p[i];
  return from;
}

static __attribute__((noinline)) unsigned stack_sum(void) {
  volatile unsigned char room[100000];
  return sum((const unsigned char *)room, sizeof room, 1);
}

static int memory(void) {
  static unsigned char bss[300000];
  unsigned heap = 1;
  printf("stack %u bss %u\n", stack_sum(), sum(bss, sizeof bss, 1));
  for (size_t size = 16; size < 3000000; size *= 3) {
    unsigned char *p = malloc(size);
    heap = sum(p, size, heap);
    printf(" %p", (void *)p);
    memset(p, (int)size, size);
    if (size % 2) free(p);
  }
  printf("\nheap %u\n", heap);
  return 0;
}

/* -- Numbers ------------------------------------------------------------- */

static int floats(void) {
  volatile double zero = 0, tiny = 1e-310, x = 1;
  for (int i = 1; i < 2000; i++)
    x += sin(x) / i + pow(fabs(x), 0.3) * 1e-3 + exp(-i) + log(i);
  printf("%.17g %a %.17g\n", x, tan(x), tiny / 2);
  printf("%g %g %a\n", zero / zero, -1 / zero, sqrt(2) * 1e300);
  printf("%a %a\n", fma(x, x, -x), (double)(float)x);
  return 0;
}

/* -- Waits --------------------------------------------------------------- */

static volatile sig_atomic_t seen[65];
static void note(int n) { seen[n]++; }

static void show_time(const char *after) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  printf("%lld.%09ld after %s\n", (long long)t.tv_sec, t.tv_nsec, after);
}

static int waits(void) {
  struct pollfd fds[2] = { { 0, POLLIN, 0 }, { 1, POLLOUT, 0 } };
  struct timeval half = { 0, 500000 };
  int ends[2], n;
  fd_set set;
  n = poll(fds, 2, 1000);
  printf("poll %d %x %x %s\n", n, fds[0].revents, fds[1].revents,
         error_of(n));
  show_time("poll");
  n = pipe(ends);
  printf("pipe %s\n", error_of(n));
  if (!n) {
    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    n = select(ends[0] + 1, &set, NULL, NULL, &half);
    printf("select %d %s\n", n, error_of(n));
    show_time("select");
  }
  usleep(250000);
  show_time("usleep");
  return 0;
}

static int signals(void) {
  int n;
  signal(SIGUSR1, note);
  signal(SIGALRM, note);
  n = raise(SIGUSR1);
  printf("raise %s %d\n", error_of(n), (int)seen[SIGUSR1]);
  n = kill(getpid(), SIGUSR1);
  printf("kill %s %d\n", error_of(n), (int)seen[SIGUSR1]);
  printf("alarm %u\n", alarm(2));
  n = (int)sleep(5);
  printf("sleep left %d, alarms %d\n", n, (int)seen[SIGALRM]);
  show_time("sleep");
  return 0;
}

/* -- Threads ------------------------------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char turns[200];

static int ids[6], ids_count;

static void *note_id(void *unused) {
  (void)unused;
  ids[ids_count++] = (int)gettid();
  return NULL;
}

/* Three at a time, then one more when those have ended. */
static int thread_ids(void) {
  pthread_t list[4];
  int error = 0;
  note_id(NULL);
  for (int i = 0; i < 3; i++) error |= pthread_create(&list[i], NULL, note_id,
                                                      NULL);
  for (int i = 0; i < 3; i++) pthread_join(list[i], NULL);
  error |= pthread_create(&list[3], NULL, note_id, NULL);
  pthread_join(list[3], NULL);
  printf("%s", error ? strerror(error) : "ids");
  for (int i = 0; i < ids_count; i++) printf(" %d", ids[i]);
  printf("\n");
  return 0;
}

static void *take_turns(void *name) {
  for (int i = 0; i < 5; i++) {
    size_t n;
    pthread_mutex_lock(&lock);
    if ((n = strlen(turns)) + 1 < sizeof turns) turns[n] = *(char *)name;
    pthread_mutex_unlock(&lock);
    sched_yield();
  }
  return NULL;
}

static int threads(void) {
  pthread_t list[3];
  int made = 0, error = 0;
  while (made < 3 && !error)
    if (!(error = pthread_create(&list[made], NULL, take_turns,
                                 "abc" + made)))
      made++;
  for (int i = 0; i < made; i++) pthread_join(list[i], NULL);
  printf("%d threads, %s: %s\n", made, strerror(error), turns);
  return 0;
}

/* -- What the session says ----------------------------------------------- */

static void show_zone(void) {
  struct tm tm;
  time_t now = time(NULL);
  char text[64];
  tzset();
  localtime_r(&now, &tm);
  strftime(text, sizeof text, "%F %T %Z %z", &tm);
  printf("zone %s %s %ld: %s\n", tzname[0], tzname[1], timezone, text);
}

static int zone(void) {
  show_zone();
  setenv("TZ", "EST5EDT,M3.2.0,M11.1.0", 1);
  show_zone();
  return 0;
}

/* Of all resources: what holds, and what is left of it after asking for
** less, and for more again. */
static int bounds(void) {
  for (int i = 0; i < RLIM_NLIMITS; i++) {
    struct rlimit l, less, more;
    if (getrlimit(i, &l)) printf("%d %s\n", i, strerror(errno));
    less.rlim_cur = less.rlim_max = l.rlim_max == RLIM_INFINITY
                                        ? 1000000000
                                        : l.rlim_max / 2;
    int lower = setrlimit(i, &less);
    printf("limit %d: %llu %llu, less %s", i, (unsigned long long)l.rlim_cur,
           (unsigned long long)l.rlim_max, error_of(lower));
    getrlimit(i, &more);
    printf(" %llu", (unsigned long long)more.rlim_cur);
    printf(", more %s\n", error_of(setrlimit(i, &l)));
  }
  return 0;
}

/* -- Channels and limits ------------------------------------------------- */

/* How much comes at once, whatever the other side sent at once. */
static int reads(void) {
  char buf[1000];
  ssize_t n;
  while ((n = read(0, buf, sizeof buf)) > 0) printf("%d ", (int)n);
  printf("%s\n", error_of((int)n));
  return 0;
}

static int errors(void) {
  int in = open("/dev/input", O_RDONLY), out = open("/dev/output", O_WRONLY);
  char buf[100];
  ssize_t n;
  n = read(in, buf, sizeof buf);
  printf("read %d %s\n", (int)n, error_of((int)n));
  for (int i = 0; i < 3; i++) {
    n = write(out, buf, 60);
    printf("write %d %s\n", (int)n, error_of((int)n));
  }
  return 0;
}

static int limits(void) {
  size_t blocks = 0, total = 0;
  while (malloc(100000)) blocks++;
  printf("%s after %u blocks\n", strerror(errno), (unsigned)blocks);
  while (malloc(100)) total++;
  printf("%u small ones\n", (unsigned)total);
  return 0;
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    int (*look)(void);
  } all[] = { { "files", files },     { "memory", memory },
              { "floats", floats },   { "waits", waits },
              { "signals", signals }, { "threads", threads },
              { "reads", reads },     { "errors", errors },
              { "limits", limits },   { "ids", thread_ids },
              { "zone", zone },       { "bounds", bounds } };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (argc > 1 && !strcmp(argv[1], all[i].name)) return all[i].look();
  return 9;
}
