/*
** store.c - what a mapper emits, in memory.
**
** One piece of memory: records grow up from its start, and what finds them
** is at its end. Without a combine function that is a list of entries, which
** grows down; with one it is a table by hash, so that a key has one record as
** long as its values combine. Entries are then made of the records when they
** are to be sorted, in the table's place: it has room for them, because it is
** never more than half full.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdlib.h>

#include "parts.h"

#define ALIGN 16u
#define SLOTS_MIN 512u

/* -- Partitions ---------------------------------------------------------- */

static uint32_t range_of(const char *key, size_t size) {
  const struct setup *s = &__zvm_mr_setup;
  uint32_t low = 0, high = s->partitions - 1;
  while (low < high) {
    uint32_t mid = (low + high) / 2;
    if (compare_keys(key, size, s->bounds[mid], s->bound_sizes[mid]) < 0)
      high = mid;
    else
      low = mid + 1;
  }
  return low;
}

/* The hash's upper half, scaled to the number of partitions. */
static uint32_t scale(uint64_t hash) {
  return (uint32_t)((hash >> 32) * __zvm_mr_setup.partitions >> 32);
}

static inline uint32_t partition_of(const char *key, size_t size) {
  if (__zvm_mr_setup.partitions == 1)
    return 0;
  return __zvm_mr_setup.ranges ? range_of(key, size)
                               : scale(zvm_hash(key, size));
}

/* -- The memory ---------------------------------------------------------- */

static void make_table(zvm_map *m, uint32_t slots) {
  m->slot_count = slots;
  m->used = 0;
  m->floor = m->end - slots * sizeof *m->slots;
  m->slots = (struct slot *)m->floor;
  memset(m->slots, 0, slots * sizeof *m->slots);
}

void __zvm_mr_store_empty(zvm_map *m) {
  m->top = m->memory;
  m->count = 0;
  m->floor = m->end;
  if (m->combine != NULL)
    make_table(m, SLOTS_MIN);
}

void __zvm_mr_store_begin(zvm_map *m, zvm_combine_function *combine) {
  size_t size = __zvm_mr_setup.buffer & -ALIGN;
  char *memory = __zvm_mr_allocate(size + ALIGN + SLACK, "sorting");
  m->memory = (char *)(((uintptr_t)memory + ALIGN - 1) & -ALIGN);
  m->end = m->memory + size;
  m->record_max = size / 4;
  m->combine = combine;
  __zvm_mr_store_empty(m);
}

static size_t room(const zvm_map *m) {
  return (size_t)(m->floor - m->top);
}

/* The record is there, but for its value. */
static inline char *append(zvm_map *m, const void *key, size_t key_size,
                           const void *value, size_t value_size) {
  char *record = m->top;
  store32(record, (uint32_t)key_size);
  store32(record + 4, (uint32_t)value_size);
  memcpy(record + RECORD_HEADER, key, key_size);
  memcpy(record + RECORD_HEADER + key_size, value, value_size);
  m->top = record + RECORD_HEADER + key_size + value_size;
  m->count++;
  return record;
}

static struct entry entry_of(char *record) {
  const char *key = key_of(record);
  uint32_t size = key_size_of(record);
  return (struct entry){prefix_of(key, size), record,
                        partition_of(key, size)};
}

struct entry *__zvm_mr_store_entries(zvm_map *m) {
  if (m->combine == NULL)
    return (struct entry *)m->floor;
  struct entry *list = (struct entry *)m->end - m->count;
  char *record = m->memory;
  for (uint32_t i = 0; i < m->count; i++, record += size_of(record))
    list[i] = entry_of(record);
  return list;
}

/* -- The table ----------------------------------------------------------- */

static uint32_t tag_of(uint64_t hash) {
  return (uint32_t)(hash >> 32);
}

static void fill_table(zvm_map *m) {
  char *record = m->memory;
  for (uint32_t n = 0; n < m->count; n++, record += size_of(record)) {
    uint32_t size = key_size_of(record);
    uint64_t hash = zvm_hash(key_of(record), size);
    uint32_t i = (uint32_t)hash & (m->slot_count - 1);
    for (; m->slots[i].record != NULL; i = (i + 1) & (m->slot_count - 1)) {
      const char *other = m->slots[i].record;
      if (m->slots[i].tag == tag_of(hash) && key_size_of(other) == size &&
          memcmp(key_of(other), key_of(record), size) == 0)
        break;
    }
    /* Of records of one key the last one is what values are added to. */
    m->used += m->slots[i].record == NULL;
    m->slots[i] = (struct slot){tag_of(hash), record};
  }
}

/* Room for one more record of `size` bytes, in memory and in the table. */
static COLD void make_room(zvm_map *m, size_t size) {
  if (2 * (m->count + 1) > m->slot_count) {
    size_t table = 2 * m->slot_count * sizeof *m->slots;
    size_t memory = (size_t)(m->end - m->memory);
    if (table <= memory / 2 &&
        (size_t)(m->top - m->memory) + size <= memory - table) {
      make_table(m, 2 * m->slot_count);
      fill_table(m);
      return;
    }
  } else if (room(m) >= size) {
    return;
  }
  __zvm_mr_spill(m);
}

static inline bool is_key(const struct slot *slot, uint64_t hash,
                          const void *key, size_t size) {
  return slot->tag == tag_of(hash) && key_size_of(slot->record) == size &&
         memcmp(key_of(slot->record), key, size) == 0;
}

static struct slot *find(const zvm_map *m, uint64_t hash, const void *key,
                         size_t size) {
  uint32_t mask = m->slot_count - 1;
  uint32_t i = (uint32_t)hash & mask;
  while (m->slots[i].record != NULL && !is_key(&m->slots[i], hash, key, size))
    i = (i + 1) & mask;
  return &m->slots[i];
}

static void add_to_table(zvm_map *m, uint64_t hash, const void *key,
                         size_t key_size, const void *value,
                         size_t value_size) {
  struct slot *slot = find(m, hash, key, key_size);
  if (likely(slot->record != NULL)) {
    char *sum = slot->record + RECORD_HEADER + key_size;
    if (m->combine(sum, value_size_of(slot->record), value, value_size))
      return;
  }
  size_t size = RECORD_HEADER + key_size + value_size;
  if (2 * (m->count + 1) > m->slot_count || room(m) < size) {
    make_room(m, size);
    slot = find(m, hash, key, key_size);
  }
  m->used += slot->record == NULL;
  *slot = (struct slot){tag_of(hash),
                        append(m, key, key_size, value, value_size)};
}

/* -- What waits for the table -------------------------------------------- */

static inline void settle_one(zvm_map *m) {
  const struct waiting *w = &m->waiting[m->waiting_from++ % WAITING];
  add_to_table(m, w->hash, w->bytes, w->key_size, w->bytes + w->key_size,
               w->value_size);
}

void __zvm_mr_store_settle(zvm_map *m) {
  while (m->waiting_from != m->waiting_to)
    settle_one(m);
}

static void emit_combined(zvm_map *m, const void *key, size_t key_size,
                          const void *value, size_t value_size) {
  uint64_t hash = zvm_hash(key, key_size);
  if (unlikely(key_size + value_size > WAITING_BYTES)) {
    __zvm_mr_store_settle(m);
    add_to_table(m, hash, key, key_size, value, value_size);
    return;
  }
  if (m->waiting_to - m->waiting_from == WAITING)
    settle_one(m);
  struct waiting *w = &m->waiting[m->waiting_to++ % WAITING];
  w->hash = hash;
  w->key_size = (uint32_t)key_size;
  w->value_size = (uint32_t)value_size;
  memcpy(w->bytes, key, key_size);
  memcpy(w->bytes + key_size, value, value_size);
  uint32_t mask = m->slot_count - 1;
  __builtin_prefetch(&m->slots[(uint32_t)hash & mask]);
  /* The slot of what came half of them ago is there by now. */
  w = &m->waiting[(m->waiting_to - WAITING / 2) % WAITING];
  __builtin_prefetch(m->slots[(uint32_t)w->hash & mask].record);
}

/* -- What mappers call --------------------------------------------------- */

static COLD __attribute__((noreturn)) void
too_large(const zvm_map *m, size_t key_size, size_t value_size) {
  __zvm_mr_fail("a record with a key of %zu bytes and a value of %zu bytes: "
                "%u bytes are the most, a quarter of what sorting has; "
                "\"buffer\" or \"memory\" of the stage sets it", key_size,
                value_size, (unsigned)m->record_max);
}

void zvm_emit(zvm_map *m, const void *key, size_t key_size, const void *value,
              size_t value_size) {
  if (unlikely(key_size > m->record_max ||
               value_size > m->record_max - key_size))
    too_large(m, key_size, value_size);
  if (m->combine != NULL) {
    emit_combined(m, key, key_size, value, value_size);
    return;
  }
  size_t size = RECORD_HEADER + key_size + value_size;
  if (unlikely(room(m) < size + sizeof(struct entry)))
    __zvm_mr_spill(m);
  char *record = append(m, key, key_size, value, value_size);
  m->floor -= sizeof(struct entry);
  *(struct entry *)m->floor = entry_of(record);
}

bool zvm_add(void *sum, size_t sum_size, const void *value, size_t size) {
  uint64_t a, b;
  if (sum_size != sizeof a || size != sizeof b)
    return false;
  memcpy(&a, sum, sizeof a);
  memcpy(&b, value, sizeof b);
  a += b;
  memcpy(sum, &a, sizeof a);
  return true;
}
