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
  bool symbols;    /* of a fault           */
  bool keep_stops; /* on_stop = "report"   */
} zvm__lrun;

/*
** From the table at `index`; `out` is zeroed. The program stays on top of the
** stack. If it is a string it is loaded later, when all else is known to be
** right.
*/
bool zvm__lrun_read(zvm__options *o, int index, zvm__lrun *out);

#endif
