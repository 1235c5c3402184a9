/*
** loptions.c - strict reading of option tables; see loptions.h.
**
** Which of several mistakes is reported never depends on the order in
** which a Lua table is walked.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "loptions.h"

#define EXACT_MAX 9007199254740992.0 /* 2^53: doubles are exact up to here */

/* -- Where we are -------------------------------------------------------- */

void zvm__options_start(zvm__options *o, lua_State *L, const char *function) {
  memset(o, 0, sizeof *o);
  o->L = L;
  o->function = function;
  lua_pushnil(L);
  o->anchor = lua_gettop(L);
}


void zvm__options_show(char out[ZVM__SHOWN_MAX], const char *key, size_t len) {
  size_t i, n = 0;
  for (i = 0; i < len && n < ZVM__SHOWN_MAX - 8; i++) {
    unsigned char c = (unsigned char)key[i];
    if (c < 32 || c == 127) { /* as Lua writes it: \010 */
      out[n++] = '\\';
      out[n++] = (char)('0' + c / 100);
      out[n++] = (char)('0' + c / 10 % 10);
      out[n++] = (char)('0' + c % 10);
    } else {
      out[n++] = (char)c;
    }
  }
  if (i < len) {
    memcpy(out + n, "...", 3);
    n += 3;
  }
  out[n] = '\0';
}


/* A name too long for what is left of the path is left out. */
size_t zvm__options_enter(zvm__options *o, const char *name) {
  size_t mark = o->len;
  size_t dot = mark > 0;
  char shown[ZVM__SHOWN_MAX];
  size_t len;
  zvm__options_show(shown, name, strlen(name));
  len = strlen(shown);
  if (mark + dot + len < sizeof o->path) {
    o->path[mark] = '.';
    memcpy(o->path + mark + dot, shown, len + 1);
    o->len = mark + dot + len;
  }
  return mark;
}


void zvm__options_leave(zvm__options *o, size_t mark) {
  o->len = mark;
  o->path[mark] = '\0';
}


bool zvm__options_fail(zvm__options *o, const char *format, ...) {
  va_list args;
  const char *text;
  va_start(args, format);
  text = lua_pushvfstring(o->L, format, args);
  va_end(args);
  if (o->len > 0)
    lua_pushfstring(o->L, "%s: %s: %s", o->function, o->path, text);
  else
    lua_pushfstring(o->L, "%s: %s", o->function, text);
  return false;
}


bool zvm__options_mismatch(zvm__options *o, int index, const char *what) {
  const char *got = luaL_typename(o->L, index);
  return zvm__options_fail(o, "%s expected, got %s", what, got);
}


/* -- What must stay alive ------------------------------------------------ */

void zvm__options_keep(zvm__options *o) {
  if (o->kept == 0) {
    lua_createtable(o->L, 4, 0);
    lua_replace(o->L, o->anchor);
  }
  lua_rawseti(o->L, o->anchor, ++o->kept);
}


void *zvm__options_alloc(zvm__options *o, size_t count, size_t size) {
  void *p;
  if (size != 0 && count > (size_t)INT32_MAX / size)
    luaL_error(o->L, "not enough memory");
  size = (count * size + 15) & ~(size_t)15;
  if (size <= sizeof o->room - o->used) {
    p = o->room + o->used;
    o->used += size;
  } else {
    p = lua_newuserdata(o->L, size);
    zvm__options_keep(o);
  }
  return memset(p, 0, size);
}


/* -- Keys ---------------------------------------------------------------- */

#define NEAR_MAX 32

static unsigned least(unsigned a, unsigned b) {
  return a < b ? a : b;
}


/*
** Edits (insert, delete, replace, swap two neighbours) that lead from one
** word to the other; only the first NEAR_MAX letters count.
*/
static unsigned edit_distance(const char *a, size_t alen, const char *b) {
  unsigned rows[3][NEAR_MAX + 1];
  size_t blen = strlen(b), i, j;
  alen = alen < NEAR_MAX ? alen : NEAR_MAX;
  blen = blen < NEAR_MAX ? blen : NEAR_MAX;
  for (j = 0; j <= blen; j++)
    rows[0][j] = (unsigned)j;
  for (i = 1; i <= alen; i++) {
    unsigned *row = rows[i % 3];
    const unsigned *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];
    row[0] = (unsigned)i;
    for (j = 1; j <= blen; j++) {
      row[j] = least(up[j - 1] + (a[i - 1] != b[j - 1]),
                     least(up[j], row[j - 1]) + 1);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = least(row[j], up2[j - 2] + 1);
    }
  }
  return rows[alen % 3][blen];
}


/* An abbreviation, or a longer form, is as near as can be. */
static bool is_form_of(const char *key, size_t len, const char *known) {
  size_t n = strlen(known);
  n = n < len ? n : len;
  return n > 0 && memcmp(key, known, n) == 0;
}


static const char *nearest(const char *key, size_t len,
                           const char *const *known) {
  const char *best = NULL;
  unsigned best_distance = UINT_MAX;
  for (; *known != NULL; known++) {
    unsigned d = 0;
    if (!is_form_of(key, len, *known))
      d = edit_distance(key, len, *known);
    if (d < best_distance) {
      best = *known;
      best_distance = d;
    }
  }
  return best;
}


/*
** A bit for each name, though several share one. To ask a table for what it
** does not have takes longer, with twenty options and two of them given, than
** all else here.
*/
static uint64_t mark_of(const char *name, size_t len) {
  unsigned sum = (unsigned)len;
  if (len > 0)
    sum += 5 * (unsigned char)name[0] + 11 * (unsigned char)name[len - 1];
  return (uint64_t)1 << sum % 64;
}


static bool is_word(const char *key, size_t len, const char *word) {
  return strlen(word) == len && memcmp(word, key, len) == 0;
}


static bool is_known(const char *key, size_t len, const char *const *known) {
  for (; *known != NULL; known++)
    if (is_word(key, len, *known))
      return true;
  return false;
}


static bool comes_first(const char *a, size_t alen, const char *b,
                        size_t blen) {
  int c = memcmp(a, b, alen < blen ? alen : blen);
  return c < 0 || (c == 0 && alen < blen);
}


bool zvm__options_table(zvm__options *o, int index,
                        const char *const *known) {
  lua_State *L = o->L;
  const char *bad = NULL;
  size_t bad_len = 0;
  bool unnamed = false;
  uint64_t given = 0;
  if (!lua_istable(L, index))
    return zvm__options_mismatch(o, index, "table");
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
    size_t len;
    const char *key;
    if (lua_type(L, -2) != LUA_TSTRING) {
      unnamed = true;
      continue;
    }
    key = lua_tolstring(L, -2, &len);
    given |= mark_of(key, len);
    if (!is_known(key, len, known) &&
        (bad == NULL || comes_first(key, len, bad, bad_len))) {
      bad = key;
      bad_len = len;
    }
  }
  if (bad != NULL) {
    char shown[ZVM__SHOWN_MAX];
    zvm__options_show(shown, bad, bad_len);
    return zvm__options_fail(o, "unknown option \"%s\"; did you mean \"%s\"?",
                             shown, nearest(bad, bad_len, known));
  }
  if (unnamed)
    return zvm__options_fail(o, "a value without a name; options are %s = ...",
                             known[0]);
  if (o->len == 0) {
    o->table = index;
    o->given = given;
  }
  return true;
}


/* Of the table at the top: others at this index are of other paths. */
static bool is_absent(const zvm__options *o, int index, const char *name) {
  return o->len == 0 && o->table == index &&
         (o->given & mark_of(name, strlen(name))) == 0;
}


/* Pushes the value, or nothing. */
static bool push_given(zvm__options *o, int index, const char *name) {
  if (is_absent(o, index, name))
    return false;
  lua_pushstring(o->L, name);
  lua_rawget(o->L, index);
  if (!lua_isnil(o->L, -1))
    return true;
  lua_pop(o->L, 1);
  return false;
}


bool zvm__options_given(zvm__options *o, int index, const char *name) {
  bool given = push_given(o, index, name);
  if (given)
    lua_pop(o->L, 1);
  return given;
}


bool zvm__options_read(zvm__options *o, int index, const char *name,
                       zvm__reader read, void *out) {
  size_t mark;
  if (!push_given(o, index, name))
    return true;
  mark = zvm__options_enter(o, name);
  if (!read(o, lua_gettop(o->L), out))
    return false;
  zvm__options_leave(o, mark);
  lua_pop(o->L, 1);
  return true;
}


/* -- Values -------------------------------------------------------------- */

bool zvm__options_bytes(zvm__options *o, int index, const char **out,
                        size_t *size) {
  if (lua_type(o->L, index) != LUA_TSTRING)
    return zvm__options_mismatch(o, index, "string");
  *out = lua_tolstring(o->L, index, size);
  lua_pushvalue(o->L, index);
  zvm__options_keep(o);
  return true;
}


bool zvm__options_text(zvm__options *o, int index, const char **out) {
  size_t size = 0;
  if (!zvm__options_bytes(o, index, out, &size))
    return false;
  if (memchr(*out, '\0', size) != NULL)
    return zvm__options_fail(o, "string contains a NUL byte");
  return true;
}


/* "a", "b" or "c" */
static bool fail_choice(zvm__options *o, const char *text, size_t len,
                        const char *const *words) {
  char shown[ZVM__SHOWN_MAX];
  int i;
  lua_pushliteral(o->L, "");
  for (i = 0; words[i] != NULL; i++) {
    const char *before = words[i + 1] == NULL ? " or " : ", ";
    lua_pushfstring(o->L, "%s\"%s\"", i == 0 ? "" : before, words[i]);
    lua_concat(o->L, 2);
  }
  zvm__options_show(shown, text, len);
  return zvm__options_fail(o, "%s expected, got \"%s\"",
                           lua_tostring(o->L, -1), shown);
}


bool zvm__options_choice(zvm__options *o, int index, const char *const *words,
                         int *out) {
  size_t len;
  const char *text;
  if (lua_type(o->L, index) != LUA_TSTRING)
    return zvm__options_mismatch(o, index, "string");
  text = lua_tolstring(o->L, index, &len);
  for (*out = 0; words[*out] != NULL; ++*out)
    if (is_word(text, len, words[*out]))
      return true;
  return fail_choice(o, text, len, words);
}


bool zvm__options_flag(zvm__options *o, int index, bool *out) {
  if (!lua_isboolean(o->L, index))
    return zvm__options_mismatch(o, index, "boolean");
  *out = lua_toboolean(o->L, index);
  return true;
}


bool zvm__options_integer(zvm__options *o, int index, int64_t low,
                          int64_t high, int64_t *out) {
  lua_Number n;
  if (lua_type(o->L, index) != LUA_TNUMBER)
    return zvm__options_mismatch(o, index, "number");
  n = lua_tonumber(o->L, index);
  if (!(n >= (lua_Number)low && n <= (lua_Number)high) ||
      n != (lua_Number)(int64_t)n)
    return zvm__options_fail(o, "whole number from %f to %f expected, got %f",
                             (lua_Number)low, (lua_Number)high, n);
  *out = (int64_t)n;
  return true;
}


/* False when it is not a size or would be inexact. */
static bool parse_size(const char *s, size_t len, uint64_t *out) {
  uint64_t n = 0, max = (uint64_t)EXACT_MAX;
  unsigned shift = 0;
  size_t i = 0;
  for (; i < len && s[i] >= '0' && s[i] <= '9'; i++) {
    n = n * 10 + (uint64_t)(s[i] - '0');
    if (n > max)
      return false;
  }
  if (i == 0)
    return false;
  if (i + 1 == len) {
    switch (s[i++]) {
    case 'K': shift = 10; break;
    case 'M': shift = 20; break;
    case 'G': shift = 30; break;
    default: return false;
    }
  }
  if (i != len || n > max >> shift)
    return false;
  *out = n << shift;
  return true;
}


bool zvm__options_size(zvm__options *o, int index, uint64_t *out) {
  lua_State *L = o->L;
  if (lua_type(L, index) == LUA_TNUMBER) {
    lua_Number n = lua_tonumber(L, index);
    if (!(n >= 0 && n <= EXACT_MAX) || n != (lua_Number)(uint64_t)n)
      return zvm__options_fail(o, "whole number of bytes expected, got %f", n);
    *out = (uint64_t)n;
    return true;
  }
  if (lua_type(L, index) == LUA_TSTRING) {
    size_t len;
    const char *s = lua_tolstring(L, index, &len);
    char shown[ZVM__SHOWN_MAX];
    if (parse_size(s, len, out))
      return true;
    zvm__options_show(shown, s, len);
    return zvm__options_fail(o, "size such as 4096 or \"64M\" expected, "
                             "got \"%s\"", shown);
  }
  return zvm__options_mismatch(o, index, "number or size string");
}


bool zvm__options_limit(zvm__options *o, int index, int64_t *out) {
  lua_State *L = o->L;
  uint64_t n = 0;
  bool unlimited = false;
  if (lua_type(L, index) == LUA_TNUMBER)
    unlimited = lua_tonumber(L, index) == HUGE_VAL;
  else if (lua_type(L, index) == LUA_TSTRING)
    unlimited = strcmp(lua_tostring(L, index), "unlimited") == 0;
  if (unlimited) {
    *out = ZVM_UNLIMITED;
    return true;
  }
  if (!zvm__options_size(o, index, &n))
    return false;
  *out = (int64_t)n;
  return true;
}
