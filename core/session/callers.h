/*
** callers.h - who called what faulted, by the chain of frames.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_SESSION_CALLERS_H
#define ZVM_SESSION_CALLERS_H

#include "job/job.h"

/*
** Fill *out from what a fault left; its bytes stay where they are. Works on
** the session's side, whoever ran the guest: all that is read is hostile.
*/
void zvm__callers_fill(zvm_stack *out, const zvm_fault *fault,
                       const zvm_module *m, const zvm__left *left);

#endif
