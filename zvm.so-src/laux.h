/*
** laux.h - what the files of the binding share.
**
** Nothing here raises a Lua error while the core holds something that no
** userdata owns.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_LAUX_H
#define ZVM_LAUX_H

#include "lcompat.h"
#include "zvm.h"

#define ZVM__MODULE_TYPE "zvm.module"
#define ZVM__SESSION_TYPE "zvm.session"
#define ZVM__PIPE_TYPE "zvm.pipe"

/* -- Results and findings ------------------------------------------------ */

#define ZVM__FINDINGS_MAX 100

/* Filled by the core, turned into a table after it has returned. */
typedef struct zvm__findings {
  unsigned count;
  bool more; /* there was one that did not fit */
  zvm_finding list[ZVM__FINDINGS_MAX];
} zvm__findings;

bool zvm__findings_add(void *ctx, const zvm_finding *f);

/* nil, message, code[, findings]: returns how many were pushed. */
int zvm__failure_push(lua_State *L, const zvm_error *err,
                      const zvm__findings *found);

/* The message on top of the stack becomes nil, message, code. */
int zvm__failure_wrap(lua_State *L, const char *code);

/*
** Something ran out that modules the collector has not seen to yet may
** hold: descriptors, memory. Worth a collection and a second try.
*/
bool zvm__is_shortage(const zvm_error *err);
/*
** A handler of SIGINT sets a hook, which raises the error in the next Lua code:
** behind a call that took long, that may be no longer under the caller's pcall.
** So some Lua code is run.
*/
void zvm__let_hook(lua_State *L);

void zvm__hex_push(lua_State *L, const uint8_t *bytes, size_t size);
/* The number at `index`, cut to a whole one; an error if out of bounds. */
size_t zvm__check_number(lua_State *L, int index, size_t least, size_t most);

/* -- Types --------------------------------------------------------------- */

/* What a module userdata holds; `m` is NULL when it is closed. */
typedef struct zvm__lmodule {
  zvm_module *m;
  char name[256]; /* base name of the file, or "guest" */
} zvm__lmodule;

/* Register a type of userdata, unless it is; its metatable is locked. */
void zvm__type_open(lua_State *L, const char *name, const luaL_Reg *methods,
                    const luaL_Reg *metamethods);

/* Each type, and what calls need: once for each Lua state. */
void zvm__module_open(lua_State *L);
void zvm__session_open(lua_State *L);
void zvm__report_open(lua_State *L);
void zvm__pipe_open(lua_State *L);
void zvm__calls_open(lua_State *L);
/* Of the table on top, the module's: fields that appear at their first use. */
void zvm__lazy_open(lua_State *L);

/*
** Load the string at `index` (see zvm.load): pushes a module and returns 1,
** or pushes what zvm__failure_push does. `cache`: directory of verdicts, or
** NULL.
*/
int zvm__module_load(lua_State *L, int index, const char *cache);

/*
** Push the bytes of the file that the module at `index` was loaded from, or
** nil: they are read again, and must be the same by their digest.
*/
void zvm__module_bytes(lua_State *L, int index);

void zvm__module_drop(zvm__lmodule *lm); /* close; twice is fine */

int zvm__session_run(lua_State *L);  /* zvm.run */
int zvm__session_start(lua_State *L); /* zvm.start */
int zvm__wait_any(lua_State *L);     /* zvm.wait */
int zvm__digest_string(lua_State *L); /* zvm.digest */
int zvm__digest_file(lua_State *L);  /* zvm.digest_file */
int zvm__pipe_new(lua_State *L);     /* zvm.pipe */
int zvm__save(lua_State *L);         /* zvm.save */
int zvm__validate(lua_State *L);     /* zvm.validate */
int zvm__survey(lua_State *L);       /* zvm.survey */
int zvm__rules(lua_State *L);        /* zvm.rules */
void zvm__host_open(lua_State *L);   /* zvm.host: pushes the table */
void zvm__place_open(lua_State *L);  /* zvm.host: adds to it */
void zvm__scratch_open(lua_State *L); /* zvm.host: adds to it */
void zvm__digester_open(lua_State *L); /* the same */
void zvm__matches_open(lua_State *L);  /* the same */
void zvm__link_open(lua_State *L);     /* the same */
void zvm__find_open(lua_State *L);     /* the same */

/* "pread" of ZVM_SLOT_PREAD, and so on. */
extern const char *const zvm__slot_names[ZVM_SLOT_COUNT];

/*
** Push the report as a table. `name` gives the key under which a channel's
** alias appears, and whether what it collected belongs into the report.
** `memory_etag`: the algorithm of the memory's.
*/
typedef const char *(*zvm__name_fn)(const void *ctx, const char *alias,
                                    bool *collected);
void zvm__report_push(lua_State *L, const zvm_report *report,
                      zvm__name_fn name, zvm_etag memory_etag,
                      const void *ctx);

/*
** Add to the report on top of the stack, which is of a fault, what zvm.fault
** finds out. `module`: stack index of the module. What goes wrong there is no
** error.
*/
void zvm__fault_locate(lua_State *L, const zvm_report *report, int module);

#endif
