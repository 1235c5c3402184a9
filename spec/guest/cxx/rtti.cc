/*
** rtti.cc - types at run time.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <cstdlib>
#include <cxxabi.h>
#include <iostream>
#include <map>
#include <memory>
#include <typeindex>
#include <typeinfo>
#include <vector>

struct shape {
  virtual ~shape() = default;
  virtual double area() const = 0;
};
struct named {
  virtual ~named() = default;
  std::string name = "named";
};
struct square : shape, named {
  double side = 2;
  double area() const override {
    return side * side;
  }
};
struct root {
  int r = 1;
  virtual ~root() = default;
};
struct a : virtual root {
  int x = 2;
};
struct b : virtual root {
  int y = 3;
};
struct c : a, b, private named {
  int z = 4;
};

static std::string readable(const std::type_info &type) {
  int status;
  char *text = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
  std::string s = status ? "?" : text;
  std::free(text);
  return s;
}

int main() {
  std::unique_ptr<shape> s = std::make_unique<square>();
  named *n = dynamic_cast<named *>(s.get());
  std::cout << n->name << dynamic_cast<square *>(n)->area()
            << (dynamic_cast<void *>(n) == dynamic_cast<void *>(s.get()))
            << (typeid(*s) == typeid(square)) << typeid(*n).name() << '\n';
  c object;
  root *r = &object;
  std::cout << dynamic_cast<b *>(r)->y << dynamic_cast<a &>(*r).x
            << (dynamic_cast<a *>(dynamic_cast<b *>(r)) == &object)
            << (dynamic_cast<named *>(r) == nullptr)
            << (dynamic_cast<square *>(r) == nullptr) << '\n';
  try {
    (void)dynamic_cast<square &>(*r);
  } catch (const std::bad_cast &) {
    std::cout << "bad cast\n";
  }
  try {
    shape *none = nullptr;
    std::cout << typeid(*none).name();
  } catch (const std::bad_typeid &) {
    std::cout << "bad typeid\n";
  }
  std::map<std::type_index, int> sizes{{typeid(char), 1}, {typeid(int), 4}};
  std::cout << sizes[typeid(int)] << ' ' << readable(typeid(sizes)).substr(0, 8)
            << ' ' << readable(typeid(std::vector<c *>)) << ' '
            << readable(typeid(int (*)(a &, const b))) << '\n';
  int a::*member = &a::x;
  double (shape::*method)() const = &shape::area;
  std::cout << object.*member << ((*s).*method)() << '\n';
}
