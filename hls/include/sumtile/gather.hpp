// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Bit gather: the marked elements of a vector move to its head and keep their order. With bits as elements this is the
// instruction pext.
//
// An inverse butterfly of log2(Lanes) levels with Lanes / 2 switches each does it (Hilewitz and Lee, "Fast Bit Gather,
// Bit Scatter and Bit Permutation Instructions", 2008): the level of distance k joins two blocks of k lanes, whose
// marked elements lie in a row that wraps around the block. So many marked elements lie before the second block that
// its first one belongs at lane b of the joined block; that prefix count alone tells every switch of the pair what to
// do, and no element is looked at.
#ifndef SUMTILE_GATHER_HPP
#define SUMTILE_GATHER_HPP

#include <type_traits>

#include "sumtile/types.hpp"

namespace sumtile {

// The switches of a vector of Lanes elements, set by a mask; any number of vectors may then go through.
template <int Lanes>
class Gather {
 public:
  static constexpr int kLevels = ceil_log2(Lanes);
  static_assert(Lanes >= 2 && 1 << kLevels == Lanes, "a butterfly network joins a power of two of lanes");

  explicit Gather(const uint_t<Lanes>& mask) {
#pragma HLS inline
#pragma HLS array_partition variable=before_ complete
    int count = 0;
  count_marks:
    for (int i = 0; i < Lanes; ++i) {
#pragma HLS unroll
      before_[i] = count;
      count += int(mask >> i & 1);
    }
    count_ = count;
  }

  // How many elements are marked.
  int count() const { return int(count_); }

  // Elements behind the marked ones are left in any order.
  template <class Element>
  void apply(Element (&value)[Lanes]) const {
#pragma HLS inline
    up<1>(value);
  }

  // The other way round: the elements at the head move to the marked lanes and keep their order (pdep).
  template <class Element>
  void scatter(Element (&value)[Lanes]) const {
#pragma HLS inline
    down<Lanes / 2>(value);
  }

 private:
  template <int Distance, class Element>
  std::enable_if_t<(Distance < Lanes)> up(Element (&value)[Lanes]) const {
#pragma HLS inline
    level<Distance>(value);
    up<2 * Distance>(value);
  }
  template <int Distance, class Element>
  std::enable_if_t<(Distance >= Lanes)> up(Element (&)[Lanes]) const {}

  template <int Distance, class Element>
  std::enable_if_t<(Distance > 0)> down(Element (&value)[Lanes]) const {
#pragma HLS inline
    level<Distance>(value);
    down<Distance / 2>(value);
  }
  template <int Distance, class Element>
  std::enable_if_t<(Distance == 0)> down(Element (&)[Lanes]) const {}

  // A switch passes its pair or swaps it, so a level undoes itself.
  template <int Distance, class Element>
  void level(Element (&value)[Lanes]) const {
#pragma HLS inline
  switch_blocks:
    for (int block = 0; block < Lanes; block += 2 * Distance) {
#pragma HLS unroll
      const int place = int(before_[block + Distance]) & (2 * Distance - 1);
      const bool upper = place >= Distance;
    switch_pairs:
      for (int i = 0; i < Distance; ++i) {
#pragma HLS unroll
        const Element low = value[block + i], high = value[block + Distance + i];
        const bool cross = upper != (i >= (place & (Distance - 1)));
        value[block + i] = cross ? high : low;
        value[block + Distance + i] = cross ? low : high;
      }
    }
  }

  uint_t<kLevels + 1> before_[Lanes];  // marks below a lane
  uint_t<kLevels + 1> count_;
};

}  // namespace sumtile

#endif
