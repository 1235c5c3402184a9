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

/* What both parts of a quotient are when neither is a number. */
static dc recover(double a, double b, double c, double d, dc z) {
  if (c == 0 && d == 0 && (!isnan(a) || !isnan(b)))
    return join(sign(INF, c) * a, sign(INF, c) * b);
  if ((isinf(a) || isinf(b)) && isfinite(c) && isfinite(d)) {
    a = box(a), b = box(b);
    return join(INF * (a * c + b * d), INF * (b * c - a * d));
  }
  if ((isinf(c) || isinf(d)) && isfinite(a) && isfinite(b)) {
    c = box(c), d = box(d);
    return join(0.0 * (a * c + b * d), 0.0 * (b * c - a * d));
  }
  return z;
}

#define LEAST 0x1p-1022          /* the smallest normal number  */
#define SMALL 0x1p-52            /* the distance from 1 to next */
#define LARGE (0x1.fffffffffffffp1023 / 2)
#define size(x) __builtin_fabs(x)

/*
** Smith's quotient, for |c| >= |d|. Where d/c vanishes, its product is made
** in another order, so that nothing vanishes with it (Baudin and Smith, "A
** robust complex division in Scilab", 2012).
*/
static dc smith(double a, double b, double c, double d) {
  double ratio = d / c, norm = d * ratio + c;
  if (size(ratio) > LEAST)
    return join((b * ratio + a) / norm, (b - a * ratio) / norm);
  return join((a + d * (b / c)) / norm, (b - d * (a / c)) / norm);
}

dc __divdc3(double a, double b, double c, double d) {
  double most = size(c) < size(d) ? size(d) : size(c), scale = 1;
  dc z;
  if (most >= LARGE)
    scale = 0.5;
  else if (most < SMALL ||
           (most < LARGE * SMALL &&
            ((size(a) < LEAST && size(b) < LARGE * SMALL) ||
             (size(b) < LEAST && size(a) < LARGE * SMALL))))
    scale = 1 / SMALL;
  a *= scale, b *= scale, c *= scale, d *= scale;
  /* Both turned by a quarter, the larger part comes first. */
  z = size(c) < size(d) ? smith(b, -a, d, -c) : smith(a, b, c, d);
  if (!isnan(__real__ z) || !isnan(__imag__ z)) return z;
  return recover(a, b, c, d, z);
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

/* Double has the range for the plain formula. */
fc __divsc3(float a, float b, float c, float d) {
  double norm = (double)c * c + (double)d * d;
  dc z = join(((double)a * c + (double)b * d) / norm,
              ((double)b * c - (double)a * d) / norm);
  if (!isnan(__real__ z) || !isnan(__imag__ z)) return narrow(z);
  return narrow(recover(a, b, c, d, z));
}
