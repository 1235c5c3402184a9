/*
** file.c - sources with a descriptor behind them: files by offset, streams
** in order.
**
** Short reads and writes of the host never show: each call goes on until
** everything is moved, the file ends, or the host fails.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "channel.h"


/* -- Files by offset ----------------------------------------------------- */

static int file_get(zvm__channel *ch, void *to, size_t size, int64_t offset,
                    size_t *moved) {
  while (*moved < size) {
    ssize_t n = pread(ch->fd, (char *)to + *moved, size - *moved,
                      (off_t)(ch->from + offset + (int64_t)*moved));
    if (n == 0)
      return 0;
    if (n > 0)
      *moved += (size_t)n;
    else if (errno != EINTR || *ch->stop != 0)
      return errno;
  }
  return 0;
}


/*
** A write to a closed pipe or beyond the file size limit also raises a
** signal. All of them are blocked while a guest runs: take it off the
** queue, or it would strike the host afterwards.
*/
int zvm__put_error(int os) {
  if (os == EPIPE || os == EFBIG) {
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, os == EPIPE ? SIGPIPE : SIGXFSZ);
    static const struct timespec at_once = {0, 0};
    while (sigtimedwait(&set, NULL, &at_once) < 0 && errno == EINTR)
      ;
  }
  return os;
}


static int file_put(zvm__channel *ch, const void *from, size_t size,
                    int64_t offset, size_t *moved) {
  while (*moved < size) {
    int64_t at = offset + (int64_t)*moved;
    ssize_t n = pwrite(ch->fd, (const char *)from + *moved, size - *moved,
                       (off_t)at);
    if (n > 0) {
      *moved += (size_t)n;
      if ((size_t)(at + n) > ch->size)
        ch->size = (size_t)(at + n);
    } else if (n == 0)
      return EIO;
    else if (errno != EINTR || *ch->stop != 0)
      return zvm__put_error(errno);
  }
  return 0;
}


/*
** The size at the start, and what the guest itself added: what another
** process appends meanwhile is not seen, so that no run depends on it.
*/
static int64_t file_size(const zvm__channel *ch) {
  return (int64_t)ch->size;
}


static int close_fd(zvm__channel *ch) {
  if (ch->owns_fd)
    return zvm__fd_let_go(&ch->fd, &ch->identity);
  ch->fd = -1;
  return 0;
}


const zvm__source zvm__source_file = {file_get, file_put, file_size,
                                      close_fd, NULL};


/* -- Streams ------------------------------------------------------------- */

/* The descriptor may be non-blocking: the caller's, or a FIFO's. */
static int wait_ready(zvm__channel *ch, short events) {
  struct pollfd p = {.fd = ch->fd, .events = events};
  long n = zvm__blocking_call(ch->stop, SYS_poll, (long)&p, 1, -1);
  return n < 0 ? (int)-n : 0;
}


/* 0 to go on; an errno to give up. */
static int retry(zvm__channel *ch, int os, short events) {
  if (os == EINTR)
    return *ch->stop != 0 ? EINTR : 0;
  if (os == EAGAIN) {
    os = wait_ready(ch, events);
    return os == EINTR && *ch->stop == 0 ? 0 : os;
  }
  return os;
}


static int stream_get(zvm__channel *ch, void *to, size_t size,
                      int64_t offset, size_t *moved) {
  (void)offset;
  while (ch->waits) { /* before that a read says that all is over */
    int os = wait_ready(ch, POLLIN);
    if (os != 0 && (os != EINTR || *ch->stop != 0))
      return os;
    ch->waits = os != 0;
  }
  while (*moved < size) {
    long n = zvm__blocking_call(ch->stop, SYS_read, ch->fd,
                                (long)((char *)to + *moved),
                                (long)(size - *moved));
    if (n == 0)
      return 0;
    if (n > 0) {
      *moved += (size_t)n;
      continue;
    }
    int os = retry(ch, (int)-n, POLLIN);
    if (os != 0)
      return os;
  }
  return 0;
}


static int stream_put(zvm__channel *ch, const void *from, size_t size,
                      int64_t offset, size_t *moved) {
  (void)offset;
  while (*moved < size) {
    long n = zvm__blocking_call(ch->stop, SYS_write, ch->fd,
                                (long)((const char *)from + *moved),
                                (long)(size - *moved));
    if (n > 0) {
      *moved += (size_t)n;
      continue;
    }
    int os = n == 0 ? EIO : retry(ch, (int)-n, POLLOUT);
    if (os != 0)
      return zvm__put_error(os);
  }
  return 0;
}


static int64_t stream_size(const zvm__channel *ch) {
  (void)ch;
  return -1;
}


/*
** Of a regular file. Who shares the descriptor shares its position, so the
** kernel is asked each time. It has no answer: then no put fits.
*/
static int64_t stream_place(const zvm__channel *ch) {
  off_t at = lseek(ch->fd, 0, SEEK_CUR);
  off_t end = at;
  if (at >= 0 && ch->appends) {
    end = lseek(ch->fd, 0, SEEK_END);
    if (lseek(ch->fd, at, SEEK_SET) != at) /* gets go on where they were */
      end = -1;
  }
  return end < 0 ? INT64_MAX : end;
}


const zvm__source zvm__source_stream = {stream_get, stream_put, stream_size,
                                        close_fd, stream_place};
