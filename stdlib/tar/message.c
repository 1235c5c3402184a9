/*
** message.c - one line on stderr, before there are files and stdio.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <string.h>

#include "archive.h"

#define STDERR 2

static void add(struct tar_message *m, char c) {
  if (m->len < sizeof(m->text) - 1) m->text[m->len++] = c;
}

void __zvm_tar_say(struct tar_message *m, const char *text) {
  while (*text) add(m, *text++);
}

void __zvm_tar_quote(struct tar_message *m, const char *text, size_t len) {
  for (size_t i = 0; i < len; i++)
    add(m, text[i] >= ' ' && text[i] < 127 ? text[i] : '?');
}

void __zvm_tar_say_number(struct tar_message *m, int64_t number) {
  char digits[20];
  size_t n = 0;
  do digits[n++] = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  while (n > 0) add(m, digits[--n]);
}

void __zvm_tar_send(struct tar_message *m) {
  m->text[m->len++] = '\n';
  __zvm_put(STDERR, m->text, m->len, 0);
}
