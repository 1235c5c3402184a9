/*
** fd.h - descriptors that are kept from one call of the host's to the next.
**
** Meanwhile the host may close them, with all that it did not open (closefrom,
** close_range), and its next file gets the number. So each is kept with what
** the file is, and looked at before it is used or closed.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_BASE_FD_H
#define ZVM_BASE_FD_H

#include <stdbool.h>
#include <stdint.h>

/* Zero: not known, and no file's. */
typedef struct zvm__identity {
  uint64_t device;
  uint64_t file;
} zvm__identity;

zvm__identity zvm__fd_identity(int fd);
/* Is `fd` open, and still that file? One system call. */
bool zvm__fd_is(int fd, const zvm__identity *identity);
/* Close it if it is; it is -1 then in any case. */
void zvm__fd_close(int *fd, const zvm__identity *identity);
/*
** The same two, of descriptors of which nothing need be known: then they are
** whose they were. A worker knows nothing, as it may not ask. To close gives 0
** or an errno.
*/
bool zvm__fd_may_be(int fd, const zvm__identity *identity);
int zvm__fd_let_go(int *fd, const zvm__identity *identity);
/*
** May this process make a file so long? False, and errno is EFBIG: to try would
** be a signal, SIGXFSZ.
*/
bool zvm__fd_may_reach(uint64_t size);
/*
** The same file above the numbers of standard input, output and error, which
** a host may have closed and may open again; -1 and errno, and it is closed.
*/
int zvm__fd_above(int fd);

#endif
