--- Why each rule is there: what could be done if it were missing.
--
-- One paragraph for each rule of zvm.rules(); plain words, no code needed
-- to follow them. docs/validator.md has the exact rules and the proof.
--
-- SPDX-License-Identifier: Apache-2.0
return {
  R_TEXT_SIZE = [[
Code is checked in bundles of 32 bytes and made executable in whole pages.
If a text ended within a bundle, the bytes behind its end would execute
without ever having been checked, and an attacker would choose them. So all
that becomes executable is whole bundles, padded with hlt.]],

  R_BUNDLE_CROSS = [[
A jump through a register may go to every multiple of 32. If an instruction
lay across such an address, the jump would enter it in the middle, and the
processor would read its tail as other instructions, which nobody checked.
The bytes b8 0f 05 00 00 load a harmless constant; entered one byte later
they are a system call.]],

  R_INSN_UNKNOWN = [[
The validator has a list of what is safe and refuses everything else. A
list of what is dangerous would have to be complete, for processors that are
not built yet as well, and one forgotten instruction would be a way out. An
instruction can be harmless and still be missing here: then nobody has
needed it.]],

  R_INSN_SYSTEM = [[
The kernel knows nothing of the sandbox: it does what the process asks. A
single system call could open the host's files or send its memory away, and
instructions such as popf or std change the processor's mode under the
host's own code. A guest asks the host instead, through the gate, and the
host checks every argument.]],

  R_INSN_SEGMENT = [[
A segment register adds a base to an address after that address has been cut
to 32 bits. %fs:(%eax) lies in the private data of the host's thread, far
above the 4 GiB that belong to the guest, and code that could load a segment
register could move that data.]],

  R_INSN_NONDET = [[
Same program, same input, same output: so a result can be checked by running
the program again. One look at a clock, a random number or the name of the
processor would break that. A fine clock is also the attacker's ruler: the
time an access takes tells what someone else has left in the cache.]],

  R_INSN_X87 = [[
The x87 unit has modes, a stack and a memory of the last instruction and
address it used, and MMX lives in the same registers. What one side leaves
there changes or shows results of the other. SSE does the same arithmetic
without any of that; refusing the old unit whole is simpler, and safer, than
cleaning it up at every crossing.]],

  R_INSN_LEVEL = [[
A module says which processors it is for, and runs on all of them alike.
Newer instructions do not always fail on an older processor: some are read
as a different one there. lzcnt becomes bsr, and gives another number. The
result would depend on the machine, and what the validator read would not be
what runs.]],

  R_INSN_IMPLICIT = [[
Some instructions take an address from a register that is not written in
them, and no prefix that we accept cuts it to 32 bits. There is no operand
to check: with a 64-bit number in that register the guest would read or
write the host's memory.]],

  R_INSN_FORM = [[
One instruction can often be encoded in several ways, and some of them are
undefined, or are read differently by different processors. Each is a chance
for the validator and the processor to disagree about what the bytes mean,
and such a disagreement is all that an attacker needs. So there is one form,
the one assemblers write.]],

  R_PREFIX = [[
A prefix changes what the instruction behind it does: its width, its
addresses, even its length. With 66 before a jump, some processors read two
bytes of distance and others four; they go on at different addresses, and
the validator can follow only one. So prefixes stand in one order, once, and
only where they mean something.]],

  R_MEM_ADDR32 = [[
The guest owns the first 4 GiB of addresses, the host all above. The prefix
67 makes the processor compute an address in 32 bits, so that it cannot name
anything above, whatever the registers hold. Without it a guest would put a
64-bit address into a register and read the host's secrets, or overwrite one
of its return addresses and take over.]],

  R_MEM_RIP = [[
A rip-relative operand lies at a fixed distance from the instruction, up to
2 GiB each way. That is far enough to leave the sandbox at either end. The
distance is part of the code, so where it leads is known, and checked,
before the program runs.]],

  R_MEM_BITOFFSET = [[
With the bit number in a register, bt and its kin do not stay at their
operand: the number counts from there, in both directions, as far as the
register allows. The operand's address is cut to 32 bits, but the access is
somewhere else.]],

  R_MEM_RSP = [[
disp(%rsp) is the one address that no prefix cuts to 32 bits. Upwards it
ends in the guard region; downwards it could wrap below zero, to the top
of the address space, where some kernels show a page of their own and
others none: a guest could tell them apart. Functions use no more than
the 128 bytes below rsp, and those are never mapped there.]],

  R_RSP_WRITE = [[
push, pop, call, ret and disp(%rsp) use the whole stack pointer, and no
prefix cuts it. They are safe only because rsp never leaves the first 4 GiB.
If code could put any number there, its next push would write into the
host. A 32-bit write clears the upper half, and is allowed.]],

  R_FLOW_TARGET = [[
Instructions were checked from where they begin. A jump into the middle of
one executes its tail as something else, and a jump behind a mask executes
the dangerous half of a sequence without the half that makes it safe. So
every direct jump goes to where a checked instruction, or a whole sequence,
begins.]],

  R_FLOW_OUTSIDE = [[
Only the text has been checked. A jump out of it would execute the guest's
own data, or whatever lies at that address in the host. The seven slots of
the gate are the only code outside that a guest may enter: they lead to the
host, which is prepared for it.]],

  R_FLOW_INDIRECT = [[
Where a jump through a register goes is not known before it runs, and who
can corrupt a function pointer chooses it. and $-32 clears the upper half of
the register and its low five bits: what is left is the beginning of a
bundle below 4 GiB. Mask and jump are one: if the register could change in
between, or a jump could land there, the mask would be worth nothing.]],

  R_FLOW_RETURN = [[
The return address lies in memory, where an overflowing buffer reaches it:
the oldest attack of all. The test before ret lets only an address pass
that is the beginning of a bundle below 2 GiB; with any other the program
halts. Nothing can change the address between test and ret, because a guest
has one thread and memory that is its own.]],
}
