/*
** fact.h - what the programs of this folder print: a line for each fact.
**
** A fact is a call, its result and, if it failed, the name of its errno. The
** same program runs on the host, whose kernel is the oracle, and in the
** sandbox: both print the same bytes. So nothing may be printed that POSIX or
** Linux leaves open: inode numbers, sizes of directories, order of names.
**
** argv[1] is an empty directory, where all of it happens. The user is not
** root; the umask is 022.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef FACT_H
#define FACT_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *errno_name(int e) {
  static const struct {
    int number;
    const char *name;
  } names[] = {
#define N(name) { name, #name }
    N(EPERM), N(ENOENT), N(EINTR), N(EIO), N(ENXIO), N(E2BIG), N(EBADF),
    N(ECHILD), N(EAGAIN), N(ENOMEM), N(EACCES), N(EFAULT), N(EBUSY),
    N(EEXIST), N(EXDEV), N(ENODEV), N(ENOTDIR), N(EISDIR), N(EINVAL),
    N(ENFILE), N(EMFILE), N(ENOTTY), N(ETXTBSY), N(EFBIG), N(ENOSPC),
    N(ESPIPE), N(EROFS), N(EMLINK), N(EPIPE), N(EDOM), N(ERANGE), N(EDEADLK),
    N(ENAMETOOLONG), N(ENOLCK), N(ENOSYS), N(ENOTEMPTY), N(ELOOP),
    N(EOVERFLOW), N(EOPNOTSUPP), N(ENODATA), N(ESTALE), N(EDQUOT),
#undef N
  };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (names[i].number == e) return names[i].name;
  return e ? "another errno" : "no errno";
}

static inline void fact(const char *call, long long result) {
  int e = errno;
  printf("%s = %lld%s%s\n", call, result, result == -1 ? " " : "",
         result == -1 ? errno_name(e) : "");
}

static inline void fact_of_pointer(const char *call, bool there) {
  int e = errno;
  printf("%s = %s%s\n", call, there ? "something" : "NULL ",
         there ? "" : errno_name(e));
}

/* -1 means failed. */
#define FACT(call) fact(#call, (errno = 0, (long long)(call)))
/* NULL means failed. */
#define POINTER(call) fact_of_pointer(#call, (errno = 0, (call) != NULL))
/* A statement that is true or not. */
#define HOLDS(what) printf("%s: %s\n", #what, (what) ? "yes" : "no")
/* A function that gives its errno. */
#define ERROR(call) printf("%s = %s\n", #call, errno_name(call))
/* A string, whose maker may fail. */
#define TEXT(call)                                                     \
  do {                                                                 \
    errno = 0;                                                         \
    const char *text_ = (call);                                        \
    printf("%s = %s%s%s\n", #call, text_ ? "\"" : "NULL ",             \
           text_ ? text_ : errno_name(errno), text_ ? "\"" : "");        \
  } while (0)
#define SECTION(name) printf("-- %s\n", name)

/* -- Files ---------------------------------------------------------------- */

/* Makes a file of that content; what fails shows in the facts. */
static inline void put_file(const char *path, const char *content) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0 || write(fd, content, strlen(content)) < 0)
    printf("put_file %s: %s\n", path, errno_name(errno));
  if (fd >= 0) close(fd);
}

/* The content of a short file, or the errno that forbids it. */
static inline const char *content_of(const char *path) {
  static char text[512];
  int fd = open(path, O_RDONLY);
  if (fd < 0) return errno_name(errno);
  ssize_t n = read(fd, text, sizeof text - 1);
  if (n < 0) strcpy(text, errno_name(errno));
  if (n >= 0) text[n] = 0;
  close(fd);
  return text;
}

static inline const char *type_of(mode_t mode) {
  return S_ISREG(mode)    ? "file"
         : S_ISDIR(mode)  ? "directory"
         : S_ISLNK(mode)  ? "symlink"
         : S_ISFIFO(mode) ? "fifo"
         : S_ISCHR(mode)  ? "character device"
                          : "another type";
}

/* Type, permissions, links and size; of directories neither of the last. */
static inline void show(const char *path) {
  struct stat st;
  printf("%s is ", path);
  if (lstat(path, &st))
    printf("%s\n", errno_name(errno));
  else if (S_ISDIR(st.st_mode))
    printf("directory %04o\n", (unsigned)st.st_mode & 07777);
  else
    printf("%s %04o, %d links, %lld bytes\n", type_of(st.st_mode),
           (unsigned)st.st_mode & 07777, (int)st.st_nlink,
           (long long)st.st_size);
}

static inline bool same_node(const char *one, const char *two) {
  struct stat a, b;
  return !stat(one, &a) && !stat(two, &b) && a.st_ino == b.st_ino &&
         a.st_dev == b.st_dev;
}

/* To be called first. */
static inline void begin(int argc, char **argv) {
  umask(022);
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* what was said before a fault */
  if (argc != 2 || chdir(argv[1])) {
    fprintf(stderr, "an empty directory is wanted\n");
    exit(2);
  }
}

#endif
