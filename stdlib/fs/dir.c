/*
** dir.c - directories: names in order of creation, found by a hash.
**
** Entries lie in an array in the order in which they were made, each with a
** number that only grows: it is the cursor of a listing, and so holds when
** entries come and go. What is removed leaves a gap until the array is full
** and made anew. From 9 entries on there is an index beside, of twice the
** slots, that holds places in the array plus one.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>

#include "fs.h"

#define FEW 8 /* entries that are looked through without an index */

struct entry {
  struct node *node; /* NULL: a gap                                      */
  char *name;
  uint32_t key;      /* of the name: 24 bits of hash, 8 of length        */
  uint32_t serial;
};

struct directory {
  struct node *parent;
  const char *name; /* its own, in its parent; NULL: it has none */
  size_t name_length;
  struct entry *entries;
  uint32_t *index;  /* 2 * room slots; NULL up to FEW            */
  uint32_t room, used, live;
  uint32_t first;   /* all before it are gaps                    */
  uint32_t serial;  /* of the newest entry                       */
};

static void drop(struct node *n) {
  struct directory *d = n->directory;
  if (!d) return;
  __zvm_fs_free(d->entries);
  __zvm_fs_free(d->index);
  __zvm_fs_free(d);
}

static int64_t read_directory(struct file *f, void *to, size_t n,
                              int64_t off) {
  (void)f, (void)to, (void)n, (void)off;
  return -EISDIR;
}

const struct kind __zvm_kind_directory = {
  .has_position = true,
  .read = read_directory,
  .drop = drop,
};

static uint64_t load8(const char *at) {
  uint64_t word;
  memcpy(&word, at, sizeof(word));
  return word;
}

static uint64_t load4(const char *at) {
  uint32_t word;
  memcpy(&word, at, sizeof(word));
  return word;
}

/* The last eight bytes of a name, or all of a shorter one. */
static uint64_t end_of(const char *name, size_t len) {
  if (len >= 8) return load8(name + len - 8);
  if (len >= 4) return load4(name) | load4(name + len - 4) << 32;
  if (!len) return 0;
  return (unsigned char)name[0] | (unsigned char)name[len / 2] << 8 |
         (unsigned char)name[len - 1] << 16;
}

static uint64_t mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15;
  return hash ^ hash >> 32;
}

static uint32_t key_of(const char *name, size_t len) {
  uint64_t hash = len;
  for (size_t i = 0; i + 8 < len; i += 8) hash = mix(hash, load8(name + i));
  hash = mix(hash, end_of(name, len));
  return (uint32_t)hash & ~0xffu | (uint32_t)len;
}

static uint32_t slot_of(uint32_t key, uint32_t mask) {
  return (key >> 8 ^ key) & mask;
}

static bool is_named(const struct entry *e, uint32_t key, const char *name,
                     size_t len) {
  return e->key == key && e->node && !memcmp(e->name, name, len);
}

/* In the index; NULL: *slot is where the name would go. */
static struct entry *find_slot(const struct directory *d, uint32_t key,
                               const char *name, size_t len, uint32_t *slot) {
  uint32_t mask = 2 * d->room - 1, at = slot_of(key, mask);
  for (; d->index[at]; at = (at + 1) & mask) {
    struct entry *e = &d->entries[d->index[at] - 1];
    if (is_named(e, key, name, len)) return e;
  }
  *slot = at;
  return NULL;
}

static struct entry *find_key(const struct directory *d, uint32_t key,
                              const char *name, size_t len, uint32_t *slot) {
  if (d->index) return find_slot(d, key, name, len, slot);
  for (uint32_t i = d->first; i < d->used; i++)
    if (is_named(&d->entries[i], key, name, len)) return &d->entries[i];
  return NULL;
}

static struct entry *find(const struct directory *d, const char *name,
                          size_t len) {
  uint32_t ignored;
  return find_key(d, key_of(name, len), name, len, &ignored);
}

static void enter_in_index(struct directory *d, uint32_t place) {
  uint32_t mask = 2 * d->room - 1;
  uint32_t at = slot_of(d->entries[place].key, mask);
  while (d->index[at]) at = (at + 1) & mask;
  d->index[at] = place + 1;
}

/* The array without its gaps, with room for one more. */
static bool make_anew(struct directory *d) {
  uint32_t room = FEW;
  struct entry *old = d->entries, *entries;
  uint32_t *index = NULL;
  while (room < d->live + d->live / 4 + 1) room *= 2;
  if (!(entries = __zvm_fs_alloc(room * sizeof(*entries)))) return false;
  if (room > FEW && !(index = __zvm_fs_alloc(2 * room * sizeof(*index)))) {
    __zvm_fs_free(entries);
    return false;
  }
  if (index) memset(index, 0, 2 * room * sizeof(*index));
  __zvm_fs_free(d->index);
  d->entries = entries;
  d->index = index;
  d->room = room;
  room = 0;
  for (uint32_t i = 0; i < d->used; i++)
    if (old[i].node) entries[room++] = old[i];
  d->used = room;
  d->first = 0;
  /* Four thousand million names later, listings start over. */
  if (d->serial == UINT32_MAX) {
    for (uint32_t i = 0; i < room; i++) entries[i].serial = i + 1;
    d->serial = room;
  }
  if (index)
    for (uint32_t i = 0; i < room; i++) enter_in_index(d, i);
  __zvm_fs_free(old);
  return true;
}

static struct directory *directory_of(struct node *dir) {
  if (!dir->directory) {
    struct directory *d = __zvm_fs_alloc(sizeof(*d));
    if (!d) return NULL;
    memset(d, 0, sizeof(*d));
    dir->directory = d;
  }
  return dir->directory;
}

struct node *__zvm_dir_find(struct node *dir, const char *name, size_t len) {
  struct entry *e;
  if (dir->kind->refresh) dir->kind->refresh(dir);
  if (!dir->directory || !(e = find(dir->directory, name, len))) return NULL;
  return e->node;
}

/* The child of a directory knows its name and where it is. */
static void settle(struct node *child, struct node *dir, struct entry *e) {
  struct directory *d = child->directory;
  if (d->parent != dir) {
    struct node *before = d->parent;
    dir->refs++;
    d->parent = dir;
    if (before) {
      before->refs--;
      __zvm_node_release(before);
    }
  }
  d->name = e->name;
  d->name_length = e->key & 0xff;
  child->links += 2;
  dir->links++;
}

static void attach(struct node *child, struct node *dir, struct entry *e) {
  e->node = child;
  if (is_directory(child)) settle(child, dir, e);
  else child->links++;
}

/* A directory that moves has its new name already. */
static void detach(struct node *child, struct node *dir, const char *name) {
  if (is_directory(child)) {
    struct directory *d = child->directory;
    if (d->name == name) d->name = NULL;
    child->links -= 2;
    dir->links--;
  } else {
    child->links--;
  }
  __zvm_node_release(child);
}

int __zvm_dir_add(struct node *dir, const char *name, size_t len,
                  struct node *child) {
  struct directory *d = directory_of(dir);
  uint32_t key = key_of(name, len), slot;
  struct entry *e;
  char *copy;
  if (!d || (is_directory(child) && !directory_of(child))) return -ENOSPC;
  if (find_key(d, key, name, len, &slot)) return -EEXIST;
  if (!(copy = __zvm_fs_alloc(len))) return -ENOSPC;
  if (d->used == d->room || d->serial == UINT32_MAX) {
    if (!make_anew(d)) {
      __zvm_fs_free(copy);
      return -ENOSPC;
    }
    if (d->index) find_slot(d, key, name, len, &slot);
  }
  e = &d->entries[d->used++];
  e->name = memcpy(copy, name, len);
  e->key = key;
  e->serial = ++d->serial;
  d->live++;
  if (d->index) d->index[slot] = d->used;
  attach(child, dir, e);
  return 0;
}

void __zvm_dir_remove(struct node *dir, const char *name, size_t len) {
  struct directory *d = dir->directory;
  struct entry *e = d ? find(d, name, len) : NULL;
  struct node *child;
  char *gone;
  if (!e) return;
  child = e->node;
  gone = e->name;
  e->node = NULL;
  d->live--;
  while (d->first < d->used && !d->entries[d->first].node) d->first++;
  if (!d->live && d->room > 2 * FEW) {
    __zvm_fs_free(d->entries);
    __zvm_fs_free(d->index);
    d->entries = NULL;
    d->index = NULL;
    d->room = d->used = d->first = 0;
  }
  detach(child, dir, gone);
  __zvm_fs_free(gone);
}

void __zvm_dir_replace(struct node *dir, const char *name, size_t len,
                       struct node *child) {
  struct entry *e = find(dir->directory, name, len);
  struct node *before = e->node;
  attach(child, dir, e);
  detach(before, dir, e->name);
}

/* The first place whose entry is newer than the cursor. */
static uint32_t place_after(const struct directory *d, uint32_t cursor) {
  uint32_t low = d->first, high = d->used;
  if (cursor < d->used && d->entries[cursor].serial == cursor + 1)
    return cursor < low ? low : cursor;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (d->entries[middle].serial > cursor) high = middle;
    else low = middle + 1;
  }
  return low;
}

struct node *__zvm_dir_next(struct node *dir, uint32_t *cursor,
                            const char **name, size_t *len) {
  struct directory *d;
  if (dir->kind->refresh && !*cursor) dir->kind->refresh(dir);
  if (!(d = dir->directory)) return NULL;
  for (uint32_t i = place_after(d, *cursor); i < d->used; i++) {
    struct entry *e = &d->entries[i];
    if (!e->node) continue;
    *cursor = e->serial;
    *name = e->name;
    *len = e->key & 0xff;
    return e->node;
  }
  return NULL;
}

struct node *__zvm_dir_parent(struct node *dir) {
  return dir->directory ? dir->directory->parent : NULL;
}

bool __zvm_dir_is_empty(struct node *dir) {
  return !dir->directory || !dir->directory->live;
}

size_t __zvm_dir_name(struct node *dir, const char **name) {
  struct directory *d = dir->directory;
  if (!d || !d->name) return 0;
  *name = d->name;
  return d->name_length;
}
