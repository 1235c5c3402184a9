/*
** new_node.h - nodes that the library OS makes of itself.
**
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef ZVM_NEW_NODE_H
#define ZVM_NEW_NODE_H

#include "fs.h"

/* -- At a place ---------------------------------------------------------- */

/* A place where nothing is yet; only a directory's may end in a slash. */
hidden int __zvm_new_place(int dirfd, const char *path, bool slash,
                           struct place *at);
/* NULL is ENOSPC; the node goes where its name cannot be had. */
hidden int __zvm_new_add(const struct place *at, struct node *n);

/* -- Nowhere ------------------------------------------------------------- */

/*
** A descriptor for a node that has no name and nobody else: it goes when
** this fails. NULL: ENOMEM. O_CLOEXEC is for the descriptor.
*/
hidden int __zvm_open_new(struct node *n, int flags);
/* With `own`, which goes too where there is no memory (memfd.c). */
hidden struct node *__zvm_node_owning(const struct kind *kind, mode_t mode,
                                      void *own);
/* A pipe or FIFO; NULL: no memory (pipe.c). */
hidden struct node *__zvm_pipe_new(mode_t mode);
/* Of root, with that name; n may be NULL, and goes if there is no memory
** for the name (device.c). */
hidden void __zvm_tree_add(struct node *dir, const char *name,
                           struct node *n);
hidden struct node *__zvm_link_new(const char *target);

#endif
