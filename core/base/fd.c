/*
** fd.c - descriptors that are kept from one call of the host's to the next.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>


/* The system call: the library's function looks up an empty path. */
zvm__identity zvm__fd_identity(int fd) {
  struct stat st;
  if (syscall(SYS_fstat, fd, &st) != 0)
    return (zvm__identity){0};
  return (zvm__identity){st.st_dev, st.st_ino};
}


bool zvm__fd_is(int fd, const zvm__identity *identity) {
  zvm__identity now = zvm__fd_identity(fd);
  return now.file != 0 && now.file == identity->file &&
         now.device == identity->device;
}


void zvm__fd_close(int *fd, const zvm__identity *identity) {
  if (*fd >= 0 && zvm__fd_is(*fd, identity))
    (void)close(*fd);
  *fd = -1;
}


bool zvm__fd_may_be(int fd, const zvm__identity *identity) {
  return identity->file == 0 || zvm__fd_is(fd, identity);
}


/* On Linux the descriptor is gone even after EINTR. */
int zvm__fd_let_go(int *fd, const zvm__identity *identity) {
  int was = *fd;
  *fd = -1;
  if (was < 0 || !zvm__fd_may_be(was, identity))
    return 0;
  return close(was) == 0 || errno == EINTR ? 0 : errno;
}


bool zvm__fd_may_reach(uint64_t size) {
  struct rlimit files;
  if (getrlimit(RLIMIT_FSIZE, &files) != 0)
    return false;
  errno = EFBIG;
  return files.rlim_cur == RLIM_INFINITY || files.rlim_cur >= size;
}


int zvm__fd_above(int fd) {
  if (fd < 0 || fd > STDERR_FILENO)
    return fd;
  int above = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  int os = errno;
  (void)close(fd);
  errno = os;
  return above;
}
