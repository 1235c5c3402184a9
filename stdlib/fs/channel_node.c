/*
** channel_node.c - channels in the tree.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "fs.h"

/* Rights are what the limits leave when the program starts. */
unsigned __zvm_channel_mode(int channel) {
  static const mode_t said[] = {
    [CHANNEL_PIPE] = S_IFIFO,
    [CHANNEL_CHARACTER] = S_IFCHR,
    [CHANNEL_FILE] = S_IFREG,
  };
  unsigned mode = __zvm_is_random(channel) ? S_IFREG : S_IFIFO;
  if (__zvm_channel_types && __zvm_channel_types[channel])
    mode = said[__zvm_channel_types[channel]];
  if (__zvm_can_get(channel)) mode |= 0444;
  if (__zvm_can_put(channel)) mode |= 0222;
  return mode;
}

struct node *__zvm_node_of_channel(int channel) {
  struct node *n;
  if (channel < 3) {
    n = __zvm_file_standard(channel);
    n->mode = __zvm_channel_mode(channel);
    if (!n->atime)
      n->atime = n->mtime = n->ctime = __zvm_clock_start();
    return n;
  }
  n = __zvm_node_new(&__zvm_kind_channel, __zvm_channel_mode(channel));
  if (n) n->channel = channel;
  return n;
}
