/*
** writer.c - an archive, written to a channel: ustar, and pax records for
** what does not fit there.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>

#include "archive.h"

#define SECOND 1000000000
#define OCTAL_MAX 077777777777LL /* TAR_DIGITS of them */
#define OWNER 1000

/* -- Bytes ---------------------------------------------------------------- */

static void send(struct tar_writer *w) {
  size_t sent = 0;
  while (!w->wrong && sent < w->used) {
    int64_t n = __zvm_put(w->channel, w->buffer + sent, w->used - sent,
                          w->at);
    if (n > 0) {
      sent += (size_t)n;
      w->at += n;
    } else {
      w->wrong = n == -EDQUOT ? "over the quota of the channel"
                              : "the channel cannot be written";
    }
  }
  w->used = 0;
}

char *__zvm_tar_room(struct tar_writer *w, size_t *size) {
  if (w->used == sizeof(w->buffer)) send(w);
  *size = sizeof(w->buffer) - w->used;
  return w->buffer + w->used;
}

void __zvm_tar_wrote(struct tar_writer *w, size_t size) {
  w->used += size;
}

static void write_bytes(struct tar_writer *w, const void *bytes,
                        size_t size) {
  const char *from = bytes;
  while (size > 0 && !w->wrong) {
    size_t room;
    char *to = __zvm_tar_room(w, &room);
    if (room > size) room = size;
    memcpy(to, from, room);
    __zvm_tar_wrote(w, room);
    from += room;
    size -= room;
  }
}

void __zvm_tar_pad(struct tar_writer *w) {
  static const char zeroes[TAR_BLOCK];
  write_bytes(w, zeroes, -w->used % TAR_BLOCK);
}

void __zvm_tar_finish(struct tar_writer *w) {
  struct tar_header end[2] = { 0 };
  write_bytes(w, end, sizeof(end));
  send(w);
}

/* -- Numbers -------------------------------------------------------------- */

/* All digits but the last place, which stays zero. */
static void write_octal(char *field, size_t size, int64_t value) {
  for (size_t i = size - 1; i-- > 0; value >>= 3)
    field[i] = (char)('0' + (value & 7));
}

static char *write_decimal(char *to, int64_t value) {
  char digits[20];
  size_t n = 0;
  do digits[n++] = (char)('0' + value % 10);
  while ((value /= 10) > 0);
  while (n > 0) *to++ = digits[--n];
  return to;
}

/* Seconds with a fraction, from ns; that has more room than a name. */
static size_t write_time(char *to, int64_t ns) {
  char *at = to;
  uint64_t value = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
  uint64_t fraction = value % SECOND;
  if (ns < 0) *at++ = '-';
  at = write_decimal(at, (int64_t)(value / SECOND));
  if (fraction == 0) return (size_t)(at - to);
  *at++ = '.';
  for (uint64_t unit = SECOND / 10; fraction > 0; unit /= 10) {
    *at++ = (char)('0' + fraction / unit);
    fraction %= unit;
  }
  return (size_t)(at - to);
}

/* -- What does not fit ---------------------------------------------------- */

static bool is_ascii(const char *text, size_t len) {
  while (len > 0)
    if (text[--len] & 0x80) return false;
  return true;
}

/* Where a name is cut into prefix and name; 0: it is a name, -1: nowhere. */
static ptrdiff_t cut_of(const char *name, size_t len) {
  if (len <= TAR_NAME_SIZE) return 0;
  for (size_t at = len - TAR_NAME_SIZE - 1; at < len - 1; at++) {
    if (at > TAR_PREFIX_SIZE) return -1;
    if (name[at] == '/' && at > 0) return (ptrdiff_t)at;
  }
  return -1;
}

static size_t digits_of(size_t value) {
  size_t n = 1;
  while (value /= 10) n++;
  return n;
}

/* Bytes of "LENGTH KEY=VALUE\n", its length counted. */
static size_t record_size(const char *key, size_t len) {
  size_t rest = strlen(key) + len + 3;
  size_t size = rest + digits_of(rest);
  return rest + digits_of(size);
}

struct record {
  const char *key, *value;
  size_t len;
};

static void write_record(struct tar_writer *w, const struct record *record) {
  char length[20];
  char *end = write_decimal(
      length, (int64_t)record_size(record->key, record->len));
  *end++ = ' ';
  write_bytes(w, length, (size_t)(end - length));
  write_bytes(w, record->key, strlen(record->key));
  write_bytes(w, "=", 1);
  write_bytes(w, record->value, record->len);
  write_bytes(w, "\n", 1);
}

/* -- Headers -------------------------------------------------------------- */

static void write_block(struct tar_writer *w, struct tar_header *h) {
  write_octal(h->uid, sizeof(h->uid), OWNER);
  write_octal(h->gid, sizeof(h->gid), OWNER);
  write_octal(h->major, sizeof(h->major), 0);
  write_octal(h->minor, sizeof(h->minor), 0);
  memcpy(h->magic, "ustar\00000", sizeof(h->magic));
  write_octal(h->sum, sizeof(h->sum) - 1, __zvm_tar_sum(h));
  h->sum[sizeof(h->sum) - 1] = ' ';
  write_bytes(w, h, sizeof(*h));
}

/* For readers that know no records: some of it, in ASCII. */
static void write_instead(char *field, const char *text, size_t len,
                          size_t room) {
  for (size_t i = 0; i < len && i < room; i++)
    field[i] = text[i] & 0x80 ? '_' : text[i];
}

static void write_records(struct tar_writer *w, const struct record *records,
                          size_t count) {
  struct tar_header h = { .name = "PaxHeaders", .type = 'x' };
  size_t size = 0;
  for (size_t i = 0; i < count; i++)
    size += record_size(records[i].key, records[i].len);
  if (count == 0) return;
  write_octal(h.mode, sizeof(h.mode), 0644);
  write_octal(h.size, sizeof(h.size), (int64_t)size);
  write_octal(h.mtime, sizeof(h.mtime), 0);
  write_block(w, &h);
  for (size_t i = 0; i < count; i++) write_record(w, &records[i]);
  __zvm_tar_pad(w);
}

/* A record where the name has no place in the header. */
static size_t place_name(struct tar_header *h, const struct tar_entry *e,
                         struct record *record) {
  ptrdiff_t cut = cut_of(e->name, e->name_len);
  if (cut < 0 || !is_ascii(e->name, e->name_len)) {
    *record = (struct record){ "path", e->name, e->name_len };
    write_instead(h->name, e->name, e->name_len, sizeof(h->name));
    return 1;
  }
  memcpy(h->prefix, e->name, (size_t)cut);
  cut += cut > 0;
  memcpy(h->name, e->name + cut, e->name_len - (size_t)cut);
  return 0;
}

static size_t place_target(struct tar_header *h, const struct tar_entry *e,
                           struct record *record) {
  if (e->target == NULL) return 0;
  write_instead(h->target, e->target, e->target_len, sizeof(h->target));
  if (e->target_len <= sizeof(h->target) && is_ascii(e->target, e->target_len))
    return 0;
  *record = (struct record){ "linkpath", e->target, e->target_len };
  return 1;
}

static size_t place_time(struct tar_header *h, const struct tar_entry *e,
                         struct record *record, char *text) {
  int64_t seconds = e->mtime < 0 ? 0 : e->mtime / SECOND;
  write_octal(h->mtime, sizeof(h->mtime), seconds);
  if (seconds * SECOND == e->mtime && seconds <= OCTAL_MAX) return 0;
  *record = (struct record){ "mtime", text, write_time(text, e->mtime) };
  return 1;
}

void __zvm_tar_write_header(struct tar_writer *w, const struct tar_entry *e) {
  struct tar_header h = { .type = e->type };
  struct record records[3];
  char time[40];
  size_t count = place_name(&h, e, records);
  count += place_target(&h, e, records + count);
  count += place_time(&h, e, records + count, time);
  write_octal(h.mode, sizeof(h.mode), e->mode & 07777);
  write_octal(h.size, sizeof(h.size), e->size);
  write_records(w, records, count);
  write_block(w, &h);
}
