/*
** nvram.c - a start block as ZeroVM's programs know it: text in sections.
**
**   [env]
**   name=HOME, value=/home
**   [fstab]
**   channel=/dev/1.tar, mountpoint=/, access=ro, removable=no
**
** A line is a record of keys and values; \x2c in one is a comma, and # makes
** the rest of the line a comment. All of it is read twice: to count, and to
** keep. What is wrong anywhere ends the program before it began.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdlib.h>
#include <string.h>

#include "start.h"

/*
** It is part of all programs, and few run it: small before all else, and
** behind all other text, so that it parts none that is used together.
*/
#pragma GCC optimize("Os")
#define RARE __attribute__((__section__("rare")))

enum { SIZE_MAX_BYTES = 1 << 20, KEYS = 5, DAMAGED = 125 };

struct slice {
  char *s;
  size_t n;
};

struct nvram {
  char *at, *end;
  unsigned line;
  bool keeps; /* the second time */
  size_t words, variables, mounts;
  bool has_args;
  char **argv, **envp; /* with room for what is counted */
  zvm_abi_mount *mount;
  unsigned char *types; /* of each channel */
  char *room;           /* for what is kept */
};

/* -- What is wrong ------------------------------------------------------- */

RARE static char *put(char *to, char *end, const char *text, size_t n) {
  for (size_t i = 0; i < n && to < end; i++)
    *to++ = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
  return to;
}

RARE static _Noreturn void refuse(unsigned line, const char *what,
                                  struct slice which) {
  char text[200], number[12], *to = text, *end = text + sizeof text - 1;
  char *digit = number + sizeof number;
  to = put(to, end, "zvm: /dev/nvram: ", 17);
  if (line) {
    for (unsigned n = line; n; n /= 10) *--digit = (char)('0' + n % 10);
    to = put(to, end, "line ", 5);
    to = put(to, end, digit, (size_t)(number + sizeof number - digit));
    to = put(to, end, ": ", 2);
  }
  to = put(to, end, what, strlen(what));
  if (which.s) {
    to = put(to, end, ": ", 2);
    to = put(to, end, which.s, which.n < 80 ? which.n : 80);
  }
  *to++ = '\n';
  zvm_pwrite(2, text, to - text, 0);
  zvm_exit(DAMAGED);
}

/* -- Pieces of text ------------------------------------------------------ */

RARE static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

RARE static struct slice trim(char *s, char *end) {
  while (s < end && is_space(*s)) s++;
  while (s < end && is_space(end[-1])) end--;
  return (struct slice){ s, (size_t)(end - s) };
}

RARE static bool is(struct slice v, const char *text) {
  return strlen(text) == v.n && !memcmp(v.s, text, v.n);
}

RARE static int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
** A copy with an end, and without escapes. All that is kept of a record, ends
** included, takes less than the record did with its keys.
*/
RARE static char *keep(struct nvram *p, struct slice v, char end_of_it) {
  char *start = p->room, *end = v.s + v.n;
  for (char *s = v.s; s < end; s++) {
    bool escape = end - s > 1 && s[0] == '\\' && s[1] == 'x';
    int high = escape && end - s > 3 ? hex(s[2]) : -1;
    int low = high >= 0 ? hex(s[3]) : -1;
    if (escape && low < 0)
      refuse(p->line, "no two hexadecimal digits after \\x", v);
    if (low >= 0) s += 3;
    if (low == 0 && high == 0) refuse(p->line, "a value has a zero byte", v);
    *p->room++ = low >= 0 ? (char)(high << 4 | low) : *s;
  }
  *p->room++ = end_of_it;
  return start;
}

/* -- Sections ------------------------------------------------------------ */

typedef void handle_fn(struct nvram *p, struct slice v[KEYS]);

/* The words of `v`, those in double quotes whole. */
RARE static void take_args(struct nvram *p, struct slice v[KEYS]) {
  char *s = v[0].s, *end = s + v[0].n;
  p->has_args = true;
  while (s < end) {
    struct slice word = { s, 0 };
    if (*s == ' ' || *s == '\t') {
      s++;
      continue;
    }
    bool quoted = *s == '"';
    if (quoted) word.s = ++s;
    while (s < end && (quoted ? *s != '"' : *s != ' ' && *s != '\t')) s++;
    word.n = (size_t)(s - word.s);
    if (quoted && s == end) refuse(p->line, "a quote has no end", v[0]);
    s += s < end; /* the byte that gives way to the word's end */
    if (p->keeps) p->argv[p->words] = keep(p, word, 0);
    p->words++;
  }
}

RARE static void take_variable(struct nvram *p, struct slice v[KEYS]) {
  char *text, **e = p->envp;
  if (!v[0].n || memchr(v[0].s, '=', v[0].n))
    refuse(p->line, "no name of a variable", v[0]);
  p->variables++;
  if (!p->keeps) return;
  text = keep(p, v[0], '=');
  size_t n = (size_t)(p->room - text);
  keep(p, v[1], 0);
  while (*e && strncmp(*e, text, n)) e++;
  if (!*e) e[1] = NULL;
  *e = text;
}

RARE static int channel_of(const struct nvram *p, struct slice v) {
  char name[256];
  int channel = -1;
  if (v.n < sizeof name) {
    memcpy(name, v.s, v.n);
    name[v.n] = 0;
    channel = __zvm_channel_named(name);
  }
  if (channel < 0) refuse(p->line, "there is no such channel", v);
  return channel;
}

RARE static bool is_path(struct slice v) {
  size_t part = 0;
  if (!v.n || v.s[0] != '/' || v.n > 4095) return false;
  if (v.n == 1) return true;
  for (size_t i = 1; i <= v.n; i++) {
    if (i < v.n && v.s[i] != '/') {
      part++;
      continue;
    }
    if (!part || part > 255) return false;
    if (v.s[i - 1] == '.' && (part == 1 || (part == 2 && v.s[i - 2] == '.')))
      return false;
    part = 0;
  }
  return true;
}

/* An archive that is read (ro) is an image; one that is written gets what is
** there at the exit. What ZRT's `removable` told apart has no meaning here. */
RARE static void take_mount(struct nvram *p, struct slice v[KEYS]) {
  int channel = channel_of(p, v[0]);
  const zvm_abi_channel *ch =
      (const zvm_abi_channel *)START_BLOCK->channels + channel;
  bool image = is(v[2], "ro");
  if (!is_path(v[1])) refuse(p->line, "no absolute path", v[1]);
  if (!image && !is(v[2], "rw") && !is(v[2], "wo"))
    refuse(p->line, "access is ro, rw or wo", v[2]);
  if (v[3].s && !is(v[3], "yes") && !is(v[3], "no"))
    refuse(p->line, "removable is yes or no", v[3]);
  if (v[4].s && !is(v[4], "tar"))
    refuse(p->line, "no such file system", v[4]);
  if (image && (!(ch->type & 1) || !ch->limits[0]))
    refuse(p->line, "an image is read at random", v[0]);
  if (!image && !ch->limits[2])
    refuse(p->line, "the channel cannot be written", v[0]);
  if (p->keeps)
    p->mount[p->mounts] = (zvm_abi_mount){
      .kind = image ? ZVM_MOUNT_IMAGE : ZVM_MOUNT_EXPORT,
      .channel = (uint32_t)channel,
      .path = (uint32_t)keep(p, v[1], 0),
    };
  p->mounts++;
}

RARE static void take_mapping(struct nvram *p, struct slice v[KEYS]) {
  int channel = channel_of(p, v[0]);
  int type = is(v[1], "pipe")   ? CHANNEL_PIPE
             : is(v[1], "char") ? CHANNEL_CHARACTER
             : is(v[1], "file") ? CHANNEL_FILE
                                : CHANNEL_AS_IT_IS;
  if (type == CHANNEL_AS_IT_IS)
    refuse(p->line, "mode is pipe, char or file", v[1]);
  if (p->keeps) p->types[channel] = (unsigned char)type;
}

RARE static void take_time(struct nvram *p, struct slice v[KEYS]) {
  int64_t seconds = 0;
  bool ok = v[0].n > 0 && v[0].n <= 10;
  for (size_t i = 0; i < v[0].n && ok; i++) {
    ok = v[0].s[i] >= '0' && v[0].s[i] <= '9';
    seconds = seconds * 10 + (v[0].s[i] - '0');
  }
  if (!ok || seconds > 7258118400) /* 2200 */
    refuse(p->line, "seconds are a number up to 7258118400", v[0]);
  if (p->keeps)
    __zvm_clock_shift = seconds * 1000000000 - START_BLOCK->clock;
}

RARE static void ignore(struct nvram *p, struct slice v[KEYS]) {
  (void)p, (void)v;
}

static const struct section {
  const char *name;
  const char *keys[KEYS + 1];
  size_t needed; /* so many of the keys, the first ones */
  handle_fn *handle;
} sections[] = {
  { "args", { "args" }, 1, take_args },
  { "env", { "name", "value" }, 2, take_variable },
  { "fstab",
    { "channel", "mountpoint", "access", "removable", "fsname" },
    3,
    take_mount },
  { "mapping", { "channel", "mode" }, 2, take_mapping },
  { "time", { "seconds" }, 1, take_time },
  { "debug", { "verbosity" }, 0, ignore },
  { "precache", { "precache" }, 0, ignore },
};

RARE static const struct section *section_of(const struct nvram *p,
                                             struct slice line) {
  struct slice name = trim(line.s + 1, line.s + line.n - 1);
  if (line.n < 2 || line.s[line.n - 1] != ']')
    refuse(p->line, "a section has no ]", line);
  for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
    if (is(name, sections[i].name)) return &sections[i];
  refuse(p->line, "no such section", name);
}

/* -- Lines --------------------------------------------------------------- */

/* One key=value of the record that ends at `end`; gives what is behind it. */
RARE static char *take_pair(const struct nvram *p, const struct section *at,
                            char *s, char *end, struct slice v[KEYS]) {
  char *comma = memchr(s, ',', (size_t)(end - s));
  char *stop = comma ? comma : end;
  char *equals = memchr(s, '=', (size_t)(stop - s));
  struct slice key = trim(s, equals ? equals : stop);
  size_t i = 0;
  if (!equals) refuse(p->line, "key=value is expected", key);
  while (at->keys[i] && !is(key, at->keys[i])) i++;
  if (!at->keys[i]) refuse(p->line, "no such key in this section", key);
  if (v[i].s) refuse(p->line, "a key is there twice", key);
  v[i] = trim(equals + 1, stop);
  return comma ? comma + 1 : end;
}

RARE static void take_record(struct nvram *p, const struct section *at,
                             struct slice line) {
  struct slice v[KEYS] = { 0 };
  char *end = line.s + line.n;
  if (!at) refuse(p->line, "a record before any section", line);
  for (char *s = line.s; s < end;) s = take_pair(p, at, s, end, v);
  for (size_t i = 0; i < at->needed; i++)
    if (!v[i].s)
      refuse(p->line, "a key is missing",
             (struct slice){ (char *)at->keys[i], strlen(at->keys[i]) });
  at->handle(p, v);
}

RARE static void take_all(struct nvram *p) {
  const struct section *at = NULL;
  while (p->at < p->end) {
    char *stop = memchr(p->at, '\n', (size_t)(p->end - p->at));
    char *next = stop ? stop + 1 : p->end, *comment;
    if (!stop) stop = p->end;
    comment = memchr(p->at, '#', (size_t)(stop - p->at));
    struct slice line = trim(p->at, comment ? comment : stop);
    p->line++;
    if (line.n && *line.s == '[')
      at = section_of(p, line);
    else if (line.n)
      take_record(p, at, line);
    p->at = next;
  }
}

/* -- The whole ----------------------------------------------------------- */

/* What of it fits the stack; a random channel says how much there is. */
RARE static size_t room_for(const zvm_abi_channel *ch) {
  size_t room = START_BLOCK->stack_size / 8;
  if (room > SIZE_MAX_BYTES) room = SIZE_MAX_BYTES;
  if (!(ch->type & 1)) return room;
  if ((uint64_t)ch->size > room)
    refuse(0, "larger than 1 MiB, or an eighth of the stack",
           (struct slice){ 0 });
  return (size_t)ch->size;
}

RARE static size_t load(int channel, char *to, size_t room) {
  size_t n = 0;
  while (n < room) {
    int32_t got = zvm_pread(channel, to + n, (int64_t)(room - n), (int64_t)n);
    if (got < 0) refuse(0, "it cannot be read", (struct slice){ 0 });
    if (!got) return n;
    n += (size_t)got;
  }
  if (zvm_pread(channel, to + n, 1, (int64_t)n) > 0)
    refuse(0, "larger than 1 MiB, or an eighth of the stack",
           (struct slice){ 0 });
  return n;
}

RARE _Noreturn void __zvm_nvram(int channel, size_t argc, char **argv,
                                char **envp, run_fn *run) {
  const zvm_abi_manifest *m = START_BLOCK;
  size_t room =
      room_for((const zvm_abi_channel *)m->channels + channel);
  char *text = __builtin_alloca(room + 2);
  size_t n = load(channel, text, room), envc = 0, i;
  struct nvram p = { .at = text, .end = text + n };
  if (memchr(text, 0, n)) refuse(0, "it has a zero byte", (struct slice){ 0 });
  take_all(&p);

  while (envp[envc]) envc++;
  p.argv = __builtin_alloca((p.words + 1) * sizeof *p.argv);
  p.envp = __builtin_alloca((envc + p.variables + 1) * sizeof *p.envp);
  p.mount = __builtin_alloca((m->mounts_count + p.mounts) * sizeof *p.mount);
  p.types = __builtin_alloca((size_t)m->channels_count);
  p.room = __builtin_alloca(n + 1);
  memcpy(p.envp, envp, (envc + 1) * sizeof *envp);
  memset(p.types, 0, (size_t)m->channels_count);
  for (i = 0; i < m->mounts_count; i++) p.mount[i] = __zvm_mounts[i];
  p.at = text;
  p.line = 0;
  p.words = 0;
  p.mounts = m->mounts_count;
  p.keeps = true;
  take_all(&p);
  p.argv[p.words] = NULL;
  __zvm_mounts = p.mount;
  __zvm_mounts_count = (uint32_t)p.mounts;
  __zvm_channel_types = p.types;
  run(p.has_args ? p.words : argc, p.has_args ? p.argv : argv, p.envp);
  __builtin_unreachable();
}
