--- Which stages of a pipeline wait for themselves.
--
-- SPDX-License-Identifier: Apache-2.0
local M = {}

-- Take away, again and again, what nothing leads to; gives what is left.
local function trim(names, arrows)
  local left, into = {}, {}
  for _, name in ipairs(names) do
    left[name], into[name] = true, 0
  end
  for _, arrow in ipairs(arrows) do
    into[arrow[2]] = into[arrow[2]] + 1
  end
  local out = {}
  for _, arrow in ipairs(arrows) do
    out[arrow[1]] = out[arrow[1]] or {}
    table.insert(out[arrow[1]], arrow[2])
  end
  local free = {}
  for _, name in ipairs(names) do
    free[#free + 1] = into[name] == 0 and name or nil
  end
  while free[1] do
    local name = table.remove(free)
    left[name] = nil
    for _, to in ipairs(out[name] or {}) do
      into[to] = into[to] - 1
      free[#free + 1] = into[to] == 0 and to or nil
    end
  end
  return left
end

--- The stages that are on a cycle, or between two: a set of names.
function M.stages(graph)
  local names, forth, back = {}, {}, {}
  for i, stage in ipairs(graph.stages) do
    names[i] = stage.name
    local targets = { stage.pipe }
    for _, name in ipairs(stage.connect) do
      targets[#targets + 1] = name
    end
    for _, name in ipairs(targets) do
      forth[#forth + 1] = { stage.name, name }
      back[#back + 1] = { name, stage.name }
    end
  end
  local left, set = trim(names, back), {}
  for name in pairs(trim(names, forth)) do
    set[name] = left[name]
  end
  return set
end

return M
