/*
** heap.c - the worker's malloc.
**
** A worker asks for little, runs once and ends. The C library's allocator
** would touch four pages and a region of their own for that, which costs
** each worker some ten microseconds, and need two more system calls. Here
** small blocks are cut off an array, one after the other, and only the last
** one can be given back; each large one is a mapping.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/far.h"
#include "base/num.h"
#include "cell.h"
#include "zvm_abi.h"

enum { ALIGN = 16, ROOM = 256 * 1024, LARGE = 32 * 1024 };

typedef struct block {
  alignas(ALIGN) size_t size; /* without this head */
  bool mapped;
} block;

static struct {
  size_t used;
  size_t most; /* that was ever used: above it all is zero */
} heap;

ZVM__FAR alignas(ZVM_PAGE_SIZE) static uint8_t room[ROOM];


static block *head_of(void *p) {
  return (block *)p - 1;
}


static size_t mapping_of(size_t size) {
  return zvm__round_up(size + sizeof(block), ZVM_PAGE_SIZE);
}


static bool is_last(const block *b) {
  return (const uint8_t *)(b + 1) + b->size == room + heap.used;
}


static void *map_block(size_t size) {
  block *b = mmap(NULL, mapping_of(size), PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (b == MAP_FAILED)
    return NULL;
  *b = (block){.size = size, .mapped = true};
  return b + 1;
}


/* Not by the name of malloc: the compiler knows too much of that. */
static void *take(size_t size) {
  if (size > PTRDIFF_MAX - ZVM_PAGE_SIZE) {
    errno = ENOMEM;
    return NULL;
  }
  size = zvm__round_up(size, ALIGN);
  if (size >= LARGE || size + sizeof(block) > ROOM - heap.used)
    return map_block(size);
  block *b = (block *)(void *)(room + heap.used);
  *b = (block){.size = size, .mapped = false};
  heap.used += sizeof *b + size;
  if (heap.most < heap.used)
    heap.most = heap.used;
  return b + 1;
}


void zvm__heap_touch(void) {
  volatile uint8_t *p = room;
  /* Written as it is: the C library may have blocks there. */
  for (size_t at = 0; at <= ZVM_PAGE_SIZE; at += ZVM_PAGE_SIZE) {
    uint8_t byte = p[at];
    p[at] = byte;
  }
}


void *malloc(size_t size) {
  return take(size);
}


void free(void *p) {
  if (p == NULL)
    return;
  block *b = head_of(p);
  if (b->mapped)
    (void)munmap(b, mapping_of(b->size));
  else if (is_last(b))
    heap.used -= sizeof *b + b->size;
}


/* What was given back may be given again: clear that. */
void *calloc(size_t count, size_t size) {
  size_t whole, most = heap.most;
  if (__builtin_mul_overflow(count, size, &whole)) {
    errno = ENOMEM;
    return NULL;
  }
  uint8_t *p = take(whole);
  if (p != NULL && !head_of(p)->mapped && p < room + most)
    memset(p, 0, zvm__least(whole, (size_t)(room + most - p)));
  return p;
}


static void *remap_block(block *b, size_t size) {
  b = mremap(b, mapping_of(b->size), mapping_of(size), MREMAP_MAYMOVE);
  if (b == MAP_FAILED)
    return NULL;
  b->size = size;
  return b + 1;
}


void *realloc(void *p, size_t size) {
  if (p == NULL || size > PTRDIFF_MAX - ZVM_PAGE_SIZE)
    return take(size);
  block *b = head_of(p);
  if (b->mapped)
    return remap_block(b, size);
  void *to = take(size);
  if (to == NULL)
    return NULL;
  memcpy(to, p, b->size < size ? b->size : size);
  free(p);
  return to;
}
