// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// From a sum to an output: requantization by an integer multiplier, then slope, clamp and rounding to the output
// format.
#ifndef SUMTILE_ACTIVATE_HPP
#define SUMTILE_ACTIVATE_HPP

#include "sumtile/arithmetic.hpp"

namespace sumtile {

constexpr int kSlopeBits = 14;

// saturate(round(sum * mul / 2^shift) + add), in Mid bits.
template <int MidBits, int SumBits>
int_t<MidBits + 1> requantize(const int_t<SumBits>& sum, const int_t<16>& mul, const uint_t<6>& shift,
                              const int_t<32>& add) {
#pragma HLS inline
  constexpr int kProductBits = SumBits + 16;
  static_assert(kProductBits > 40, "the requantization shifts by up to 40 bits, so a product must be wider than that");
  const int_t<kProductBits> product = int_t<kProductBits>(sum) * mul;
  const int_t<kProductBits> scaled = round_shift<kProductBits>(product, shift) + add;
  return saturate<MidBits, kProductBits>(scaled, false);
}

// A mid value as raw bits of the output. `d` has the fields slope, clamp_low, clamp_high, out_shift and ofm_unsigned.
template <int DataBits, class Fields>
uint_t<DataBits> activate(const int_t<2 * DataBits>& value, const Fields& d) {
#pragma HLS inline
  constexpr int kMidBits = 2 * DataBits;
  // A mid value times a slope of 15 bits.
  constexpr int kSumBits = 2 * kMidBits;
  const int_t<kMidBits> low = d.clamp_low, high = d.clamp_high;
  int_t<kSumBits> v = value;
  if (v < 0) v = round_shift<kSumBits>(v * int_t<kSumBits>(d.slope), kSlopeBits);
  if (v < low) v = low;
  if (v > high) v = high;
  return uint_t<DataBits>(saturate<DataBits, kSumBits>(round_shift<kSumBits>(v, d.out_shift), d.ofm_unsigned));
}

}  // namespace sumtile

#endif
