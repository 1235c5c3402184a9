/*
** call.h - one call from the host; see call.c.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_CALL_H
#define ZVM_CALL_H

#include "lua.h"

/* Does the call that /dev/zvm/call holds, and ends the program. */
int luaopen_zvm_call(lua_State *L);

#endif
