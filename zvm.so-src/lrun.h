/*
** lrun.h - the options of zvm.run and zvm.start as the core wants them.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_LRUN_H
#define ZVM_LRUN_H

#include "lchannel.h"

typedef struct zvm__lrun {
  const zvm__lmodule *program; /* NULL: it is still to be loaded      */
  const char *name;  /* or NULL: the module's                        */
  const char **args; /* args[0] is filled in when the name is known  */
  zvm_session_options options;
  zvm__channels channels;
  int unpack;      /* place of the function in the anchor table; 0: there is
                      nothing to collect                                  */
  bool symbols;    /* of a fault           */
  bool keep_stops; /* on_stop = "report"   */
} zvm__lrun;

/*
** From the table at `index`; `out` is zeroed. The program stays on top of the
** stack. If it is a string it is loaded later, when all else is known to be
** right.
*/
bool zvm__lrun_read(zvm__options *o, int index, zvm__lrun *out);

/* The table at `index` has 1 to n and nothing else. */
bool zvm__is_list(lua_State *L, int index);

/* -- What the program starts with (lbeginning.c) ------------------------- */

/* `directory`, `clock` and `seed`. */
bool zvm__beginning_read(zvm__options *o, int index,
                         zvm_session_options *out);
/* A path in the guest: a zvm__reader; `out` is a const char *. */
bool zvm__path_read(zvm__options *o, int index, void *out);

/* -- Files that come and go (lmounts.c, lfiles.c) ------------------------ */

/* `images`, `files` and `collect`: channels of their own, and mounts. */
bool zvm__mounts_read(zvm__options *o, int index, zvm__lrun *out);
/* The table at `index` as an archive, which is anchored. */
bool zvm__files_pack(zvm__options *o, int index, const char **bytes,
                     size_t *size);
/* Push what the module zvm.tar has of that name. */
bool zvm__tar_push(zvm__options *o, const char *function);
/*
** Add to the report on top of the stack what was collected. `anchor`: stack
** index of the anchor table. Nothing that goes wrong there is an error.
*/
void zvm__files_collect(lua_State *L, const zvm__lrun *r,
                        const zvm_report *report, int anchor);

#endif
