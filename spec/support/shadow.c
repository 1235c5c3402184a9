/*
** shadow.c - a second opinion on backtraces: the calls as instrumented code
** sees them. Linked to programs that are compiled with
** -finstrument-functions -fno-inline.
**
** The call number $WHEN writes the functions that are running to stderr,
** innermost first, as hexadecimal addresses, and faults.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <zvm.h>

#define PLAIN __attribute__((no_instrument_function))

enum { DEPTH_MAX = 100000, SHOWN = 60 };

void __cyg_profile_func_enter(void *function, void *site) PLAIN;
void __cyg_profile_func_exit(void *function, void *site) PLAIN;

static uintptr_t running[DEPTH_MAX];
static int depth;
static long count, when = -1;


void __cyg_profile_func_enter(void *function, void *site) {
  char text[SHOWN * 10];
  int n = 0;
  (void)site;
  running[depth++] = (uintptr_t)function;
  if (when < 0)
    when = getenv("WHEN") != NULL ? atol(getenv("WHEN")) : 0;
  if (++count != when)
    return;
  for (int i = depth - 1; i >= 0 && i >= depth - SHOWN; i--)
    n += sprintf(text + n, "%x ", (unsigned)running[i]);
  (void)zvm_pwrite(2, text, n, 0);
  *(volatile int *)0 = 1;
}


void __cyg_profile_func_exit(void *function, void *site) {
  (void)function, (void)site;
  depth--;
}
