// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// The operators of the processing arrays. An operator says how raw memory bits become operands, what a lane adds
// to its accumulator, and how wide that accumulator must be. Everything else of the engine is shared.
#ifndef SUMTILE_OPERATORS_HPP
#define SUMTILE_OPERATORS_HPP

#include "sumtile/types.hpp"

namespace sumtile {

// Raw memory bits to an operand with one bit more, so that signed and unsigned features share the lanes.
template <int Bits>
int_t<Bits + 1> extend(const uint_t<Bits>& raw, bool is_unsigned) {
#pragma HLS inline
  return is_unsigned ? int_t<Bits + 1>(raw) : int_t<Bits + 1>(int_t<Bits>(raw));
}

// AdderNet (Chen et al., CVPR'20, section 3.1): minus the sum of absolute differences, no multiplication.
template <int Bits>
struct Adder {
  static constexpr bool kIsAdder = true;
  // Features and weights share one format, so a difference has Bits + 1 bits and its magnitude Bits.
  static constexpr int accumulator_bits(unsigned long terms) { return Bits + ceil_log2(terms) + 1; }

  static int_t<Bits + 1> weight(const uint_t<Bits>& raw, bool ifm_unsigned) {
#pragma HLS inline
    return extend<Bits>(raw, ifm_unsigned);
  }

  // -|d| = d for a negative difference and ~d + 1 otherwise: one inverter row whose carry goes into the sum, in
  // place of a second subtractor and a selector.
  template <class Accumulator>
  static void accumulate(Accumulator& sum, const int_t<Bits + 1>& x, const int_t<Bits + 1>& w) {
#pragma HLS inline
    const int_t<Bits + 2> difference = x - w;
    const bool positive = difference >= 0;
    const int_t<Bits + 2> folded = positive ? int_t<Bits + 2>(~difference) : difference;
    sum += folded + int_t<2>(positive);
  }
};

// Fixed-point multiply-accumulate.
template <int Bits>
struct Mac {
  static constexpr bool kIsAdder = false;
  // Features reach 2^Bits - 1 in magnitude (unsigned), weights 2^(Bits - 1).
  static constexpr int accumulator_bits(unsigned long terms) { return 2 * Bits - 1 + ceil_log2(terms) + 1; }

  static int_t<Bits + 1> weight(const uint_t<Bits>& raw, bool) {
#pragma HLS inline
    return extend<Bits>(raw, false);
  }

  template <class Accumulator>
  static void accumulate(Accumulator& sum, const int_t<Bits + 1>& x, const int_t<Bits + 1>& w) {
#pragma HLS inline
    sum += x * w;
  }
};

}  // namespace sumtile

#endif
