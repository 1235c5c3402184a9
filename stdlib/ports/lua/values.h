/*
** values.h - Lua values as bytes, between host and guest.
**
** lua/zvm/lua/values.lua is the other side. A value is a letter, digits maybe,
** and a newline:
**
**   z t f        nil, true, false
**   d3.25        a number in decimal; inf, -inf, nan
**   s5           a string: so many bytes follow
**   {2 ... }     a table: the values at 1 and 2, then keys with values
**   r3           the third table that was begun, once more
**   !5           as s: why a value cannot be sent. It is the last there is
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_VALUES_H
#define ZVM_VALUES_H

#include <stdbool.h>
#include <stddef.h>

#include "lua.h"

#define VALUES_DEPTH 200

struct values_out {
  lua_State *L;
  int seen;   /* stack index of a table: table -> its number, < 0 while open */
  int tables; /* begun so far */
  int handle;
  bool is_kept; /* the host has some of it, or is to have it */
  size_t used;
  char room[65536];
};

void values_text(struct values_out *out, const char *bytes, size_t size);
void values_flush(struct values_out *out);
/* Of a Lua string. */
void values_string(struct values_out *out, char letter, int index);
/*
** Write the value at the top, `root` naming it. False: it cannot be sent, and
** "!" with the reason is written.
*/
bool values_write(struct values_out *out, const char *root);

struct values_in {
  const char *at, *end;
  int tables; /* stack index of a table: number -> table */
  int count;
};

/* Push the next value; an error if there is none. */
void values_read(lua_State *L, struct values_in *in);

#endif
