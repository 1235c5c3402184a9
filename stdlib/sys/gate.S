/*
** gate.S - the gate's slots as functions at fixed addresses.
**
** A call of a symbol that is a number is a direct call of the slot.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "zvm_abi.h"

#define SLOT(name, n)                 \
        .globl  name;                 \
        .set    name, ZVM_GATE_BASE + ZVM_BUNDLE_SIZE * n

        SLOT(zvm_pread, ZVM_SLOT_PREAD)
        SLOT(zvm_pwrite, ZVM_SLOT_PWRITE)
        SLOT(zvm_jail, ZVM_SLOT_JAIL)
        SLOT(zvm_unjail, ZVM_SLOT_UNJAIL)
        SLOT(zvm_exit, ZVM_SLOT_EXIT)
        SLOT(zvm_fork, ZVM_SLOT_FORK)

        .section .note.GNU-stack, "", @progbits
