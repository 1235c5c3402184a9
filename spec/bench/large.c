/*
** large.c - a module of more than 100 KiB that does little.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <regex.h>
#include <stdio.h>

int main(void) {
  regex_t hello;
  if (regcomp(&hello, "^hello", 0) != 0 ||
      regexec(&hello, "hello, world", 0, NULL, 0) != 0)
    return 1;
  puts("hello, world");
  return 0;
}
