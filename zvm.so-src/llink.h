/*
** llink.h - the way to an instance of zvm.re's guest and back.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_LLINK_H
#define ZVM_LLINK_H

#include "lchannel.h"

#define ZVM__LINK_TYPE "zvm.re.link"

/* Of stdlib/re/re.h. */
enum { ZVM__RE_FIND = 3, ZVM__RE_ALL = 4 };
enum { ZVM__RE_DONE = 0, ZVM__RE_NONE = 1 };

typedef struct zvm__request {
  uint32_t operation, slot, a, b, size, next;
} zvm__request;

typedef struct zvm__answer {
  uint32_t status, count, size, first, last;
} zvm__answer;

/* What came of a request: the answer's head, if it is there. */
typedef struct zvm__outcome {
  bool heard, waits; /* waits: the time is not over, and it may yet come */
  zvm__answer a;
} zvm__outcome;

/*
** An engine has one, for all its instances. Its environment, which is that of
** its finders too, and which no script gets at, holds what it points to.
*/
typedef struct zvm__link {
  const zvm__lpipe *to, *from; /* NULL: there is no instance */
  uint32_t generation;         /* of the instance                         */
  bool busy;                   /* a request is under way                  */
  const char *subject;         /* the string that the other side has last */
  uint32_t promised;           /* bytes of the next request               */
  zvm_error err;               /* of the last request by zvm__link_ask    */
} zvm__link;

/* A link at `index`; or an error. */
zvm__link *zvm__link_check(lua_State *L, int index);
/* May it be asked about a subject of that size? */
bool zvm__link_is_ready(const zvm__link *l, size_t size);
/*
** A request about the string at `subject`, which goes along if it is not there;
** q.size is its size. The environment is that of what is at `holder`. Runs no
** Lua code.
*/
zvm__outcome zvm__link_ask(lua_State *L, zvm__link *l, int holder, int subject,
                           zvm__request q);
/* So many bytes that follow the answer's head: how many are there. */
size_t zvm__link_read(zvm__link *l, void *to, size_t size);
/*
** Pushes the head; or nil, and whether it may yet come. If not, link:failure
** has the reason. Allocates nothing.
*/
int zvm__link_push(lua_State *L, const zvm__outcome *o);
/* The engine that it is of. */
void zvm__link_push_engine(lua_State *L, int holder);

#endif
