/*
** tree.c - the tree as a program finds it: its own directories, devices,
** images, and the channels over all.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>

#include "fs.h"

/* It takes no memory: where there is none, there is an empty root. */
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

/* A channel hides what had its name, with all that was below. */
static void place_channel(int channel) {
  const char *alias = MANIFEST->channels[channel].name;
  const char *name = strrchr(alias, '/');
  struct node *n, *dir = __zvm_root;
  size_t len;
  char *parent;
  name = name ? name + 1 : alias;
  len = strlen(name);
  if (!len || len > 255) return;
  if (name != alias) {
    if (!(parent = __zvm_fs_alloc(name - alias + 1))) return;
    memcpy(parent, alias, name - alias);
    parent[name - alias] = 0;
    dir = make(__zvm_root, parent, true);
    __zvm_fs_free(parent);
  }
  if (!dir || !(n = __zvm_node_of_channel(channel))) return;
  __zvm_dir_remove(dir, name, len);
  /* A standard one was counted before it had a name. */
  if (__zvm_dir_add(dir, name, len, n)) __zvm_node_release(n);
  else n->links = 1;
}

void __zvm_fs_start(void) {
  const char *directory = PTR(const char, START_BLOCK->directory);
  struct node *dev, *tmp;
  if (__zvm_root) return;
  __zvm_root = &root;
  root.atime = root.mtime = root.ctime = __zvm_clock_start();
  dev = __zvm_dir_make(&root, "/dev");
  if ((tmp = __zvm_dir_make(&root, "/tmp"))) tmp->mode = S_IFDIR | 01777;
  __zvm_dir_make(&root, "/home/guest");
  if (dev) __zvm_devices_add(dev);
  __zvm_proc_add(&root);
  __zvm_mount_images();
  for (int i = 0; i < MANIFEST->channels_count; i++) place_channel(i);
  __zvm_cwd = directory ? make(&root, directory, false) : NULL;
  if (!__zvm_cwd) __zvm_cwd = &root;
  __zvm_cwd->refs++;
}
