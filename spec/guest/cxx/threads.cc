/*
** threads.cc - threads of the library, and what they wait for.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <atomic>
#include <barrier>
#include <condition_variable>
#include <future>
#include <iostream>
#include <latch>
#include <mutex>
#include <queue>
#include <semaphore>
#include <shared_mutex>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

static void queues() {
  std::mutex mutex;
  std::condition_variable ready;
  std::queue<int> queue;
  bool over = false;
  long long sum = 0;
  std::thread taker([&] {
    std::unique_lock lock(mutex);
    for (;;) {
      ready.wait(lock, [&] { return !queue.empty() || over; });
      if (queue.empty())
        return;
      for (; !queue.empty(); queue.pop())
        sum += queue.front();
    }
  });
  for (int i = 0; i < 1000; i++) {
    {
      std::lock_guard lock(mutex);
      queue.push(i);
    }
    ready.notify_one();
  }
  {
    std::lock_guard lock(mutex);
    over = true;
  }
  ready.notify_all();
  taker.join();
  std::cout << sum << '\n';
}

static void results() {
  auto square = std::async(
      std::launch::async, [](int n) { return n * n; }, 12);
  auto late = std::async(std::launch::deferred, [] { return 5; });
  auto fails = std::async(std::launch::async, []() -> int {
    throw std::runtime_error("in a thread");
  });
  std::cout << square.get() << late.get();
  try {
    fails.get();
  } catch (const std::runtime_error &e) {
    std::cout << ' ' << e.what() << '\n';
  }
  std::packaged_task<int(int)> task([](int n) { return -n; });
  auto future = task.get_future();
  std::thread(std::move(task), 9).join();
  std::cout << future.get() << (future.valid() ? "" : " taken") << '\n';
}

static void others() {
  std::atomic<int> n = 0;
  std::latch started(4);
  std::barrier meet(4, [&]() noexcept { n += 100; });
  std::counting_semaphore<2> two(2);
  std::shared_mutex shared;
  std::once_flag once;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; i++)
    threads.emplace_back([&](std::stop_token stop) {
      std::call_once(once, [&] { n += 1000; });
      started.arrive_and_wait();
      two.acquire();
      n++;
      two.release();
      meet.arrive_and_wait();
      std::shared_lock lock(shared);
      while (!stop.stop_requested())
        std::this_thread::sleep_for(1ms);
    });
  started.wait();
  for (auto &t : threads)
    t.request_stop();
  threads.clear();
  std::cout << n << '\n';
  std::timed_mutex timed;
  timed.lock();
  std::thread([&] { std::cout << timed.try_lock_for(2ms); }).join();
  std::atomic<int> flag = 0;
  std::thread waker([&] {
    flag = 1;
    flag.notify_one();
  });
  flag.wait(0);
  waker.join();
  std::cout << flag << std::thread().joinable() << '\n';
  try {
    std::thread().join();
  } catch (const std::system_error &e) {
    std::cout << (e.code() == std::errc::invalid_argument) << '\n';
  }
}

int main() {
  queues();
  results();
  others();
}
