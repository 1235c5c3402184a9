/*
** lsession.h - a session as the binding has it: lsession.c runs it, lwatch.c
** looks after those that were started.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_LSESSION_H
#define ZVM_LSESSION_H

#include "lrun.h"

/*
** What zvm.run owns meanwhile, and what zvm.start gives. What a started one was
** read from is in its environment.
*/
typedef struct lsession {
  zvm_session *s; /* NULL: it is over        */
  bool started;
  bool waits;     /* somebody waits for it   */
  zvm__calls *calls;
  zvm__lrun *run;
} lsession;

/* Waited for, or in a function of its channels. */
bool zvm__session_is_busy(const lsession *ls);
/* A zvm__name_fn; `ctx` is a zvm__channels. */
const char *zvm__session_name(const void *ctx, const char *alias,
                              bool *collected);

int zvm__session_progress(lua_State *L); /* session:progress */

#endif
