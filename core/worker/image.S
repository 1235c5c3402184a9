/*
** image.S - the worker executable, whole.
**
** SPDX-License-Identifier: Apache-2.0
*/
  .section .rodata
  .globl zvm__cell_image, zvm__cell_image_end
  .hidden zvm__cell_image, zvm__cell_image_end
  .p2align 4
zvm__cell_image:
  .incbin ZVM_CELL
zvm__cell_image_end:
  .section .note.GNU-stack, "", @progbits
