/*
** libc-text.c - linked with every object of the libc, so that its text is
** the libc's own; measure.c times the validator on it.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdlib.h>

/* Parts of musl that no guest can link ask for these: threads and clones. */
#define ABSENT(name) \
  void name(void); \
  void name(void) { \
    abort(); \
  }

ABSENT(__clone)
ABSENT(__reset_tls)
ABSENT(__synccall)
ABSENT(__syscall_cp)
ABSENT(__tls_get_addr)

int main(void) {
  return 0;
}
