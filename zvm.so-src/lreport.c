/*
** lreport.c - a report as a plain Lua table: a value, printable, comparable.
**
** Addresses are numbers (all are far below 2^53); registers and digests are
** hex strings; times are seconds.
**
** The tables that each report has are made by two functions of Lua's: field by
** field, each name would be hashed anew, and that takes twice as long.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "laux.h"

/* -- Shapes -------------------------------------------------------------- */

/* Numbers of traps come in the order of slots, as in zvm__slot_names. */
static const char shapes[] =
  "local function report(state, code, channels, wall, user, system, trap,\n"
  "    pread, pwrite, jail, unjail, exit, fork, gets, get_bytes, puts,\n"
  "    put_bytes, peak_memory, page_faults, faults_handled)\n"
  "  return { state = state, code = code, channels = channels,\n"
  "    times = { wall = wall, user = user, system = system },\n"
  "    traps = { trap = trap, pread = pread, pwrite = pwrite, jail = jail,\n"
  "      unjail = unjail, exit = exit, fork = fork },\n"
  "    totals = { gets = gets, get_bytes = get_bytes, puts = puts,\n"
  "      put_bytes = put_bytes },\n"
  "    usage = { peak_memory = peak_memory, page_faults = page_faults,\n"
  "      faults_handled = faults_handled } }\n"
  "end\n"
  "local function channel(alias, type, gets, get_bytes, puts, put_bytes)\n"
  "  return { alias = alias, type = type, gets = gets,\n"
  "    get_bytes = get_bytes, puts = puts, put_bytes = put_bytes }\n"
  "end\n"
  "return { report, channel }\n";

enum { SHAPE_REPORT = 1, SHAPE_CHANNEL = 2 };


/* In the registry, by the address of their text. */
void zvm__report_open(lua_State *L) {
  lua_pushlightuserdata(L, (void *)(uintptr_t)shapes);
  if (luaL_loadbuffer(L, shapes, sizeof shapes - 1, "=zvm.report") != 0)
    lua_error(L);
  lua_call(L, 0, 1);
  lua_rawset(L, LUA_REGISTRYINDEX);
}


static void push_shapes(lua_State *L) {
  lua_pushlightuserdata(L, (void *)(uintptr_t)shapes);
  lua_rawget(L, LUA_REGISTRYINDEX);
}


/* -- Pieces -------------------------------------------------------------- */

static void set_number(lua_State *L, const char *name, lua_Number n) {
  lua_pushnumber(L, n);
  lua_setfield(L, -2, name);
}


static void set_text(lua_State *L, const char *name, const char *text) {
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}


static void set_word(lua_State *L, const char *name, uint64_t word) {
  char text[24];
  snprintf(text, sizeof text, "0x%" PRIx64, word);
  set_text(L, name, text);
}


static const char *access_name(char access) {
  switch (access) {
  case 'r': return "read";
  case 'w': return "write";
  case 'x': return "execute";
  default: return NULL;
  }
}


const char *const zvm__slot_names[ZVM_SLOT_COUNT] = {
  [ZVM_SLOT_TRAP] = "trap",     [ZVM_SLOT_PREAD] = "pread",
  [ZVM_SLOT_PWRITE] = "pwrite", [ZVM_SLOT_JAIL] = "jail",
  [ZVM_SLOT_UNJAIL] = "unjail", [ZVM_SLOT_EXIT] = "exit",
  [ZVM_SLOT_FORK] = "fork",
};


/* A size or an offset that is negative is shown so; beyond 2^53 all round. */
static void set_arguments(lua_State *L, const char *const *names, int count,
                          const uint64_t *args) {
  int i;
  for (i = 0; i < count; i++)
    set_number(L, names[i], (lua_Number)(int64_t)args[i]);
}


static void push_last_trap(lua_State *L, const zvm_last_trap *last) {
  static const char *const channel[] = {"handle", "address", "size", "offset"};
  static const char *const pages[] = {"address", "size"};
  lua_createtable(L, 0, 6);
  set_text(L, "name", zvm__slot_names[last->slot]);
  switch (last->slot) {
  case ZVM_SLOT_PREAD:
  case ZVM_SLOT_PWRITE:
    set_arguments(L, channel, 4, last->args);
    break;
  case ZVM_SLOT_JAIL:
  case ZVM_SLOT_UNJAIL:
    set_arguments(L, pages, 2, last->args);
    break;
  case ZVM_SLOT_TRAP: /* a classic block that asks for nothing */
    set_arguments(L, pages, 1, last->args);
    break;
  }
  set_number(L, "result", (lua_Number)last->result);
}


static void push_fault(lua_State *L, const zvm_fault *fault) {
  static const char *const names[16] = {
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
    "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
  };
  const char *access = access_name(fault->access);
  int i;
  lua_createtable(L, 0, 11);
  set_text(L, "kind", zvm_fault_name(fault->kind));
  set_text(L, "text", zvm_fault_text(fault->kind));
  set_number(L, "signal", fault->signal);
  set_number(L, "pc", (lua_Number)fault->pc);
  if (access != NULL) {
    set_number(L, "address", (lua_Number)fault->address);
    set_text(L, "access", access);
  }
  set_word(L, "flags", fault->flags);
  lua_createtable(L, 0, 16);
  for (i = 0; i < 16; i++)
    set_word(L, names[i], fault->regs[i]);
  lua_setfield(L, -2, "registers");
  if (fault->last.slot != ZVM_SLOT_NONE) {
    push_last_trap(L, &fault->last);
    lua_setfield(L, -2, "last_trap");
  }
}


static void set_etag(lua_State *L, const char *name, const uint8_t *etag,
                     zvm_etag algorithm) {
  zvm__hex_push(L, etag, zvm_etag_size(algorithm));
  lua_setfield(L, -2, name);
}


/* Of a lost run nothing is known: no number is better than a wrong one. */
static void push_counters(lua_State *L, const int64_t used[ZVM_LIMIT_COUNT],
                          bool known) {
  int i;
  for (i = 0; i < ZVM_LIMIT_COUNT; i++)
    if (known)
      lua_pushnumber(L, (lua_Number)used[i]);
    else
      lua_pushnil(L);
}


/* `shapes`: where they are on the stack. */
static void push_channel(lua_State *L, int shapes,
                         const zvm_channel_report *ch, bool collected,
                         bool known) {
  lua_rawgeti(L, shapes, SHAPE_CHANNEL);
  lua_pushstring(L, ch->alias);
  lua_pushnumber(L, ch->type);
  push_counters(L, ch->used, known);
  lua_call(L, 2 + ZVM_LIMIT_COUNT, 1);
  if (!known)
    return;
  if (ch->has_etag)
    set_etag(L, "etag", ch->etag, ch->algorithm);
  if (ch->has_final_etag)
    set_etag(L, "final_etag", ch->final_etag, ch->algorithm);
  if (collected) {
    lua_pushlstring(L, ch->size > 0 ? ch->data : "", ch->size);
    lua_setfield(L, -2, "data");
  }
  if (ch->os != 0) {
    set_text(L, "error", strerror(ch->os));
    set_number(L, "errno", ch->os);
  }
}


static void push_channels(lua_State *L, int shapes, const zvm_report *report,
                          zvm__name_fn name, const void *ctx) {
  /* Handles 0, 1 and 2 have this key whatever the caller called them. */
  static const char *const standard[3] = {"stdin", "stdout", "stderr"};
  size_t i;
  lua_createtable(L, 0, (int)report->channels_count);
  for (i = 0; i < report->channels_count; i++) {
    const zvm_channel_report *ch = &report->channels[i];
    bool collected = false;
    const char *key = name(ctx, ch->alias, &collected);
    push_channel(L, shapes, ch, collected, report->state != ZVM_STATE_LOST);
    if (i < 3 && strcmp(key, standard[i]) != 0) {
      lua_pushvalue(L, -1);
      lua_setfield(L, -3, standard[i]);
    }
    lua_setfield(L, -2, key);
  }
}


static void push_totals(lua_State *L, const zvm_report *report) {
  int64_t sum[ZVM_LIMIT_COUNT] = {0};
  size_t i;
  int k;
  for (i = 0; i < report->channels_count; i++)
    for (k = 0; k < ZVM_LIMIT_COUNT; k++)
      if (__builtin_add_overflow(sum[k], report->channels[i].used[k],
                                 &sum[k]))
        sum[k] = INT64_MAX;
  push_counters(L, sum, report->state != ZVM_STATE_LOST);
}


/* Limits of channels by the names that options have for them. */
static const char *limit_name(zvm_limited limit) {
  if (limit == ZVM_LIMITED_GET_SIZE)
    return "get_bytes";
  if (limit == ZVM_LIMITED_PUT_SIZE)
    return "put_bytes";
  return zvm_limited_name(limit);
}


static void push_limit(lua_State *L, const zvm_report *report,
                       zvm__name_fn name, const void *ctx) {
  bool collected;
  set_text(L, "limit", limit_name(report->limit));
  if (report->channel != NULL)
    set_text(L, "channel", name(ctx, report->channel, &collected));
}


/* -- The whole ----------------------------------------------------------- */

/* What each report has. */
static void push_common(lua_State *L, const zvm_report *report,
                        zvm__name_fn name, const void *ctx) {
  int shapes, i;
  push_shapes(L);
  shapes = lua_gettop(L);
  lua_rawgeti(L, shapes, SHAPE_REPORT);
  lua_pushstring(L, zvm_state_name(report->state));
  if (report->state == ZVM_STATE_EXIT)
    lua_pushnumber(L, report->code);
  else
    lua_pushnil(L);
  push_channels(L, shapes, report, name, ctx);
  lua_pushnumber(L, (lua_Number)report->wall_ns / 1e9);
  lua_pushnumber(L, (lua_Number)report->user_ns / 1e9);
  lua_pushnumber(L, (lua_Number)report->system_ns / 1e9);
  for (i = 0; i < ZVM_SLOT_COUNT; i++)
    lua_pushnumber(L, (lua_Number)report->traps[i]);
  push_totals(L, report);
  lua_pushnumber(L, (lua_Number)report->peak_memory);
  lua_pushnumber(L, (lua_Number)report->page_faults);
  lua_pushnumber(L, (lua_Number)report->faults_handled);
  lua_call(L, 6 + ZVM_SLOT_COUNT + ZVM_LIMIT_COUNT + 3, 1);
  lua_replace(L, shapes);
}


void zvm__report_push(lua_State *L, const zvm_report *report,
                      zvm__name_fn name, zvm_etag memory_etag,
                      const void *ctx) {
  push_common(L, report, name, ctx);
  switch (report->state) {
  case ZVM_STATE_FAULT:
    push_fault(L, &report->fault);
    lua_setfield(L, -2, "fault");
    break;
  case ZVM_STATE_STOPPED:
    set_number(L, "signal", report->signal);
    break;
  case ZVM_STATE_LOST:
    set_text(L, "message", report->message);
    break;
  case ZVM_STATE_LIMIT:
    push_limit(L, report, name, ctx);
    break;
  case ZVM_STATE_EXIT:
  case ZVM_STATE_TIMEOUT:
    break;
  }
  if (report->has_memory_etag)
    set_etag(L, "memory_etag", report->memory_etag, memory_etag);
  if (report->trace_os != 0)
    set_text(L, "trace_error", strerror(report->trace_os));
}
