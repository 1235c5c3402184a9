/*
** fs.h - the file system in memory: nodes, directories, open files.
**
** A node is what names lead to; a directory maps names to nodes; an open
** file is a node with a position, shared by the descriptors that dup made.
** Everything lives in the heap of the instance and goes with it. Functions
** return 0, a count or a negated errno, unless they say otherwise; what
** fails has changed nothing.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_FS_H
#define ZVM_FS_H

#include <sys/stat.h>
#include <sys/types.h>

#include "sys.h"

struct node;
struct file;

/* -- Kinds of nodes ------------------------------------------------------ */

/*
** What a node does. A NULL function does what its line says. Offsets are
** never negative; sizes fit in 31 bits; rights were checked before.
*/
struct kind {
  bool has_position; /* else lseek and pread are ESPIPE, and off is 0 */
  int (*open)(struct file *f);   /* a new open file; NULL: 0            */
  void (*close)(struct file *f); /* its last descriptor; NULL: nothing  */
  int64_t (*read)(struct file *f, void *to, size_t n,
                  int64_t off);                    /* NULL: EINVAL      */
  int64_t (*write)(struct file *f, const void *from, size_t n,
                   int64_t off);                   /* NULL: EINVAL      */
  int64_t (*size)(struct node *n);                 /* NULL: n->size     */
  int (*resize)(struct node *n, int64_t size);     /* NULL: EINVAL      */
  /* The first data, or hole, from off on; -ENXIO. NULL: all is data.   */
  int64_t (*seek)(struct node *n, int64_t off, bool data);
  int (*control)(struct file *f, unsigned request, arg a); /* ENOTTY    */
  int (*poll)(struct file *f); /* POLL* that hold now; NULL: IN and OUT */
  void (*drop)(struct node *n); /* frees what it holds; NULL: nothing   */
  void (*refresh)(struct node *dir); /* before a look-up or a listing   */
  /* Where a symbolic link leads that has no text; NULL: it has one. */
  struct node *(*follow)(struct node *link);
};

extern hidden const struct kind __zvm_kind_regular, __zvm_kind_directory,
    __zvm_kind_link, __zvm_kind_channel;

struct node {
  const struct kind *kind;
  uint32_t ino;   /* by order of creation, the root is 1                */
  mode_t mode;    /* type and permissions                               */
  uint32_t links; /* names, as st_nlink counts them                     */
  uint32_t refs;  /* open files, mappings, the working directory        */
  uint32_t owner, group;
  uint32_t device; /* st_rdev                                           */
  int64_t size;    /* bytes, of regular files and symbolic links        */
  int64_t atime, mtime, ctime; /* ns since 1970                         */
  union {
    struct directory *directory;
    struct contents *contents; /* NULL: empty or all holes              */
    char *target;              /* of a symbolic link                    */
    int channel;
    void *own;
  };
  bool is_nameless; /* a pipe of pipe(): st_nlink is 1 all the same     */
};

/* A node of no name yet, with the clock's time; NULL: no memory. */
hidden struct node *__zvm_node_new(const struct kind *kind, mode_t mode);
/* With `room` bytes behind it, all zero. */
hidden struct node *__zvm_node_new_with(const struct kind *kind, mode_t mode,
                                        size_t room);
/* The node of a channel; those of 0, 1 and 2 are there from the start. */
hidden struct node *__zvm_node_of_channel(int channel);
/* Gone when it has neither links nor refs. */
hidden void __zvm_node_release(struct node *n);
/* Whether the user may do all of R_OK, W_OK, X_OK in `want`. */
hidden bool __zvm_node_may(const struct node *n, int want);

static inline bool is_directory(const struct node *n) {
  return S_ISDIR(n->mode);
}

/* It has no names any more, but somebody holds it. */
static inline bool is_gone(const struct node *n) { return !n->links; }

/* Times: of a change of what it is, of a change of what it holds. */
static inline void node_changed(struct node *n) {
  n->ctime = __zvm_clock_now();
}

static inline void node_written(struct node *n) {
  n->mtime = n->ctime = __zvm_clock_now();
}

#define A_DAY 86400000000000 /* ns */

/* Reading is written down once after a change, and once a day. */
static inline void node_was_read(struct node *n) {
  int64_t now = __zvm_clock_now();
  if (n->atime <= n->mtime || n->atime <= n->ctime ||
      now - n->atime >= A_DAY)
    n->atime = now;
}

/* -- Directories --------------------------------------------------------- */

extern hidden struct node *__zvm_root; /* NULL before __zvm_fs_start    */
extern hidden struct node *__zvm_cwd;  /* the working directory         */

/*
** The tree with its devices, images and channels; called by whoever needs
** it first, and at the start when there are mounts. It is there as a whole
** after, or not at all: ENOMEM, and the next call tries again. With mounts,
** or where a name cannot be placed at all, the program ends instead.
*/
hidden int __zvm_fs_start(void);

/* Constant time, whatever the size of the directory. */
hidden struct node *__zvm_dir_find(struct node *dir, const char *name,
                                   size_t len);
/* EEXIST, ENOSPC. Counts the link, and `..` where the child is one. */
hidden int __zvm_dir_add(struct node *dir, const char *name, size_t len,
                         struct node *child);
/* Forgets the name, whatever it leads to; the node may go with it. */
hidden void __zvm_dir_remove(struct node *dir, const char *name, size_t len);
/* The name after *cursor, which starts at 0, in order of creation. A name
** that is there all the while is seen once, whatever comes and goes. */
hidden struct node *__zvm_dir_next(struct node *dir, uint32_t *cursor,
                                   const char **name, size_t *len);
/* The name leads to another node from now on, and keeps its place. */
hidden void __zvm_dir_replace(struct node *dir, const char *name, size_t len,
                              struct node *child);
hidden struct node *__zvm_dir_parent(struct node *dir);
hidden bool __zvm_dir_is_empty(struct node *dir);
/* The name of a directory in its parent: its length, 0 for the root. */
hidden size_t __zvm_dir_name(struct node *dir, const char **name);
/* The directory of that path below `from`, made with its parents (0755)
** where it is not there. NULL: no memory, or a part is something else. */
hidden struct node *__zvm_dir_make(struct node *from, const char *path);

/* -- Names --------------------------------------------------------------- */

struct place {
  struct node *dir;  /* where the last name is looked up                 */
  const char *name;  /* the last name, inside the path; "" for `/`       */
  size_t len;
  struct node *node; /* what it leads to; NULL: nothing, that is no error */
  bool slash;        /* the path ended in one: it must be a directory    */
};

#define WALK_NOFOLLOW 1 /* a symbolic link at the end is what is meant */
/* The last name itself, even before a slash; it may be too long. */
#define WALK_NAME 2
#define WALK_CREATE 4 /* EISDIR where the path ends in a slash */

/* 0, ENOENT of a part before the last, ENOTDIR, ELOOP, ENAMETOOLONG,
** EACCES, EBADF. dirfd may be AT_FDCWD. */
hidden int __zvm_walk(int dirfd, const char *path, unsigned flags,
                      struct place *out);

/* The last name is not one that can be made or removed. */
static inline bool is_dots(const struct place *p) {
  return !p->len || (p->name[0] == '.' &&
                     (p->len == 1 || (p->len == 2 && p->name[1] == '.')));
}

/* What a descriptor, or a path by it, names; walk() may leave it NULL: here
** that is ENOENT. An empty path is the descriptor's own, if `flags` of the
** call has AT_EMPTY_PATH; AT_SYMLINK_NOFOLLOW counts too. */
hidden int __zvm_node_at(int dirfd, const char *path, int flags,
                         struct node **out);
/* Whether a name can be made there: 0, or why not. */
hidden int __zvm_can_add(const struct place *at);
extern hidden mode_t __zvm_umask;

static inline bool is_too_long(const struct place *p) { return p->len > 255; }

/* -- Contents of regular files ------------------------------------------- */

hidden int64_t __zvm_contents_read(struct node *n, void *to, size_t count,
                                   int64_t off);
hidden int64_t __zvm_contents_write(struct node *n, const void *from,
                                    size_t count, int64_t off);
hidden int __zvm_contents_resize(struct node *n, int64_t size);
/* A regular file: what is not written yet comes from a channel's bytes
** [off, off + size), at most FILE_MAX. Nothing is read now. NULL: no memory. */
hidden struct node *__zvm_contents_backed(mode_t mode, int channel,
                                          int64_t off, int64_t size);
/* The pages that hold [off, off + size) from now on, so that memory and
** file are one; off is a multiple of the page. What lies past the end is
** zero and does not become part of the file. The caller holds a ref while
** the mapping lives. NULL: no memory, or part is mapped elsewhere. */
hidden void *__zvm_contents_map(struct node *n, int64_t off, size_t size);
/* One mapping less; after the last one pages can be moved and freed. */
hidden void __zvm_contents_unmap(struct node *n);
hidden int64_t __zvm_contents_seek(struct node *n, int64_t off, bool data);
/* Room for [off, off + size), in or past the end; or no room for it. */
hidden int __zvm_contents_reserve(struct node *n, int64_t off, int64_t size);
hidden int __zvm_contents_punch(struct node *n, int64_t off, int64_t size);
hidden int64_t __zvm_contents_blocks(struct node *n); /* of 512 bytes */
hidden void __zvm_contents_drop(struct node *n);

/* -- Open files ---------------------------------------------------------- */

struct file {
  struct node *node;
  int refs;  /* descriptors that name it; 0 = free            */
  int flags; /* of open: access mode, O_APPEND, O_NONBLOCK    */
  int64_t pos;
  void *own; /* of the kind                                   */
};

hidden struct file *__zvm_file(int fd); /* NULL: not open */
/* NULL too where it is only a place in the tree, by O_PATH. */
hidden struct file *__zvm_file_usable(int fd);
/* NULL too where it was not opened to read or to write. */
hidden struct file *__zvm_file_to_read(int fd);
hidden struct file *__zvm_file_to_write(int fd);
hidden bool __zvm_file_has_position(const struct file *f);
/* One descriptor less: it is closed with the last. */
hidden void __zvm_file_release(struct file *f);
/* A descriptor from `from` up for an open file, which counts it. */
hidden int __zvm_file_describe(struct file *f, int from);
hidden void __zvm_file_place(struct file *f, int fd); /* dup2's */
hidden int __zvm_file_close(int fd);
hidden bool __zvm_file_have_room(void); /* one descriptor at least */
hidden void __zvm_file_set_cloexec(int fd, bool on);
hidden bool __zvm_file_cloexec(int fd);
hidden struct node *__zvm_file_standard(int channel); /* 0, 1, 2 */
/* A descriptor, the lowest free, for a node: takes a ref of it. Where it
** fails, whoever made the node releases it. */
hidden int __zvm_file_open(struct node *n, int flags);

/* -- Rooms --------------------------------------------------------------- */

/*
** Files leave the program some memory: allocations of the file system fail
** with ENOSPC when less than this would be left.
*/
hidden void *__zvm_fs_alloc(size_t size); /* NULL: ENOSPC */
hidden void __zvm_fs_free(void *p);
/* Set while a name moves: what it takes for a moment may be the program's;
** and while the tree is made, which takes little and no file. */
extern hidden bool __zvm_fs_uses_reserve;
/* Set by each allocation that fails. */
extern hidden bool __zvm_fs_lacked_memory;

/* -- Parts of the tree --------------------------------------------------- */

/*
** A weak one counts where it is linked, but does not bring its part along.
*/
hidden void __zvm_devices_add(struct node *dev);
hidden void __zvm_mount_images(void);
/* "zvm: NAME: WHAT" on stderr, and the end with code 125. */
hidden _Noreturn void __zvm_mount_refuse(const char *name, const char *what);
hidden void __zvm_proc_add(struct node *root);
extern hidden weak void __zvm_locks_drop(struct file *f, bool last);
hidden int __zvm_lock(struct file *f, int command, arg a);

#endif
