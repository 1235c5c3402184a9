/*
** daemon.c - no process can be made: descriptors and directory stay.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <errno.h>
#include <unistd.h>

int daemon(int stays, int open) {
  (void)stays, (void)open;
  errno = EAGAIN;
  return -1;
}
