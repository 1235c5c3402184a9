/*
** trap.c - answer the guest's six questions.
**
** Decode, which may refuse, then do. Arguments are copied once, out of
** registers or out of a classic block, before anything is looked at; every
** number is the guest's choice.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <xmmintrin.h>

#include "base/num.h"
#include "channel/progress.h"
#include "run.h"

enum {
  WORDS_MAX = 4,
  SIZE_MAX_PER_TRAP = INT32_MAX,
  HEAD = 2, /* words of a classic block before its arguments */
};

/* `in`: the widest form of each argument, nothing was cut off to fit. */
typedef int64_t (*trap_fn)(zvm__run *run, const uint64_t in[WORDS_MAX]);


/* -- Channels ------------------------------------------------------------ */

typedef struct transfer {
  zvm__channel *channel;
  void *bytes;
  int64_t size;
  int64_t offset;
} transfer;

/* 0 or a negated errno. `prot` is what the host will do to the buffer. */
static int64_t decode_transfer(const zvm__run *run,
                               const uint64_t in[WORDS_MAX], int prot,
                               transfer *out) {
  if (in[0] >= run->channels->count)
    return -EBADF;
  out->channel = &run->channels->list[in[0]];
  uint64_t size = in[2];
  if (size > SIZE_MAX_PER_TRAP)
    return -EINVAL;
  out->bytes = zvm__guest_range(run->map, in[1], size, prot);
  if (out->bytes == NULL)
    return -EINVAL;
  out->size = (int64_t)size;
  out->offset = (int64_t)in[3];
  return 0;
}


/*
** The call that asked for too much was the last one, if its channel says so;
** so was one that a function of the host's wants to be the last.
*/
static int64_t end_transfer(zvm__run *run, const transfer *t,
                            int64_t moved) {
  const zvm__channel *ch = t->channel;
  if (run->progress != NULL)
    zvm__progress_note(run->progress, (unsigned)(ch - run->channels->list),
                       ch);
  if (ch->stops && ch->over != ZVM_LIMITED_NONE &&
      zvm__run_out(run, ch->over))
    run->channel = (uint32_t)(ch - run->channels->list);
  if (moved == -EINTR && ch->cancelled)
    (void)zvm__run_end(run, ZVM_STATE_STOPPED);
  return moved;
}


typedef int64_t move_fn(zvm__channel *ch, void *bytes, int64_t size,
                        int64_t offset);

/*
** Nothing here calculates with floating point, so MXCSR is left as the guest
** has it: entry/leave.S. But in the host's own process there are functions of
** the host's, and others may have put theirs in the place of the C library's.
*/
static bool stays_here(const zvm__run *run, const transfer *t) {
  const zvm__channel *ch = t->channel;
  if (run->apart)
    return true;
  return ch->digest == NULL &&
         (ch->source == &zvm__source_memory ||
          ch->source == &zvm__source_null ||
          (ch->source == &zvm__source_buffer &&
           (uint64_t)ch->size + (uint64_t)t->size <= ch->room));
}


/* These calculate as the host does. */
static int64_t move_abroad(const zvm__run *run, const transfer *t,
                           move_fn *move) {
  uint32_t guests = _mm_getcsr();
  _mm_setcsr(run->ctx->host_mxcsr);
  int64_t moved = move(t->channel, t->bytes, t->size, t->offset);
  _mm_setcsr(guests);
  return moved;
}


static int64_t trap_transfer(zvm__run *run, const uint64_t in[WORDS_MAX],
                             int prot, move_fn *move) {
  transfer t;
  int64_t refused = decode_transfer(run, in, prot, &t);
  if (refused != 0)
    return refused;
  return end_transfer(run, &t,
                      stays_here(run, &t)
                          ? move(t.channel, t.bytes, t.size, t.offset)
                          : move_abroad(run, &t, move));
}


static int64_t put(zvm__channel *ch, void *bytes, int64_t size,
                   int64_t offset) {
  return zvm__channel_put(ch, bytes, size, offset);
}


static int64_t trap_pread(zvm__run *run, const uint64_t in[WORDS_MAX]) {
  return trap_transfer(run, in, PROT_WRITE, zvm__channel_get);
}


static int64_t trap_pwrite(zvm__run *run, const uint64_t in[WORDS_MAX]) {
  return trap_transfer(run, in, PROT_READ, put);
}


/* -- Code at run time ---------------------------------------------------- */

/* Whole pages, at least one, wholly inside the heap. */
static int64_t decode_pages(const zvm__run *run, const uint64_t in[WORDS_MAX]) {
  uint64_t start = in[0];
  uint64_t end;
  if (in[1] == 0 || !zvm__is_whole(start, ZVM_PAGE_SIZE) ||
      !zvm__is_whole(in[1], ZVM_PAGE_SIZE) ||
      !zvm__add(start, in[1], &end) ||
      start < run->map->heap_start || end > run->map->heap_end)
    return -EINVAL;
  return 0;
}


static int64_t trap_jail(zvm__run *run, const uint64_t in[WORDS_MAX]) {
  int64_t refused = decode_pages(run, in);
  return refused != 0 ? refused : -ENOSYS;
}


static int64_t trap_unjail(zvm__run *run, const uint64_t in[WORDS_MAX]) {
  int64_t refused = decode_pages(run, in);
  return refused != 0 ? refused : -ENOSYS;
}


/* -- The run itself ------------------------------------------------------ */

static int64_t trap_exit(zvm__run *run, const uint64_t in[WORDS_MAX]) {
  if (zvm__run_end(run, ZVM_STATE_EXIT))
    run->code = (int32_t)(uint32_t)in[0];
  return 0;
}


static int64_t trap_fork(zvm__run *run, const uint64_t in[WORDS_MAX]) {
  (void)run, (void)in;
  return -ENOSYS;
}


/* -- Dispatch ------------------------------------------------------------ */

/* The arguments are where the last trap is recorded: no copy of them. */
static int64_t act(zvm__run *run, uint32_t slot) {
  static const trap_fn table[ZVM_SLOT_COUNT] = {
#define TRAP(name, SLOT, CODE, words, doc) [ZVM_SLOT_##SLOT] = trap_##name,
#include "traps.def"
#undef TRAP
  };
  run->traps[slot]++;
  run->last.slot = (int)slot;
  int64_t result = table[slot](run, run->last.args);
  run->last.result = result;
  return result;
}


unsigned zvm__trap_words(int slot) {
  static const uint8_t table[ZVM_SLOT_COUNT] = {
      [ZVM_SLOT_TRAP] = 1,
#define TRAP(name, SLOT, CODE, words, doc) [ZVM_SLOT_##SLOT] = words,
#include "traps.def"
#undef TRAP
  };
  return slot >= 0 && slot < ZVM_SLOT_COUNT ? table[slot] : 0;
}


/* A block that asks for nothing. */
static int64_t refuse_block(zvm__run *run, uint32_t addr, int64_t refused) {
  run->last = (zvm_last_trap){ZVM_SLOT_TRAP, {addr}, refused};
  return refused;
}


/* A classic block at `addr`: each of its words is read once. */
static int64_t act_on_block(zvm__run *run, uint32_t addr) {
  uint64_t code;
  if (!zvm__guest_copy_in(run->map, &code, addr, sizeof code))
    return refuse_block(run, addr, -EINVAL);
  uint32_t slot;
  switch (code) {
#define TRAP(name, SLOT, CODE, number, doc)                              \
  case ZVM_TRAP_##CODE:                                                  \
    slot = ZVM_SLOT_##SLOT;                                              \
    break;
#include "traps.def"
#undef TRAP
  default:
    return refuse_block(run, addr, -EPERM);
  }
  uint64_t in[WORDS_MAX] = {0};
  unsigned words = zvm__trap_words((int)slot);
  if (words != 0 &&
      !zvm__guest_copy_in(run->map, in, (uint64_t)addr + HEAD * sizeof code,
                          words * sizeof code))
    return refuse_block(run, addr, -EINVAL);
  memcpy(run->last.args, in, sizeof in);
  return act(run, slot);
}


/*
** The C ABI leaves the upper half of a register that holds an int or a
** 32-bit pointer undefined: cut to the declared widths, sizes with their
** sign, so that a negative one is out of range above.
*/
int64_t zvm__trap_dispatch(void *owner, uint32_t slot, uint64_t a,
                           uint64_t b, uint64_t c, uint64_t d) {
  zvm__run *run = owner;
  if (slot == ZVM_SLOT_TRAP) {
    run->traps[slot]++;
    return act_on_block(run, (uint32_t)a);
  }
  /* Only the gate leads here: no guest address reaches the springboard. */
  ZVM_CHECK(slot < ZVM_SLOT_COUNT);
  bool pages = slot == ZVM_SLOT_JAIL || slot == ZVM_SLOT_UNJAIL;
  run->last.args[0] = (uint32_t)a;
  run->last.args[1] = (uint32_t)b;
  run->last.args[2] = pages ? 0 : (uint64_t)(int64_t)(int32_t)c;
  run->last.args[3] = pages ? 0 : d;
  return act(run, slot);
}
