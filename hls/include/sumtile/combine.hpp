// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// combine: adds the residual map, applies the activation and rounds to the output format. From here on the map goes
// beat by beat, as it will lie in memory: the result port takes no more than one beat a cycle.
#ifndef SUMTILE_COMBINE_HPP
#define SUMTILE_COMBINE_HPP

#include "sumtile/activate.hpp"
#include "sumtile/config.hpp"

namespace sumtile {

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
void combine(typename Derived<Config>::MidStream& mids, typename Derived<Config>::BeatStream& residual,
             typename Derived<Config>::OutputStream& outputs, Descriptor d) {
  using D = Derived<Config>;
  LoopCounter counter(Loop::combine);
  const int tail_beats = int(pixel_beats<Config>(d)) - (int(d.groups) - 1) * D::kOutputWordBeats;
  uint_t<32> beats_left = uint_t<32>(d.conv_height) * d.conv_width * pixel_beats<Config>(d);
  uint_t<12> group = 0;
  uint_t<8> part = 0;
  typename D::MidWord mid;
#pragma HLS array_partition variable=mid.value complete

combine_beats:
  while (beats_left != 0) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=16 max=1000000
    const bool last_group = group + 1 == d.groups;
    const bool word_ends = part + 1 == (last_group ? tail_beats : D::kOutputWordBeats);
    if (part == 0) mid = mids.read();
    typename D::BeatData added = 0, beat = 0;
    if (d.residual) added = residual.read();
    // A pixel's last words of kTi channels may reach beyond its last word of kTo, with zeros.
    const bool inside = D::kTo % D::kTi == 0 || part < D::kOutputWordBeats;
  combine_channels:
    for (int c = 0; c < D::kBeatChannels; ++c) {
#pragma HLS unroll
      typename D::Sum value = inside ? mid.value[part * D::kBeatChannels + c] : typename D::Mid(0);
      if (d.residual) value += align_residual<Config>(get_lane<D::kDataBits>(added, c), d);
      set_lane<D::kDataBits>(beat, c, activate<D::kDataBits>(saturate<D::kMidBits, D::kSumBits>(value, false), d));
    }
    outputs.write(beat);
    part = word_ends ? 0 : int(part) + 1;
    if (word_ends) group = last_group ? 0 : int(group) + 1;
    --beats_left;
    counter.tick();
  }
}

}  // namespace sumtile

#endif
