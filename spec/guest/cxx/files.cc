/*
** files.cc - <fstream> and <filesystem>, under the folder that is named.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace fs = std::filesystem;

static std::vector<std::string> names(const fs::path &top) {
  std::vector<std::string> list;
  for (auto &entry : fs::recursive_directory_iterator(top))
    list.push_back(entry.path().lexically_relative(top).string() +
                   (entry.is_directory() ? "/" : ""));
  std::sort(list.begin(), list.end());
  return list;
}

static void paths() {
  fs::path p = "/a/b/../c.tar.gz";
  std::cout << p.filename() << p.extension() << p.stem() << p.parent_path()
            << p.lexically_normal() << p.is_absolute() << fs::path("x") / "y"
            << fs::path("x").replace_extension(".o") << '\n';
  for (auto &part : p)
    std::cout << part.string() << '|';
  std::cout << '\n';
}

static void streams(const fs::path &file) {
  {
    std::ofstream out(file);
    for (int i = 0; i < 1000; i++)
      out << i << ' ' << i * i << '\n';
    out.seekp(0);
    out << "X";
  }
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  long long sum = 0, a, b;
  while (in >> a >> b)
    sum += b;
  std::cout << line << ' ' << sum << in.eof() << '\n';
  std::fstream both(file, std::ios::in | std::ios::out | std::ios::ate);
  std::cout << both.tellg() << ' ';
  both.seekp(-3, std::ios::end);
  both << "??";
  both.seekg(-8, std::ios::end);
  both >> line;
  std::cout << line << ' ' << std::ifstream("/none/of/it").is_open() << '\n';
  std::ofstream(file, std::ios::app) << "end";
  std::cout << fs::file_size(file) << '\n';
}

int main(int, char **argv) {
  fs::path top = fs::path(argv[1]) / "files";
  paths();
  std::cout << fs::create_directories(top / "one/two")
            << fs::create_directory(top / "one") << '\n';
  streams(top / "one/data");
  fs::copy(top / "one", top / "copy", fs::copy_options::recursive);
  fs::rename(top / "copy/data", top / "copy/moved");
  fs::copy_file(top / "copy/moved", top / "third");
  fs::create_symlink("third", top / "link");
  fs::resize_file(top / "third", 10);
  fs::permissions(top / "third", fs::perms::owner_read);
  for (auto &name : names(top))
    std::cout << name << ' ';
  std::cout << '\n'
            << fs::read_symlink(top / "link") << fs::is_symlink(top / "link")
            << fs::file_size(top / "link") << fs::exists(top / "none")
            << fs::equivalent(top / "link", top / "third")
            << (fs::status(top / "third").permissions() ==
                fs::perms::owner_read)
            << fs::canonical(top / "one/../link").filename() << '\n';
  std::error_code code;
  std::cout << fs::remove(top / "one", code) << ' '
            << (code == std::errc::directory_not_empty) << ' ';
  try {
    fs::file_size(top / "none");
  } catch (const fs::filesystem_error &e) {
    std::cout << (e.code() == std::errc::no_such_file_or_directory)
              << e.path1().filename() << '\n';
  }
  fs::current_path(top);
  std::cout << fs::exists("third") << fs::remove_all(top) << fs::exists(top)
            << '\n';
}
