/*
** libc-text.c - linked with every object of the libc, so that its text is
** the libc's own; measure.c times the validator on it.
**
** SPDX-License-Identifier: Apache-2.0
*/
int main(void) {
  return 0;
}
