/*
** possible.h - whether what a worker says of a run can be.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_WORKER_POSSIBLE_H
#define ZVM_WORKER_POSSIBLE_H

#include "job/wire.h"

/* `moved`: of all channels of the job. */
bool zvm__outcome_is_possible(const zvm__outcome *o, const zvm__job *job,
                              const zvm__wire_moved *moved);
/* Of one channel, in a run that ended like this. */
bool zvm__moved_is_possible(const zvm__wire_moved *m, const zvm__channel *ch,
                            const zvm__outcome *o);

#endif
