/*
** hook.h - a worker that runs host code in place of a guest, as if the
** validator had let it in. Compiled into a worker of its own, for one test.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef HOOK_H
#define HOOK_H

#include "job/job.h"

/*
** The bytes of the first MEMORY channel name the attempt. Ends by exit with
** its errno, or 0 if it succeeded.
*/
zvm_status zvm__hook_run(const zvm__job *job, zvm__outcome *out,
                         zvm__again *again, zvm_error *err);

/* The end of the worker, unless the attempt was to go on for ever. */
_Noreturn void zvm__hook_exit(int code);

/* In the zygote, when there is a secret: so that a worker can look for it. */
void zvm__hook_note_secret(void);

#endif
