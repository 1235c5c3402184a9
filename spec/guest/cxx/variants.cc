/*
** variants.cc - variant, any, optional, tuple, and visiting them.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <any>
#include <iostream>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

template <typename... T> struct overload : T... { using T::operator()...; };
template <typename... T> overload(T...) -> overload<T...>;

struct node;
using value =
    std::variant<std::monostate, bool, double, std::string, std::vector<node>>;
struct node {
  value v;
};

static void print(const value &v) {
  std::visit(
      overload{[](std::monostate) { std::cout << "null"; },
               [](bool b) { std::cout << (b ? "true" : "false"); },
               [](double d) { std::cout << d; },
               [](const std::string &s) { std::cout << '"' << s << '"'; },
               [](const std::vector<node> &list) {
                 std::cout << '[';
                 for (auto &n : list)
                   print(n.v), std::cout << ' ';
                 std::cout << ']';
               }},
      v);
}

struct explosive {
  explosive() = default;
  explosive(const explosive &) {
    throw 1;
  }
};

int main() {
  print(std::vector<node>{
      {1.5}, {true}, {std::string("x")}, {}, {std::vector<node>{{2.0}}}});
  std::variant<int, explosive> v = 3;
  try {
    explosive e;
    v = e;
  } catch (int) {
    std::cout << v.valueless_by_exception() << int(v.index());
  }
  try {
    v.emplace<1>();
    std::get<int>(v);
  } catch (const std::bad_variant_access &) {
    std::cout << " bad variant access\n";
  }
  std::any a = std::string("any");
  std::cout << std::any_cast<std::string>(a) << a.has_value();
  a = std::vector<int>(100, 2);
  std::cout << std::any_cast<std::vector<int> &>(a).size();
  try {
    std::any_cast<int>(a);
  } catch (const std::bad_any_cast &) {
    std::cout << " bad any cast\n";
  }
  std::optional<std::string> o;
  std::cout << o.value_or("none") << o.has_value();
  o = "some";
  std::cout << *o << (o == "some");
  try {
    o.reset();
    o.value();
  } catch (const std::bad_optional_access &) {
    std::cout << " bad optional access\n";
  }
  auto t = std::tuple_cat(std::make_tuple(1, 'c'), std::tuple<double>(2.5));
  auto [i, c, d] = t;
  std::cout << i << c << d
            << std::apply([](auto... x) { return (0 + ... + int(x)); }, t)
            << (std::tie(i, c) < std::make_tuple(1, 'd')) << '\n';
}
