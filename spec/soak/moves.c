/*
** moves.c - trials that compute and print, from and to all that a channel can
** be.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../core/guest.h"
#include "base/digest.h"
#include "guests.h"
#include "soak.h"

enum {
  MANY = 300, /* channels, more than a message takes */
  PIPE_ROOM = 65536,
};

/* Files of as many random bytes as there are handles. */
static struct {
  int fd[2];
  uint8_t bytes[2][MANY + 3];
  char alias[MANY][16];
} many;


/* -- Exits and what they move -------------------------------------------- */

void exit_code_of(trial *t) {
  uint32_t code = (uint32_t)pick(t, 1ull << 32);
  add_input(t, &code, sizeof code);
  if (!go(t, exits))
    return;
  must_exit(t, (int32_t)code);
  MUST(t, t->r.traps[ZVM_SLOT_PREAD] == 1);
  MUST(t, channel_of(t, "/dev/stdin")->used[ZVM_LIMIT_GET_SIZE] == 4);
}


/* In place; the guest's code. */
static uint32_t mix(uint8_t *bytes, size_t size) {
  uint32_t sum = 0x9e3779b9;
  for (size_t i = 0; i < size; i++) {
    sum = (sum + bytes[i]) * 0x01000193;
    bytes[i] = (uint8_t)(sum >> 24);
  }
  return sum;
}


static bool digest_is(const zvm_channel_report *ch, const void *bytes,
                      size_t size) {
  uint8_t want[ZVM__DIGEST_SIZE];
  return ch->has_etag && zvm__digest_of(bytes, size, want) &&
         memcmp(want, ch->etag, sizeof want) == 0;
}


/* Counted, digested, and the right bytes where they should be. */
static void check_mixed(trial *t, size_t size, const uint8_t *out) {
  const zvm_channel_report *in = channel_of(t, "/dev/stdin");
  const zvm_channel_report *to = channel_of(t, "/dev/stdout");
  size_t puts = (size + CHUNK - 1) / CHUNK;
  MUST(t, digest_is(in, t->input, size));
  uint32_t sum = mix(t->input, size);
  must_exit(t, (int32_t)sum);
  MUST(t, in->used[ZVM_LIMIT_GET_SIZE] == (int64_t)size);
  MUST(t, to->used[ZVM_LIMIT_PUT_SIZE] == (int64_t)size);
  MUST(t, to->used[ZVM_LIMIT_PUTS] == (int64_t)puts);
  MUST(t, t->r.traps[ZVM_SLOT_PREAD] == puts + 1);
  MUST(t, digest_is(to, t->input, size));
  MUST(t, in->os == 0 && to->os == 0);
  MUST(t, size == 0 || (out != NULL && memcmp(out, t->input, size) == 0));
}


void mix_memory(trial *t) {
  size_t size = pick(t, 40000);
  fill_input(t, size);
  add_input(t, t->input, size)->etag = ZVM_ETAG_SHA256;
  add_channel(t, "/dev/stdout", ZVM_SOURCE_BUFFER)->etag = ZVM_ETAG_SHA256;
  if (!go(t, mixes))
    return;
  const zvm_channel_report *to = channel_of(t, "/dev/stdout");
  MUST(t, to->size == size);
  check_mixed(t, size, to->data);
}


/* Another file has the trial's name now. */
static bool follow_name(trial *t) {
  int now = open(t->path, O_RDWR | O_CLOEXEC);
  bool ok = now >= 0 && dup3(now, t->file, O_CLOEXEC) == t->file;
  if (now >= 0)
    (void)close(now);
  return ok;
}


/* One file, from a descriptor to a path or the other way round. */
void mix_file(trial *t) {
  size_t size = pick(t, 100000);
  int in = memfd_create("soak", MFD_CLOEXEC);
  fill_input(t, size);
  bool ok = in >= 0 && write(in, t->input, size) == (ssize_t)size &&
            lseek(in, 0, SEEK_SET) == 0;
  zvm_channel_options *o = add_channel(t, "/dev/stdin", ZVM_SOURCE_FD);
  o->fd = in;
  o->etag = ZVM_ETAG_SHA256;
  o->type = (int)pick(t, 2) * ZVM_TYPE_SGET_RPUT;
  o = add_channel(t, "/dev/stdout", ZVM_SOURCE_FILE);
  o->path = t->path;
  o->mode = ZVM_MODE_WRITE;
  o->etag = ZVM_ETAG_SHA256;
  bool in_place = o->partial = once_in(t, 2);
  if (!ok)
    blame(t, "no file for the input");
  else if (go(t, mixes)) {
    struct stat st;
    MUST(t, in_place || follow_name(t));
    MUST(t, pread(t->file, t->output, size + 1, 0) == (ssize_t)size);
    MUST(t, fstat(t->file, &st) == 0 && st.st_size == (off_t)size);
    check_mixed(t, size, t->output);
  }
  (void)close(in);
}


/* Two pipes that have room for all of it. */
void mix_pipes(trial *t) {
  size_t size = pick(t, PIPE_ROOM - CHUNK);
  int in[2] = {-1, -1};
  fill_input(t, size);
  bool ok = pipe2(in, O_CLOEXEC) == 0 && pipe2(t->pipe, O_CLOEXEC) == 0 &&
            write(in[1], t->input, size) == (ssize_t)size;
  (void)close(in[1]);
  zvm_channel_options *o = add_channel(t, "/dev/stdin", ZVM_SOURCE_FD);
  o->fd = in[0];
  o->etag = ZVM_ETAG_SHA256;
  o = add_channel(t, "/dev/stdout", ZVM_SOURCE_FD);
  o->fd = t->pipe[1];
  o->mode = ZVM_MODE_WRITE;
  o->etag = ZVM_ETAG_SHA256;
  if (!ok)
    blame(t, "no pipes");
  else if (go(t, mixes)) {
    MUST(t, size == 0 ||
                read(t->pipe[0], t->output, PIPE_ROOM) == (ssize_t)size);
    check_mixed(t, size, t->output);
  }
  (void)close(in[0]);
}


void flood(trial *t) {
  uint32_t words[2] = {1 + (uint32_t)pick(t, 64), (uint32_t)pick(t, 1 << 30)};
  add_input(t, words, sizeof words);
  zvm_channel_options *o =
      add_channel(t, "/dev/stdout", ZVM_SOURCE_BUFFER);
  o->etag = once_in(t, 2);
  if (!go(t, floods))
    return;
  const zvm_channel_report *to = channel_of(t, "/dev/stdout");
  size_t size = words[0] * (size_t)PIECE;
  must_exit(t, PIECE);
  MUST(t, to->size == size && to->used[ZVM_LIMIT_PUTS] == words[0]);
  const uint8_t *bytes = to->data;
  uint32_t x = words[1], bad = 0, word;
  for (size_t i = 0; i < size && to->size == size; i += sizeof word) {
    x = x * 1664525 + 1013904223;
    memcpy(&word, bytes + i, sizeof word);
    bad += word != x;
  }
  MUST(t, bad == 0);
  MUST(t, to->has_etag == o->etag);
  MUST(t, !o->etag || digest_is(to, bytes, to->size));
}


void gather(trial *t) {
  uint32_t hash = 0;
  unsigned first = (unsigned)pick(t, 2);
  for (unsigned i = 0; i < MANY; i++) {
    unsigned which = (i + first) % 2;
    zvm_channel_options *o =
        add_channel(t, many.alias[i], ZVM_SOURCE_FD);
    o->fd = many.fd[which];
    o->type = ZVM_TYPE_RGET_SPUT;
    hash = hash * 31 + many.bytes[which][i + 3];
  }
  if (!go(t, gathers))
    return;
  must_exit(t, (int32_t)hash);
  for (unsigned i = 0; i < MANY; i++)
    MUST(t, t->r.channels[i + 3].used[ZVM_LIMIT_GET_SIZE] == 1);
}


bool moves_prepare(void) {
  unsigned seed = 1;
  for (int i = 0; i < 2; i++) {
    for (int k = 0; k < MANY + 3; k++)
      many.bytes[i][k] = (uint8_t)(rand_r(&seed) >> 8);
    many.fd[i] = memfd_create("soak", MFD_CLOEXEC);
    if (write(many.fd[i], many.bytes[i], MANY + 3) != MANY + 3)
      return false;
  }
  for (int i = 0; i < MANY; i++)
    (void)snprintf(many.alias[i], sizeof many.alias[i], "/dev/x%03d", i);
  return true;
}


void moves_free(void) {
  (void)close(many.fd[0]);
  (void)close(many.fd[1]);
}
