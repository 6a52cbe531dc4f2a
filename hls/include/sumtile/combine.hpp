// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// combine: adds the residual map, applies the activation and rounds to the output format.
#ifndef SUMTILE_COMBINE_HPP
#define SUMTILE_COMBINE_HPP

#include "sumtile/arithmetic.hpp"
#include "sumtile/config.hpp"

namespace sumtile {

constexpr int kSlopeBits = 14;

// The residual in mid units: a left shift, or a rounding right shift when the layer's mid format is the coarser one.
template <class Config>
typename Derived<Config>::Sum align_residual(const typename Derived<Config>::Raw& raw, const Descriptor& d) {
#pragma HLS inline
  using Sum = typename Derived<Config>::Sum;
  const Sum value = extend<Config::kDataBits>(raw, d.residual_unsigned);
  return d.residual_shift >= 0 ? Sum(value << int(d.residual_shift))
                               : round_shift<Derived<Config>::kSumBits>(value, uint_t<6>(-d.residual_shift));
}

template <class Config>
typename Derived<Config>::Raw activate(const typename Derived<Config>::Mid& value, const Descriptor& d) {
#pragma HLS inline
  using D = Derived<Config>;
  const typename D::Mid low = d.clamp_low, high = d.clamp_high;
  typename D::Sum v = value;
  if (v < 0) v = round_shift<D::kSumBits>(v * typename D::Sum(d.slope), kSlopeBits);
  if (v < low) v = low;
  if (v > high) v = high;
  return typename D::Raw(saturate<D::kDataBits, D::kSumBits>(round_shift<D::kSumBits>(v, d.out_shift), d.ofm_unsigned));
}

template <class Config>
void combine(typename Derived<Config>::MidStream& mids, typename Derived<Config>::BeatStream& residual,
             typename Derived<Config>::OutputStream& outputs, Descriptor d) {
  using D = Derived<Config>;
  constexpr int kTilesPerGroup = D::kTo / D::kTi;
  LoopCounter counter(Loop::combine);
  uint_t<32> words = uint_t<32>(d.conv_height) * d.conv_width * d.groups;
  const int tail_beats = (int(d.ofm_tiles) - (int(d.groups) - 1) * kTilesPerGroup) * D::kInputWordBeats;
  uint_t<12> group = 0;
  uint_t<8> part = 0;
  typename D::OutputWord added = 0;

combine_beats:
  while (words != 0) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=16 max=1000000
    const bool last_group = group + 1 == d.groups;
    const int beats = !d.residual ? 1 : last_group ? tail_beats : D::kOutputWordBeats;
    if (d.residual) set_part<D::kStreamBits>(added, part, residual.read());
    if (part + 1 == beats) {
      const typename D::MidWord mid = mids.read();
#pragma HLS array_partition variable=mid.value complete
      typename D::OutputWord word = 0;
    combine_lanes:
      for (int o = 0; o < D::kTo; ++o) {
#pragma HLS unroll
        typename D::Sum value = mid.value[o];
        if (d.residual) value += align_residual<Config>(get_lane<D::kDataBits>(added, o), d);
        set_lane<D::kDataBits>(word, o, activate<Config>(saturate<D::kMidBits, D::kSumBits>(value, false), d));
      }
      outputs.write(word);
      part = 0;
      group = last_group ? 0 : int(group) + 1;
      added = 0;
      --words;
    } else {
      ++part;
    }
    counter.tick();
  }
}

}  // namespace sumtile

#endif
