/*
** lmatches.c - matches as zvm.re has them, and what follows from them.
**
** All matches of a subject are a string of words of 4 bytes, two for each match
** and two for each of its groups: behind which byte it begins, and with which
** it ends. A group that took no part has ZVM__ABSENT for both.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "lmatches.h"

#include "base/bare.h"

typedef zvm__span span;

/* The string of an argument. */
typedef struct matches {
  const char *bytes;
  size_t count; /* of pairs */
} matches;


static matches check_matches(lua_State *L, int index) {
  size_t size;
  const char *bytes = luaL_checklstring(L, index, &size);
  return (matches){bytes, size / sizeof(span)};
}


static span span_at(const matches *m, size_t i) {
  span s;
  memcpy(&s, m->bytes + i * sizeof s, sizeof s);
  return s;
}


/* Is there one, and is it a range of so many bytes? */
static bool get_span(const matches *m, size_t i, size_t size, span *out) {
  if (i >= m->count)
    return false;
  *out = span_at(m, i);
  return out->first <= out->last && out->last <= size;
}


bool zvm__are_matches(const char *bytes, size_t length, size_t pairs,
                      size_t size) {
  matches m = {bytes, length / sizeof(span)};
  size_t left = 0;
  for (size_t i = 0; i < m.count; i++) {
    span s = span_at(&m, i);
    bool whole = pairs > 0 && left == 0;
    if (pairs > 0)
      left = (whole ? pairs : left) - 1;
    if (s.last <= size ? s.first > s.last
                       : whole || s.first != ZVM__ABSENT ||
                             s.last != ZVM__ABSENT)
      return false;
  }
  return left == 0 && length == m.count * sizeof(span);
}


/*** Are they of a subject of that size?
@function zvm.host.are_matches
@tparam string matches
@tparam number pairs of each match; 0: they are groups, and may all have no part
@tparam number size
@treturn boolean
*/
static int are_matches(lua_State *L) {
  size_t length;
  const char *bytes = luaL_checklstring(L, 1, &length);
  size_t pairs = zvm__check_number(L, 2, 0, ZVM__PAIRS_MOST);
  size_t size = zvm__check_number(L, 3, 0, ZVM__ABSENT - 1);
  lua_pushboolean(L, zvm__are_matches(bytes, length, pairs, size));
  return 1;
}


/*** Some of their pairs as strings.
@function zvm.host.captured
@tparam string subject
@tparam string matches
@tparam number from the first of those pairs, counted from 0
@tparam number count how many there are
@treturn string... as many; false for what took no part
*/
static int captured(lua_State *L) {
  size_t size, i;
  const char *subject = luaL_checklstring(L, 1, &size);
  matches m = check_matches(L, 2);
  size_t from = zvm__check_number(L, 3, 0, UINT32_MAX);
  size_t count = zvm__check_number(L, 4, 0, ZVM__PAIRS_MOST);
  luaL_checkstack(L, (int)count + LUA_MINSTACK, "too many captures");
  for (i = from; i < from + count; i++) {
    span s;
    if (get_span(&m, i, size, &s))
      lua_pushlstring(L, subject + s.first, s.last - s.first);
    else
      lua_pushboolean(L, 0);
  }
  return (int)count;
}


/*** Where one of their pairs is.
@function zvm.host.span
@tparam string matches
@tparam number pair counted from 0
@treturn number behind which byte it begins
@treturn number with which it ends
*/
static int push_span(lua_State *L) {
  matches m = check_matches(L, 1);
  span s = {ZVM__ABSENT, ZVM__ABSENT};
  (void)get_span(&m, zvm__check_number(L, 2, 0, UINT32_MAX), ZVM__ABSENT, &s);
  lua_pushnumber(L, s.first);
  lua_pushnumber(L, s.last);
  return 2;
}


/*** All places of a text, which do not overlap.
@function zvm.host.matches_of
@tparam string subject below 4 GiB
@tparam string text not empty
@tparam number start where to begin, from 0
@tparam number most at most so many
@treturn string matches of one pair
@treturn number how many
*/
static int matches_of(lua_State *L) {
  size_t size, length, count = 0;
  const char *subject = luaL_checklstring(L, 1, &size);
  const char *text = luaL_checklstring(L, 2, &length);
  size_t at = zvm__check_number(L, 3, 0, UINT32_MAX);
  size_t most = zvm__check_number(L, 4, 0, UINT32_MAX);
  luaL_Buffer b;
  luaL_argcheck(L, size < ZVM__ABSENT, 1, "too long");
  luaL_argcheck(L, length > 0, 2, "empty");
  luaL_buffinit(L, &b);
  for (; count < most && at <= size; count++) {
    const char *found = zvm__text_find(subject + at, size - at, text, length);
    span s;
    if (found == NULL)
      break;
    s.first = (uint32_t)(found - subject);
    s.last = s.first + (uint32_t)length;
    luaL_addlstring(&b, (const char *)&s, sizeof s);
    at = s.last;
  }
  luaL_pushresult(&b);
  lua_pushnumber(L, (lua_Number)count);
  return 2;
}


/* -- To replace them ----------------------------------------------------- */

enum { SUBJECT = 1, MATCHES, PAIRS, TEMPLATE, ROOM };
enum { SMALL = 8192 };

#define GROUPS 0x80000000u

/* What is being put together. If that is long, in a userdata at ROOM. */
typedef struct text {
  char *bytes;
  size_t size, room;
} text;

/* Of a template: bytes, or numbers of groups. */
typedef struct part {
  const char *bytes;
  size_t count;
  bool groups;
} part;


static void make_room(lua_State *L, text *t, size_t more) {
  size_t room = 2 * t->room > t->size + more ? 2 * t->room : t->size + more;
  char *bytes = lua_newuserdata(L, room);
  if (t->size > 0)
    memcpy(bytes, t->bytes, t->size);
  lua_replace(L, ROOM);
  t->bytes = bytes;
  t->room = room;
}


static void add(lua_State *L, text *t, const char *from, size_t n) {
  if (n > t->room - t->size)
    make_room(L, t, n);
  memcpy(t->bytes + t->size, from, n);
  t->size += n;
}


/* The part at *at, behind which that is then. False: it is not whole. */
static bool next_part(const char *template, size_t size, size_t *at,
                      part *out) {
  uint32_t head;
  if (size - *at < sizeof head)
    return false;
  memcpy(&head, template + *at, sizeof head);
  *at += sizeof head;
  out->bytes = template + *at;
  out->groups = head >= GROUPS;
  out->count = head & ~GROUPS;
  size_t bytes = out->groups ? out->count * sizeof head : out->count;
  if (bytes > size - *at)
    return false;
  *at += bytes;
  return true;
}


static const char *check_template(lua_State *L, size_t *size) {
  const char *template = luaL_checklstring(L, TEMPLATE, size);
  size_t at = 0;
  part p;
  while (at < *size)
    luaL_argcheck(L, next_part(template, *size, &at, &p), TEMPLATE,
                  "a part is not whole");
  return template;
}


/* That of the first group that took part, if one did. */
static bool span_of(const part *p, const matches *m, size_t match, size_t size,
                    span *out) {
  for (size_t i = 0; i < p->count; i++) {
    uint32_t group;
    memcpy(&group, p->bytes + i * sizeof group, sizeof group);
    if (get_span(m, match + group, size, out))
      return true;
  }
  return false;
}


/***
A string with matches replaced. One that begins before another has ended stays.

@function zvm.host.replace
@tparam string subject
@tparam string matches
@tparam number pairs of each match
@tparam string template of what takes their place: parts that begin with a word
 of 4 bytes. Below 2^31 it is how many bytes follow, which are put in. Or
 2^31 more than how many words follow, which are groups: the first that took
 part is put in
@treturn string
*/
static int replace(lua_State *L) {
  size_t size, length, at = 0;
  const char *subject = luaL_checklstring(L, SUBJECT, &size);
  matches m = check_matches(L, MATCHES);
  size_t pairs = zvm__check_number(L, PAIRS, 1, ZVM__PAIRS_MOST);
  const char *template = check_template(L, &length);
  char small[SMALL] ZVM__BARE;
  text t = {small, 0, sizeof small};
  lua_settop(L, TEMPLATE);
  lua_pushnil(L); /* at ROOM */
  if (size > SMALL / 2)
    make_room(L, &t, size + size / 4);
  for (size_t match = 0; match + pairs <= m.count; match += pairs) {
    span whole, group;
    if (!get_span(&m, match, size, &whole))
      return luaL_argerror(L, MATCHES, "a match out of bounds");
    if (whole.first < at)
      continue;
    add(L, &t, subject + at, whole.first - at);
    part p;
    for (size_t i = 0; next_part(template, length, &i, &p);)
      if (!p.groups)
        add(L, &t, p.bytes, p.count);
      else if (span_of(&p, &m, match, size, &group))
        add(L, &t, subject + group.first, group.last - group.first);
    at = whole.last;
  }
  add(L, &t, subject + at, size - at);
  lua_pushlstring(L, t.bytes, t.size);
  return 1;
}


static const luaL_Reg functions[] = {
  {"are_matches", are_matches},
  {"captured", captured},
  {"matches_of", matches_of},
  {"replace", replace},
  {"span", push_span},
  {NULL, NULL},
};


void zvm__matches_open(lua_State *L) {
  zvm__setfuncs(L, functions);
}
