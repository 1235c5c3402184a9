/*
** streams.cc - iostreams: reading, writing, formats, states, positions.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <cstdio>
#include <iomanip>
#include <iostream>
#include <limits>
#include <sstream>
#include <string>

struct point {
  int x, y;
};

static std::ostream &operator<<(std::ostream &out, const point &p) {
  return out << '(' << p.x << ',' << p.y << ')';
}

static std::istream &operator>>(std::istream &in, point &p) {
  char c;
  if (in >> c && c != '(')
    in.setstate(std::ios::failbit);
  return in >> p.x >> c >> p.y >> c;
}

/* What is written, in capitals. */
class loud : public std::streambuf {
  int overflow(int c) override {
    return std::putchar(c >= 'a' && c <= 'z' ? c - 32 : c);
  }
};

static void formats() {
  std::cout << std::hex << std::showbase << 255 << ' ' << std::oct << 8 << ' '
            << std::dec << std::showpos << 7 << std::noshowpos << '\n'
            << std::setw(8) << std::setfill('*') << std::left << 12 << '|'
            << std::setw(8) << std::right << "ab" << '|' << std::setw(8)
            << std::internal << -12 << std::setfill(' ') << '\n'
            << std::boolalpha << true << ' ' << std::noboolalpha << false << ' '
            << std::quoted("say \"x\"") << '\n'
            << std::numeric_limits<long long>::min() << ' '
            << std::numeric_limits<unsigned long long>::max() << ' '
            << point{3, -4} << '\n';
  std::cout << std::uppercase << std::hex << 0xbeef << std::nouppercase
            << std::dec << std::endl;
}

static void strings() {
  std::stringstream s;
  s << "12 0x1f 3.25 word (7,8) tail of line\nnext";
  int i, h;
  double d;
  std::string w, line;
  point p;
  s >> i >> std::hex >> h >> std::dec >> d >> w >> p;
  std::getline(s >> std::ws, line);
  std::cout << i << h << ' ' << d << w << p << line << s.tellg() << '\n';
  s.seekg(0);
  s.ignore(100, ' ');
  std::cout << s.peek() << s.good() << '\n';
  std::istringstream bad("x1");
  bad >> i;
  std::cout << bad.fail() << bad.eof() << i << '\n';
  bad.clear();
  bad.exceptions(std::ios::failbit);
  try {
    bad >> i;
  } catch (const std::ios_base::failure &e) {
    std::cout << "failure " << (e.code() == std::io_errc::stream) << '\n';
  }
  std::istringstream large("99999999999999999999 300 -5");
  unsigned char c;
  unsigned u;
  large >> i;
  std::cout << large.fail() << i << '\n';
  large.clear();
  large >> c >> u;
  std::cout << c << ' ' << u << '\n';
}

int main() {
  formats();
  strings();
  std::string line;
  int lines = 0, numbers = 0, value;
  long long sum = 0;
  while (std::getline(std::cin, line)) {
    lines++;
    for (std::istringstream words(line); words >> value; sum += value)
      numbers++;
  }
  std::cout << lines << ' ' << numbers << ' ' << sum << std::cin.eof() << '\n';
  loud buffer;
  std::ostream(&buffer) << "louder " << 1 << '\n';
  std::cout << "tied" << std::flush;
  std::clog << "to clog\n";
  std::cerr << "to cerr " << 5 << '\n';
  std::wcout << L"";
  std::printf(" and stdio\n");
}
