/*
** pthread_attr_get.c - musl's file of this name but for one function, which
** is in attributes.c.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "pthread_impl.h"

#define pthread_mutexattr_getprotocol \
  __attribute__((__unused__)) static without_protect
#include "../pthread_attr_get.c"
