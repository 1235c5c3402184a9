--- Texts of chunks that have a name in place of it: from name, as debug.getinfo
-- has it, to text. The executable notes those of its command line and of its
-- standard input, so that functions of theirs can be sent.
--
-- SPDX-License-Identifier: Apache-2.0
return {}
