/*
** mount.c - what the start block's mounts ask for: images seen in the tree at
** the start, parts of the tree packed at exit.
**
** An image is indexed: its headers are read, its contents are not. They stay
** in the channel until somebody reads them. A damaged image ends the program
** before it starts.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>

#include "archive.h"
#include "fs.h"

#define EXIT_UNUSABLE 125
#define SHOWN_MAX 200 /* bytes of a name in a message */

/* -- At the start --------------------------------------------------------- */

/* NAME, or where it is between others. */
static void say_name(struct tar_message *m, const struct tar_reader *r) {
  if (!r->named) __zvm_tar_say(m, r->start > 0 ? "after " : "at the start");
  if (!r->named && r->start == 0) return;
  if (r->name_len == 0) __zvm_tar_say(m, ".");
  __zvm_tar_quote(m, r->name,
                  r->name_len > SHOWN_MAX ? SHOWN_MAX : r->name_len);
}

_Noreturn void __zvm_mount_refuse(const char *name, const char *what) {
  struct tar_message m = { 0 };
  __zvm_tar_say(&m, "zvm: ");
  __zvm_tar_quote(&m, name, strnlen(name, SHOWN_MAX));
  __zvm_tar_say(&m, ": ");
  __zvm_tar_say(&m, what);
  __zvm_tar_send(&m);
  zvm_exit(EXIT_UNUSABLE);
}

/* "zvm: ALIAS: entry NAME at OFFSET: WHAT" */
static _Noreturn void refuse(const struct tar_reader *r) {
  struct tar_message m = { 0 };
  __zvm_tar_say(&m, "zvm: ");
  __zvm_tar_say(&m, MANIFEST->channels[r->channel].name);
  __zvm_tar_say(&m, ": ");
  if (!r->foreign) {
    __zvm_tar_say(&m, "entry ");
    say_name(&m, r);
    __zvm_tar_say(&m, " at ");
    __zvm_tar_say_number(&m, r->start);
    __zvm_tar_say(&m, ": ");
  }
  __zvm_tar_say(&m, r->wrong);
  __zvm_tar_send(&m);
  zvm_exit(EXIT_UNUSABLE);
}

static bool mount(struct tar_reader *r, struct tar_place *p, int channel,
                  const char *at) {
  int more;
  if (!__zvm_tar_open(r, channel)) return false;
  if (!__zvm_tar_place_at(p, r, at)) return false;
  while ((more = __zvm_tar_next(r)) > 0)
    if (!__zvm_tar_place(p, r)) return false;
  __zvm_tar_place_end(p);
  __zvm_tar_close(r);
  return more == 0;
}

void __zvm_mount_images(void) {
  const zvm_abi_mount *m = __zvm_mounts, *end = m + __zvm_mounts_count;
  struct tar_reader *r = NULL;
  struct tar_place p;
  for (; m < end; m++) {
    if (m->kind != ZVM_MOUNT_IMAGE) continue;
    if (r == NULL && !(r = __zvm_fs_alloc(sizeof(*r))))
      __zvm_mount_refuse(MANIFEST->channels[m->channel].name,
                         "no memory to read it");
    if (!mount(r, &p, (int)m->channel, PTR(const char, m->path))) refuse(r);
  }
  __zvm_fs_free(r);
}

/* -- At exit -------------------------------------------------------------- */

static bool is_first(uint32_t at) {
  for (uint32_t i = 0; i < at; i++)
    if (__zvm_mounts[i].kind == ZVM_MOUNT_EXPORT &&
        __zvm_mounts[i].channel == __zvm_mounts[at].channel)
      return false;
  return true;
}

int __zvm_export(void) {
  const zvm_abi_mount *m = __zvm_mounts;
  uint32_t count = __zvm_mounts_count;
  if (count > 0) __zvm_fs_start();
  for (uint32_t i = 0; i < count; i++)
    if (m[i].kind == ZVM_MOUNT_EXPORT && is_first(i) &&
        !__zvm_tar_export(m + i, count - i))
      return -EIO;
  return 0;
}
