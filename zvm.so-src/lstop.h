/*
** lstop.h - runs whose stop is told in the report only; see lstop.c.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_LSTOP_H
#define ZVM_LSTOP_H

#include "zvm.h"

/*
** Between the two, a signal that stops the run of which *report will be told
** does not reach the host. One run of a process at a time; of another one
** meanwhile false, and nothing is changed.
*/
bool zvm__stop_begin(const zvm_report *report);
void zvm__stop_end(void);

#endif
