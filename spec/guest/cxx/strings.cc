/*
** strings.cc - strings of all kinds, and numbers in them.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <charconv>
#include <cwchar>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>

using namespace std::literals;

static void edits() {
  std::string s = "the quick brown fox";
  s.replace(4, 5, "slow").insert(0, "> ").append(3, '!');
  s.erase(s.find("brown"), 6);
  std::cout << s << ' ' << s.size() << ' ' << s.rfind('o') << ' '
            << s.find_first_of("xyz") << ' ' << s.compare("> a") << '\n';
  std::string big;
  for (int i = 0; i < 1000; i++)
    big += std::to_string(i) + ',';
  std::string copy = big, small = "short";
  std::swap(copy, small);
  std::cout << copy << small.size() << (small == big) << small.substr(2000, 9)
            << '\n';
  std::string_view v = s;
  v.remove_prefix(2);
  std::cout << v.substr(0, 8) << v.starts_with("the") << v.ends_with("?")
            << '\n';
  try {
    s.substr(100);
  } catch (const std::out_of_range &) {
    std::cout << "out of range\n";
  }
  try {
    s.resize(s.max_size() + size_t(1));
  } catch (const std::length_error &) {
    std::cout << "length error\n";
  }
}

static void numbers() {
  std::cout << std::stoi("  -42x")
            << std::stoll("7fffffffffffffff", nullptr, 16) << ' '
            << std::stod("1e-3") << ' ' << std::to_string(2.5) << '\n';
  for (auto text : {"abc", "99999999999"}) {
    try {
      std::stoi(text);
    } catch (const std::invalid_argument &) {
      std::cout << "invalid ";
    } catch (const std::out_of_range &) {
      std::cout << "out of range\n";
    }
  }
  char buffer[80];
  auto end =
      std::to_chars(buffer, buffer + sizeof buffer, -123456789012345, 36);
  std::cout << std::string_view(buffer, end.ptr - buffer) << '\n';
  int value = 0;
  auto text = "1011zz"sv;
  auto r = std::from_chars(text.data(), text.data() + text.size(), value, 2);
  std::cout << value << ' ' << r.ptr << ' '
            << (std::from_chars("9999999999", "9999999999" + 10, value).ec ==
                std::errc::result_out_of_range)
            << '\n';
}

static void wide() {
  std::wstring w = L"breit \u00e4\u20ac";
  w += std::to_wstring(77);
  std::cout << w.size() << ' ' << std::wcstol(w.c_str() + 8, nullptr, 10)
            << ' ';
  std::u16string u = u"\U0001f600x";
  std::u32string t = U"\U0001f600x";
  std::u8string e = u8"\u00e4";
  std::cout << u.size() << t.size() << e.size() << '\n';
}

int main() {
  edits();
  numbers();
  wide();
  std::cout << "literal"s + " " << std::hash<std::string>()("x"s) % 1 << '\n';
}
