/*
** descriptor.c - channels on files by path, and on descriptors.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "open.h"
#include "output.h"


zvm_status zvm__channel_open_path(zvm__channel *ch,
                                  const zvm_channel_options *o,
                                  zvm_error *err) {
  static const int flags[] = {
      [ZVM_MODE_READ] = O_RDONLY,
      [ZVM_MODE_WRITE] = O_WRONLY, /* a FIFO */
      [ZVM_MODE_APPEND] = O_WRONLY | O_CREAT | O_APPEND,
      [ZVM_MODE_READ_WRITE] = O_RDWR | O_CREAT,
  };
  if (o->path == NULL)
    return zvm__fail(err, ZVM_E_OPTION, "channel %.80s: no path", o->alias);
  ch->named = true;
  struct stat st;
  bool fifo = stat(o->path, &st) == 0 && S_ISFIFO(st.st_mode) &&
              o->mode != ZVM_MODE_READ_WRITE;
  if (o->mode == ZVM_MODE_WRITE && !fifo)
    return zvm__output_open(ch, o, err);
  /* Who reads waits with its first read, who writes when all are open. */
  ch->waits = fifo && o->mode == ZVM_MODE_READ;
  ch->fd = open(o->path,
                flags[o->mode] | O_CLOEXEC | O_NOCTTY |
                    (fifo ? O_NONBLOCK : 0),
                0666);
  if (ch->fd < 0 && fifo && errno == ENXIO)
    return zvm__channel_put_off(ch, o, "file:", o->path, err);
  if (ch->fd < 0)
    return zvm__fail_os(err, ZVM_E_CHANNEL, errno,
                        "channel %.80s: cannot open %.100s", o->alias,
                        o->path);
  ch->owns_fd = true;
  return ZVM_OK;
}


static zvm_status check_access(zvm__channel *ch, const zvm_channel_options *o,
                               zvm_error *err) {
  int flags = fcntl(ch->fd, F_GETFL);
  if (flags < 0)
    return zvm__fail_os(err, ZVM_E_CHANNEL, errno,
                        "channel %.80s: descriptor %d", o->alias, ch->fd);
  ch->appends = (flags & O_APPEND) != 0;
  zvm__rights r = zvm__channel_rights(o);
  int access = flags & O_ACCMODE;
  if ((flags & O_PATH) != 0 || (r.get && access == O_WRONLY) ||
      (r.put && access == O_RDONLY))
    return zvm__fail(err, ZVM_E_CHANNEL,
                     "channel %.80s: descriptor %d is not open for %s",
                     o->alias, ch->fd,
                     r.put && access == O_RDONLY ? "writing" : "reading");
  if (ch->appends && r.put && zvm__channel_puts_random(ch))
    return zvm__fail(err, ZVM_E_CHANNEL,
                     "channel %.80s: the descriptor only appends; random "
                     "puts (type %d) need one that does not",
                     o->alias, o->type);
  return ZVM_OK;
}


static zvm_status check_kind(zvm__channel *ch, const zvm_channel_options *o,
                             const struct stat *st, zvm_error *err) {
  if (S_ISDIR(st->st_mode))
    return zvm__fail(err, ZVM_E_CHANNEL, "channel %.80s: is a directory",
                     o->alias);
  if (!S_ISREG(st->st_mode) && ch->type != ZVM_TYPE_SGET_SPUT)
    return zvm__fail(err, ZVM_E_CHANNEL,
                     "channel %.80s: not a regular file, so its type must "
                     "be 0 (sequential), not %d",
                     o->alias, ch->type);
  if (!S_ISREG(st->st_mode) && o->file_size != 0)
    return zvm__fail(err, ZVM_E_CHANNEL,
                     "channel %.80s: not a regular file, so its limit "
                     "file_size cannot hold; put_size can",
                     o->alias);
  if (o->slice && !S_ISREG(st->st_mode))
    return zvm__fail(err, ZVM_E_CHANNEL,
                     "channel %.80s: not a regular file, so there is no "
                     "slice of it",
                     o->alias);
  if (o->slice && o->slice_from + o->slice_size > st->st_size)
    return zvm__fail(err, ZVM_E_CHANNEL,
                     "channel %.80s: the slice ends at %" PRId64 ", and the "
                     "file has %" PRId64 " bytes",
                     o->alias, o->slice_from + o->slice_size,
                     (int64_t)st->st_size);
  return S_ISSOCK(st->st_mode) ? zvm__channel_check_socket(ch, o, err)
                               : ZVM_OK;
}


/*
** A borrowed descriptor goes on where it stands, as it would for a child
** process. A file of size 0 may be one that the kernel makes up. A slice says
** where it begins, and has no part in that.
*/
static bool is_stream(const zvm__channel *ch, const zvm_channel_options *o,
                      const struct stat *st) {
  bool made_up = st->st_size == 0 && o->mode == ZVM_MODE_READ;
  if (o->slice)
    return false;
  return !ch->is_file ||
         (ch->type == ZVM_TYPE_SGET_SPUT && (!ch->named || made_up));
}


static void use_file(zvm__channel *ch, const zvm_channel_options *o,
                     const struct stat *st) {
  ch->source = &zvm__source_file;
  ch->base_size = ch->empty_first ? 0 : st->st_size;
  if (o->slice) {
    ch->from = o->slice_from;
    ch->base_size = o->slice_size;
  }
  ch->size = (size_t)ch->base_size;
  if (o->mode == ZVM_MODE_APPEND || ch->type == ZVM_TYPE_RGET_SPUT)
    ch->put_pos = ch->base_size;
}


zvm_status zvm__channel_open_fd(zvm__channel *ch,
                                const zvm_channel_options *o,
                                zvm_error *err) {
  struct stat st;
  zvm_status checked = check_access(ch, o, err);
  if (checked != ZVM_OK)
    return checked;
  if (fstat(ch->fd, &st) != 0)
    return zvm__fail_os(err, ZVM_E_CHANNEL, errno,
                        "channel %.80s: descriptor %d", o->alias, ch->fd);
  checked = check_kind(ch, o, &st, err);
  if (checked != ZVM_OK)
    return checked;
  ch->is_file = S_ISREG(st.st_mode);
  ch->dev = st.st_dev;
  ch->ino = st.st_ino;
  ch->joint = ch->owns_fd && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
  /* It is emptied later, when nothing can fail any more. */
  ch->empty_first = ch->is_file && ch->named && o->mode == ZVM_MODE_WRITE;
  if (is_stream(ch, o, &st))
    ch->source = &zvm__source_stream;
  else
    use_file(ch, o, &st);
  return ZVM_OK;
}
