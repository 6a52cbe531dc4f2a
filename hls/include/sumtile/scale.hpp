// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// scale: turns accumulators into mid values, mid = saturate(round(acc * mul / 2^shift) + add), with one set of
// parameters for each output channel. It carries bias, batch normalization and every change of scale. It emits one
// word of kTo channels for each output column, and drops the columns that overhang the map.
#ifndef SUMTILE_SCALE_HPP
#define SUMTILE_SCALE_HPP

#include "sumtile/arithmetic.hpp"
#include "sumtile/config.hpp"
#include "sumtile/walk.hpp"

namespace sumtile {

template <class Config>
struct ScaleParameters {
  static constexpr int kGroups = Config::kChannels / Config::kTo;
  int_t<16> mul[Config::kTo][kGroups];
  uint_t<6> shift[Config::kTo][kGroups];
  int_t<32> add[Config::kTo][kGroups];
};

// Reads the parameters of all channels. In memory, a channel has 64 bits: add 32, mul 16, shift 8, zero 8.
template <class Config>
void read_parameters(typename Derived<Config>::ParameterStream& stream, ScaleParameters<Config>& parameters,
                     const Descriptor& d) {
#pragma HLS inline
  using D = Derived<Config>;
  constexpr int kHalvesPerBeat = D::kStreamBits / 32;
  uint_t<32> add = 0;
  int channel = 0, group = 0;
  bool second = false;
read_parameter_beats:
  for (uint_t<32> beat = 0; beat < uint_t<32>(d.groups) * (2 * D::kTo / kHalvesPerBeat); ++beat) {
#pragma HLS pipeline
#pragma HLS loop_tripcount min=8 max=2048
    const typename D::BeatData data = stream.read();
    for (int half = 0; half < kHalvesPerBeat; ++half) {
      const uint_t<32> value = get_lane<32>(data, half);
      if (second) {
        parameters.add[channel][group] = int_t<32>(add);
        parameters.mul[channel][group] = int_t<16>(uint_t<16>(value));
        parameters.shift[channel][group] = uint_t<6>(value >> 16);
        if (++channel == D::kTo) channel = 0, ++group;
      } else {
        add = value;
      }
      second = !second;
    }
  }
}

template <class Config>
void scale(typename Derived<Config>::ParameterStream& parameter_beats,
           typename Derived<Config>::AccumulatorStream& sums, typename Derived<Config>::MidStream& mids, Descriptor d) {
  using D = Derived<Config>;
  ScaleParameters<Config> parameters;
#pragma HLS array_partition variable=parameters.mul complete dim=1
#pragma HLS array_partition variable=parameters.shift complete dim=1
#pragma HLS array_partition variable=parameters.add complete dim=1
  read_parameters<Config>(parameter_beats, parameters, d);
  LoopCounter counter(Loop::scale);
  Walk walk(d);
  typename D::Accumulators accumulators;
#pragma HLS array_partition variable=accumulators.value complete dim=0
  uint_t<8> lane = 0;
  uint_t<13> columns_left = d.conv_width;

scale_columns:
  while (!walk.done) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=16 max=1000000
    if (lane == 0) accumulators = sums.read();
    typename D::MidWord word;
  scale_lanes:
    for (int o = 0; o < D::kTo; ++o) {
#pragma HLS unroll
      const Wide product = Wide(accumulators.value[lane][o]) * parameters.mul[o][walk.group];
      const Wide scaled = round_shift(product, parameters.shift[o][walk.group]) + parameters.add[o][walk.group];
      word.value[o] = saturate<D::kMidBits>(scaled, false);
    }
    mids.write(word);
    --columns_left;
    const bool tile_ends = lane + 1 == D::kTp || columns_left == 0;
    lane = tile_ends ? 0 : int(lane) + 1;
    if (tile_ends) walk.advance(d);
    if (columns_left == 0) columns_left = d.conv_width;
    counter.tick();
  }
}

}  // namespace sumtile

#endif
