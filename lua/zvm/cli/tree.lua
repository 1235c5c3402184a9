--- What a guest finds in its files, and what it leaves there, as a command
-- line has it.
--
-- SPDX-License-Identifier: Apache-2.0
local arguments = require "zvm.cli.arguments"
local zvm = require "zvm"

local M = {}

-- "FILE" or "FILE,/MNT".
local function image(word)
  local path, at = word:match "^(.*),(/[^,]*)$"
  path = path or word
  if path == "" then
    return nil, "--image wants a file"
  end
  return { path = path, at = at }
end

local function add_images(job, list)
  local images = {}
  for i, each in ipairs(job.images or {}) do
    images[i] = each
  end
  for _, word in ipairs(list) do
    local each, message = image(word)
    if not each then
      return nil, message
    end
    images[#images + 1] = each
  end
  job.images = images
  return true
end

local function add_files(job, list)
  local files = {}
  for path, each in pairs(job.files or {}) do
    files[path] = each
  end
  for _, word in ipairs(list) do
    local path, from = word:match "^(/[^=]*)=(.+)$"
    if not path then
      return nil, ("--file %s: /PATH=FILE is wanted"):format(word)
    end
    local bytes, message = arguments.slurp(from)
    if not bytes then
      return nil, ("--file %s: %s"):format(word, message)
    end
    files[path] = bytes
  end
  job.files = files
  return true
end

-- Fills `places`: where what was collected goes, by its path in the guest.
local function add_collected(job, list, places)
  local paths = {}
  for _, word in ipairs(list) do
    local path, directory = word:match "^(/[^=]*)=(.+)$"
    path, directory = path or word, directory or "."
    if places[path] then
      return nil, ("--collect %s: %s is given twice"):format(word, path)
    end
    paths[#paths + 1], places[path] = path, directory
  end
  job.collect = paths
  return true
end

--- Put the options of a command line into those of zvm.run; or nil and what
-- is wrong. `places` gets what M.save needs.
function M.add(job, options, places)
  local ok, message = true, nil
  if options.image then
    ok, message = add_images(job, options.image)
  end
  if ok and options.file then
    ok, message = add_files(job, options.file)
  end
  if ok and options.collect then
    ok, message = add_collected(job, options.collect, places)
  end
  return ok, message
end

--- Seconds, if it is a number; else a time, which is for zvm.run to read.
function M.clock(text)
  return text:find "^%d+%.?%d*$" and tonumber(text) or text
end

--- A seed in decimal, or after 0x in hexadecimal; or nil and what is wanted.
function M.seed(text)
  local hex = text:match "^0x(%x+)$"
  if hex and #hex <= 16 then
    return hex
  end
  local number = text:find "^%d+$" and tonumber(text)
  if number and number <= 2 ^ 53 then
    return number
  end
  return nil, "a number up to 2^53, or 0x and up to 16 hexadecimal digits"
end

-- What an entry of an archive is below the directory that `path` goes to:
-- under the last name of `path`, as cp would.
local function placed(path, name)
  local whole = "/" .. name
  local before = path:match "^(.*)/[^/]*$"
  if path == "/" then
    return whole
  elseif whole == path or whole:sub(1, #path + 1) == path .. "/" then
    return whole:sub(#before + 1)
  end
end

local function add_entry(files, to, entry, links)
  if entry.type == "directory" then
    files[to] = { directory = true }
  elseif entry.type == "symlink" then
    links[#links + 1] = "/" .. entry.name
  else
    files[to] = { data = entry.data, mode = entry.mode }
  end
end

-- By the directory of the host: what it gets.
local function sort_entries(entries, places)
  local jobs, links = {}, {}
  for path, directory in pairs(places) do
    jobs[directory] = jobs[directory] or {}
    for _, entry in ipairs(entries) do
      local to = placed(path, entry.name)
      if to then
        add_entry(jobs[directory], to, entry, links)
      end
    end
  end
  return jobs, links
end

--- Save what a run collected. Gives lines of what is to be told, and whether
-- all that was to be saved is.
function M.save(report, places)
  local lines = {}
  if not next(places) or report.state == "refused" then
    return lines, true
  elseif not report.files then
    lines[1] = ("nothing is collected: %s"):format(report.collect_error)
    return lines, report.state ~= "exit"
  end
  local collected = report.channels.collect
  local entries = require "zvm.tar".unpack(collected.data)
  report.files, collected.data = nil, nil -- no part of what is told
  local jobs, links = sort_entries(entries, places)
  local whole = true
  for directory, files in pairs(jobs) do
    local ok, message = zvm.save(directory, files)
    if not ok then
      whole = false
      lines[#lines + 1] = message:gsub("^zvm%.save: ", "")
    end
  end
  for _, link in ipairs(links) do
    lines[#lines + 1] = link .. ": a symbolic link, which is not made"
  end
  table.sort(lines)
  return lines, whole
end

return M
