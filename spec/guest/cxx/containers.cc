/*
** containers.cc - each container of the library, used as it is meant.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <algorithm>
#include <array>
#include <bitset>
#include <deque>
#include <forward_list>
#include <iostream>
#include <list>
#include <map>
#include <queue>
#include <set>
#include <span>
#include <stack>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <valarray>
#include <vector>

template <typename C> static void show(const char *name, const C &c) {
  std::cout << name << ":";
  for (const auto &x : c)
    std::cout << ' ' << x;
  std::cout << '\n';
}

template <typename M> static void show_map(const char *name, const M &m) {
  std::cout << name << ":";
  for (const auto &[key, value] : m)
    std::cout << ' ' << key << '=' << value;
  std::cout << '\n';
}

struct counted {
  static int made, copied, moved, gone;
  int value;
  counted(int v) : value(v) {
    made++;
  }
  counted(const counted &c) : value(c.value) {
    copied++;
  }
  counted(counted &&c) noexcept : value(c.value) {
    c.value = -1, moved++;
  }
  counted &operator=(const counted &) = default;
  ~counted() {
    gone++;
  }
};
int counted::made, counted::copied, counted::moved, counted::gone;

static void sequences() {
  std::vector<int> v{5, 3, 8, 1};
  v.insert(v.begin() + 2, {7, 7, 7});
  v.erase(std::remove(v.begin(), v.end(), 3), v.end());
  v.emplace_back(42);
  show("vector", v);
  std::vector<bool> bits(70);
  for (size_t i = 0; i < bits.size(); i += 3)
    bits[i].flip();
  std::cout << std::count(bits.begin(), bits.end(), true) << '\n';

  std::deque<std::string> d;
  for (int i = 0; i < 200; i++)
    i % 2 ? d.push_back(std::to_string(i)) : d.push_front(std::to_string(i));
  d.resize(103);
  d.erase(d.begin() + 2, d.begin() + 98);
  show("deque", d);

  std::list<int> a{1, 4, 9}, b{2, 3, 10};
  a.merge(b);
  a.reverse();
  a.splice(a.end(), a, a.begin());
  show("list", a);
  std::forward_list<int> f{3, 1, 2, 2, 1};
  f.sort();
  f.unique();
  show("forward_list", f);
  std::array<int, 5> fixed{9, 7, 5};
  show("array", fixed);
  show("span", std::span(fixed).subspan(1, 3));
  std::valarray<int> w{1, 2, 3, 4};
  w = w * w + 1;
  show("valarray", w);
  std::bitset<100> set(0xf0f0);
  std::cout << (set << 50).count() << ' ' << (set >> 5).to_ullong() << '\n';
}

static void trees() {
  std::map<std::string, int> m{{"fig", 2}, {"apple", 1}, {"pear", 9}};
  m["kiwi"] += 4;
  m.erase("fig");
  m.insert_or_assign("apple", 11);
  auto node = m.extract("pear");
  node.key() = "quince";
  m.insert(std::move(node));
  show_map("map", m);
  std::cout << m.lower_bound("b")->first << ' ' << m.count("fig") << '\n';
  std::multimap<int, char> many{{2, 'b'}, {1, 'a'}, {2, 'c'}};
  show_map("multimap", many);
  std::set<int, std::greater<>> s;
  for (unsigned i = 1, x = 1; i < 1000; i++)
    s.insert((x = x * 75 % 65537) % 50);
  show("set", s);
  std::multiset<std::string> ms{"b", "a", "b"};
  show("multiset", ms);
}

/* The order of a table is that of its hashes, which are 32 bits wide here. */
static void tables() {
  std::unordered_map<std::string, int> m;
  for (int i = 0; i < 5000; i++)
    m["key" + std::to_string(i % 777)] += i;
  std::map<std::string, int> sorted(m.begin(), m.end());
  long long sum = 0;
  for (auto &[key, value] : sorted)
    sum = sum * 31 % 1000003 + value;
  std::cout << m.size() << ' ' << sum << ' ' << m.at("key776") << '\n';
  std::unordered_multiset<int> s{1, 1, 2};
  s.reserve(1000);
  std::cout << s.count(1) << s.count(3) << '\n';
  try {
    m.at("none");
  } catch (const std::out_of_range &e) {
    std::cout << "out of range\n";
  }
}

static void adaptors() {
  std::priority_queue<int, std::vector<int>, std::greater<int>> p;
  for (int i : {5, 1, 4})
    p.push(i);
  for (; !p.empty(); p.pop())
    std::cout << p.top();
  std::stack<int> s;
  std::queue<int> q;
  for (int i = 0; i < 3; i++)
    s.push(i), q.push(i);
  for (; !s.empty(); s.pop(), q.pop())
    std::cout << s.top() << q.front();
  std::cout << '\n';
}

int main() {
  sequences();
  trees();
  tables();
  adaptors();
  {
    std::vector<counted> v;
    for (int i = 0; i < 100; i++)
      v.emplace_back(i);
    std::vector<counted> copy = v;
    copy.erase(copy.begin(), copy.begin() + 50);
  }
  std::cout << counted::made << ' ' << counted::copied << ' ' << counted::moved
            << ' ' << counted::gone << '\n';
}
