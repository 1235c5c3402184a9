--- From the channels in options of zvm.run to those of a document.
--
-- SPDX-License-Identifier: Apache-2.0
local channel = require "zvm.manifest.channel"
local field = require "zvm.manifest.field"
local option = require "zvm.manifest.option"
local show = require "zvm.manifest.show"
local source = require "zvm.manifest.source"

local M = {}

-- The alias of a key, and what is wrong with it. `seen`: alias -> key.
local function read_alias(name, seen)
  local alias = name:find("/", 1, true) and name or "/dev/" .. name
  local reason = field.check_text(alias, true) or source.check_alias(alias)
  if not reason and seen[alias] then
    reason = "the same channel as channels." .. seen[alias]
  end
  seen[alias] = name
  return alias, reason and ": " .. reason
end

local function read_all(given, names, seen)
  local made = {}
  for i, name in ipairs(names) do
    local alias, wrong = read_alias(name, seen)
    if not wrong then
      made[i], wrong = channel.read(rawget(given, name), alias)
    end
    if wrong then
      return nil, "channels." .. show.text(name) .. wrong
    end
  end
  return made
end

-- What zvm.run adds: stdin is null, which can be said.
local function add_standard(made, seen)
  if not seen["/dev/stdin"] then
    made[#made + 1] = channel.read({ null = true }, "/dev/stdin")
  end
  for _, name in ipairs { "stdout", "stderr" } do
    if not seen["/dev/" .. name] then
      return ("channels.%s: missing: it would be a buffer, which a manifest "
        .. "cannot hold"):format(name)
    end
  end
end

local function is_before(a, b)
  local x = channel.STANDARD[a.alias] or 3
  local y = channel.STANDARD[b.alias] or 3
  if x ~= y then
    return x < y
  end
  return a.alias < b.alias
end

--- The channels in the order of their handles; or nil, and the option that
-- is wrong and why.
function M.list(opt)
  local given = rawget(opt, "channels")
  given = given == nil and {} or given
  if type(given) ~= "table" then
    return nil, "channels: table expected, got " .. show.value(given)
  end
  local names = option.keys(given)
  if not names then
    return nil, "channels: a channel without a name"
  end
  local seen = {}
  local made, wrong = read_all(given, names, seen)
  wrong = wrong or add_standard(made, seen)
  if wrong then
    return nil, wrong
  end
  table.sort(made, is_before)
  return made
end

return M
