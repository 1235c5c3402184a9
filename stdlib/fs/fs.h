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
  int (*control)(struct file *f, unsigned request, arg a); /* ENOTTY    */
  int (*poll)(struct file *f); /* POLL* that hold now; NULL: IN and OUT */
  void (*drop)(struct node *n); /* frees what it holds; NULL: nothing   */
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
};

/* A node of no name yet, with the clock's time; NULL: no memory. */
hidden struct node *__zvm_node_new(const struct kind *kind, mode_t mode);
/* Gone when it has neither links nor refs. */
hidden void __zvm_node_release(struct node *n);

/* -- Directories --------------------------------------------------------- */

extern hidden struct node *__zvm_root; /* NULL before __zvm_fs_start    */

/* The tree with its devices, images and channels; called by whoever needs
** it first, and at the start when there are mounts. */
hidden void __zvm_fs_start(void);

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

/* 0, ENOENT of a part before the last, ENOTDIR, ELOOP, ENAMETOOLONG,
** EACCES, EBADF. dirfd may be AT_FDCWD. */
hidden int __zvm_walk(int dirfd, const char *path, unsigned flags,
                      struct place *out);

/* -- Contents of regular files ------------------------------------------- */

hidden int64_t __zvm_contents_read(struct node *n, void *to, size_t count,
                                   int64_t off);
hidden int64_t __zvm_contents_write(struct node *n, const void *from,
                                    size_t count, int64_t off);
hidden int __zvm_contents_resize(struct node *n, int64_t size);
/* What is not written yet comes from a channel's bytes [off, off + size).
** Nothing is read now. For a node that is empty. */
hidden int __zvm_contents_back(struct node *n, int channel, int64_t off,
                               int64_t size);
/* The pages that hold [off, off + size) from now on, so that memory and
** file are one; off is a multiple of the page. What lies past the end is
** zero and does not become part of the file. The caller holds a ref while
** the mapping lives. NULL: no memory, or part is mapped elsewhere. */
hidden void *__zvm_contents_map(struct node *n, int64_t off, size_t size);

/* -- Open files ---------------------------------------------------------- */

#define FD_MAX 1024

struct file {
  struct node *node;
  int refs;  /* descriptors that name it; 0 = free            */
  int flags; /* of open: access mode, O_APPEND, O_NONBLOCK    */
  int64_t pos;
  void *own; /* of the kind                                   */
};

hidden struct file *__zvm_file(int fd); /* NULL: not open */
/* A descriptor, the lowest free, for a node: takes a ref of it. */
hidden int __zvm_file_open(struct node *n, int flags);

/* -- Rooms --------------------------------------------------------------- */

/*
** Files leave the program some memory: allocations of the file system fail
** with ENOSPC when less than this would be left.
*/
hidden void *__zvm_fs_alloc(size_t size); /* NULL: ENOSPC */

#endif
