// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Rounding and saturation, the same two rules everywhere: half to even, and clip at the bounds of the format.
#ifndef SUMTILE_ARITHMETIC_HPP
#define SUMTILE_ARITHMETIC_HPP

#include "sumtile/types.hpp"

namespace sumtile {

// value / 2^shift, rounded half to even. Adding (half - 1 + the result's lowest bit) before the shift rounds ties to
// the even neighbour. The caller keeps the shift below Bits and |value| below 2^(Bits - 2), so that the sum fits.
template <int Bits>
int_t<Bits> round_shift(const int_t<Bits>& value, const uint_t<6>& shift) {
#pragma HLS inline
  if (shift == 0) return value;
  const int_t<Bits> odd = int_t<Bits>(value >> shift) & 1;
  const int_t<Bits> almost_half = (int_t<Bits>(1) << (shift - 1)) - 1;
  return int_t<Bits>(value + almost_half + odd) >> shift;
}

// Clips to a format of Target bits, signed or not; the raw bits of the format are the low bits of the result.
template <int Target, int Bits>
int_t<Target + 1> saturate(const int_t<Bits>& value, bool is_unsigned) {
#pragma HLS inline
  static_assert(Bits > Target + 1, "saturation needs a value that is wider than the bounds of its target");
  const int_t<Bits> one = 1;
  const int_t<Bits> low = is_unsigned ? int_t<Bits>(0) : int_t<Bits>(-(one << (Target - 1)));
  const int_t<Bits> high = (one << (is_unsigned ? Target : Target - 1)) - 1;
  return int_t<Target + 1>(value < low ? low : value > high ? high : value);
}

}  // namespace sumtile

#endif
