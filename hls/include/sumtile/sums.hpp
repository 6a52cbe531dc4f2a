// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// What the input lanes of an array add up to in its output lanes; see operators.hpp.
#ifndef SUMTILE_SUMS_HPP
#define SUMTILE_SUMS_HPP

#include <type_traits>

#include "sumtile/types.hpp"

namespace sumtile {

// Sums of terms that are numbers.
template <int Bits, int Lanes>
struct PlainSums {
  int_t<Bits> value[Lanes];

  PlainSums() {
#pragma HLS array_partition variable=value complete
  clear_lanes:
    for (int o = 0; o < Lanes; ++o) {
#pragma HLS unroll
      value[o] = 0;
    }
  }

  template <class Row, class Operand>
  void take(int, const Row& row, const Operand& x) {
#pragma HLS inline
    row.add_products(x, value);
  }

  template <int First, class Accumulators>
  void accumulate(Accumulators& accumulator) const {
#pragma HLS inline
  accumulate_lanes:
    for (int o = 0; o < Lanes; ++o) {
#pragma HLS unroll
      accumulator[First + o] += value[o];
    }
  }
};

// Sums of terms with a sign of their own. A node of their adder tree adds where two signs agree and subtracts where
// they differ, on one carry chain (the second term inverted, and a carry in), and keeps the first sign; only the
// accumulator applies the last one. So a sign costs nothing in its lane. It is all ones where its term counts
// negatively.
template <int Bits, int Lanes, int Inputs>
struct SignedSums {
  lane_t<Bits> value[Inputs][Lanes];
  lane_t<1> sign[Inputs][Lanes];

  SignedSums() {
#pragma HLS array_partition variable=value complete dim=0
#pragma HLS array_partition variable=sign complete dim=0
  }

  template <class Row, class Operand>
  void take(int input, const Row& row, const Operand& x) {
#pragma HLS inline
    row.make_terms(x, value[input], sign[input]);
  }

  template <int First, class Accumulators>
  void accumulate(Accumulators& accumulator) {
#pragma HLS inline
    add_levels<1>();
  accumulate_lanes:
    for (int o = 0; o < Lanes; ++o) {
#pragma HLS unroll
      accumulator[First + o] =
          accumulator[First + o] + lane_t<Bits>(value[0][o] ^ sign[0][o]) + lane_t<2>(sign[0][o] & 1);
    }
  }

 private:
  // The level of the tree whose nodes join inputs at this distance, and those above; all loop bounds are constants.
  template <int Distance>
  std::enable_if_t<(Distance < Inputs)> add_levels() {
#pragma HLS inline
  tree_nodes:
    for (int i = 0; i + Distance < Inputs; i += 2 * Distance) {
#pragma HLS unroll
      add(i, i + Distance);
    }
    add_levels<2 * Distance>();
  }
  template <int Distance>
  std::enable_if_t<(Distance >= Inputs)> add_levels() {}

  void add(int first, int second) {
#pragma HLS inline
  add_lanes:
    for (int o = 0; o < Lanes; ++o) {
#pragma HLS unroll
      const lane_t<1> differ = sign[first][o] ^ sign[second][o];
      value[first][o] = value[first][o] + lane_t<Bits>(value[second][o] ^ differ) + lane_t<2>(differ & 1);
    }
  }
};

}  // namespace sumtile

#endif
