/*
** lowmem.h - the process's low 4 GiB, and whose turn it is to use them.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_MEMORY_LOWMEM_H
#define ZVM_MEMORY_LOWMEM_H

#include <sys/types.h>

#include "base/error.h"

/*
** Reserve [0x10000, ZVM__RESERVED_END) unless that is done already, then
** wait for one's turn. ZVM_E_LOWMEM names what is in the way; ZVM_E_STATE
** if the calling thread has its turn already. `orphaned` is called in the
** child of a fork by another thread meanwhile, where this turn never ends:
** it undoes what the turn's owner had done to the process.
*/
zvm_status zvm__lowmem_take(void (*orphaned)(void), zvm_error *err);
void zvm__lowmem_give(void);

/*
** The calling thread's id if it ever took its turn, else 0: gettid without
** the system call. Signal handlers may ask.
*/
pid_t zvm__lowmem_thread(void);

/*
** Unmap everything of the last tenant: [ZVM_TEXT_BASE, 4 GiB) becomes
** PROT_NONE again. Cannot fail without ending the process.
*/
void zvm__lowmem_clear(void);

#endif
