/*
** warm.c - the few pages of a region that stay when a run is over.
**
** To take a fresh page, and to drop it, costs many times what it costs to
** write it anew. So when a module runs again, the pages that most runs touch
** stay mapped. Which ones is a guess, made once from what the kernel says is
** resident, and no safety rests on it: after a run each page that stays is
** written anew, whole, and each other one is dropped.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "warm.h"

#include <string.h>
#include <sys/mman.h>

#include "base/error.h"

enum { LEARN_AT = 2 }; /* a module that runs once gains nothing */


static uint8_t *host(uint64_t addr) {
  return (uint8_t *)(uintptr_t)addr;
}


static bool drop(uint64_t start, uint64_t end) {
  return start == end ||
         madvise(host(start), end - start, MADV_DONTNEED) == 0;
}


/* From the first to the last resident page of [start, end). */
static void guess(zvm__warm *w, uint64_t start, uint64_t end) {
  unsigned char resident[ZVM__WARM_MAX];
  ZVM_CHECK(end - start <= sizeof resident * ZVM_PAGE_SIZE);
  w->start = w->end = start;
  if (start == end || mincore(host(start), end - start, resident) != 0)
    return;
  for (uint64_t at = start; at < end; at += ZVM_PAGE_SIZE) {
    if ((resident[(at - start) / ZVM_PAGE_SIZE] & 1) == 0)
      continue;
    if (w->start == w->end)
      w->start = at;
    w->end = at + ZVM_PAGE_SIZE;
  }
}


/* With all dropped, what is mapped shows. */
static void take_fresh(zvm__warm *w, uint8_t *fresh) {
  w->size = w->end - w->start;
  while (w->size > 0 && host(w->start)[w->size - 1] == 0)
    w->size--;
  memcpy(fresh, host(w->start), w->size);
}


static void refresh(const zvm__warm *w, const uint8_t *fresh) {
  memcpy(host(w->start), fresh, w->size);
  memset(host(w->start) + w->size, 0, w->end - w->start - w->size);
}


void zvm__warm_forget(zvm__warm *w) {
  w->runs = 0;
  w->start = w->end = 0;
  w->size = 0;
}


bool zvm__warm_reset(zvm__warm *w, zvm__fresh fresh, uint64_t start,
                     uint64_t end, uint64_t look) {
  uint64_t most = look + (uint64_t)ZVM__WARM_MAX * ZVM_PAGE_SIZE;
  if (w->start < start || w->end > end) {
    w->start = w->end = start;
    w->size = 0;
  }
  if (++w->runs == LEARN_AT) {
    guess(w, look, end < most ? end : most);
    if (!drop(start, end))
      return false;
    take_fresh(w, fresh);
  } else if (!drop(start, w->start) || !drop(w->end, end)) {
    return false;
  }
  refresh(w, fresh);
  return true;
}
