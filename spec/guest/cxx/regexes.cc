/*
** regexes.cc - <regex>: its grammars, groups, iterators and errors.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <iostream>
#include <regex>
#include <string>

int main() {
  std::string text = "From: ann@example.org, To: bob.b@test.net; at 12:34:56";
  std::regex mail(R"((\w+(?:\.\w+)*)@(\w+)\.(org|net))");
  for (std::sregex_iterator i(text.begin(), text.end(), mail), end; i != end;
       ++i)
    std::cout << i->str(1) << " at " << i->str(2) << ' ' << i->position()
              << '\n';
  std::smatch m;
  std::cout << std::regex_search(text, m, std::regex(R"((\d\d):(\d\d):\d\d$)"))
            << m[1] << m[2] << '[' << m.prefix().str().size() << "]\n";
  std::cout << std::regex_replace(text, mail, "<$2|$1>") << '\n';
  std::regex comma("[,;]\\s*");
  for (std::sregex_token_iterator i(text.begin(), text.end(), comma, -1), end;
       i != end; ++i)
    std::cout << '{' << *i << '}';
  std::cout << '\n'
            << std::regex_match("ABBA",
                                std::regex("(a)(b)\\2\\1", std::regex::icase))
            << std::regex_match("foobar", std::regex("foo(?=bar).*"))
            << std::regex_match("a+b",
                                std::regex("a\\+b", std::regex::extended))
            << std::regex_search("[x]", std::regex("[[:alpha:]]"))
            << std::regex_match("xyz", std::regex("[^a-w]{3}")) << '\n';
  for (auto pattern : {"(", "[a", "a{2,1}", "*", "\\"}) {
    try {
      std::regex wrong(pattern);
    } catch (const std::regex_error &e) {
      std::cout << pattern << ' ' << int(e.code()) << '\n';
    }
  }
}
