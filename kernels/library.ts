/** Horner's rule: coefficients from the highest power of `x` down. */
const poly = (x: string, ...coefficients: readonly number[]): string =>
  coefficients.map((c) => `${c}f`).reduce((sum, c) => `(${sum} * ${x} + ${c})`);

/**
 * WGSL functions that kernels call. WGSL promises too little for its own transcendental functions (2^-11 for sin,
 * 2^-21 for log near 1, nothing for NaN), so those that matter are here, after the polynomials of Cephes (Moshier);
 * they hold about 2 ulp on any adapter that computes f32 as IEEE 754 says.
 */
const FUNCTIONS: readonly string[] = [
  // A function parameter is no constant, so NaN and infinities are allowed here.
  "fn from_bits(bits: u32) -> f32 { return bitcast<f32>(bits); }",
  "fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }",
  "fn is_inf(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u; }",
  "fn max_or_nan(a: f32, b: f32) -> f32 { return select(b, a, (a > b) | is_nan(a)); }",
  "fn min_or_nan(a: f32, b: f32) -> f32 { return select(b, a, (a < b) | is_nan(a)); }",
  "fn with_sign$(size: T, x: T) -> T { return bitcast<T>(bitcast<U>(size) | (bitcast<U>(x) & U(0x80000000u))); }",
  "fn at_most_one$(x: T) -> T { return select(x, with_sign$(T(1.0f), x), abs(x) > T(1.0f)); }",
  "fn sign_of(x: f32) -> f32 { return select(select(select(0.0f, 1.0f, x > 0.0f), -1.0f, x < 0.0f), x, is_nan(x)); }",
  `fn scale_by_power(x: f32, n: i32) -> f32 {
  let half = n / 2;
  return x * power_of_two(f32(half)) * power_of_two(f32(n - half));
}`,
  // 2^m for a whole m from -126 to 127: added to 1.5 * 2^23 + 127 it is in the low bits, and times 2^23 in the exponent.
  "fn power_of_two$(m: T) -> T { return bitcast<T>(bitcast<U>(m + 12583039.0f) * 8388608u); }",
  // e^r - 1 for |r| <= ln 2, in an order of few steps that wait for each other.
  `fn expm1_near_zero$(r: T) -> T {
  let z = r * r;
  return r + z * ((0.50000036f + 0.16666614f * r) + z * ((0.008336120f * r + 0.041661236f) + z * (0.0014105091f + 1.9610836e-4f * r)));
}`,
  // By an even power of 2, halved and used twice: neither the largest results nor the smallest need care.
  `fn exp_f$(x: T) -> T {
  let m = floor(x * 0.72134752f + 0.5f);
  let s = power_of_two$(m);
  let y = (1.0f + expm1_near_zero$((x - m * 1.38671875f) + m * 4.2438888e-4f)) * s * s;
  return select(select(y, T(from_bits(0x7f800000u)), x > T(88.72284f)), T(0.0f), x < T(-104.0f));
}`,
  `fn exp2_f(x: f32) -> f32 {
  let m = floor(x * 0.5f + 0.5f);
  let s = power_of_two(m);
  let y = (1.0f + expm1_near_zero((x - m - m) * 0.69314718f)) * s * s;
  return select(select(y, from_bits(0x7f800000u), x >= 128.0f), 0.0f, x < -151.0f);
}`,
  "fn expm1_f(x: f32) -> f32 { return select(exp_f(x) - 1.0f, expm1_near_zero(x), abs(x) < 0.5f); }",
  `fn log_f(x: f32) -> f32 {
  let tiny = x < 1.17549435e-38f;
  let bits = bitcast<u32>(select(x, x * 8388608.0f, tiny));
  var e = f32(i32(bits >> 23u) - 126) - select(0.0f, 23.0f, tiny);
  var m = bitcast<f32>((bits & 0x007fffffu) | 0x3f000000u);
  let low = m < 0.70710678f;
  e = select(e, e - 1.0f, low);
  m = select(m, m + m, low) - 1.0f;
  let z = m * m;
  let p = ${poly("m", 0.070376836, -0.1151461, 0.116769987, -0.12420141, 0.14249323, -0.16668058, 0.200007148, -0.24999994, 0.3333333)} * m * z;
  let y = (m + ((p - 2.12194440e-4f * e) - 0.5f * z)) + 0.6933594f * e;
  let special = select(select(x, from_bits(0xff800000u), x == 0.0f), from_bits(0x7fc00000u), x < 0.0f);
  return select(y, special, x <= 0.0f || is_nan(x) || is_inf(x));
}`,
  `fn log1p_f(x: f32) -> f32 {
  let s = x / (2.0f + x);
  let z = s * s;
  let small = 2.0f * s * (${poly("z", 0.07692308, 0.09090909, 0.11111111, 0.14285715, 0.2, 0.33333334, 1)});
  return select(log_f(1.0f + x), small, abs(x) < 0.5f);
}`,
  "fn head(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u); }",
  // |x|^y = 2^(y log2 |x|). Factors are split into heads of 12 bits, whose products are exact, and tails, so that the
  // large parts of the exponent lose nothing and the result is good to 2 ulp however large it is. The logarithm is
  // log2(m) = c (s + s^3/3 + ..) with s = (m - 1) / (m + 1), c = 2 / ln 2.
  `fn power_of(x: f32, y: f32) -> f32 {
  let tiny = x < 1.17549435e-38f;
  let bits = bitcast<u32>(select(x, x * 8388608.0f, tiny));
  let scaled = bitcast<f32>((bits & 0x007fffffu) | 0x3f000000u);
  let low = scaled < 0.70710678f;
  let m = select(scaled, scaled + scaled, low);
  let e = f32(i32(bits >> 23u) - 126) - select(0.0f, 1.0f, low) - select(0.0f, 23.0f, tiny);
  let f = m - 1.0f;
  let s = f / (m + 1.0f);
  let sh = head(s);
  let dh = head(m + 1.0f);
  let sl = ((f - sh * dh) - sh * (m - (dh - 1.0f))) / (m + 1.0f);
  let z = s * s;
  let product = 2.8847656f * sh;
  let lh = head(product);
  let lt = (product - lh) + (6.2445677e-4f * sh + 2.88539f * (sl + s * z * (${poly("z", 0.11111111, 0.14285715, 0.2, 0.33333334)})));
  let rough = y * (e + lh);
  let yh = head(y);
  let a = clamp(yh * e, -100000.0f, 100000.0f);
  let b = clamp(yh * lh, -100000.0f, 100000.0f);
  let n = round(a) + round(b);
  let r = (a - round(a)) + (b - round(b)) + ((y - yh) * (e + lh) + y * lt);
  let result = scale_by_power(exp2_f(r), i32(clamp(n, -200.0f, 200.0f)));
  return select(select(result, from_bits(0x7f800000u), rough > 140.0f), 0.0f, rough < -160.0f);
}`,
  `fn pow_f(x: f32, y: f32) -> f32 {
  if (y == 0.0f || x == 1.0f) { return 1.0f; }
  if (is_nan(x) || is_nan(y)) { return from_bits(0x7fc00000u); }
  let whole = floor(y) == y;
  let odd = whole && abs(y) < 16777216.0f && (i32(abs(y)) & 1) == 1;
  let a = abs(x);
  if (a == 1.0f && is_inf(y)) { return 1.0f; }
  var r: f32;
  if (a == 0.0f || is_inf(a)) {
    r = select(0.0f, from_bits(0x7f800000u), (a == 0.0f) == (y < 0.0f));
  } else if (is_inf(y)) {
    r = select(0.0f, from_bits(0x7f800000u), (a > 1.0f) == (y > 0.0f));
  } else {
    r = power_of(a, y);
    if (whole && abs(y) <= 8.0f) {
      var n = u32(abs(y));
      var base = a;
      var product = 1.0f;
      for (var i = 0u; i < 4u; i++) {
        if ((n & 1u) == 1u) { product *= base; }
        base *= base;
        n >>= 1u;
      }
      r = select(product, 1.0f / product, y < 0.0f);
    }
  }
  if (bitcast<u32>(x) >= 0x80000000u) {
    if (!whole && a != 0.0f && !is_inf(a)) { return from_bits(0x7fc00000u); }
    return select(r, -r, odd);
  }
  return r;
}`,
  `fn pow_i(x: i32, y: i32) -> i32 {
  if (y < 0) { return select(select(0, select(1, -1, (y & 1) == 1), x == -1), 1, x == 1); }
  return bitcast<i32>(pow_u(bitcast<u32>(x), bitcast<u32>(y)));
}`,
  `fn pow_u(x: u32, y: u32) -> u32 {
  var n = y;
  var base = x;
  var product = 1u;
  for (var i = 0u; i < 32u; i++) {
    if ((n & 1u) == 1u) { product *= base; }
    base *= base;
    n >>= 1u;
  }
  return product;
}`,
  // One Newton step takes what the logarithm lost.
  `fn cbrt_f(x: f32) -> f32 {
  let a = abs(x);
  let y = exp_f(log_f(a) / 3.0f);
  let z = y - (y - a / (y * y)) / 3.0f;
  return select(select(z, -z, x < 0.0f), x, x == 0.0f || is_inf(x) || is_nan(x));
}`,
  `fn mul_high(a: u32, b: u32) -> u32 {
  let first = (a >> 16u) * (b & 0xffffu) + (((a & 0xffffu) * (b & 0xffffu)) >> 16u);
  let second = (a & 0xffffu) * (b >> 16u) + (first & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (first >> 16u) + (second >> 16u);
}`,
  // Word i of the binary digits of 2 / pi, which begin two bits into word 1.
  `fn two_over_pi(i: u32) -> u32 {
  var words = array<u32, 7>(0u, 0x28be60dbu, 0x9391054au, 0x7f09d5f4u, 0x7d4d3770u, 0x36d8a566u, 0x4f10e410u);
  return words[min(i, 6u)]; // NaN and infinities would read on
}`,
  // Large angles (Payne and Hanek 1983): the digits of 2 / pi that matter, times the mantissa, as fixed point.
  `fn large_angle(x: f32) -> vec2f {
  let bits = bitcast<u32>(x);
  let mantissa = ((bits & 0x007fffffu) << 8u) | 0x80000000u;
  let exponent = ((bits >> 23u) & 0xffu) - 126u;
  let i = exponent >> 5u;
  let e = exponent & 31u;
  let rest = (32u - e) & 31u;
  let keep = e != 0u;
  let high = (two_over_pi(i) << e) | select(0u, two_over_pi(i + 1u) >> rest, keep);
  let middle = (two_over_pi(i + 1u) << e) | select(0u, two_over_pi(i + 2u) >> rest, keep);
  let low = (two_over_pi(i + 2u) << e) | select(0u, two_over_pi(i + 3u) >> rest, keep);
  let carried = mul_high(mantissa, low);
  let p = mantissa * middle + carried;
  let q = mul_high(mantissa, middle) + select(0u, 1u, p < carried) + mantissa * high;
  let turns = (q + 0x20000000u) >> 30u;
  let fraction = bitcast<i32>(q - (turns << 30u));
  return vec2f((f32(fraction) * 4294967296.0f + f32(p)) * 3.4061215e-19f, f32(turns));
}`,
  `fn sin_cos(x: f32, shift: i32) -> f32 {
  let a = abs(x);
  var j = floor(a * 0.63661977f + 0.5f);
  var r = (((a - j * 1.5703125f) - j * 4.837513e-4f) - j * 7.54979e-8f);
  if (a > 8192.0f) {
    let large = large_angle(a);
    r = large.x;
    j = large.y;
  }
  let z = r * r;
  let s = ${poly("z", -1.9515296e-4, 0.008332161, -0.16666655)} * z * r + r;
  let c = ${poly("z", 2.4433157e-5, -0.0013887316, 0.041666646)} * z * z - 0.5f * z + 1.0f;
  let q = (i32(j) + shift) & 3;
  let y = select(s, c, (q & 1) == 1);
  let turned = select(y, -y, q >= 2);
  let odd = shift == 0 && bitcast<u32>(x) >= 0x80000000u;
  return select(select(turned, -turned, odd), from_bits(0x7fc00000u), is_nan(x) || is_inf(x));
}`,
  "fn tan_f(x: f32) -> f32 { return sin_cos(x, 0) / sin_cos(x, 1); }",
  `fn atan_f(x: f32) -> f32 {
  let a = abs(x);
  let big = a > 2.4142136f;
  let middle = a > 0.41421356f && !big;
  let t = select(select(a, (a - 1.0f) / (a + 1.0f), middle), -1.0f / a, big);
  let base = select(select(0.0f, 0.7853982f, middle), 1.57079633f, big);
  let z = t * t;
  let y = base + (${poly("z", 0.080537445, -0.13877686, 0.19977711, -0.3333295)} * z * t + t);
  return select(select(y, -y, bitcast<u32>(x) >= 0x80000000u), x, is_nan(x));
}`,
  `fn atan2_f(y: f32, x: f32) -> f32 {
  let ax = abs(x);
  let ay = abs(y);
  let both_infinite = is_inf(x) && is_inf(y);
  let swap = ay > ax;
  let ratio = select(select(ay / ax, ax / ay, swap), 0.0f, ax == 0.0f && ay == 0.0f);
  let first = select(atan_f(ratio), 0.7853982f, both_infinite);
  let quarter = select(first, 1.57079633f - first, swap);
  let half = select(quarter, 3.1415927f - quarter, bitcast<u32>(x) >= 0x80000000u);
  let signed = select(half, -half, bitcast<u32>(y) >= 0x80000000u);
  return select(signed, from_bits(0x7fc00000u), is_nan(x) || is_nan(y));
}`,
  `fn asin_f(x: f32) -> f32 {
  let a = abs(x);
  let big = a > 0.5f;
  let z = select(a * a, 0.5f * (1.0f - a), big);
  let s = select(a, sqrt(max(z, 0.0f)), big);
  let p = ${poly("z", 0.0421632, 0.02418131105, 0.045470026, 0.074953003, 0.16666752)} * z * s + s;
  let y = select(p, 1.57079633f - 2.0f * p, big);
  return select(select(y, -y, x < 0.0f), from_bits(0x7fc00000u), a > 1.0f || is_nan(x));
}`,
  `fn acos_f(x: f32) -> f32 {
  let outer = 2.0f * asin_f(sqrt(max(0.5f * (1.0f - abs(x)), 0.0f)));
  let y = select(select(1.57079633f - asin_f(x), outer, x > 0.5f), 3.1415927f - outer, x < -0.5f);
  return select(y, from_bits(0x7fc00000u), abs(x) > 1.0f || is_nan(x));
}`,
  `fn sinh_f(x: f32) -> f32 {
  let z = x * x;
  let small = x + x * z * (${poly("z", 2.7557319e-6, 1.984127e-4, 0.008333334, 0.16666667)});
  let half = exp_f(0.5f * abs(x));
  let large = 0.5f * half * half - 0.5f / (half * half);
  return select(select(large, -large, x < 0.0f), small, abs(x) < 1.0f);
}`,
  `fn cosh_f(x: f32) -> f32 {
  let half = exp_f(0.5f * abs(x));
  return 0.5f * half * half + 0.5f / (half * half);
}`,
  // Quotients of polynomials, beyond 1 where they end: what is cut off there is 1 exactly.
  `fn tanh_f$(x: T) -> T {
  let c = select(x, with_sign$(T(9.6f), x), abs(x) > T(9.6f));
  let z = c * c;
  let p = c * (${poly("z", 1.6638374e-5, 0.003308825, 0.13233492, 1)});
  return at_most_one$(p / (${poly("z", -2.6104133e-10, 4.756715e-7, 2.9509066e-4, 0.025198523, 0.46566799, 1)}));
}`,
  `fn asinh_f(x: f32) -> f32 {
  let a = abs(x);
  let y = select(log1p_f(a + a * a / (1.0f + sqrt(1.0f + a * a))), log_f(a) + 0.6931472f, a > 1e9f);
  return select(y, -y, x < 0.0f);
}`,
  `fn acosh_f(x: f32) -> f32 {
  let t = x - 1.0f;
  let y = select(log1p_f(t + sqrt(2.0f * t + t * t)), log_f(x) + 0.6931472f, x > 1e9f);
  return select(y, from_bits(0x7fc00000u), x < 1.0f || is_nan(x));
}`,
  `fn atanh_f(x: f32) -> f32 {
  let a = abs(x);
  let y = 0.5f * log1p_f(2.0f * a / (1.0f - a));
  let edge = select(select(y, from_bits(0x7f800000u), a == 1.0f), from_bits(0x7fc00000u), a > 1.0f || is_nan(x));
  return select(edge, -edge, x < 0.0f);
}`,
  `fn erf_f$(x: T) -> T {
  let c = select(x, with_sign$(T(4.15f), x), abs(x) > T(4.15f));
  let z = c * c;
  let p = c * (${poly("z", 2.0419718e-6, 2.8480802e-4, 0.0037795901, 0.052790225, 0.19078341, 1.1283791)});
  return at_most_one$(p / (${poly("z", 3.8004055e-5, 0.0011652078, 0.014997399, 0.11425734, 0.50241011, 1)}));
}`,
  // The square in the exponent is split, so that its rounding error does not grow with x.
  `fn erfc_f(x: f32) -> f32 {
  let a = min(abs(x), 11.0f);
  let t = 1.0f / (1.0f + 0.5f * a);
  let p = ${poly("t", 0.17087277, -0.82215223, 1.48851587, -1.135204, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223)};
  let head = bitcast<f32>(bitcast<u32>(a) & 0xfffff000u);
  let tail = t * exp_f(-head * head) * exp_f(p - (a - head) * (a + head));
  return select(select(select(tail, 2.0f - tail, x < 0.0f), 1.0f - erf_f(x), abs(x) < 0.5f), x, is_nan(x));
}`,
  `fn hypot_f(x: f32, y: f32) -> f32 {
  let a = max(abs(x), abs(y));
  let b = min(abs(x), abs(y));
  let ratio = b / a;
  let r = select(a * sqrt(1.0f + ratio * ratio), 0.0f, a == 0.0f);
  return select(select(r, from_bits(0x7fc00000u), is_nan(x) || is_nan(y)), from_bits(0x7f800000u), is_inf(x) || is_inf(y));
}`,
  // Long division in binary: each step is exact, where x - y * trunc(x / y) loses the bits that the quotient has.
  `fn fmod_f(x: f32, y: f32) -> f32 {
  let b = bitcast<u32>(abs(y));
  var a = abs(x);
  for (var i = 0; i < 278; i++) {
    if (!(a >= abs(y)) || b == 0u) { break; }
    let bits = bitcast<u32>(a);
    let shift = (bits >> 23u) - (b >> 23u) - select(0u, 1u, (bits & 0x7fffffu) < (b & 0x7fffffu));
    a -= scale_by_power(abs(y), i32(shift));
  }
  let r = select(a, -a, bitcast<u32>(x) >= 0x80000000u);
  return select(r, from_bits(0x7fc00000u), is_nan(x) || is_nan(y) || is_inf(x) || b == 0u);
}`,
  `fn remainder_f(x: f32, y: f32) -> f32 {
  let r = fmod_f(x, y);
  return select(r, r + y, abs(r) > 0.0f && ((r < 0.0f) != (y < 0.0f)));
}`,
  // From the exact remainder: the quotient may round up to the next integer.
  `fn floor_div_f(x: f32, y: f32) -> f32 {
  let q = x / y;
  let r = fmod_f(x, y);
  let down = f32(abs(r) > 0.0f && ((r < 0.0f) != (y < 0.0f)));
  let quotient = select(round((x - r) / y) - down, floor(q), is_nan(r) || abs(q) >= 16777216.0f);
  return select(quotient, from_bits(0x7fc00000u), is_inf(x) && y != 0.0f);
}`,
  `fn remainder_i(x: i32, y: i32) -> i32 {
  let r = x % y;
  return select(r, r + y, r != 0 && ((r < 0) != (y < 0)));
}`,
  `fn floor_div_i(x: i32, y: i32) -> i32 {
  let q = x / y;
  return select(q, q - 1, (x % y) != 0 && ((x < 0) != (y < 0)));
}`,
  // Conversions of values outside the target's range saturate; NaN becomes 0.
  "fn to_i32(x: f32) -> i32 { return select(select(i32(clamp(x, -2147483648.0f, 2147483520.0f)), 2147483647, x >= 2147483648.0f), 0, is_nan(x)); }",
  "fn to_u32(x: f32) -> u32 { return select(select(u32(clamp(x, 0.0f, 4294967040.0f)), 4294967295u, x >= 4294967296.0f), 0u, is_nan(x)); }",
  // Drivers that run on the CPU round large numbers to either side; here the sum alone is rounded.
  "fn f32_of_u32(x: u32) -> f32 { return f32(x >> 16u) * 65536.0f + f32(x & 0xffffu); }",
  "fn rotate_left(x: u32, n: u32) -> u32 { return (x << n) | (x >> (32u - n)); }",
  `fn threefry_round(x: vec2u, r: u32) -> vec2u {
  let sum = x.x + x.y;
  return vec2u(sum, rotate_left(x.y, r) ^ sum);
}`,
  // Threefry-2x32 with 20 rounds (Salmon et al. 2011).
  `fn threefry(k0: u32, k1: u32, c0: u32, c1: u32) -> vec2u {
  let k2 = 0x1bd11bdau ^ k0 ^ k1;
  var x = vec2u(c0 + k0, c1 + k1);
  x = threefry_round(threefry_round(threefry_round(threefry_round(x, 13u), 15u), 26u), 6u);
  x += vec2u(k1, k2 + 1u);
  x = threefry_round(threefry_round(threefry_round(threefry_round(x, 17u), 29u), 16u), 24u);
  x += vec2u(k2, k0 + 2u);
  x = threefry_round(threefry_round(threefry_round(threefry_round(x, 13u), 15u), 26u), 6u);
  x += vec2u(k0, k1 + 3u);
  x = threefry_round(threefry_round(threefry_round(threefry_round(x, 17u), 29u), 16u), 24u);
  x += vec2u(k1, k2 + 4u);
  x = threefry_round(threefry_round(threefry_round(threefry_round(x, 13u), 15u), 26u), 6u);
  return x + vec2u(k2, k0 + 5u);
}`,
  // Order-preserving keys: a < b as floats exactly where key(a) < key(b); NaN sorts last, -0 equals 0.
  `fn sort_key_f(x: f32) -> u32 {
  let bits = bitcast<u32>(select(x, 0.0f, x == 0.0f));
  return select(select(bits | 0x80000000u, ~bits, bits >= 0x80000000u), 0xffffffffu, is_nan(x));
}`,
  "fn sort_key_i(x: i32) -> u32 { return bitcast<u32>(x) ^ 0x80000000u; }",
];

/** A text with `$` behind its name is one for numbers and, with 4 there, one for vectors: T and U are f32 and u32 or such. */
const forms = (text: string): string[] => {
  const form = (suffix: string, t: string, u: string) =>
    text.replaceAll("$", suffix).replace(/\bT\b/g, t).replace(/\bU\b/g, u);
  return text.includes("$") ? [form("", "f32", "u32"), form("4", "vec4f", "vec4u")] : [text];
};

/** By name. */
const library = new Map(FUNCTIONS.flatMap(forms).map((text) => [text.slice(3, text.indexOf("(")), text]));

/** The form for vectors of a function that has one. */
export const vectorForm = (name: string): string | null => (library.has(`${name}4`) ? `${name}4` : null);

const CALL = /\b([a-z_][a-z0-9_]*)\s*\(/g;

/** The library functions that `body` calls, those that they call first. */
export function libraryFor(body: string): string[] {
  const chosen = new Set<string>();
  const visit = (text: string): void => {
    for (const [, name = ""] of text.matchAll(CALL)) {
      const source = library.get(name);
      if (source === undefined || chosen.has(source)) continue;
      visit(source.slice(source.indexOf("{")));
      chosen.add(source);
    }
  };
  visit(body);
  return [...chosen];
}
