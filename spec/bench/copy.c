/*
** copy.c - copy a file by read and write, 64 KiB at a time: one source, for
** the guest and natively.
**
** usage: copy [<from> <to>]
**
** Without arguments, from standard input to standard output.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <fcntl.h>
#include <unistd.h>

enum { BLOCK = 64 << 10 };

static char block[BLOCK];


static int write_all(int to, const char *from, size_t size) {
  while (size > 0) {
    ssize_t n = write(to, from, size);
    if (n <= 0)
      return 0;
    from += n;
    size -= (size_t)n;
  }
  return 1;
}


int main(int argc, char **argv) {
  int from = argc == 3 ? open(argv[1], O_RDONLY) : 0;
  int to = argc == 3 ? open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0666) : 1;
  ssize_t n;
  if (from < 0 || to < 0)
    return 1;
  while ((n = read(from, block, BLOCK)) > 0)
    if (!write_all(to, block, (size_t)n))
      return 1;
  return n < 0;
}
