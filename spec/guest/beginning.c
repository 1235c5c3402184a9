/*
** beginning.c - says what a program begins with: arguments, environment, time,
** chance, and who it is. What it says is the same in every run of the same job.
**
**   beginning words      its arguments and environment, a line each
**   beginning time       clocks, before and after it slept
**   beginning chance     numbers, and names of temporary files
**   beginning self       ids, limits, names, addresses
**   beginning send A B   what is in file A, to file B; nothing is exported
**   beginning keep A B   B as a new file A
**   beginning type A     what A is
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <locale.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <zvm.h>

extern char **environ;

static int words(char **argv) {
  for (; *argv; argv++) printf("arg %s\n", *argv);
  for (char **e = environ; *e; e++) printf("env %s\n", *e);
  return 0;
}

static void show_clock(const char *name, clockid_t clock) {
  struct timespec t;
  if (clock_gettime(clock, &t))
    printf("%s %s\n", name, strerror(errno));
  else
    printf("%s %" PRId64 ".%09ld\n", name, (int64_t)t.tv_sec, t.tv_nsec);
}

static void show_clocks(void) {
  struct rusage used;
  show_clock("wall", CLOCK_REALTIME);
  show_clock("steady", CLOCK_MONOTONIC);
  show_clock("cpu", CLOCK_PROCESS_CPUTIME_ID);
  show_clock("thread", CLOCK_THREAD_CPUTIME_ID);
  getrusage(RUSAGE_SELF, &used);
  printf("used %" PRId64 ".%06ld\n", (int64_t)used.ru_utime.tv_sec,
         (long)used.ru_utime.tv_usec);
}

static int time_passes(void) {
  struct timespec nap = { 3600, 5 }, res;
  char text[64];
  time_t now;
  show_clocks();
  nanosleep(&nap, NULL);
  show_clocks();
  now = time(NULL);
  strftime(text, sizeof text, "%FT%TZ", gmtime(&now));
  tzset();
  printf("now %s\nzone %s %ld\n", text, tzname[0], timezone);
  clock_getres(CLOCK_REALTIME, &res);
  printf("resolution %ld\nclock %ld\n", res.tv_nsec, (long)clock());
  show_clock("none", 12345);
  return 0;
}

static int chance(void) {
  unsigned char bytes[16];
  char a[] = "/tmp/a-XXXXXX", *names[3];
  getrandom(bytes, sizeof bytes, 0);
  for (size_t i = 0; i < sizeof bytes; i++) printf("%02x", bytes[i]);
  getentropy(bytes, 4);
  printf("\n%02x%02x%02x%02x\n", bytes[0], bytes[1], bytes[2], bytes[3]);
  double sum = drand48() + drand48();
  printf("rand %d %d %ld %f\n", rand(), rand(), random(), sum);
  mktemp(a);
  for (int i = 0; i < 3; i++) names[i] = tempnam("/tmp", "b");
  printf("%s %s %s %s\n", a, names[0], names[1], names[2]);
  return 0;
}

static void show_error(const char *name, int result) {
  printf("%s %s\n", name, result == -1 ? strerror(errno) : "fine");
}

static int self(void) {
  struct utsname u;
  struct sysinfo info;
  struct rlimit limit;
  struct winsize size;
  char name[64];
  double loads[3];
  gid_t group;
  int here;
  uname(&u);
  printf("%s %s %s %s %s\n", u.sysname, u.nodename, u.release, u.version,
         u.machine);
  printf("ids %d %d %d %d %d %d %d %d\n", (int)getpid(), (int)getppid(),
         (int)getpgrp(), (int)getsid(0), (int)getuid(), (int)geteuid(),
         (int)getgid(), (int)getegid());
  int groups = getgroups(1, &group);
  printf("groups %d %d\n", groups, (int)group);
  gethostname(name, sizeof name);
  getloadavg(loads, 3);
  printf("host %s %ld load %g %g %g\n", name, gethostid(), loads[0],
         loads[1], loads[2]);
  prctl(PR_GET_NAME, name);
  printf("name %s processors %ld cpu %d\n", name,
         sysconf(_SC_NPROCESSORS_ONLN), sched_getcpu());
  sysinfo(&info);
  getrlimit(RLIMIT_STACK, &limit);
  printf("memory %lu stack %lu\n", (unsigned long)info.totalram,
         (unsigned long)limit.rlim_cur);
  printf("locale %s terminal %d %d\n", setlocale(LC_ALL, ""), isatty(1),
         ioctl(1, TIOCGWINSZ, &size));
  printf("code %p data %p heap %p stack %p\n", (void *)self, (void *)&environ,
         malloc(100), (void *)&here);
  show_error("setuid own", setuid(1000));
  show_error("setuid root", setuid(0));
  show_error("setgroups", setgroups(0, NULL));
  show_error("setsid", setsid());
  show_error("setpgid", setpgid(0, 0));
  show_error("nice 5", nice(5));
  show_error("nice -5", nice(-5));
  printf("priority %d policy %d\n", getpriority(PRIO_PROCESS, 0),
         sched_getscheduler(0));
  show_error("clock_settime", clock_settime(CLOCK_REALTIME,
                                            &(struct timespec){ 0, 0 }));
  show_error("sethostname", sethostname("x", 1));
  return 0;
}

static int send_bytes(const char *from, const char *to) {
  char buf[4096];
  int in = open(from, O_RDONLY), out = open(to, O_WRONLY);
  ssize_t n;
  if (in < 0 || out < 0) return 1;
  while ((n = read(in, buf, sizeof buf)) > 0)
    if (write(out, buf, (size_t)n) != n) return 2;
  zvm_exit(n != 0);
}

static int keep_text(const char *path, const char *text) {
  FILE *f = fopen(path, "w");
  return !f || fputs(text, f) < 0 || fclose(f);
}

static int type_of(const char *path) {
  struct stat s;
  if (stat(path, &s)) return 1;
  puts(S_ISCHR(s.st_mode)    ? "character"
       : S_ISFIFO(s.st_mode) ? "pipe"
       : S_ISREG(s.st_mode)  ? "file"
                             : "else");
  return 0;
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  setvbuf(stdout, NULL, _IOFBF, 0); /* writing would move the clock */
  if (!strcmp(what, "time")) return time_passes();
  if (!strcmp(what, "chance")) return chance();
  if (!strcmp(what, "self")) return self();
  if (argc == 4 && !strcmp(what, "send")) return send_bytes(argv[2], argv[3]);
  if (argc == 4 && !strcmp(what, "keep")) return keep_text(argv[2], argv[3]);
  if (argc == 3 && !strcmp(what, "type")) return type_of(argv[2]);
  return words(argv);
}
