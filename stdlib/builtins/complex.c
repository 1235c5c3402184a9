/*
** complex.c - products and quotients of complex numbers, by annex G of C.
**
** SPDX-License-Identifier: Apache-2.0
*/

typedef _Complex double dc;
typedef _Complex float fc;

dc __muldc3(double a, double b, double c, double d);
fc __mulsc3(float a, float b, float c, float d);
dc __divdc3(double a, double b, double c, double d);
fc __divsc3(float a, float b, float c, float d);

#define INF __builtin_inf()
#define isnan(x) __builtin_isnan(x)
#define isinf(x) __builtin_isinf(x)
#define isfinite(x) __builtin_isfinite(x)
#define sign(x, y) __builtin_copysign(x, y)

/* An infinity counts as one, anything else as zero; signs stay. */
static double box(double x) { return sign(isinf(x) ? 1.0 : 0.0, x); }
/* Not a number becomes a zero of its sign. */
static double zero_nan(double x) { return isnan(x) ? sign(0.0, x) : x; }

static dc join(double re, double im) {
  dc z;
  __real__ z = re;
  __imag__ z = im;
  return z;
}

dc __muldc3(double a, double b, double c, double d) {
  double ac = a * c, bd = b * d, ad = a * d, bc = b * c;
  double x = ac - bd, y = ad + bc;
  int again = 0;
  if (!isnan(x) || !isnan(y)) return join(x, y);
  if (isinf(a) || isinf(b)) {
    a = box(a), b = box(b);
    c = zero_nan(c), d = zero_nan(d);
    again = 1;
  }
  if (isinf(c) || isinf(d)) {
    c = box(c), d = box(d);
    a = zero_nan(a), b = zero_nan(b);
    again = 1;
  }
  if (!again && (isinf(ac) || isinf(bd) || isinf(ad) || isinf(bc))) {
    a = zero_nan(a), b = zero_nan(b);
    c = zero_nan(c), d = zero_nan(d);
    again = 1;
  }
  if (!again) return join(x, y);
  return join(INF * (a * c - b * d), INF * (a * d + b * c));
}

/* Scaled by a power of two, so that the divisor's square is in range. */
dc __divdc3(double a, double b, double c, double d) {
  double size_c = __builtin_fabs(c), size_d = __builtin_fabs(d);
  double most = size_c > size_d ? size_c : size_d;
  double scale = 1, norm, x, y;
  if (most > 0 && isfinite(most)) {
    unsigned long long bits;
    __builtin_memcpy(&bits, &most, sizeof(bits));
    int exponent = (int)(bits >> 52);
    if (exponent > 2045) exponent = 2045;
    bits = (unsigned long long)(2046 - exponent) << 52;
    __builtin_memcpy(&scale, &bits, sizeof(scale));
    c *= scale;
    d *= scale;
  }
  norm = c * c + d * d;
  x = (a * c + b * d) / norm * scale;
  y = (b * c - a * d) / norm * scale;
  if (!isnan(x) || !isnan(y)) return join(x, y);
  if (norm == 0 && (!isnan(a) || !isnan(b)))
    return join(sign(INF, c) * a, sign(INF, c) * b);
  if ((isinf(a) || isinf(b)) && isfinite(c) && isfinite(d)) {
    a = box(a), b = box(b);
    return join(INF * (a * c + b * d), INF * (b * c - a * d));
  }
  if ((isinf(c) || isinf(d)) && isfinite(a) && isfinite(b)) {
    c = box(c), d = box(d);
    return join(0.0 * (a * c + b * d), 0.0 * (b * c - a * d));
  }
  return join(x, y);
}

static fc narrow(dc z) {
  fc out;
  __real__ out = (float)__real__ z;
  __imag__ out = (float)__imag__ z;
  return out;
}

fc __mulsc3(float a, float b, float c, float d) {
  return narrow(__muldc3(a, b, c, d));
}

fc __divsc3(float a, float b, float c, float d) {
  return narrow(__divdc3(a, b, c, d));
}
