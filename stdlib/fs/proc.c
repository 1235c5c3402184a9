/*
** proc.c - /proc: what programs ask there about themselves.
**
** The texts are made when they are opened. /proc/self/fd has a link for
** each open descriptor, which leads to the very file that is open.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "new_node.h"

/* -- Texts --------------------------------------------------------------- */

struct text {
  size_t size;
  char bytes[];
};

/* Adds to the text, or only counts where it has no room yet. */
struct out {
  char *bytes;
  size_t size;
};

static void add(struct out *o, const char *from, size_t n) {
  if (o->bytes) memcpy(o->bytes + o->size, from, n);
  o->size += n;
}

static void add_strings(struct out *o, uint32_t list) {
  for (const uint32_t *at = PTR(uint32_t, list); *at; at++)
    add(o, PTR(char, *at), strlen(PTR(char, *at)) + 1);
}

static void cmdline(struct out *o) { add_strings(o, START_BLOCK->argv); }
static void environ(struct out *o) { add_strings(o, START_BLOCK->envp); }

static void mounts(struct out *o) {
  static const char line[] = "zvm / zvm rw 0 0\n";
  add(o, line, sizeof(line) - 1);
}

static void add_kib(struct out *o, const char *name, size_t bytes) {
  char line[] = "                         kB\n";
  char *at = line + sizeof(line) - 5;
  size_t n = bytes >> 10;
  memcpy(line, name, strlen(name));
  do *--at = (char)('0' + n % 10);
  while (n /= 10);
  add(o, line, sizeof(line) - 1);
}

static void meminfo(struct out *o) {
  size_t free = __zvm_pages_spare();
  add_kib(o, "MemTotal:", MANIFEST->heap_size);
  add_kib(o, "MemFree:", free);
  add_kib(o, "MemAvailable:", free);
  add_kib(o, "Buffers:", 0);
  add_kib(o, "Cached:", 0);
  add_kib(o, "SwapTotal:", 0);
  add_kib(o, "SwapFree:", 0);
}

static int text_open(struct file *f) {
  void (*make)(struct out *) = (void (*)(struct out *))f->node->own;
  struct out o = { 0 };
  struct text *t;
  make(&o);
  if (!(t = malloc(sizeof(*t) + o.size))) return -ENOMEM;
  t->size = o.size;
  o = (struct out){ .bytes = t->bytes };
  /* Less memory is free now: no number is longer for that. */
  make(&o);
  f->own = t;
  return 0;
}

static void text_close(struct file *f) { free(f->own); }

static int64_t text_read(struct file *f, void *to, size_t n, int64_t off) {
  struct text *t = f->own;
  if (off >= (int64_t)t->size) return 0;
  if (n > t->size - (size_t)off) n = t->size - (size_t)off;
  memcpy(to, t->bytes + off, n);
  return n;
}

static const struct kind text = {
  .has_position = true,
  .open = text_open,
  .close = text_close,
  .read = text_read,
};

static void add_text(struct node *dir, const char *name,
                     void (*make)(struct out *)) {
  struct node *n = __zvm_node_new(&text, S_IFREG | 0444);
  if (n) n->own = (void *)make;
  __zvm_tree_add(dir, name, n);
}

/* -- Links to open files ------------------------------------------------- */

#define CWD (-1)
#define ROOT (-2)

static struct node *follow(struct node *link) {
  int fd = (int)(intptr_t)link->own;
  struct file *f;
  if (fd == CWD) return __zvm_cwd;
  if (fd == ROOT) return __zvm_root;
  return (f = __zvm_file(fd)) ? f->node : NULL;
}

/* The first directory below `dir` that has the node, and by what name. */
static struct node *holder(struct node *dir, const struct node *want,
                           const char **name, size_t *len) {
  uint32_t cursor = 0;
  struct node *n, *found;
  while ((n = __zvm_dir_next(dir, &cursor, name, len))) {
    if (n == want) return dir;
    if (n->kind == &__zvm_kind_directory &&
        (found = holder(n, want, name, len)))
      return found;
  }
  return NULL;
}

/* From the end of `text` forwards: where the name starts. */
static char *put_name(char *text, char *at, const char *name, size_t len) {
  if ((size_t)(at - text) < len + 1) return at;
  at -= len + 1;
  *at = '/';
  memcpy(at + 1, name, len);
  return at;
}

/* Its path, if it has one: a file is looked for in the whole tree. */
static char *path_of(struct node *n, char *text, char *end) {
  char *at = end;
  const char *name;
  size_t len;
  if (!is_directory(n)) {
    if (!(n = holder(__zvm_root, n, &name, &len))) return at;
    at = put_name(text, at, name, len);
  } else if (n == __zvm_root) {
    return put_name(text, at, "", 0);
  }
  while (n && (len = __zvm_dir_name(n, &name))) {
    at = put_name(text, at, name, len);
    n = __zvm_dir_parent(n);
  }
  return at;
}

/* What has no name is told by its number, as in pipe:[7]. */
static char *number_of(const struct node *n, char *end) {
  const char *sort = S_ISFIFO(n->mode) ? "pipe:[" : "anon:[";
  uint32_t ino = n->ino;
  char *at = end;
  *--at = ']';
  do *--at = (char)('0' + ino % 10);
  while (ino /= 10);
  return memcpy(at - 6, sort, 6);
}

static int64_t read_link(struct file *f, void *to, size_t size, int64_t off) {
  struct node *n = follow(f->node);
  char text[PATH_MAX], *end = text + sizeof(text), *at;
  (void)off;
  if (!n) return -ENOENT;
  at = n->links ? path_of(n, text, end) : end;
  if (at == end) at = number_of(n, end);
  if (size > (size_t)(end - at)) size = end - at;
  memcpy(to, at, size);
  return size;
}

static const struct kind open_link = { .read = read_link, .follow = follow };

static bool add_link(struct node *dir, const char *name, int fd) {
  struct node *n = __zvm_node_new(&open_link, S_IFLNK | 0700);
  if (!n) return false;
  n->own = (void *)(intptr_t)fd;
  if (!__zvm_dir_add(dir, name, strlen(name), n)) return true;
  __zvm_node_release(n);
  return false;
}

static void name_of(int fd, char name[5]) {
  char *at = name;
  for (int unit = 1000; unit; unit /= 10)
    if (fd >= unit || unit == 1) *at++ = (char)('0' + fd / unit % 10);
  *at = 0;
}

/* Names come and go as descriptors did; those that stay are not touched.
** What finds no memory comes the next time. */
static void refresh(struct node *dir) {
  LARGE static bool listed[FD_MAX];
  if (!__zvm_cwd) return; /* the tree is still made, or undone */
  __zvm_fs_uses_reserve = true;
  for (int fd = 0; fd < FD_MAX; fd++) {
    bool is_open = __zvm_file(fd) != NULL;
    char name[5];
    if (is_open == listed[fd]) continue;
    name_of(fd, name);
    if (is_open) {
      listed[fd] = add_link(dir, name, fd);
    } else {
      __zvm_dir_remove(dir, name, strlen(name));
      listed[fd] = false;
    }
  }
  __zvm_fs_uses_reserve = false;
}

/* -- The tree ------------------------------------------------------------ */

/* The program's name as it was called, made absolute. */
static struct node *exe(void) {
  const char *name = PTR(char, *PTR(uint32_t, START_BLOCK->argv));
  const char *dir = PTR(char, START_BLOCK->directory);
  struct node *n;
  char *path;
  if (!name || !*name) name = "/bin/program";
  if (*name == '/') return __zvm_link_new(name);
  if (!strchr(name, '/') || !dir) dir = "/bin";
  while (name[0] == '.' && name[1] == '/') name += 2;
  if (!(path = __zvm_fs_alloc(strlen(dir) + strlen(name) + 2))) return NULL;
  strcpy(path, dir);
  if (path[strlen(path) - 1] != '/') strcat(path, "/");
  strcat(path, name);
  n = __zvm_link_new(path);
  __zvm_fs_free(path);
  return n;
}

void __zvm_proc_add(struct node *root) {
  static struct kind descriptors;
  struct node *proc = __zvm_dir_make(root, "/proc");
  struct node *self = __zvm_dir_make(root, "/proc/self"), *fd;
  if (!proc || !self) return;
  proc->mode = self->mode = S_IFDIR | 0555;
  __zvm_tree_add(self, "exe", exe());
  add_link(self, "cwd", CWD);
  add_link(self, "root", ROOT);
  add_text(self, "cmdline", cmdline);
  add_text(self, "environ", environ);
  add_text(self, "mounts", mounts);
  add_text(proc, "meminfo", meminfo);
  __zvm_tree_add(proc, "mounts", __zvm_link_new("self/mounts"));
  if (!(fd = __zvm_dir_make(self, "fd"))) return;
  descriptors = __zvm_kind_directory;
  descriptors.refresh = refresh;
  fd->kind = &descriptors;
  fd->mode = S_IFDIR | 0500;
}
