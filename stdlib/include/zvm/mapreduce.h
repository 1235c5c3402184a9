/*
** mapreduce.h - mappers, combiners and reducers as guests.
**
** A mapper is a function of a record that emits keys and values; a reducer is
** a function of a key that takes the values of that key one after another.
** The library reads the input, sorts (on a scratch channel if memory is
** short), and moves records from all mappers to all reducers. zvm.mapreduce
** is the other side: docs/mapreduce.md. Link with -lzvm-mapreduce.
**
** The main functions give the exit code: 0, or 120 after a message on stderr.
** They own stdin and, but for a mapper, stdout: nothing else may use them.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_MAPREDUCE_H
#define ZVM_MAPREDUCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ZVM_MAPREDUCE_FAILED 120 /* exit code after a message on stderr */

typedef struct zvm_map zvm_map;
typedef struct zvm_reduce zvm_reduce;

/* -- Mappers ------------------------------------------------------------- */

/*
** A record of the input, as the job cuts it: a line without its end, a fixed
** number of bytes, many whole lines, or all of the input. The bytes are there
** until the function returns.
*/
typedef void zvm_map_function(zvm_map *m, const char *record, size_t size);

/*
** Adds `value` to what `sum` has: both are values of one key, `sum` the
** earlier one, and it keeps its size. False: it cannot, and both stay. Must
** be associative. Neither pointer is aligned.
*/
typedef bool zvm_combine_function(void *sum, size_t sum_size,
                                  const void *value, size_t size);

/* A record for the reducer of this key. Both parts are copied. */
void zvm_emit(zvm_map *m, const void *key, size_t key_size, const void *value,
              size_t value_size);

/* `combine` may be NULL. */
int zvm_map_main(zvm_map_function *map, zvm_combine_function *combine);

/* A combine function: values of 8 bytes are numbers (uint64_t) that add up. */
bool zvm_add(void *sum, size_t sum_size, const void *value, size_t size);

/* -- Reducers ------------------------------------------------------------ */

/*
** Called once for each key, in ascending order of the keys' bytes. `key` is
** there until the function returns; it need not take all values.
*/
typedef void zvm_reduce_function(zvm_reduce *r, const void *key,
                                 size_t key_size);

/*
** The next value of this key, in the order of mappers and of emission; NULL
** after the last one. It is there until the next call of this function.
*/
const void *zvm_value(zvm_reduce *r, size_t *size);

/* Bytes for the reducer's output. */
void zvm_put(zvm_reduce *r, const void *bytes, size_t size);

/* NULL as `reduce`: each key and behind it its value, for all of them. */
int zvm_reduce_main(zvm_reduce_function *reduce);

/* -- Combiners, and all in one ------------------------------------------- */

/* A program between a mapper and the reducers: it passes values on. */
int zvm_combine_main(zvm_reduce_function *combine);

/* A value of the key that the function was called for, to its reducer. */
void zvm_pass(zvm_reduce *r, const void *value, size_t size);

/* Mapper or reducer, as the job says. */
int zvm_mapreduce_main(zvm_map_function *map, zvm_combine_function *combine,
                       zvm_reduce_function *reduce);

/* -- Partitions ---------------------------------------------------------- */

/* XXH64 with seed 0: what partitions by hash are made of. */
uint64_t zvm_hash(const void *bytes, size_t size);

#ifdef __cplusplus
}
#endif

#endif
