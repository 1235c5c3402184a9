/*
** archive.h - tar archives: what is read, what is written, how it fails.
**
** The reader goes over a channel from header to header; contents are never
** looked at. What was wrong stays in the archive for one message.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_ARCHIVE_H
#define ZVM_ARCHIVE_H

#include <limits.h>
#include <sys/types.h>

#include "sys.h"

#define TAR_BLOCK 512
#define TAR_DIGITS 11         /* of a size or a time, with a zero behind  */
#define TAR_NAME_SIZE 100
#define TAR_PREFIX_SIZE 155
#define TAR_EXTENDED_MAX (1 << 20) /* bytes of extended header that we take */

/* POSIX.1-2017, ustar Interchange Format. */
struct tar_header {
  char name[TAR_NAME_SIZE];
  char mode[8];
  char uid[8];
  char gid[8];
  char size[TAR_DIGITS + 1];
  char mtime[TAR_DIGITS + 1];
  char sum[8];
  char type;
  char target[TAR_NAME_SIZE];
  char magic[8]; /* "ustar\0" "00"; old GNU: "ustar  \0" */
  char uname[32];
  char gname[32];
  char major[8];
  char minor[8];
  char prefix[TAR_PREFIX_SIZE];
  char rest[12];
};
_Static_assert(sizeof(struct tar_header) == TAR_BLOCK, "a header is a block");

/* -- Headers (header.c) --------------------------------------------------- */

hidden bool __zvm_tar_is_zero(const void *block);
/* Bytes of the block, those of the sum as spaces. */
hidden unsigned __zvm_tar_sum(const struct tar_header *h);
/* Octal digits, or GNU's base 256. False: neither, or too large. */
hidden bool __zvm_tar_number(const char *field, size_t size, int64_t *out);

/* What extended headers say of an entry. */
struct tar_facts {
  char *path, *target; /* room for PATH_MAX bytes with their zero */
  bool has_path, has_target, has_size, has_mtime, is_sparse;
  int64_t size;
  int64_t mtime; /* ns since 1970 */
};

/* The records of an extended header. NULL, or what is wrong with them. */
hidden const char *__zvm_tar_records(struct tar_facts *facts, bool global,
                                     const char *at, size_t size);

/* -- Reading (reader.c) --------------------------------------------------- */

struct tar_reader {
  int channel;
  int64_t size;  /* of the channel                                       */
  int64_t start; /* first header of the entry that is read now or next   */
  int64_t next;  /* first header after it                                */
  const char *wrong; /* what is wrong, once something is                 */
  bool foreign;      /* there is no archive to speak of                  */

  /* The entry. A name is clean: parts with one slash between them, none
  ** of them `.` or `..`; it is empty for the root of the archive. */
  char type; /* '0' file, '1' link, '2' symbolic link, '5' directory      */
  bool named; /* name is this entry's, else the one before                */
  mode_t mode;
  int64_t data, bytes; /* where its contents are, and how many            */
  int64_t mtime;       /* ns since 1970                                   */
  size_t name_len, target_len;
  size_t dir_len; /* of the name up to its last slash and with it */

  /* The fields that r->mode and `seconds` are of; all zero means 0. */
  char mode_text[8], mtime_text[TAR_DIGITS + 1];
  int64_t seconds;

  /* Where the last name that was cleaned had its last slash, if the same
  ** up to there means the same. */
  bool is_beside;
  size_t beside_len;

  struct tar_facts local, global;

  /* Bytes [from, to) of the channel. */
  char *window;
  size_t room;
  int64_t from, to;
  int64_t last;   /* where a header was looked for the last time          */
  int64_t stride; /* bytes from header to header, about                   */
  int64_t heads;  /* bytes of headers that the last entry had             */

  /* All before this is zero at first. */
  char name[PATH_MAX], target[PATH_MAX];
  char beside[PATH_MAX];               /* as it stood in the archive */
  char path[PATH_MAX], link[PATH_MAX]; /* of local                   */
};

/* False: r->wrong says why. */
hidden bool __zvm_tar_open(struct tar_reader *r, int channel);
/* 1: an entry; 0: the end; -1: r->wrong says why. */
hidden int __zvm_tar_next(struct tar_reader *r);
hidden void __zvm_tar_close(struct tar_reader *r);

/* -- Placing (place.c) ---------------------------------------------------- */

struct node;

struct tar_place {
  struct node *root;   /* what the archive is seen at; a ref is held      */
  const char *at;      /* its path                                        */
  struct node *parent; /* of the last entry, or NULL                      */
  size_t parent_len;   /* of the name up to there, which is below         */
  char parent_name[PATH_MAX];
};

/* The directory `at` and its parents are made as those of entries are. */
hidden bool __zvm_tar_place_at(struct tar_place *p, struct tar_reader *r,
                               const char *at);
hidden bool __zvm_tar_place(struct tar_place *p, struct tar_reader *r);
hidden void __zvm_tar_place_end(struct tar_place *p);

/* -- Writing (writer.c) --------------------------------------------------- */

struct tar_writer {
  int channel;
  int64_t at;        /* where the buffer goes                             */
  size_t used;
  const char *wrong; /* why nothing more is written                       */
  char buffer[16384];
};

/* What is written of an entry. A directory's name ends with a slash. */
struct tar_entry {
  char type;
  const char *name;
  const char *target; /* NULL: none                                       */
  size_t name_len, target_len;
  mode_t mode;
  int64_t size, mtime;
};

/* All of these do nothing once w->wrong is set. */
hidden void __zvm_tar_write_header(struct tar_writer *w,
                                   const struct tar_entry *e);
/* Room for some of what follows, and its size, which is not 0. */
hidden char *__zvm_tar_room(struct tar_writer *w, size_t *size);
hidden void __zvm_tar_wrote(struct tar_writer *w, size_t size);
/* Zeroes up to the next block; the end mark, and all of it sent. */
hidden void __zvm_tar_pad(struct tar_writer *w);
hidden void __zvm_tar_finish(struct tar_writer *w);

/* -- Packing (export.c) --------------------------------------------------- */

/* One archive of all that goes to the channel of the first of the mounts.
** False: it said on stderr what is wrong. */
hidden bool __zvm_tar_export(const zvm_abi_mount *mounts, uint32_t count);

/* -- Messages (message.c) ------------------------------------------------- */

struct tar_message {
  size_t len;
  char text[512];
};

hidden void __zvm_tar_say(struct tar_message *m, const char *text);
/* At most `len` bytes; what is not printable ASCII is a question mark. */
hidden void __zvm_tar_quote(struct tar_message *m, const char *text,
                            size_t len);
hidden void __zvm_tar_say_number(struct tar_message *m, int64_t number);
/* With a newline, to stderr. */
hidden void __zvm_tar_send(struct tar_message *m);

#endif
