/*
** reader.c - from header to header of an archive in a channel.
**
** A read of a block costs as much as copying 16 KiB or more does. So a read
** brings what is likely to be asked for next: where headers lie close, all
** bytes of many entries; where they do not, as many blocks as the last entry
** had headers.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "archive.h"

#define WINDOW 65536
#define FIRST 16384
#define NEAR 16384 /* from header to header: to read on beats skipping */

static bool fail(struct tar_reader *r, const char *what) {
  r->wrong = what;
  return false;
}

/* -- The window ----------------------------------------------------------- */

static bool make_room(struct tar_reader *r, size_t size) {
  if (size <= r->room) return true;
  char *larger = realloc(r->window, size);
  if (larger == NULL) return fail(r, "no memory to read it");
  r->window = larger;
  r->room = size;
  return true;
}

/* The `need` bytes at `off`, and up to `want` of what follows them. */
static const char *bytes(struct tar_reader *r, int64_t off, size_t need,
                         size_t want) {
  if (off >= r->from && off + (int64_t)need <= r->to)
    return r->window + (off - r->from);
  if (want < need) want = need;
  if ((int64_t)want > r->size - off) want = (size_t)(r->size - off);
  if (!make_room(r, want)) return NULL;
  int64_t got = __zvm_get(r->channel, r->window, want, off);
  r->from = off;
  r->to = off + (got > 0 ? got : 0);
  if (got >= (int64_t)need) return r->window;
  fail(r, got == -EDQUOT ? "over the quota of its channel"
                         : "its channel cannot be read");
  return NULL;
}

/* A small heap is the program's before it is ours. */
static size_t window_size(void) {
  size_t part = MANIFEST->heap_size / 64;
  return part < WINDOW ? part : WINDOW;
}

static const struct tar_header *header_at(struct tar_reader *r, int64_t off) {
  if (r->size - off < TAR_BLOCK) {
    fail(r, off >= r->size ? "the archive ends without its end mark"
                           : "a header past the end");
    return NULL;
  }
  r->stride = (15 * r->stride + off - r->last) / 16;
  r->last = off;
  size_t want = r->stride <= NEAR ? window_size() : (size_t)r->heads;
  return (const void *)bytes(r, off, TAR_BLOCK, want);
}

/* -- Names ---------------------------------------------------------------- */

/* `from` without what means nothing in a path. False: r->wrong says why. */
static bool clean(struct tar_reader *r, char *to, size_t *out,
                  const char *from, size_t size) {
  const char *end = from + size;
  size_t len = 0;
  while (from < end) {
    const char *slash = memchr(from, '/', (size_t)(end - from));
    size_t part = (size_t)((slash ? slash : end) - from);
    bool dots = part > 0 && part < 3 && from[0] == '.' && from[part - 1] == '.';
    if (part == 2 && dots) return fail(r, "a name with .. in it");
    if (part > NAME_MAX) return fail(r, "a name of more than 255 bytes");
    if (part > 0 && !dots) {
      if (len + part + 2 > PATH_MAX)
        return fail(r, "a path of more than 4095 bytes");
      if (len > 0) to[len++] = '/';
      memcpy(to + len, from, part);
      len += part;
    }
    from += part + 1;
  }
  to[len] = '\0';
  *out = len;
  return true;
}

/* The name is `name` cleaned. Most differ from the one before in the last
** part alone; then there is nothing to clean. */
static bool set_name(struct tar_reader *r, const char *name, size_t len) {
  size_t n = r->beside_len, part = len - n;
  if (r->is_beside && len > n && part <= NAME_MAX && name[n] != '.' &&
      r->dir_len + part < PATH_MAX && !memcmp(name, r->beside, n) &&
      !memchr(name + n, '/', part)) {
    memcpy(r->name + r->dir_len, name + n, part);
    r->name_len = r->dir_len + part;
    r->name[r->name_len] = '\0';
    return true;
  }
  r->is_beside = false;
  if (!clean(r, r->name, &r->name_len, name, len)) return false;
  const char *slash = memrchr(r->name, '/', r->name_len);
  r->dir_len = slash ? (size_t)(slash - r->name) + 1 : 0;
  slash = memrchr(name, '/', len);
  n = slash ? (size_t)(slash - name) + 1 : 0;
  if (n == len || name[n] == '.' || n > PATH_MAX) return true;
  memcpy(r->beside, name, n);
  r->beside_len = n;
  r->is_beside = true;
  return true;
}

static bool read_name(struct tar_reader *r, const struct tar_header *h,
                      bool *slash) {
  char both[TAR_PREFIX_SIZE + 1 + TAR_NAME_SIZE];
  const char *name = h->name;
  size_t len = strnlen(h->name, TAR_NAME_SIZE);
  if (r->local.has_path) {
    name = r->path;
    len = strlen(name);
  } else if (h->prefix[0] && memcmp(h->magic, "ustar", 6) == 0) {
    size_t prefix = strnlen(h->prefix, TAR_PREFIX_SIZE);
    memcpy(both, h->prefix, prefix);
    both[prefix] = '/';
    memcpy(both + prefix + 1, h->name, len);
    name = both;
    len += prefix + 1;
  }
  *slash = len > 0 && name[len - 1] == '/';
  if (len == 0) return fail(r, "a name without a byte");
  return set_name(r, name, len);
}

/* A hard link's is a name of the archive, a symbolic link's may be any. */
static bool read_target(struct tar_reader *r, const struct tar_header *h) {
  const char *target = h->target;
  size_t len = strnlen(h->target, TAR_NAME_SIZE);
  if (r->local.has_target) {
    target = r->link;
    len = strlen(target);
  }
  if (len == 0) return fail(r, "a link that leads nowhere");
  if (r->type == '1') return clean(r, r->target, &r->target_len, target, len);
  memcpy(r->target, target, len);
  r->target[len] = '\0';
  r->target_len = len;
  return true;
}

/* -- Extended headers ----------------------------------------------------- */

static int64_t padded(int64_t size) {
  return (size + TAR_BLOCK - 1) & -(int64_t)TAR_BLOCK;
}

/* GNU's 'L' and 'K': a string, whatever the zeroes behind it. */
static const char *take_long(char *to, bool *has, const char *from,
                             size_t size) {
  size_t len = strnlen(from, size);
  if (len >= PATH_MAX) return "a path of more than 4095 bytes";
  memcpy(to, from, len);
  to[len] = '\0';
  *has = len > 0;
  return NULL;
}

/* The header behind comes along: it is asked for next. */
static bool read_extended(struct tar_reader *r, char type, int64_t size) {
  int64_t off = r->next + TAR_BLOCK;
  if (size < 0 || size > TAR_EXTENDED_MAX)
    return fail(r, "an extended header of more than 1 MiB");
  if (padded(size) > r->size - off)
    return fail(r, "an extended header past the end");
  size_t need = (size_t)padded(size);
  const char *at = bytes(r, off, need, need + TAR_BLOCK);
  if (at == NULL) return false;
  r->next = off + padded(size);
  const char *wrong = NULL;
  switch (type) {
    case 'L':
      wrong = take_long(r->path, &r->local.has_path, at, (size_t)size);
      break;
    case 'K':
      wrong = take_long(r->link, &r->local.has_target, at, (size_t)size);
      break;
    case 'x':
      wrong = __zvm_tar_records(&r->local, false, at, (size_t)size);
      break;
    default:
      wrong = __zvm_tar_records(&r->global, true, at, (size_t)size);
      break;
  }
  return wrong ? fail(r, wrong) : true;
}

/* -- Entries -------------------------------------------------------------- */

/* Of a type that has contents; those of a directory are GNU's list of it. */
static bool has_contents(char type) {
  return type == '0' || type == 'D';
}

/* What is not a file of ours is passed over: '-'. */
static bool read_type(struct tar_reader *r, char type, bool slash) {
  r->type = type;
  switch (type) {
    case '\0':
    case '0':
    case '7': r->type = slash ? 'D' : '0'; break;
    case '1':
    case '2':
    case '5':
    case 'D': break;
    case '3': /* devices and FIFOs */
    case '4':
    case '6':
    case 'V': r->type = '-'; break; /* the name of a volume */
    case 'S': return fail(r, "a sparse file: pack without --sparse");
    case 'M': return fail(r, "the rest of a file in another archive");
    default: return fail(r, "an entry of an unknown type");
  }
  return true;
}

/* Most entries have the mode and the time of the one before. */
static bool read_mode(struct tar_reader *r, const struct tar_header *h) {
  int64_t mode;
  if (memcmp(r->mode_text, h->mode, sizeof(h->mode)) == 0) return true;
  if (!__zvm_tar_number(h->mode, sizeof(h->mode), &mode))
    return fail(r, "bad mode");
  memcpy(r->mode_text, h->mode, sizeof(h->mode));
  r->mode = (mode_t)mode & 07777;
  return true;
}

static bool read_times(struct tar_reader *r, const struct tar_header *h) {
  int64_t seconds = r->seconds;
  if (memcmp(r->mtime_text, h->mtime, sizeof(h->mtime)) != 0) {
    if (!__zvm_tar_number(h->mtime, sizeof(h->mtime), &seconds))
      return fail(r, "bad mtime");
    memcpy(r->mtime_text, h->mtime, sizeof(h->mtime));
    r->seconds = seconds;
  }
  if (seconds > INT64_MAX / 1000000000) seconds = INT64_MAX / 1000000000;
  if (seconds < INT64_MIN / 1000000000) seconds = INT64_MIN / 1000000000;
  r->mtime = r->local.has_mtime    ? r->local.mtime
             : r->global.has_mtime ? r->global.mtime
                                   : seconds * 1000000000;
  return true;
}

static bool read_contents(struct tar_reader *r, int64_t size) {
  r->data = r->next + TAR_BLOCK;
  r->bytes = has_contents(r->type) ? size : 0;
  if (r->bytes < 0) return fail(r, "a negative size");
  if (r->bytes > r->size - r->data) return fail(r, "contents past the end");
  if (r->bytes > INT32_MAX) return fail(r, "a file of more than 2 GiB");
  r->next = r->data + padded(r->bytes);
  return true;
}

static bool read_entry(struct tar_reader *r, const struct tar_header *h,
                       int64_t size) {
  bool slash;
  if (!read_name(r, h, &slash)) return false;
  r->named = true;
  if (r->local.is_sparse || r->global.is_sparse)
    return fail(r, "sparse files are not supported: pack without --sparse");
  if (!read_type(r, h->type, slash)) return false;
  if (!read_mode(r, h) || !read_times(r, h)) return false;
  if ((r->type == '1' || r->type == '2') && !read_target(r, h)) return false;
  if (!read_contents(r, r->local.has_size ? r->local.size : size))
    return false;
  if (r->type == 'D') r->type = '5';
  return true;
}

/* A block of zeroes ends the archive, if another one or nothing follows. */
static int read_end(struct tar_reader *r) {
  int64_t off = r->next + TAR_BLOCK;
  if (r->next != r->start) {
    fail(r, "an extended header without an entry");
    return -1;
  }
  if (r->size - off < TAR_BLOCK) return 0;
  const char *block = bytes(r, off, TAR_BLOCK, TAR_BLOCK);
  if (block == NULL) return -1;
  if (__zvm_tar_is_zero(block)) return 0;
  fail(r, "zeroes where a header should be");
  return -1;
}

static bool is_extended(char type) {
  return type == 'x' || type == 'g' || type == 'L' || type == 'K';
}

static bool is_end(const struct tar_header *h) {
  return h->name[0] == '\0' && __zvm_tar_is_zero(h);
}

/* A header at r->next that can be trusted, and the size it tells. */
static const struct tar_header *read_header(struct tar_reader *r,
                                            int64_t *size) {
  const struct tar_header *h = header_at(r, r->next);
  int64_t sum;
  if (h == NULL || is_end(h)) return h;
  if (!__zvm_tar_number(h->sum, sizeof(h->sum), &sum) ||
      sum != __zvm_tar_sum(h))
    fail(r, "bad checksum");
  else if (!__zvm_tar_number(h->size, sizeof(h->size), size))
    fail(r, "bad size");
  return r->wrong ? NULL : h;
}

int __zvm_tar_next(struct tar_reader *r) {
  r->start = r->next;
  r->named = false;
  r->local.has_path = r->local.has_target = false;
  r->local.has_size = r->local.has_mtime = false;
  for (;;) {
    int64_t size = 0;
    const struct tar_header *h = read_header(r, &size);
    if (h == NULL) return -1;
    if (is_end(h)) return read_end(r);
    if (!is_extended(h->type)) {
      r->heads = r->next + TAR_BLOCK - r->start;
      if (r->heads > WINDOW) r->heads = TAR_BLOCK;
      return read_entry(r, h, size) ? 1 : -1;
    }
    if (!read_extended(r, h->type, size)) return -1;
  }
}

/* -- Start and end -------------------------------------------------------- */

static const struct {
  const char *bytes, *message;
} compressions[] = {
  { "\x1f\x8b", "compressed by gzip: decompress it first" },
  { "BZh", "compressed by bzip2: decompress it first" },
  { "\xfd\x37zXZ", "compressed by xz: decompress it first" },
  { "\x28\xb5\x2f\xfd", "compressed by zstd: decompress it first" },
  { "\x04\x22\x4d\x18", "compressed by lz4: decompress it first" },
  { "LZIP", "compressed by lzip: decompress it first" },
};

/* Whether the first block is a header, or the end of nothing. */
static bool check_first(struct tar_reader *r) {
  size_t len = r->size < TAR_BLOCK ? (size_t)r->size : TAR_BLOCK;
  const char *block = len ? bytes(r, 0, len, FIRST) : "";
  int64_t ignored;
  if (block == NULL) return false;
  for (size_t i = 0; i < sizeof(compressions) / sizeof(*compressions); i++) {
    const char *magic = compressions[i].bytes;
    if (strlen(magic) <= len && !memcmp(block, magic, strlen(magic)))
      return fail(r, compressions[i].message);
  }
  if (len == TAR_BLOCK && read_header(r, &ignored)) return true;
  return fail(r, "not a tar archive");
}

bool __zvm_tar_open(struct tar_reader *r, int channel) {
  memset(r, 0, offsetof(struct tar_reader, name));
  r->name[0] = '\0';
  r->channel = channel;
  r->size = __zvm_channel_size(channel);
  r->heads = TAR_BLOCK;
  r->local.path = r->path;
  r->local.target = r->link;
  r->foreign = !check_first(r);
  return !r->foreign;
}

void __zvm_tar_close(struct tar_reader *r) {
  free(r->window);
}
