/*
** thread_locals.cc - thread_local: in one thread plain storage, in others
** made at first use and destroyed at the thread's end.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <iostream>
#include <string>
#include <thread>
#include <vector>

static thread_local int plain = 7;
thread_local std::vector<int> list{1, 2, 3};

struct counted {
  static int made, gone;
  counted() {
    made++;
  }
  ~counted() {
    gone++;
  }
};
int counted::made, counted::gone;

static thread_local counted object;

struct owner {
  static thread_local std::string text;
};
thread_local std::string owner::text = "text";

static int next() {
  thread_local int n = [] { return 100; }();
  (void)&object;
  return n++;
}

int main() {
  plain += 3;
  list.push_back(4);
  owner::text += " of main";
  next();
  int seen = 0, size = 0, number = 0;
  std::string text;
  for (int i = 0; i < 3; i++) {
    std::thread([&] {
      seen += plain++;
      size += list.size();
      list.clear();
      number += next() + next();
      owner::text += '!';
      text += owner::text;
    }).join();
  }
  std::cout << plain << ' ' << list.size() << ' ' << owner::text << ' '
            << next() << '\n'
            << seen << ' ' << size << ' ' << number << ' ' << text << '\n'
            << counted::made << counted::gone << '\n';
}
