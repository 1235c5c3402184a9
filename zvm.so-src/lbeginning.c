/*
** lbeginning.c - what a program starts with: its directory, the time, and the
** seed of all chance.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lrun.h"

#define NS_PER_S 1000000000
#define SECONDS_MAX (ZVM_CLOCK_MAX / NS_PER_S)

/* -- Directory ----------------------------------------------------------- */

bool zvm__path_read(zvm__options *o, int index, void *out) {
  const char **path = out;
  const char *wrong;
  if (!zvm__options_text(o, index, path))
    return false;
  wrong = zvm_path_fault(*path);
  return wrong == NULL || zvm__options_fail(o, "%s", wrong);
}


/* -- Clock --------------------------------------------------------------- */

/* 0 has a meaning of its own to the core. */
static int64_t clock_of(int64_t ns) {
  return ns != 0 ? ns : ZVM_CLOCK_1970;
}


static bool read_seconds(zvm__options *o, lua_Number n, int64_t *out) {
  int64_t whole;
  if (!(n >= 0 && n <= (lua_Number)SECONDS_MAX))
    return zvm__options_fail(o, "seconds from 0 to %f expected, got %f",
                             (lua_Number)SECONDS_MAX, n);
  whole = (int64_t)n;
  *out = clock_of(whole * NS_PER_S +
                  (int64_t)floor((n - (lua_Number)whole) * NS_PER_S));
  return true;
}


/* Of the days before `month`, from 1, in a year that is no leap year. */
static int days_before(int month) {
  static const int days[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304,
                             334, 365};
  return days[month - 1];
}


static bool is_leap(int year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}


static int days_in(int year, int month) {
  return days_before(month + 1) - days_before(month) +
         (month == 2 && is_leap(year));
}


/* Since 1970-01-01; the year is not before. */
static int64_t days_to(int year, int month, int day) {
  int before = year - 1;
  int64_t leaps = before / 4 - before / 100 + before / 400 - 477;
  return 365 * (int64_t)(year - 1970) + leaps + days_before(month) +
         (month > 2 && is_leap(year)) + day - 1;
}


/* `n` digits as a number; -1 if they are none. */
static int digits(const char *s, int n) {
  int value = 0, i;
  for (i = 0; i < n; i++) {
    if (s[i] < '0' || s[i] > '9')
      return -1;
    value = value * 10 + (s[i] - '0');
  }
  return value;
}


/* "2024-02-29T12:00:00Z", or with a fraction before the Z. */
static bool parse_time(const char *s, int64_t *out) {
  static const char shape[] = "dddd-dd-ddTdd:dd:dd";
  int year, month, day, hour, minute, second;
  int64_t ns = 0, unit = NS_PER_S / 10;
  size_t i;
  for (i = 0; shape[i] != '\0'; i++)
    if (shape[i] == 'd' ? s[i] < '0' || s[i] > '9' : s[i] != shape[i])
      return false;
  year = digits(s, 4);
  month = digits(s + 5, 2);
  day = digits(s + 8, 2);
  hour = digits(s + 11, 2);
  minute = digits(s + 14, 2);
  second = digits(s + 17, 2);
  if (year < 1970 || month < 1 || month > 12 || day < 1 ||
      day > days_in(year, month) || hour > 23 || minute > 59 || second > 59)
    return false;
  if (s[i] == '.' && s[i + 1] != 'Z')
    for (i++; s[i] >= '0' && s[i] <= '9' && unit > 0; i++, unit /= 10)
      ns += (s[i] - '0') * unit;
  if (strcmp(s + i, "Z") != 0)
    return false;
  *out = days_to(year, month, day) * 86400 + hour * 3600 + minute * 60 +
         second;
  if (*out > SECONDS_MAX || (*out == SECONDS_MAX && ns > 0))
    return false;
  *out = clock_of(*out * NS_PER_S + ns);
  return true;
}


static bool read_clock(zvm__options *o, int index, void *out) {
  const char *text;
  char shown[ZVM__SHOWN_MAX];
  if (lua_type(o->L, index) == LUA_TNUMBER)
    return read_seconds(o, lua_tonumber(o->L, index), out);
  if (lua_type(o->L, index) != LUA_TSTRING)
    return zvm__options_mismatch(o, index, "seconds or time string");
  if (!zvm__options_text(o, index, &text))
    return false;
  if (parse_time(text, out))
    return true;
  zvm__options_show(shown, text, strlen(text));
  return zvm__options_fail(o, "time such as \"2024-02-29T12:00:00Z\" "
                           "expected, from 1970 to 2200-01-01T00:00:00Z, got "
                           "\"%s\"", shown);
}


/* -- Seed ---------------------------------------------------------------- */

static bool parse_hex(const char *s, uint64_t *out) {
  size_t len = strlen(s);
  unsigned long long value;
  if (len == 0 || len > 16 ||
      strspn(s, "0123456789abcdefABCDEF") != len ||
      sscanf(s, "%llx", &value) != 1)
    return false;
  *out = value;
  return true;
}


static bool read_seed(zvm__options *o, int index, void *out) {
  uint64_t *seed = out;
  const char *text;
  int64_t n;
  char shown[ZVM__SHOWN_MAX];
  if (lua_type(o->L, index) == LUA_TNUMBER) {
    if (!zvm__options_integer(o, index, 0, (int64_t)1 << 53, &n))
      return false;
    *seed = (uint64_t)n;
    return true;
  }
  if (lua_type(o->L, index) != LUA_TSTRING)
    return zvm__options_mismatch(o, index, "number or hexadecimal string");
  if (!zvm__options_text(o, index, &text))
    return false;
  if (parse_hex(text, seed))
    return true;
  zvm__options_show(shown, text, strlen(text));
  return zvm__options_fail(o, "1 to 16 hexadecimal digits expected, got "
                           "\"%s\"", shown);
}


bool zvm__beginning_read(zvm__options *o, int index,
                         zvm_session_options *out) {
  return zvm__options_read(o, index, "directory", zvm__path_read,
                           &out->directory) &&
         zvm__options_read(o, index, "clock", read_clock, &out->clock_ns) &&
         zvm__options_read(o, index, "seed", read_seed, &out->seed);
}
