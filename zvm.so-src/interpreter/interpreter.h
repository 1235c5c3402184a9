/*
** interpreter.h - what the executable `zvm` has of C beside the library.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_INTERPRETER_H
#define ZVM_INTERPRETER_H

#include <lua.h>

/* Of LuaJIT's, whose headers differ from those that zvm.so is made with. */
int luaopen_bit(lua_State *L);
int luaopen_jit(lua_State *L);

/* Of the Lua module cjson, from its source package. */
int luaopen_cjson(lua_State *L);

int luaopen_zvm_disasm(lua_State *L); /* disasm.c */

/* The module zvm.line: lines of a terminal, edited (line.c). */
int zvm__line_open(lua_State *L);

/* The module zvm.step: a run that is watched (step.c). */
int zvm__step_open(lua_State *L);

#endif
