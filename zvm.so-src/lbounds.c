/*
** lbounds.c - the options of zvm.run that say where a guest runs, and how
** long and how much.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "loptions.h"

#define MS_MAX 4294967295.0


/* -- Time ---------------------------------------------------------------- */

/* "250ms", "10s": digits and a unit. False if it is not that. */
static bool parse_time(const char *s, lua_Number *ms) {
  char *unit;
  if (*s < '0' || *s > '9')
    return false;
  *ms = (lua_Number)strtoull(s, &unit, 10);
  if (strcmp(unit, "s") == 0)
    *ms *= 1000;
  else if (strcmp(unit, "ms") != 0)
    return false;
  return true;
}


/* Milliseconds, at least one: 0 would be no limit. */
static bool read_time(zvm__options *o, int index, void *out) {
  lua_State *L = o->L;
  lua_Number ms = 0;
  const char *text;
  if (lua_type(L, index) == LUA_TNUMBER) {
    ms = ceil(lua_tonumber(L, index) * 1000);
  } else if (lua_type(L, index) != LUA_TSTRING) {
    return zvm__options_mismatch(o, index, "number of seconds or string");
  } else {
    char shown[ZVM__SHOWN_MAX];
    if (!zvm__options_text(o, index, &text))
      return false;
    zvm__options_show(shown, text, strlen(text));
    if (!parse_time(text, &ms))
      return zvm__options_fail(o, "time such as 0.5, \"250ms\" or \"10s\" "
                               "expected, got \"%s\"", shown);
  }
  if (!(ms >= 1 && ms <= MS_MAX))
    return zvm__options_fail(o, "more than 0 and at most %f seconds expected",
                             MS_MAX / 1000);
  *(uint32_t *)out = (uint32_t)ms;
  return true;
}


static bool read_resident(zvm__options *o, int index, void *out) {
  uint64_t *n = out;
  if (!zvm__options_size(o, index, n))
    return false;
  return *n > 0 || zvm__options_fail(o, "more than 0 bytes expected");
}


/* -- Isolation ----------------------------------------------------------- */

static bool read_isolation(zvm__options *o, int index, void *out) {
  static const char *const words[] = {"inline", "process", NULL};
  static const zvm_isolation all[] = {ZVM_ISOLATION_INLINE,
                                      ZVM_ISOLATION_PROCESS};
  int which;
  if (!zvm__options_choice(o, index, words, &which))
    return false;
  *(zvm_isolation *)out = all[which];
  return true;
}


bool zvm__bounds_read(zvm__options *o, int index, zvm_session_options *out) {
  return zvm__options_read(o, index, "isolation", read_isolation,
                           &out->isolation) &&
         zvm__options_read(o, index, "timeout", read_time, &out->timeout_ms) &&
         zvm__options_read(o, index, "cpu", read_time, &out->cpu_ms) &&
         zvm__options_read(o, index, "resident", read_resident,
                           &out->resident);
}
