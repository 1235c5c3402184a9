/*
** loptions.h - strict reading of option tables.
**
** Tables are read raw: no metamethod runs. Every reader returns true, or
** false with one message on top of the stack that names the way to the
** option ("zvm.run: channels.stdout.limits.puts: ..."). What a reader
** hands out by pointer is kept alive by the anchor table, whatever a
** finalizer may do to the user's tables meanwhile.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_LOPTIONS_H
#define ZVM_LOPTIONS_H

#include "laux.h"

typedef struct zvm__options {
  lua_State *L;
  const char *function; /* "zvm.run"                           */
  int anchor;           /* stack index of the anchor table; nil as long as
                           nothing is in it                    */
  int kept;             /* values in it                        */
  size_t len;           /* of path                             */
  char path[192];       /* "channels.stdout", "" at the top    */
  int table;            /* stack index of the one `given` is of */
  uint64_t given;       /* see mark_of                         */
  size_t used;          /* of room                             */
  _Alignas(8) char room[1024]; /* aligned as what Lua gives    */
} zvm__options;

/* Pushes what becomes the anchor table. */
void zvm__options_start(zvm__options *o, lua_State *L, const char *function);

/* Descend into `name`; give the result to zvm__options_leave. */
size_t zvm__options_enter(zvm__options *o, const char *name);
void zvm__options_leave(zvm__options *o, size_t mark);

bool zvm__options_fail(zvm__options *o, const char *format, ...);
/* "<what> expected, got <type of the value at index>" */
bool zvm__options_mismatch(zvm__options *o, int index, const char *what);

/* Scratch memory, zeroed, that lives as long as `o` and its anchor table. */
void *zvm__options_alloc(zvm__options *o, size_t count, size_t size);
/* Anchor the value on top of the stack and pop it. */
void zvm__options_keep(zvm__options *o);

/* The value at `index` is a table, with keys out of `known` only. */
bool zvm__options_table(zvm__options *o, int index,
                        const char *const *known);

/* The raw field `name` of the table at `index` is not nil. */
bool zvm__options_given(zvm__options *o, int index, const char *name);

/*
** Read the raw field `name` of the table at `index`, if it is not nil, by
** `read`, which gets the stack index of the value and `out`.
*/
typedef bool (*zvm__reader)(zvm__options *o, int index, void *out);
bool zvm__options_read(zvm__options *o, int index, const char *name,
                       zvm__reader read, void *out);

/* A string without NUL. */
bool zvm__options_text(zvm__options *o, int index, const char **out);
bool zvm__options_bytes(zvm__options *o, int index, const char **out,
                        size_t *size);
/* One of `words`, behind the last of which is NULL: which. */
bool zvm__options_choice(zvm__options *o, int index, const char *const *words,
                         int *out);
bool zvm__options_flag(zvm__options *o, int index, bool *out);
bool zvm__options_integer(zvm__options *o, int index, int64_t low,
                          int64_t high, int64_t *out);
/* Bytes: a number, or digits with K, M or G for powers of 1024. */
bool zvm__options_size(zvm__options *o, int index, uint64_t *out);
/* A size, or "unlimited" or math.huge for ZVM_UNLIMITED. */
bool zvm__options_limit(zvm__options *o, int index, int64_t *out);

/* `isolation`, `timeout`, `cpu` and `resident` of zvm.run (lbounds.c). */
bool zvm__bounds_read(zvm__options *o, int index, zvm_session_options *out);

/* `key` cut and escaped so that it can stand in a one-line message. */
#define ZVM__SHOWN_MAX 64
void zvm__options_show(char out[ZVM__SHOWN_MAX], const char *key, size_t len);

#endif
