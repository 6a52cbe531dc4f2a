// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// The operators of the lanes, each alone, against the multiplications that they stand for.
#include "sumtile/operators.hpp"

#include <cstdint>

namespace {

using sumtile::int_t;
using sumtile::uint_t;

constexpr int kLowest = -128, kHighest = 255;  // of a feature of 8 bits, signed or not

// What a row of weights makes of one feature.
template <class Operator, int Lanes>
struct Products {
  int_t<48> accumulator[Lanes];
  Products(const typename Operator::template Row<Lanes>& row, int x) {
    for (auto& value : accumulator) value = 1000;
    typename Operator::template Sums<Lanes, 1> sum;
    sum.take(0, row, int_t<9>(x));
    sum.template accumulate<0>(accumulator);
  }
  long long operator[](int lane) const { return (long long)(accumulator[lane]) - 1000; }
};

// Pairs of weights for which two packed products are wrong, of all pairs whose number `stride` divides.
template <int WeightBits>
long long wrong_packings(long long stride) {
  constexpr int kWeights = 1 << WeightBits;
  static_assert(sumtile::PackedProducts<8, WeightBits>::kFit, "two products of these widths share a multiplier");
  long long wrong = 0;
  for (long long pair = 0; pair < kWeights * kWeights; pair += stride) {
    const int low = int(pair % kWeights) - kWeights / 2, high = int(pair / kWeights) - kWeights / 2;
    using Operator = sumtile::Mac<8, WeightBits>;
    typename Operator::template Row<2> row;
    const uint_t<WeightBits> raw[2] = {uint_t<WeightBits>(low & (kWeights - 1)),
                                       uint_t<WeightBits>(high & (kWeights - 1))};
    row.template unpack<0>(raw, false);
    for (int x = kLowest; x <= kHighest; ++x) {
      const Products<Operator, 2> products(row, x);
      wrong += products[0] != x * low || products[1] != x * high;
    }
  }
  return wrong;
}

// Codes and features for which two shifts and an addition differ from the product with the code's value.
template <int WeightBits>
long long wrong_shifts(const std::int64_t* value_of_code) {
  long long wrong = 0;
  for (int code = 0; code < 1 << WeightBits; ++code) {
    using Operator = sumtile::Sp2<8, WeightBits>;
    typename Operator::template Row<1> row;
    const uint_t<WeightBits> raw[1] = {uint_t<WeightBits>(code)};
    row.template unpack<0>(raw, false);
    for (int x = kLowest; x <= kHighest; ++x) {
      const Products<Operator, 1> products(row, x);
      wrong += products[0] != x * value_of_code[code];
    }
  }
  return wrong;
}

template <int FixedLanes, int AllLanes>
void channels(std::int64_t* channel_of_lane) {
  using Operator = sumtile::Mixed<sumtile::Mac<8, 4>, sumtile::Sp2<8, 4>, FixedLanes, AllLanes>;
  for (int lane = 0; lane < AllLanes; ++lane) channel_of_lane[lane] = Operator::channel(lane);
}

}  // namespace

#define SUMTILE_EXPORT extern "C" __attribute__((visibility("default")))

SUMTILE_EXPORT long long count_wrong_packings(int bits, long long stride) {
  return bits == 4 ? wrong_packings<4>(stride) : wrong_packings<8>(stride);
}

SUMTILE_EXPORT long long count_wrong_shifts(int bits, const std::int64_t* value_of_code) {
  decltype(&wrong_shifts<3>) const of_bits[] = {wrong_shifts<3>, wrong_shifts<4>, wrong_shifts<5>,
                                                wrong_shifts<6>, wrong_shifts<7>, wrong_shifts<8>};
  return of_bits[bits - 3](value_of_code);
}

SUMTILE_EXPORT void mixed_channels(int fixed, int all, std::int64_t* channel_of_lane) {
  if (fixed == 16 && all == 40) channels<16, 40>(channel_of_lane);
  if (fixed == 16 && all == 48) channels<16, 48>(channel_of_lane);
  if (fixed == 7 && all == 20) channels<7, 20>(channel_of_lane);
  if (fixed == 5 && all == 6) channels<5, 6>(channel_of_lane);
}
