/*
** contents.c - reading and writing regular files; see contents.h.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "contents.h"

#include <string.h>

#define RUN_MAX 64 /* pages that are taken at once */

static int64_t read_regular(struct file *f, void *to, size_t n, int64_t off) {
  return __zvm_contents_read(f->node, to, n, off);
}

static int64_t write_regular(struct file *f, const void *from, size_t n,
                             int64_t off) {
  return __zvm_contents_write(f->node, from, n, off);
}

const struct kind __zvm_kind_regular = {
  .has_position = true,
  .read = read_regular,
  .write = write_regular,
  .resize = __zvm_contents_resize,
  .seek = __zvm_contents_seek,
  .drop = __zvm_contents_drop,
};

/* -- Reading ------------------------------------------------------------- */

/* Some bytes that lie together: in memory, in the channel, or in a hole. */
struct piece {
  const char *at; /* NULL: elsewhere        */
  bool is_backed; /* then: in the channel   */
  size_t size;
};

static struct piece piece_in_head(const struct contents *c, uint32_t off,
                                  size_t most) {
  struct piece p = { 0 };
  p.size = (off < c->head_room ? c->head_room : PAGE_BYTES) - off;
  if (off < c->head_room) p.at = c->head + off;
  if (p.size > most) p.size = most;
  return p;
}

static struct piece piece_at(const struct contents *c, uint32_t off,
                             size_t most) {
  struct piece p = { 0 };
  uint32_t page = off >> PAGE_SHIFT, within = off & PAGE_MASK;
  slot s;
  if (c->head && off < PAGE_BYTES) return piece_in_head(c, off, most);
  s = slot_value(c, page);
  p.size = PAGE_BYTES - within;
  if (s) {
    p.at = slot_page(s) + within;
    while (p.size < most) {
      slot next = slot_value(c, ++page);
      if (!next || slot_page(next) != p.at + p.size) break;
      p.size += PAGE_BYTES;
    }
  } else {
    p.is_backed = off < c->back_end;
    while (p.size < most && !slot_value(c, ++page)) p.size += PAGE_BYTES;
    if (p.is_backed && p.size > c->back_end - off)
      p.size = c->back_end - off;
  }
  if (p.size > most) p.size = most;
  return p;
}

int64_t __zvm_contents_fetch(const struct contents *c, void *to, size_t size,
                             int64_t off) {
  size_t done = 0;
  while (done < size) {
    int64_t n = __zvm_get(c->channel, (char *)to + done, size - done,
                          c->back_off + off + done);
    if (n < 0) return n;
    if (!n) return -EIO; /* the channel is shorter than it was */
    done += n;
  }
  return done;
}

int64_t __zvm_contents_read(struct node *n, void *to, size_t count,
                            int64_t off) {
  const struct contents *c = n->contents;
  size_t done = 0;
  if (off >= n->size) return 0;
  if ((int64_t)count > n->size - off) count = n->size - off;
  if (!c) return memset(to, 0, count), count;
  while (done < count) {
    struct piece p = piece_at(c, off + done, count - done);
    char *out = (char *)to + done;
    if (p.at) {
      memcpy(out, p.at, p.size);
    } else if (p.is_backed) {
      int64_t err = __zvm_contents_fetch(c, out, p.size, off + done);
      if (err < 0) return done ? (int64_t)done : err;
    } else {
      memset(out, 0, p.size);
    }
    done += p.size;
  }
  return done;
}

/* -- Writing ------------------------------------------------------------- */

/* The head at least `need` long, or the same as before. */
static int grow_head(struct contents *c, uint32_t need) {
  uint32_t room = (need + 15) & ~15u;
  char *head;
  if (need <= c->head_room) return 0;
  if (room < 2 * c->head_room) room = 2 * c->head_room;
  if (!(head = __zvm_fs_alloc(room))) return -ENOSPC;
  if (c->head_room) memcpy(head, c->head, c->head_room);
  memset(head + c->head_room, 0, room - c->head_room);
  __zvm_fs_free(c->head);
  c->head = head;
  c->head_room = room;
  return 0;
}

/*
** Pages for a run of slots that are empty, as many as there are up to
** `most`. What will not be overwritten, at both ends, becomes zero or what
** the channel has.
*/
static int fill_run(struct contents *c, uint32_t page, uint32_t most,
                    bool keep_first, bool keep_last) {
  uint32_t count = 1, first;
  bool fresh;
  if (!__zvm_contents_slot(c, page)) return -ENOSPC;
  while (count < most && count < RUN_MAX && !slot_value(c, page + count) &&
         __zvm_contents_slot(c, page + count))
    count++;
  if (count < most) keep_last = false;
  if (keep_first || (keep_last && count == 1))
    return __zvm_contents_load(c, page);
  if (keep_last) count--;
  while (!(first = __zvm_contents_take(count, &fresh)))
    if (!(count /= 2)) return -ENOSPC;
  for (uint32_t i = 0; i < count; i++)
    *slot_find(c, page + i) = (uintptr_t)page_address(first + i);
  c->count += count;
  return 0;
}

/* The page of `off` in memory; what is wholly overwritten is not read. */
static int prepare(struct contents *c, uint32_t off, uint32_t size) {
  uint32_t page = off >> PAGE_SHIFT, last = (off + size - 1) >> PAGE_SHIFT;
  if (slot_value(c, page)) return 0;
  return fill_run(c, page, last - page + 1, off & PAGE_MASK,
                  (off + size) & PAGE_MASK);
}

static int64_t write_pages(struct node *n, struct contents *c,
                           const char *from, size_t count, uint32_t off) {
  size_t done = 0;
  while (done < count) {
    struct piece p;
    int err = prepare(c, off + done, count - done);
    if (err) return done ? (int64_t)done : err;
    p = piece_at(c, off + done, count - done);
    memcpy((char *)p.at, from + done, p.size);
    done += p.size;
    if (n->size < (int64_t)(off + done)) n->size = off + done;
  }
  return done;
}

/* A mapping may have written past the end. */
static void clear_mapped(struct node *n, int64_t until) {
  struct contents *c = n->contents;
  int64_t at = n->size;
  while (c && c->maps && at < until) {
    uint32_t within = at & PAGE_MASK, size = PAGE_BYTES - within;
    slot s = slot_value(c, at >> PAGE_SHIFT);
    if (size > until - at) size = until - at;
    if (s & MAPPED) memset(slot_page(s) + within, 0, size);
    at += size;
  }
}

int64_t __zvm_contents_write(struct node *n, const void *from, size_t count,
                             int64_t off) {
  struct contents *c;
  if (!count) return 0;
  if (off >= FILE_MAX) return -EFBIG;
  if (count > (size_t)(FILE_MAX - off)) count = FILE_MAX - off;
  if (!(c = __zvm_contents_of(n))) return -ENOSPC;
  if (off > n->size) clear_mapped(n, off);
  if (off + (int64_t)count <= HEAD_MAX && !c->leaves && !c->back_end) {
    int err = grow_head(c, off + count);
    if (err) return err;
    memcpy(c->head + off, from, count);
    if (n->size < off + (int64_t)count) n->size = off + count;
    return count;
  }
  if (off < PAGE_BYTES && c->head) {
    int err = __zvm_contents_widen(c);
    if (err) return err;
  }
  return write_pages(n, c, from, count, off);
}

/* -- Size ---------------------------------------------------------------- */

static void free_page(struct contents *c, slot *s) {
  if (!*s || (c->maps && (*s & MAPPED))) return;
  __zvm_pages_give(page_of(slot_page(*s)), 1);
  *s = 0;
  c->count--;
}

static void free_from(struct contents *c, uint32_t page) {
  for (uint32_t leaf = page / LEAF; leaf < c->leaves_room; leaf++) {
    bool empty = true;
    slot *s = c->leaves[leaf];
    if (!s) continue;
    for (uint32_t i = 0; i < LEAF; i++) {
      if (leaf * LEAF + i >= page) free_page(c, &s[i]);
      if (s[i]) empty = false;
    }
    if (!empty) continue;
    __zvm_fs_free(s);
    c->leaves[leaf] = NULL;
  }
}

static void clear_tail(struct contents *c, uint32_t size) {
  slot s = slot_value(c, size >> PAGE_SHIFT);
  if (size < c->head_room) memset(c->head + size, 0, c->head_room - size);
  if (s && (size & PAGE_MASK))
    memset(slot_page(s) + (size & PAGE_MASK), 0,
           PAGE_BYTES - (size & PAGE_MASK));
}

void __zvm_contents_trim(struct contents *c, uint32_t size) {
  clear_tail(c, size);
  free_from(c, (size + PAGE_MASK) >> PAGE_SHIFT);
}

int __zvm_contents_resize(struct node *n, int64_t size) {
  struct contents *c = n->contents;
  if (size > FILE_MAX) return -EFBIG;
  if (size > n->size) {
    clear_mapped(n, size);
  } else if (c && !size && !c->maps) {
    __zvm_contents_drop(n);
  } else if (c && size < n->size) {
    if (c->back_end > size) c->back_end = size;
    __zvm_contents_trim(c, size);
  }
  n->size = size;
  return 0;
}

void __zvm_contents_drop(struct node *n) {
  struct contents *c = n->contents;
  if (!c) return;
  c->maps = 0;
  free_from(c, 0);
  __zvm_fs_free(c->leaves);
  __zvm_fs_free(c->head);
  if (c != contents_behind(n)) __zvm_fs_free(c);
  n->contents = NULL;
}
