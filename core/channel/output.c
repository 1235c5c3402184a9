/*
** output.c - a file that gets its name when the run has succeeded.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum {
  LINKS_MOST = 40, /* as the kernel's */
  TRIES = 100,
  TEMPORARY_SIZE = 32,
  IN_PROC = -1, /* no errno */
};

struct zvm__output {
  int dir;      /* O_PATH */
  int fd;       /* of the new file; ours, so that its end is known */
  zvm__identity identity; /* of that, if it is known */
  pid_t owner;  /* a forked child's copy must not remove what is ours */
  dev_t device; /* of the directory */
  ino_t inode;
  char name[NAME_MAX + 1];
  char temporary[TEMPORARY_SIZE]; /* "" of a file without a name */
};


/* -- Where the name is --------------------------------------------------- */

/* The kernel's own rule (protected_symlinks), which this walk goes around. */
static bool may_follow(int dir, const char *name) {
  struct stat d, link;
  if (fstat(dir, &d) != 0 ||
      fstatat(dir, name, &link, AT_SYMLINK_NOFOLLOW) != 0)
    return false;
  return (d.st_mode & (S_ISVTX | S_IWOTH)) != (S_ISVTX | S_IWOTH) ||
         link.st_uid == geteuid() || link.st_uid == d.st_uid;
}


static bool is_in_proc(int dir) {
  struct statfs fs;
  return fstatfs(dir, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}


/* The parent of `path`, relative to out->dir, becomes out->dir. */
static int enter_parent(zvm__output *out, char path[PATH_MAX]) {
  char *slash = strrchr(path, '/');
  const char *last = slash != NULL ? slash + 1 : path;
  size_t size = strlen(last) + 1;
  if (size == 1 || strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
    return EISDIR;
  if (size > sizeof out->name)
    return ENAMETOOLONG;
  memcpy(out->name, last, size);
  if (slash != NULL)
    slash[slash == path] = '\0';
  const char *parent = slash != NULL ? path : ".";
  int dir = openat(out->dir, parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
  int os = errno;
  if (out->dir >= 0)
    (void)close(out->dir);
  out->dir = dir;
  return dir < 0 ? os : 0;
}


/*
** Follow `path` to the directory and the name that it leads to, through all
** symbolic links, whether or not there is such a file. IN_PROC: a link there
** names an open file, and no place.
*/
static int find(zvm__output *out, const char *path) {
  char at[PATH_MAX];
  size_t size = strlen(path) + 1;
  if (size > sizeof at)
    return ENAMETOOLONG;
  memcpy(at, path, size);
  out->dir = AT_FDCWD;
  for (int links = 0; links <= LINKS_MOST; links++) {
    int os = enter_parent(out, at);
    if (os != 0)
      return os;
    ssize_t n = readlinkat(out->dir, out->name, at, sizeof at - 1);
    if (n < 0)
      return errno == EINVAL || errno == ENOENT ? 0 : errno;
    if (is_in_proc(out->dir))
      return IN_PROC;
    if (!may_follow(out->dir, out->name))
      return EACCES;
    at[n] = '\0';
  }
  return ELOOP;
}


/* -- The file that is written -------------------------------------------- */

/* Its commit goes through /proc: without one it has no name to be had. */
static int open_nameless(zvm__output *out, int access, mode_t mode) {
  char link[32];
  int fd = openat(out->dir, ".", access | O_TMPFILE | O_CLOEXEC, mode);
  if (fd < 0)
    return -1;
  (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  if (faccessat(AT_FDCWD, link, F_OK, AT_SYMLINK_NOFOLLOW) != 0) {
    (void)close(fd);
    errno = EOPNOTSUPP;
    return -1;
  }
  out->fd = fd;
  return fd;
}


static bool choose_temporary(zvm__output *out) {
  uint64_t random;
  if (getrandom(&random, sizeof random, 0) != sizeof random)
    return false;
  (void)snprintf(out->temporary, sizeof out->temporary, ".zvm-%016" PRIx64,
                 random);
  return true;
}


static int open_named(zvm__output *out, int access, mode_t mode) {
  for (int i = 0; i < TRIES && choose_temporary(out); i++) {
    int fd = openat(out->dir, out->temporary,
                    access | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd >= 0 || errno != EEXIST) {
      if (fd < 0)
        out->temporary[0] = '\0';
      out->fd = fd;
      return fd;
    }
  }
  out->temporary[0] = '\0';
  return -1;
}


/* Kernels that do not know O_TMPFILE take it for O_DIRECTORY. */
static int open_temporary(zvm__output *out, int access, mode_t mode) {
  int fd = open_nameless(out, access, mode);
  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL ||
                 errno == ENOENT))
    fd = open_named(out, access, mode);
  return fd;
}


/*
** As the file that it will replace. What the new file's group could do that
** is not the old one's, all others could: rights never become wider. Bits that
** make a program run as somebody else are gone, as after any write.
*/
static bool keep_rights(int fd, const struct stat *old) {
  struct stat now;
  mode_t mode = old->st_mode & 0777;
  if (fstat(fd, &now) != 0)
    return false;
  if (now.st_uid != old->st_uid)
    (void)!fchown(fd, old->st_uid, (gid_t)-1);
  if (now.st_gid != old->st_gid && fchown(fd, (uid_t)-1, old->st_gid) != 0)
    mode = (mode & ~(mode_t)070) | (mode & 07) << 3;
  return fchmod(fd, mode) == 0;
}


/* Who may not remove another's file from a directory may not replace it. */
static bool is_kept_by_sticky(const struct stat *dir, const struct stat *old) {
  uid_t me = geteuid();
  return (dir->st_mode & S_ISVTX) != 0 && me != 0 && old->st_uid != me &&
         dir->st_uid != me;
}


/* -- Open ---------------------------------------------------------------- */

static zvm_status fail(const zvm_channel_options *o, int os, zvm_error *err) {
  return zvm__fail_os(err, ZVM_E_CHANNEL, os,
                      "channel %.80s: cannot open %.100s", o->alias,
                      o->path);
}


/* What could be written as it is, but not be replaced. */
static zvm_status fail_beside(const zvm_channel_options *o, int os,
                              zvm_error *err) {
  return zvm__fail_os(err, ZVM_E_CHANNEL, os,
                      "channel %.60s: cannot make a file beside %.80s to "
                      "replace it; partial = true writes it in place",
                      o->alias, o->path);
}


/* Reading is for the digest of the final content. */
static int access_of(const zvm_channel_options *o) {
  return o->etag != ZVM_ETAG_NONE && o->type >= ZVM_TYPE_SGET_RPUT
             ? O_RDWR
             : O_WRONLY;
}


static zvm_status open_beside(zvm__channel *ch, zvm__output *out,
                              const zvm_channel_options *o, zvm_error *err) {
  struct stat dir, old;
  if (fstat(out->dir, &dir) != 0)
    return fail(o, errno, err);
  out->device = dir.st_dev;
  out->inode = dir.st_ino;
  bool exists =
      fstatat(out->dir, out->name, &old, AT_SYMLINK_NOFOLLOW) == 0;
  if (!exists && errno != ENOENT)
    return fail(o, errno, err);
  if (exists && !S_ISREG(old.st_mode))
    return fail(o, EEXIST, err); /* since a moment ago */
  if (exists && is_kept_by_sticky(&dir, &old))
    return fail_beside(o, EPERM, err);
  ch->fd = open_temporary(out, access_of(o), exists ? 0600 : 0666);
  if (ch->fd < 0)
    return exists ? fail_beside(o, errno, err) : fail(o, errno, err);
  if (exists && !keep_rights(ch->fd, &old))
    return fail_beside(o, errno, err);
  return ZVM_OK;
}


/* As if there were no output.c: a device, a FIFO, or `partial`. */
static zvm_status open_itself(zvm__channel *ch, const zvm_channel_options *o,
                              int create, zvm_error *err) {
  int access = access_of(o);
  ch->fd = open(o->path, access | create | O_CLOEXEC | O_NOCTTY, 0666);
  if (ch->fd < 0 && errno == EACCES && access == O_RDWR)
    ch->fd = open(o->path, O_WRONLY | create | O_CLOEXEC | O_NOCTTY, 0666);
  ch->owns_fd = true;
  return ch->fd < 0 ? fail(o, errno, err) : ZVM_OK;
}


/*
** Is it something that is written in place? Then it is open. A regular file
** is opened to see that it may be written, and is closed again. EINTR is no
** reason to go on: a FIFO may wait for ever.
*/
static bool opens_in_place(zvm__channel *ch, const char *path, int *os) {
  struct stat st;
  int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
  *os = fd < 0 && errno != ENOENT ? errno : 0;
  if (fd < 0)
    return false;
  if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) {
    ch->fd = fd;
    ch->owns_fd = true;
    return true;
  }
  (void)close(fd);
  return false;
}


zvm_status zvm__output_open(zvm__channel *ch, const zvm_channel_options *o,
                            zvm_error *err) {
  int os = 0;
  if (o->partial)
    return open_itself(ch, o, O_CREAT, err);
  if (opens_in_place(ch, o->path, &os))
    return ZVM_OK;
  if (os != 0)
    return fail(o, os, err);
  zvm__output *out = malloc(sizeof *out);
  if (out == NULL)
    return zvm__fail(err, ZVM_E_NOMEM, "channel %.80s: not enough memory",
                     o->alias);
  *out = (zvm__output){.dir = -1, .fd = -1, .owner = getpid()};
  ch->output = out;
  os = find(out, o->path);
  if (os == 0)
    return open_beside(ch, out, o, err);
  zvm__output_discard(out);
  ch->output = NULL;
  return os == IN_PROC ? open_itself(ch, o, 0, err) : fail(o, os, err);
}


/* -- Identity ------------------------------------------------------------ */

void zvm__output_note(zvm__output *out, const zvm__identity *identity) {
  out->identity = *identity;
}


static bool has_dir(const zvm__output *out) {
  return out->dir >= 0 &&
         zvm__fd_may_be(out->dir,
                        &(zvm__identity){out->device, out->inode});
}


/* The host's program may have closed both. */
static bool has_both(const zvm__output *out) {
  return zvm__fd_may_be(out->fd, &out->identity) && has_dir(out);
}


bool zvm__output_is_same(const zvm__output *a, const zvm__output *b) {
  return a->device == b->device && a->inode == b->inode &&
         strcmp(a->name, b->name) == 0;
}


bool zvm__output_target(const zvm__output *out, dev_t *dev, ino_t *ino) {
  struct stat st;
  if (fstatat(out->dir, out->name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
      !S_ISREG(st.st_mode))
    return false;
  *dev = st.st_dev;
  *ino = st.st_ino;
  return true;
}


/* -- The end ------------------------------------------------------------- */

static int give_name(const zvm__output *out, const char *name) {
  char link[32];
  (void)snprintf(link, sizeof link, "/proc/self/fd/%d", out->fd);
  return linkat(AT_FDCWD, link, out->dir, name, AT_SYMLINK_FOLLOW) == 0
             ? 0
             : errno;
}


/* A name of its own, unless the right one is free. */
static int name_it(zvm__output *out) {
  int os = give_name(out, out->name);
  for (int i = 0; os == EEXIST && i < TRIES && choose_temporary(out); i++)
    os = give_name(out, out->temporary);
  if (os != 0)
    out->temporary[0] = '\0';
  return os;
}


/* Closed before it is renamed: some file systems only say then. */
int zvm__output_commit(zvm__output *out) {
  int os = 0;
  if (!has_both(out))
    os = EBADF;
  else if (out->temporary[0] == '\0')
    os = name_it(out);
  int closed = zvm__fd_let_go(&out->fd, &out->identity);
  if (closed != 0 && os == 0) {
    os = closed;
    if (out->temporary[0] == '\0')
      (void)unlinkat(out->dir, out->name, 0);
  }
  if (os == 0 && out->temporary[0] != '\0') {
    if (renameat(out->dir, out->temporary, out->dir, out->name) == 0)
      out->temporary[0] = '\0';
    else
      os = errno;
  }
  zvm__output_discard(out);
  return os;
}


void zvm__output_discard(zvm__output *out) {
  if (out == NULL)
    return;
  (void)zvm__fd_let_go(&out->fd, &out->identity);
  if (has_dir(out)) {
    if (out->temporary[0] != '\0' && out->owner == getpid())
      (void)unlinkat(out->dir, out->temporary, 0);
    (void)close(out->dir);
  }
  free(out);
}
