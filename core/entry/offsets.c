/*
** offsets.c - proof that assembly and C agree on the context.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "offsets.h"

#include "entry.h"

#define AT(field, offset)                                                \
  _Static_assert(__builtin_offsetof(zvm__context, field) == (offset),    \
                 #field)

AT(host_rsp, ZVM__HOST_RSP);
AT(guest_rsp, ZVM__GUEST_RSP);
AT(dispatch, ZVM__DISPATCH);
AT(owner, ZVM__OWNER);
AT(go, ZVM__GO);
AT(out, ZVM__OUT);
AT(entry, ZVM__ENTRY);
AT(done, ZVM__DONE);
AT(has_avx, ZVM__HAS_AVX);
AT(host_mxcsr, ZVM__HOST_MXCSR);
AT(guest_mxcsr, ZVM__GUEST_MXCSR);
AT(host_cw, ZVM__HOST_CW);
AT(entry_esp, ZVM__ENTRY_ESP);

_Static_assert(sizeof(zvm__context) <= ZVM_PAGE_SIZE, "one page");
