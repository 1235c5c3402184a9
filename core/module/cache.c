/*
** cache.c - verdicts that need not be reached again.
**
** An entry is a text that follows from the module's digest and from the
** identity of the validator, a digest of its sources. So it is read by
** comparing: nothing in it is ever interpreted.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "module/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "identity.inc"

/* -- In this process ----------------------------------------------------- */

/* The first byte of a digest is its place: as good as random. */
static struct {
  pthread_mutex_t lock;
  bool used[256];
  uint8_t digest[256][ZVM__DIGEST_SIZE];
} memory = {.lock = PTHREAD_MUTEX_INITIALIZER};


/*
** A lock that is taken, if only by a thread that is gone since a fork, means
** a verdict that is not remembered.
*/
bool zvm__cache_remembers(const uint8_t digest[ZVM__DIGEST_SIZE]) {
  bool is;
  if (pthread_mutex_trylock(&memory.lock) != 0)
    return false;
  is = memory.used[digest[0]] &&
       memcmp(memory.digest[digest[0]], digest, ZVM__DIGEST_SIZE) == 0;
  pthread_mutex_unlock(&memory.lock);
  return is;
}


void zvm__cache_remember(const uint8_t digest[ZVM__DIGEST_SIZE]) {
  if (pthread_mutex_trylock(&memory.lock) != 0)
    return;
  memory.used[digest[0]] = true;
  memcpy(memory.digest[digest[0]], digest, ZVM__DIGEST_SIZE);
  pthread_mutex_unlock(&memory.lock);
}

/* -- In a directory ------------------------------------------------------ */

typedef struct entry {
  char name[2 * ZVM__DIGEST_SIZE + sizeof ".verdict"];
  char text[256];
  size_t size;
} entry;


static entry entry_of(const uint8_t digest[ZVM__DIGEST_SIZE]) {
  char hex[2 * ZVM__DIGEST_SIZE + 1];
  entry e;
  for (size_t i = 0; i < ZVM__DIGEST_SIZE; i++)
    (void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
  (void)snprintf(e.name, sizeof e.name, "%s.verdict", hex);
  e.size = (size_t)snprintf(e.text, sizeof e.text,
                            "zvm verdict\nvalidator %s\nmodule %s\naccepted\n",
                            ZVM__VALIDATOR_IDENTITY, hex);
  ZVM_CHECK(e.size < sizeof e.text);
  return e;
}


/* By nobody but this user and root. */
static bool is_ours(const struct stat *st) {
  return (st->st_uid == geteuid() || st->st_uid == 0) &&
         (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}


int zvm__cache_open(const char *path, zvm_error *err) {
  enum { HOW = O_RDONLY | O_DIRECTORY | O_CLOEXEC };
  struct stat st;
  int dir = open(path, HOW);
  if (dir < 0 && errno == ENOENT &&
      (mkdir(path, 0700) == 0 || errno == EEXIST)) /* another was faster */
    dir = open(path, HOW);
  if (dir < 0) {
    zvm__fail_os(err, ZVM_E_SYSTEM, errno, "verdict cache %.160s", path);
    return -1;
  }
  if (fstat(dir, &st) != 0) {
    zvm__fail_os(err, ZVM_E_SYSTEM, errno, "verdict cache %.160s", path);
  } else if (!is_ours(&st)) {
    zvm__fail(err, ZVM_E_OPTION,
              "verdict cache %.140s: others may write it; give it to this "
              "user, mode 0700",
              path);
  } else {
    return dir;
  }
  close(dir);
  return -1;
}


bool zvm__cache_holds(int dir, const uint8_t digest[ZVM__DIGEST_SIZE]) {
  const entry e = entry_of(digest);
  char text[sizeof e.text] = "";
  struct stat st;
  ssize_t n = -1;
  int fd = openat(dir, e.name,
                  O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0)
    return false;
  if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && is_ours(&st))
    n = read(fd, text, sizeof text);
  close(fd);
  return n == (ssize_t)e.size && memcmp(text, e.text, e.size) == 0;
}


/* Whole or not at all: it gets its name when all of it is written. */
void zvm__cache_store(int dir, const uint8_t digest[ZVM__DIGEST_SIZE]) {
  const entry e = entry_of(digest);
  char name[64];
  bool good;
  int fd;
  (void)snprintf(name, sizeof name, ".%ld-%ld.new", (long)getpid(),
                 (long)gettid());
  (void)unlinkat(dir, name, 0); /* of a process that died at it */
  fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0)
    return;
  good = fchmod(fd, 0644) == 0 &&
         write(fd, e.text, e.size) == (ssize_t)e.size;
  good = close(fd) == 0 && good;
  if (!good || renameat(dir, name, dir, e.name) != 0)
    (void)unlinkat(dir, name, 0);
}
