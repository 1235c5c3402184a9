/*
** late_check.c - the tree where there is no memory for it at first: it is
** there as a whole or not at all, and comes when there is memory.
**
** Wants channels /dev/input and /x/y/z, and /home/guest as its directory;
** without arguments no memory is taken first. Expected: "N checks, 0
** failed", exit 0.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

#define FAILS(call, error) (errno = 0, (call) && errno == (error))

struct block {
  struct block *next;
};

static struct block *take_all(size_t size) {
  struct block *first = NULL, *b;
  while ((b = malloc(size))) {
    b->next = first;
    first = b;
  }
  return first;
}

static void give_all(struct block *b) {
  while (b) {
    struct block *next = b->next;
    free(b);
    b = next;
  }
}

static void check_nothing(void) {
  struct stat st;
  char where[99];
  CHECK(FAILS(stat("/", &st) == -1, ENOMEM));
  CHECK(FAILS(open("/dev/input", O_RDONLY) == -1, ENOMEM));
  CHECK(FAILS(open("/tmp/new", O_CREAT | O_RDWR, 0600) == -1, ENOMEM));
  CHECK(FAILS(access("/nowhere", R_OK) == -1, ENOMEM));
  CHECK(FAILS(chdir("/tmp") == -1, ENOMEM));
  CHECK(FAILS(fchdir(0) == -1, ENOMEM));
  CHECK(FAILS(!getcwd(where, sizeof where), ENOMEM));
  CHECK(FAILS(fstatat(AT_FDCWD, "", &st, 0x1000) == -1, ENOMEM));
}

static void check_all(void) {
  static const char *const paths[] = { "/", "/tmp", "/home/guest", "/dev/shm",
    "/dev/null", "/dev/random", "/dev/fd/1", "/proc/self/fd", "/proc/meminfo",
    "/proc/self/cmdline", "/dev/stdin", "/dev/stdout", "/dev/stderr",
    "/dev/input", "/x/y/z" };
  struct stat st;
  char where[99] = "";
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
    CHECK(stat(paths[i], &st) == 0);
  CHECK(stat("/dev/stdout", &st) == 0 && st.st_nlink == 1 && st.st_ino == 3);
  CHECK(stat("/", &st) == 0 && st.st_nlink == 7);
  CHECK(getcwd(where, sizeof where) && !strcmp(where, "/home/guest"));
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) {
    struct block *large = take_all(4000), *small = take_all(16);
    check_nothing();
    give_all(small);
    check_nothing();
    give_all(large);
  }
  check_all();
  return check_end();
}
