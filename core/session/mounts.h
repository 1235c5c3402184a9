/*
** mounts.h - what the options say to the guest's library: directory, mounts
** and clock.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_SESSION_MOUNTS_H
#define ZVM_SESSION_MOUNTS_H

#include "base/error.h"

/*
** ZVM_E_OPTION, if they will not do; the message names the option. Channels
** are looked at as the options describe them: nothing is open yet.
*/
zvm_status zvm__mounts_check(const zvm_session_options *opt, zvm_error *err);

#endif
