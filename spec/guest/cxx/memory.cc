/*
** memory.cc - pointers that own, allocators, operator new.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <list>
#include <memory>
#include <memory_resource>
#include <new>
#include <string>
#include <vector>

static int allocated, freed, handled;

void *operator new(size_t size) {
  allocated++;
  if (void *p = std::malloc(size))
    return p;
  throw std::bad_alloc();
}
void operator delete(void *p) noexcept {
  freed += p != nullptr;
  std::free(p);
}
void operator delete(void *p, size_t) noexcept {
  operator delete(p);
}

struct tree : std::enable_shared_from_this<tree> {
  std::vector<std::shared_ptr<tree>> children;
  std::weak_ptr<tree> parent;
  static int alive;
  tree() {
    alive++;
  }
  ~tree() {
    alive--;
  }
  void add(std::shared_ptr<tree> child) {
    child->parent = weak_from_this();
    children.push_back(std::move(child));
  }
};
int tree::alive;

struct alignas(256) wide {
  char c[256];
};

template <typename T> struct counting {
  using value_type = T;
  static inline int bytes;
  counting() = default;
  template <typename U> counting(const counting<U> &) {
  }
  T *allocate(size_t n) {
    bytes += n;
    return std::allocator<T>().allocate(n);
  }
  void deallocate(T *p, size_t n) {
    std::allocator<T>().deallocate(p, n);
  }
  bool operator==(const counting &) const {
    return true;
  }
};

int main() {
  {
    auto top = std::make_shared<tree>();
    for (int i = 0; i < 10; i++)
      top->add(std::make_shared<tree>());
    auto child = top->children[3];
    std::cout << tree::alive << top.use_count() << child.use_count()
              << (child->parent.lock() == top);
    top.reset();
    std::cout << tree::alive << child->parent.expired() << '\n';
  }
  std::cout << tree::alive << (allocated > 10) << (allocated - freed) << '\n';
  std::unique_ptr<int, void (*)(int *)> closing(new int(3), [](int *p) {
    std::cout << "closed " << *p << '\n';
    delete p;
  });
  closing.reset();
  auto w = std::make_unique<wide>();
  std::vector<wide> many(3);
  std::cout << reinterpret_cast<uintptr_t>(w.get()) % 256
            << reinterpret_cast<uintptr_t>(&many[1]) % 256 << '\n';
  char room[4096];
  std::pmr::monotonic_buffer_resource pool(room, sizeof room,
                                           std::pmr::null_memory_resource());
  std::pmr::vector<std::pmr::string> strings(&pool);
  try {
    for (int i = 0;; i++)
      strings.emplace_back(std::string(40, 'a' + i % 26));
  } catch (const std::bad_alloc &) {
    std::cout << (strings.size() > 10) << strings[9][0] << '\n';
  }
  std::list<int, counting<int>> list(7);
  std::vector<int, counting<int>> vector(100);
  std::cout << counting<int>::bytes << '\n';
  std::set_new_handler([] {
    if (++handled == 2)
      std::set_new_handler(nullptr);
  });
  volatile size_t huge = size_t(-1) / 2 - 4096;
  try {
    ::operator new(huge, std::align_val_t(64));
  } catch (const std::bad_alloc &) {
    std::cout << "handled " << handled << '\n';
  }
}
