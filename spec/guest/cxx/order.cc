/*
** order.cc - another file's objects, and those that all files share.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "order.h"

inline tracked shared("inline");
static tracked second("second");

const char *other() {
  static tracked inside("inside");
  return second.name;
}
