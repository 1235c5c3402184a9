/*
** channel.h - a file that is a channel cannot become shorter. SQLite may take
** it that it did: how long a database is stands in its header.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static inline int zvm_shorten(int fd, off_t size) {
  struct stat s;
  if (ftruncate(fd, size) == 0)
    return 0;
  return errno == EINVAL && fstat(fd, &s) == 0 && s.st_size >= size ? 0 : -1;
}

#define ftruncate zvm_shorten
