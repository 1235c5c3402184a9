--- The order in which instances begin: who writes before who reads, as far as
-- cycles allow; otherwise that of the description.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

-- From name to how many edges come from others, and from name to list of
-- where edges go.
local function degrees(graph)
  local into, out = {}, {}
  for _, edge in ipairs(graph.edges) do
    if edge.from ~= edge.to then
      into[edge.to] = (into[edge.to] or 0) + 1
      out[edge.from] = out[edge.from] or {}
      table.insert(out[edge.from], edge.to)
    end
  end
  return into, out
end

-- Take an instance: those that waited only for it are next, before all that
-- are ready already, so that who reads begins beside who writes.
local function take(name, into, out, ready)
  local list = out[name] or {}
  for i = #list, 1, -1 do
    local to = list[i]
    into[to] = into[to] - 1
    if into[to] == 0 then
      ready[#ready + 1] = to
    end
  end
end

--- All instances, a list.
function M.of(graph)
  local into, out = degrees(graph)
  local all, by_name, ready, list, has = {}, {}, {}, {}, {}
  for _, stage in ipairs(graph.stages) do
    for _, instance in ipairs(stage.instances) do
      all[#all + 1], by_name[instance.name] = instance, instance
    end
  end
  for i = #all, 1, -1 do
    if not into[all[i].name] then
      ready[#ready + 1] = all[i].name
    end
  end
  local left = 1
  while #list < #all do
    local name = table.remove(ready)
    if not name then -- what is left is in or behind a cycle: the first opens it
      name, left = all[left].name, left + 1
    end
    if not has[name] then
      has[name], list[#list + 1] = true, by_name[name]
      take(name, into, out, ready)
    end
  end
  return list
end

return M
