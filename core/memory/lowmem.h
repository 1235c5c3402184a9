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
** For a process that has nothing else below the springboard and asks nobody
** for memory there: what was reserved, but for the gate page, is given back.
** The kernel by itself maps nothing so low. A fork is the quicker for it.
** Needs the turn, and nothing of an instance mapped.
*/
void zvm__lowmem_release(void);

/*
** [start, end) of the tenant's is as it was before: reserved, or free if it
** was released. Needs the turn.
*/
bool zvm__lowmem_unmap(uint64_t start, uint64_t end);

#endif
