/*
** old.cc - what programs of older standards include, and newer ones find
** beside the standard's headers.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <experimental/filesystem>
#include <hash_map>
#include <iostream>
#include <strstream>

static void check_strstream() {
  std::ostrstream out;
  out << "strstream " << 5 << std::ends;
  std::cout << out.str() << '\n';
  out.freeze(false);
  char text[] = "1 2 3";
  std::istrstream in(text);
  int number, sum = 0;
  while (in >> number)
    sum += number;
  std::cout << "sum " << sum << '\n';
}

int main() {
  namespace fs = std::experimental::filesystem;
  __gnu_cxx::hash_map<int, int> map;
  check_strstream();
  map[3] = 4;
  std::cout << map[3] << ' ' << map.size() << '\n';
  std::cout << fs::path("/tmp/./x.y").extension() << ' '
            << fs::is_directory("/tmp") << fs::exists("/none") << '\n';
}
