--- Tar archives as strings: what a session's files travel in.
--
--    local tar = require "zvm.tar"
--    local archive = tar.pack {
--      { name = "etc/app.conf", data = "depth = 3\n" },
--      { name = "var", type = "directory" },
--    }
--    for _, entry in ipairs(assert(tar.unpack(archive))) do
--      print(entry.type, entry.name, entry.mode, entry.mtime)
--    end
--
-- An entry is a table: `name`, a path without `.`, `..` and empty parts;
-- `type`, "file" (which is meant when it is nil), "directory", "symlink" or
-- "link", which is one more name of a file; `data`, the bytes of a file;
-- `target`, where a link leads; `mode`, permissions as a number; `mtime`,
-- seconds since 1970, with a fraction if need be.
--
-- @module zvm.tar
-- SPDX-License-Identifier: Apache-2.0

local reader = require "zvm.tar.reader"
local writer = require "zvm.tar.writer"

return {
  pack = writer.pack,
  unpack = reader.unpack,
}
