/*
** tree.c - the tree as a program finds it: its own directories, devices,
** images, and the channels over all.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>

#include "fs.h"

static struct node root = {
  .kind = &__zvm_kind_directory,
  .ino = 1,
  .mode = S_IFDIR | 0755,
  .links = 2,
  .refs = 1,
  .owner = 1000,
  .group = 1000,
};

struct node *__zvm_root, *__zvm_cwd;

static struct node *new_directory(struct node *dir, const char *name,
                                  size_t len) {
  struct node *n = __zvm_node_new(&__zvm_kind_directory, S_IFDIR | 0755);
  if (!n) return NULL;
  if (!__zvm_dir_add(dir, name, len, n)) return n;
  __zvm_node_release(n);
  return NULL;
}

/* What is in the way goes where `hide` says so, unless it is a channel. */
static struct node *make(struct node *dir, const char *path, bool hide) {
  for (;;) {
    struct node *next;
    size_t len;
    path += strspn(path, "/");
    if (!(len = strcspn(path, "/"))) return dir;
    next = __zvm_dir_find(dir, path, len);
    if (next && !is_directory(next)) {
      if (!hide || next->kind == &__zvm_kind_channel) return NULL;
      __zvm_dir_remove(dir, path, len);
      next = NULL;
    }
    if (!next && !(next = new_directory(dir, path, len))) return NULL;
    dir = next;
    path += len;
  }
}

struct node *__zvm_dir_make(struct node *from, const char *path) {
  return make(from, path, false);
}

/* -- All of it or nothing ------------------------------------------------ */

/*
** Leaves go first, and a directory when it is empty. The nodes of the
** standard channels stay, as they were before they had a name.
*/
static void empty(struct node *top) {
  struct node *dir = top, *n, *up;
  const char *name;
  size_t len;
  for (;;) {
    uint32_t cursor = 0;
    if ((n = __zvm_dir_next(dir, &cursor, &name, &len))) {
      if (is_directory(n)) {
        dir = n;
        continue;
      }
      if (n->kind == &__zvm_kind_channel && n->channel < 3) n->links++;
      __zvm_dir_remove(dir, name, len);
    } else if (dir == top) {
      break;
    } else {
      up = __zvm_dir_parent(dir);
      len = __zvm_dir_name(dir, &name);
      __zvm_dir_remove(up, name, len);
      dir = up;
    }
  }
}

static void undo(void) {
  empty(&root);
  root.kind->drop(&root);
  root.directory = NULL;
  __zvm_root = NULL;
}

/* A channel hides what had its name, with all that was below. */
static bool place_at(struct node *dir, const char *name, int channel) {
  size_t len = strlen(name);
  struct node *n = __zvm_node_of_channel(channel);
  struct node *before = __zvm_dir_find(dir, name, len);
  if (!n) return false;
  if (before && is_directory(before)) empty(before);
  __zvm_dir_remove(dir, name, len);
  /* A standard one was counted before it had a name. */
  if (!__zvm_dir_add(dir, name, len, n)) {
    n->links = 1;
    return true;
  }
  if (channel >= 3) __zvm_node_release(n);
  return false;
}

static _Noreturn void refuse(const char *alias) {
  __zvm_mount_refuse(alias, "a part of its name is another channel");
}

/* The standard channels are placed first; the others are in order. */
static void keep_standard(const char *alias) {
  size_t len = strlen(alias);
  for (int i = 0; i < 3; i++) {
    const char *below = MANIFEST->channels[i].name;
    if (!strncmp(below, alias, len) && below[len] == '/') refuse(below);
  }
}

/* False: no memory. */
static bool place_channel(int channel) {
  const char *alias = MANIFEST->channels[channel].name;
  const char *name = strrchr(alias, '/');
  struct node *dir = __zvm_root;
  char *parent;
  keep_standard(alias);
  if (!name) return place_at(dir, alias, channel);
  if (!(parent = __zvm_fs_alloc(name - alias + 1))) return false;
  memcpy(parent, alias, name - alias);
  parent[name - alias] = 0;
  dir = make(__zvm_root, parent, true);
  __zvm_fs_free(parent);
  if (dir) return place_at(dir, name + 1, channel);
  if (!__zvm_fs_lacked_memory) refuse(alias);
  return false;
}

static bool add_own(void) {
  struct node *dev = __zvm_dir_make(&root, "/dev");
  struct node *tmp = __zvm_dir_make(&root, "/tmp");
  if (!dev || !tmp) return false;
  tmp->mode = S_IFDIR | 01777;
  __zvm_dir_make(&root, "/home/guest");
  __zvm_devices_add(dev);
  __zvm_proc_add(&root);
  return !__zvm_fs_lacked_memory;
}

static bool place_channels(void) {
  for (int i = 0; i < MANIFEST->channels_count; i++)
    if (!place_channel(i)) return false;
  return true;
}

static struct node *start_directory(void) {
  const char *directory = PTR(const char, START_BLOCK->directory);
  struct node *n = directory ? make(&root, directory, false) : &root;
  if (!n && !__zvm_fs_lacked_memory)
    __zvm_mount_refuse(directory, "the working directory is no directory");
  return n;
}

static struct node *make_tree(void) {
  struct node *cwd = NULL;
  __zvm_fs_lacked_memory = false;
  __zvm_fs_uses_reserve = true;
  if (add_own()) {
    __zvm_fs_uses_reserve = false;
    __zvm_mount_images();
    __zvm_fs_uses_reserve = true;
    __zvm_fs_lacked_memory = false;
    if (place_channels()) cwd = start_directory();
  }
  __zvm_fs_uses_reserve = false;
  return cwd;
}

int __zvm_fs_start(void) {
  struct node *cwd;
  if (__zvm_root) return 0;
  __zvm_root = &root;
  root.atime = root.mtime = root.ctime = __zvm_clock_start();
  if (!(cwd = make_tree())) {
    if (__zvm_mounts_count) __zvm_mount_refuse("/", "no memory for its names");
    undo();
    return -ENOMEM;
  }
  __zvm_cwd = cwd;
  __zvm_cwd->refs++;
  return 0;
}
