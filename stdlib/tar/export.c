/*
** export.c - at exit, what the start block asks for is packed to a channel.
**
** Directories come before what is in them, and their names in the order of a
** listing. All is done without recursion: a program may have made paths of
** any depth. What is neither file, directory nor symbolic link is left out:
** a channel has its bytes already.
**
** SPDX-License-Identifier: Apache-2.0
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "archive.h"
#include "fs.h"

#define SHOWN_MAX 200

/* A directory whose names are being packed. */
struct level {
  struct node *dir;
  uint32_t cursor;
  size_t len; /* of its name, with a slash; 0 of the root */
};

/* Of what has several names the first one, by inode number. */
struct first {
  uint32_t ino; /* 0: free */
  size_t len;
  char *name;
};

struct export {
  struct level *levels;
  size_t depth, levels_room;
  char *name; /* of what is packed, without the first slash */
  size_t len, name_room;
  struct first *firsts; /* by a hash of ino; a power of two, half free */
  size_t firsts_count, firsts_room;
};

LARGE static struct tar_writer w;

/* -- Rooms ---------------------------------------------------------------- */

/* Doubled until `count` fit. False: no memory. */
static bool grow(void **array, size_t *room, size_t count, size_t size) {
  size_t larger = *room ? *room : 64;
  if (count <= *room) return true;
  while (larger < count) larger *= 2;
  void *moved = realloc(*array, larger * size);
  if (moved == NULL) {
    w.wrong = "no memory to pack it";
    return false;
  }
  *array = moved;
  *room = larger;
  return true;
}

static bool add_to_name(struct export *e, const char *text, size_t len) {
  if (!grow((void **)&e->name, &e->name_room, e->len + len + 1, 1))
    return false;
  memcpy(e->name + e->len, text, len);
  e->len += len;
  return true;
}

/* -- More than one name --------------------------------------------------- */

static struct first *slot_of(struct first *table, size_t room, uint32_t ino) {
  size_t at = ino * 0x9e3779b1u % room;
  while (table[at].ino && table[at].ino != ino) at = (at + 1) % room;
  return &table[at];
}

static bool make_slots(struct export *e) {
  size_t room = e->firsts_room ? 2 * e->firsts_room : 64;
  struct first *table;
  if (2 * e->firsts_count < e->firsts_room) return true;
  if (!(table = calloc(room, sizeof(*table)))) {
    w.wrong = "no memory to pack it";
    return false;
  }
  for (size_t i = 0; i < e->firsts_room; i++)
    if (e->firsts[i].ino)
      *slot_of(table, room, e->firsts[i].ino) = e->firsts[i];
  free(e->firsts);
  e->firsts = table;
  e->firsts_room = room;
  return true;
}

/* The name that the node was packed under, or NULL; then this is it. */
static const struct first *seen(struct export *e, const struct node *n) {
  if (n->links < 2 || !make_slots(e)) return NULL;
  struct first *f = slot_of(e->firsts, e->firsts_room, n->ino);
  if (f->ino) return f;
  if (!(f->name = malloc(e->len))) {
    w.wrong = "no memory to pack it";
    return NULL;
  }
  memcpy(f->name, e->name, e->len);
  f->len = e->len;
  f->ino = n->ino;
  e->firsts_count++;
  return NULL;
}

static void forget(struct export *e) {
  for (size_t i = 0; i < e->firsts_room; i++) free(e->firsts[i].name);
  free(e->firsts);
  free(e->levels);
  free(e->name);
}

/* -- Nodes ---------------------------------------------------------------- */

static void pack_contents(struct node *n) {
  int64_t off = 0;
  while (off < n->size && !w.wrong) {
    size_t room;
    char *to = __zvm_tar_room(&w, &room);
    if ((int64_t)room > n->size - off) room = (size_t)(n->size - off);
    int64_t got = __zvm_contents_read(n, to, room, off);
    if (got <= 0) {
      w.wrong = "its contents cannot be read";
      return;
    }
    __zvm_tar_wrote(&w, (size_t)got);
    off += got;
  }
  __zvm_tar_pad(&w);
}

static void pack_file(struct export *e, struct node *n) {
  struct tar_entry entry = {
    .name = e->name, .name_len = e->len, .mode = n->mode, .mtime = n->mtime,
  };
  const struct first *first = seen(e, n);
  if (w.wrong) return;
  if (first) {
    entry.type = '1';
    entry.target = first->name;
    entry.target_len = first->len;
  } else if (S_ISLNK(n->mode)) {
    entry.type = '2';
    entry.target = n->target;
    entry.target_len = strlen(n->target);
  } else {
    entry.type = '0';
    entry.size = n->size;
  }
  __zvm_tar_write_header(&w, &entry);
  if (entry.type == '0') pack_contents(n);
}

/* The root has no entry of its own. */
static void pack_directory(struct export *e, struct node *n) {
  struct tar_entry entry = {
    .type = '5', .mode = n->mode, .mtime = n->mtime,
  };
  if (e->len > 0) {
    if (!add_to_name(e, "/", 1)) return;
    entry.name = e->name;
    entry.name_len = e->len;
    __zvm_tar_write_header(&w, &entry);
  }
  if (grow((void **)&e->levels, &e->levels_room, e->depth + 1,
           sizeof(*e->levels)))
    e->levels[e->depth++] = (struct level){ .dir = n, .len = e->len };
}

static void pack(struct export *e, struct node *n) {
  if (n->kind == &__zvm_kind_directory) pack_directory(e, n);
  else if (n->kind == &__zvm_kind_regular || n->kind == &__zvm_kind_link)
    pack_file(e, n);
}

/* `n`, whose name stands in e, and all below. */
static void pack_all(struct export *e, struct node *n) {
  pack(e, n);
  while (e->depth > 0 && !w.wrong) {
    struct level *level = &e->levels[e->depth - 1];
    const char *name;
    size_t len;
    e->len = level->len;
    n = __zvm_dir_next(level->dir, &level->cursor, &name, &len);
    if (n == NULL) e->depth--;
    else if (add_to_name(e, name, len)) pack(e, n);
  }
}

/* -- Exports -------------------------------------------------------------- */

/* What is not there is not packed; a link at the end is followed. */
static void pack_path(struct export *e, const char *path) {
  struct place at;
  int err = __zvm_walk(AT_FDCWD, path, 0, &at);
  e->len = 0;
  if (!add_to_name(e, path + 1, strlen(path + 1))) return;
  if (err == 0 && at.node) pack_all(e, at.node);
  else if (err && err != -ENOENT && err != -ENOTDIR)
    w.wrong = "its path cannot be walked";
}

/* "zvm: ALIAS: /NAME: WHAT" */
static void complain(const struct export *e) {
  struct tar_message m = { 0 };
  __zvm_tar_say(&m, "zvm: ");
  __zvm_tar_say(&m, MANIFEST->channels[w.channel].name);
  __zvm_tar_say(&m, ": /");
  __zvm_tar_quote(&m, e->name, e->len > SHOWN_MAX ? SHOWN_MAX : e->len);
  __zvm_tar_say(&m, ": ");
  __zvm_tar_say(&m, w.wrong);
  __zvm_tar_send(&m);
}

bool __zvm_tar_export(const zvm_abi_mount *mounts, uint32_t count) {
  struct export e = { 0 };
  w.channel = (int)mounts->channel;
  w.at = 0;
  for (uint32_t i = 0; i < count && !w.wrong; i++)
    if (mounts[i].kind == ZVM_MOUNT_EXPORT &&
        mounts[i].channel == mounts->channel)
      pack_path(&e, PTR(const char, mounts[i].path));
  if (!w.wrong) __zvm_tar_finish(&w);
  if (w.wrong) complain(&e);
  forget(&e);
  return !w.wrong;
}
