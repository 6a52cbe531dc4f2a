// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// The lanes of the fully connected engine: a row of weights, of any of the engine's widths, times a word of values.
#ifndef SUMTILE_FC_LANES_HPP
#define SUMTILE_FC_LANES_HPP

#include "sumtile/fc_config.hpp"
#include "sumtile/operators.hpp"

namespace sumtile {

// The weights of a row, one for each lane. A row of wide weights meets only a part of the word's values, and is zero in
// the lanes of the others.
template <class Config>
struct FcWeights {
  using D = FcDerived<Config>;
  lane_t<D::kWeightBits> weight[D::kLanes];

  FcWeights() {
#pragma HLS array_partition variable=weight complete
  }

  // Takes a row whose weights have width number `width`, of those that the last argument lists from number Index on,
  // and meet the values from lane `first` on.
  template <int Index, int Last>
  void unpack(const typename D::WeightRow& row, const uint_t<2>&, int first, WeightWidths<Last>) {
#pragma HLS inline
    place<Last>(row, first);
  }
  template <int Index, int First, int Second, int... Rest>
  void unpack(const typename D::WeightRow& row, const uint_t<2>& width, int first,
              WeightWidths<First, Second, Rest...>) {
#pragma HLS inline
    if (width == Index) {
      place<First>(row, first);
    } else {
      unpack<Index + 1>(row, width, first, WeightWidths<Second, Rest...>());
    }
  }

  // The sum of the products of all lanes.
  typename D::Accumulator times(const typename D::BeatData (&word)[D::kWordBeats], bool is_unsigned) const {
#pragma HLS inline
    typename D::Raw raw[D::kLanes];
#pragma HLS array_partition variable=raw complete
    get_lanes<D::kDataBits>(word, 0, raw);
    typename D::Accumulator sum = 0;
  multiply_lanes:
    for (int i = 0; i < D::kLanes; ++i) {
#pragma HLS unroll
      const int_t<D::kProductBits> product = extend<D::kDataBits>(raw[i], is_unsigned) * weight[i];
      sum += product;
    }
    return sum;
  }

 private:
  template <int Bits>
  void place(const typename D::WeightRow& row, int first) {
#pragma HLS inline
    constexpr int kOwn = D::kRowBits / Bits;
    uint_t<Bits> raw[kOwn];
#pragma HLS array_partition variable=raw complete
    get_lanes<Bits>(row.beat, 0, raw);
  place_weights:
    for (int i = 0; i < D::kLanes; ++i) {
#pragma HLS unroll
      const bool meets = first == i / kOwn * kOwn;
      weight[i] = meets ? lane_t<D::kWeightBits>(as_signed<Bits>(raw[i % kOwn])) : lane_t<D::kWeightBits>(0);
    }
  }
};

}  // namespace sumtile

#endif
