// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Rounding and saturation, the same two rules everywhere: half to even, and clip at the bounds of the format.
#ifndef SUMTILE_ARITHMETIC_HPP
#define SUMTILE_ARITHMETIC_HPP

#include "sumtile/types.hpp"

namespace sumtile {

// Requantization works on 64 bits: a 48-bit accumulator times a 16-bit multiplier.
using Wide = int_t<64>;

// value / 2^shift, rounded half to even. Adding (half - 1 + the result's lowest bit) before the shift rounds ties to
// the even neighbour; |value| stays below 2^62, so the sum does not overflow.
inline Wide round_shift(const Wide& value, const uint_t<6>& shift) {
#pragma HLS inline
  if (shift == 0) return value;
  const Wide odd = Wide(value >> shift) & 1;
  const Wide almost_half = (Wide(1) << (shift - 1)) - 1;
  return Wide(value + almost_half + odd) >> shift;
}

// Clips to a format of Bits, signed or not; the raw bits of the format are the low bits of the result.
template <int Bits>
int_t<Bits + 1> saturate(const Wide& value, bool is_unsigned) {
#pragma HLS inline
  const Wide low = is_unsigned ? 0L : -(1L << (Bits - 1));
  const Wide high = is_unsigned ? (1L << Bits) - 1 : (1L << (Bits - 1)) - 1;
  return int_t<Bits + 1>(value < low ? low : value > high ? high : value);
}

}  // namespace sumtile

#endif
