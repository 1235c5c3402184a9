/*
** lhostend.c - the script's own end of a pipe: bytes, and words of 4 bytes.
**
** Strings and lengths are looked at before anything is moved: an error leaves
** the stream as it was. Pieces of one call have its time together: the other
** side, which sends a byte now and then, does not make it longer.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <math.h>
#include <string.h>

#include "base/bare.h"
#include "lchannel.h"

enum {
  WORD = 4,
  SHORT = 64,       /* a string that is copied, not pointed to */
  PARTS = 16,       /* that are written at once */
  TOGETHER = 1024,  /* bytes of short ones, likewise */
  WORDS_MOST = 200, /* that fit on Lua's stack        */
  ANSWER_MOST = LUA_MINSTACK, /* that fit without asking     */
  PIECE = 64 * 1024,
};

#define SIZE_MOST ((lua_Number)(1 << 30))


static zvm_pipe *check(lua_State *L, int index, uint32_t *timeout_ms) {
  const zvm__lpipe *lp = zvm__checkself(L, index, ZVM__PIPE_TYPE);
  luaL_argcheck(L, lp->p != NULL, index, "attempt to use a closed pipe");
  *timeout_ms = lp->timeout_ms;
  return lp->p;
}


static size_t check_count(lua_State *L, int index, lua_Number most) {
  lua_Number n = luaL_checknumber(L, index);
  luaL_argcheck(L, n >= 0 && n <= most && n == floor(n), index,
                "whole number in bounds expected");
  return (size_t)n;
}


/* -- Write --------------------------------------------------------------- */

typedef struct outbox {
  zvm_pipe *p;
  uint32_t timeout_ms;
  zvm_status status;
  zvm_error err;
  size_t count, used; /* of parts, and of bytes */
  const char *end;    /* of the part before, if that is in `bytes` */
  struct iovec parts[PARTS];
  char bytes[TOGETHER]; /* words and short strings, which parts point to */
} outbox;


static void empty(outbox *b) {
  b->count = b->used = 0;
  b->end = NULL;
}


/* Who writes nothing needs no end of the pipe. */
static void put(outbox *b) {
  if (b->status == ZVM_OK && b->count > 0)
    b->status = zvm_pipe_writev(b->p, b->parts, b->count, b->timeout_ms,
                                &b->err);
  b->timeout_ms = ZVM_PIPE_GOES_ON;
  empty(b);
}


static bool has_room(const outbox *b) {
  return b->count < PARTS && b->used + SHORT <= sizeof b->bytes;
}


static void add_part(outbox *b, const void *from, size_t size) {
  b->parts[b->count].iov_base = (void *)(uintptr_t)from;
  b->parts[b->count++].iov_len = size;
}


/* There is room. A long string stays where it is: Lua has it until then. */
static void append(outbox *b, const void *from, size_t size) {
  char *to = b->bytes + b->used;
  if (size == 0)
    return;
  if (size > SHORT) {
    add_part(b, from, size);
    b->end = NULL;
    return;
  }
  memcpy(to, from, size);
  b->used += size;
  if (b->end == to)
    b->parts[b->count - 1].iov_len += size;
  else
    add_part(b, to, size);
  b->end = to + size;
}


static uint32_t check_word(lua_State *L, int index) {
  lua_Number n = lua_tonumber(L, index);
  luaL_argcheck(L, n >= 0 && n <= UINT32_MAX && n == (uint32_t)n, index,
                "string, or whole number of 32 bits, expected");
  return (uint32_t)n;
}


static void check_values(lua_State *L, int first, int last) {
  int i;
  for (i = first; i <= last; i++)
    if (lua_type(L, i) == LUA_TNUMBER)
      check_word(L, i);
    else
      luaL_checktype(L, i, LUA_TSTRING);
}


/* The arguments from `first` on; false, and the error is in the outbox. */
static bool write_all(lua_State *L, outbox *b, int first) {
  int top = lua_gettop(L), i;
  bool checked = false;
  b->status = ZVM_OK;
  b->err.status = ZVM_OK;
  empty(b);
  for (i = first; i <= top; i++) {
    if (!has_room(b)) {
      if (!checked)
        check_values(L, i, top);
      checked = true;
      put(b);
    }
    if (lua_type(L, i) == LUA_TNUMBER) {
      uint32_t word = check_word(L, i);
      append(b, &word, WORD);
    } else {
      size_t size;
      const char *bytes;
      luaL_checktype(L, i, LUA_TSTRING);
      bytes = lua_tolstring(L, i, &size);
      append(b, bytes, size);
    }
  }
  put(b);
  return b->status == ZVM_OK;
}


/***
Write to the script's own end of a pipe, which no run was given.

@function pipe:write
@param ... strings, written as they are; numbers, written as 4 bytes, the
 lowest one first
@treturn[1] boolean true
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `"TIMEOUT"`, `"CHANNEL"`, `"SYSTEM"`
*/
int zvm__pipe_write(lua_State *L) {
  outbox b ZVM__BARE;
  b.p = check(L, 1, &b.timeout_ms);
  if (!write_all(L, &b, 2))
    return zvm__failure_push(L, &b.err, NULL);
  lua_pushboolean(L, 1);
  return 1;
}


/* -- Read ---------------------------------------------------------------- */

/* All of it, or nil, message, code are pushed and false is returned. */
static bool get(lua_State *L, zvm_pipe *p, void *to, size_t size,
                uint32_t timeout_ms) {
  size_t moved = 0;
  zvm_error err ZVM__BARE;
  err.status = ZVM_OK;
  if (zvm_pipe_read(p, to, size, timeout_ms, &moved, &err) != ZVM_OK) {
    zvm__failure_push(L, &err, NULL);
    return false;
  }
  if (moved < size) {
    lua_pushliteral(L, "the other side of the pipe has ended");
    zvm__failure_wrap(L, "END");
    return false;
  }
  return true;
}


/***
Read so many bytes from the script's own end of a pipe.

@function pipe:read
@tparam number count at most 1G
@treturn[1] string
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `"END"`, `"TIMEOUT"`, `"CHANNEL"`, `"SYSTEM"`
*/
int zvm__pipe_get(lua_State *L) {
  uint32_t timeout_ms;
  zvm_pipe *p = check(L, 1, &timeout_ms);
  size_t size = check_count(L, 2, SIZE_MOST);
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  while (size > 0) {
    char *to = luaL_prepbuffer(&b);
    size_t n = size < LUAL_BUFFERSIZE ? size : LUAL_BUFFERSIZE;
    if (!get(L, p, to, n, timeout_ms))
      return 3;
    luaL_addsize(&b, n);
    size -= n;
    timeout_ms = ZVM_PIPE_GOES_ON;
  }
  luaL_pushresult(&b);
  return 1;
}


static int read_words(lua_State *L, zvm_pipe *p, size_t count,
                      uint32_t timeout_ms) {
  uint32_t words[WORDS_MOST] ZVM__BARE;
  size_t i;
  if (!get(L, p, words, count * WORD, timeout_ms))
    return 3;
  for (i = 0; i < count; i++)
    lua_pushnumber(L, words[i]);
  return (int)count;
}


/***
Read words of 4 bytes, the lowest byte first, as numbers.

@function pipe:words
@tparam number count at most 200
@treturn[1] number... as many
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code, as of `pipe:read`
*/
int zvm__pipe_words(lua_State *L) {
  uint32_t timeout_ms;
  zvm_pipe *p = check(L, 1, &timeout_ms);
  size_t count = check_count(L, 2, WORDS_MOST);
  luaL_checkstack(L, WORDS_MOST, "pipe:words");
  return read_words(L, p, count, timeout_ms);
}


/* -- Ask ----------------------------------------------------------------- */

typedef struct asker {
  const zvm__lpipe *to, *from; /* the function's second and third upvalue */
  size_t count;
} asker;


static int ask(lua_State *L) {
  const asker *a = lua_touserdata(L, lua_upvalueindex(1));
  outbox b ZVM__BARE;
  if (a->to->p == NULL || a->from->p == NULL)
    return luaL_error(L, "attempt to use a closed pipe");
  b.p = a->to->p;
  b.timeout_ms = a->to->timeout_ms;
  if (!write_all(L, &b, 1))
    return zvm__failure_push(L, &b.err, NULL);
  return read_words(L, a->from->p, a->count, a->from->timeout_ms);
}


/***
A function for questions that have answers of one length: it takes what
`pipe:write` takes, and returns what that does if it fails, or else what
`from:words(count)` does. Each of the two has its own time. It raises an error
when one of the pipes is closed.

@function pipe:asker
@tparam zvm.pipe from
@tparam number count at most 20
@treturn function
*/
int zvm__pipe_asker(lua_State *L) {
  uint32_t timeout_ms;
  size_t count;
  asker *a;
  (void)check(L, 1, &timeout_ms);
  (void)check(L, 2, &timeout_ms);
  count = check_count(L, 3, ANSWER_MOST);
  a = lua_newuserdata(L, sizeof *a);
  a->to = lua_touserdata(L, 1);
  a->from = lua_touserdata(L, 2);
  a->count = count;
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  lua_pushcclosure(L, ask, 3);
  return 1;
}


/***
Read words of 4 bytes into a table.

@function pipe:list
@tparam number count
@tparam[opt] table into from its index 1 on, which is given back
@treturn[1] table
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code, as of `pipe:read`
*/
int zvm__pipe_list(lua_State *L) {
  uint32_t timeout_ms, words[1024] ZVM__BARE;
  zvm_pipe *p = check(L, 1, &timeout_ms);
  size_t count = check_count(L, 2, SIZE_MOST / WORD), done = 0, i;
  if (lua_isnoneornil(L, 3)) {
    lua_settop(L, 2);
    lua_createtable(L, count < PIECE ? (int)count : PIECE, 0);
  }
  luaL_checktype(L, 3, LUA_TTABLE);
  while (done < count) {
    size_t n = count - done < 1024 ? count - done : 1024;
    if (!get(L, p, words, n * WORD, timeout_ms))
      return 3;
    for (i = 0; i < n; i++) {
      lua_pushnumber(L, words[i]);
      lua_rawseti(L, 3, (int)(done + i + 1));
    }
    done += n;
    timeout_ms = ZVM_PIPE_GOES_ON;
  }
  lua_settop(L, 3);
  return 1;
}
