/*
** lhostend.c - the script's own end of a pipe: bytes, and words of 4 bytes.
**
** Strings and lengths are looked at before anything is moved: an error leaves
** the stream as it was. Pieces of one call have its time together: the other
** side, which sends a byte now and then, does not make it longer. That time
** passes in slices, between which Lua may interrupt the call: what was moved
** until then is gone from the one side, or on its way to the other.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <math.h>
#include <string.h>

#include "base/bare.h"
#include "base/clock.h"
#include "lchannel.h"

enum {
  WORD = 4,
  SHORT = 64,                 /* a string that is copied, not pointed to */
  PARTS = 16,                 /* that are written at once */
  TOGETHER = 1024,            /* bytes of short ones, likewise */
  WORDS_MOST = 200,           /* that fit on Lua's stack */
  PIECE = 64 * 1024,
};

#define SIZE_MOST ((lua_Number)(1 << 30))


/* One call's waiting. */
typedef struct waiting {
  lua_State *L;
  const zvm__lpipe *lp; /* the call has it on Lua's stack, or as an upvalue */
  uint32_t timeout_ms;  /* of the next piece                                */
  uint64_t until_ns;    /* 0: no slice has passed yet                       */
} waiting;


uint32_t zvm__pipe_slice_ms(const zvm__lpipe *lp) {
  return lp->timeout_ms != 0 && lp->timeout_ms < ZVM__SLICE_MS
             ? lp->timeout_ms
             : ZVM__SLICE_MS;
}


static void wait_for(waiting *w, lua_State *L, const zvm__lpipe *lp) {
  w->L = L;
  w->lp = lp;
  w->timeout_ms = zvm__pipe_slice_ms(lp);
  w->until_ns = 0;
}


/* Is there another slice? */
static bool has_time(waiting *w) {
  uint64_t now = zvm__now_ns();
  uint32_t most_ms = w->lp->timeout_ms;
  w->timeout_ms = ZVM__SLICE_MS;
  if (most_ms == 0)
    return true;
  if (w->until_ns == 0)
    w->until_ns = now + (most_ms - zvm__pipe_slice_ms(w->lp)) * ZVM__MS_NS;
  if (now >= w->until_ns)
    return false;
  if (w->until_ns - now < ZVM__SLICE_MS * ZVM__MS_NS)
    w->timeout_ms = (uint32_t)((w->until_ns - now) / ZVM__MS_NS) + 1;
  return true;
}


/* A piece did not get through: is it that only a slice has passed? */
static bool goes_on(waiting *w, zvm_status st) {
  if (st != ZVM_E_TIMEOUT || !has_time(w))
    return false;
  zvm__let_hook(w->L);
  if (w->lp->p == NULL)
    luaL_error(w->L, "attempt to use a closed pipe");
  return true;
}


static const zvm__lpipe *check(lua_State *L, int index) {
  const zvm__lpipe *lp = zvm__checkself(L, index, ZVM__PIPE_TYPE);
  luaL_argcheck(L, lp->p != NULL, index, "attempt to use a closed pipe");
  return lp;
}


static size_t check_count(lua_State *L, int index, lua_Number most) {
  lua_Number n = luaL_checknumber(L, index);
  luaL_argcheck(L, n >= 0 && n <= most && n == floor(n), index,
                "whole number in bounds expected");
  return (size_t)n;
}


/* -- Write --------------------------------------------------------------- */

typedef struct outbox {
  waiting wait;
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


/* The parts without so many bytes: the index of the first that is left. */
static size_t pass(outbox *b, size_t i, size_t bytes) {
  while (i < b->count && bytes > 0) {
    struct iovec *part = &b->parts[i];
    size_t n = bytes < part->iov_len ? bytes : part->iov_len;
    part->iov_base = (char *)part->iov_base + n;
    part->iov_len -= n;
    bytes -= n;
    if (part->iov_len == 0)
      i++;
  }
  return i;
}


/* Who writes nothing needs no end of the pipe. */
static void put(outbox *b) {
  waiting *w = &b->wait;
  size_t first = 0, moved;
  while (b->status == ZVM_OK && first < b->count) {
    b->status = zvm_pipe_writev(w->lp->p, b->parts + first, b->count - first,
                                w->timeout_ms, &moved, &b->err);
    w->timeout_ms = ZVM_PIPE_GOES_ON;
    if (b->status == ZVM_OK)
      break;
    if (goes_on(w, b->status)) {
      first = pass(b, first, moved);
      b->status = ZVM_OK;
    }
  }
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
  wait_for(&b.wait, L, check(L, 1));
  if (!write_all(L, &b, 2))
    return zvm__failure_push(L, &b.err, NULL);
  lua_pushboolean(L, 1);
  return 1;
}


/* -- Read ---------------------------------------------------------------- */

int zvm__pipe_failure_push(lua_State *L, const zvm_error *err) {
  if (err->status != ZVM_OK)
    return zvm__failure_push(L, err, NULL);
  lua_pushliteral(L, "the other side of the pipe has ended");
  return zvm__failure_wrap(L, "END");
}


static bool failed(lua_State *L, const zvm_error *err) {
  (void)zvm__pipe_failure_push(L, err);
  return false;
}


/* All of it, or nil, message, code are pushed and false is returned. */
static bool get(waiting *w, void *to, size_t size) {
  size_t done = 0, moved;
  zvm_status st;
  zvm_error err ZVM__BARE;
  err.status = ZVM_OK;
  do {
    st = zvm_pipe_read(w->lp->p, (char *)to + done, size - done, w->timeout_ms,
                       &moved, &err);
    w->timeout_ms = ZVM_PIPE_GOES_ON;
    done += moved;
    if (st == ZVM_OK)
      return done == size || failed(w->L, &err);
  } while (goes_on(w, st));
  return failed(w->L, &err);
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
  waiting w;
  luaL_Buffer b;
  size_t size;
  wait_for(&w, L, check(L, 1));
  size = check_count(L, 2, SIZE_MOST);
  luaL_buffinit(L, &b);
  while (size > 0) {
    char *to = luaL_prepbuffer(&b);
    size_t n = size < LUAL_BUFFERSIZE ? size : LUAL_BUFFERSIZE;
    if (!get(&w, to, n))
      return 3;
    luaL_addsize(&b, n);
    size -= n;
  }
  luaL_pushresult(&b);
  return 1;
}


static int read_words(lua_State *L, const zvm__lpipe *lp, size_t count) {
  uint32_t words[WORDS_MOST] ZVM__BARE;
  waiting w;
  size_t i;
  wait_for(&w, L, lp);
  if (!get(&w, words, count * WORD))
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
  const zvm__lpipe *lp = check(L, 1);
  size_t count = check_count(L, 2, WORDS_MOST);
  luaL_checkstack(L, WORDS_MOST, "pipe:words");
  return read_words(L, lp, count);
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
  uint32_t words[1024] ZVM__BARE;
  const zvm__lpipe *lp = check(L, 1);
  waiting w;
  size_t count = check_count(L, 2, SIZE_MOST / WORD), done = 0, i;
  if (lua_isnoneornil(L, 3)) {
    lua_settop(L, 2);
    lua_createtable(L, count < PIECE ? (int)count : PIECE, 0);
  }
  luaL_checktype(L, 3, LUA_TTABLE);
  wait_for(&w, L, lp);
  while (done < count) {
    size_t n = count - done < 1024 ? count - done : 1024;
    if (!get(&w, words, n * WORD))
      return 3;
    for (i = 0; i < n; i++) {
      lua_pushnumber(L, words[i]);
      lua_rawseti(L, 3, (int)(done + i + 1));
    }
    done += n;
  }
  lua_settop(L, 3);
  return 1;
}
