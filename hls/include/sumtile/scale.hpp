// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// scale: turns accumulators into mid values, mid = saturate(round(acc * mul / 2^shift) + add), with one set of
// parameters for each output channel. It carries bias, batch normalization and every change of scale. It emits one
// word of kTo channels for each output column, kTo / kScaleFold of them an iteration, and drops the columns that
// overhang the map.
#ifndef SUMTILE_SCALE_HPP
#define SUMTILE_SCALE_HPP

#include "sumtile/activate.hpp"
#include "sumtile/config.hpp"
#include "sumtile/walk.hpp"

namespace sumtile {

// Lane i of part p of group g is channel g * kTo + p * kLanes + i: every kScaleFold rows hold a group.
template <class Config>
struct ScaleParameters {
  static constexpr int kLanes = Config::kTo / Config::kScaleFold;
  static constexpr int kRows = Config::kChannels / kLanes;
  static_assert(Config::kTo % Config::kScaleFold == 0, "kScaleFold must divide kTo");
  int_t<16> mul[kLanes][kRows];
  uint_t<6> shift[kLanes][kRows];
  int_t<32> add[kLanes][kRows];
};

// Reads the parameters of all channels, one channel an iteration. In memory a channel has two words of 32 bits: the
// addend; then the multiplier in 16 bits, the shift in 8, and 8 zeros.
template <class Config>
void read_parameters(typename Derived<Config>::ParameterStream& stream, ScaleParameters<Config>& parameters,
                     const Descriptor& d, LoopCounter& counter) {
#pragma HLS inline
  using D = Derived<Config>;
  constexpr int kBeatWords = D::kStreamBits / 32, kWords = D::kRowBits / 32;
  typename D::WeightRow data;
#pragma HLS array_partition variable=data.beat complete
  uint_t<16> lane = 0, row = 0, word = 0;
  const uint_t<16> rows = int(d.groups) * Config::kScaleFold;
read_channels:
  while (row < rows) {
#pragma HLS pipeline
#pragma HLS loop_tripcount min=8 max=2048
    if (word == 0) data = stream.read();
    const uint_t<32> add = get_lane<32>(data.beat[word / kBeatWords], word % kBeatWords);
    if (kWords == 1) data = stream.read();
    const int next = kWords == 1 ? 0 : int(word) + 1;
    const uint_t<32> factor = get_lane<32>(data.beat[next / kBeatWords], next % kBeatWords);
    word = int(word) + 2 >= kWords ? 0 : int(word) + 2;
    parameters.add[lane][row] = int_t<32>(add);
    parameters.mul[lane][row] = int_t<16>(uint_t<16>(factor));
    parameters.shift[lane][row] = uint_t<6>(factor >> 16);
    const bool row_ends = lane + 1 == ScaleParameters<Config>::kLanes;
    lane = row_ends ? 0 : int(lane) + 1;
    if (row_ends) ++row;
    counter.tick();
  }
}

template <class Config>
void scale(typename Derived<Config>::ParameterStream& parameter_beats,
           typename Derived<Config>::AccumulatorStream (&sums)[Config::kTp], typename Derived<Config>::MidStream& mids,
           Descriptor d) {
  using D = Derived<Config>;
  constexpr int kLanes = ScaleParameters<Config>::kLanes;
  ScaleParameters<Config> parameters;
#pragma HLS array_partition variable=parameters.mul complete dim=1
#pragma HLS array_partition variable=parameters.shift complete dim=1
#pragma HLS array_partition variable=parameters.add complete dim=1
  LoopCounter counter(Loop::scale);
  read_parameters<Config>(parameter_beats, parameters, d, counter);
  Walk walk(d);
  typename D::Accumulators accumulators[D::kTp];
#pragma HLS array_partition variable=accumulators complete dim=0
  typename D::MidWord word;
#pragma HLS array_partition variable=word.value complete
  uint_t<8> lane = 0, part = 0;
  uint_t<13> columns_left = d.conv_width;

scale_columns:
  while (!walk.done) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=16 max=1000000
    if (lane == 0 && part == 0) {
    read_columns:
      for (int p = 0; p < D::kTp; ++p) {
#pragma HLS unroll
        accumulators[p] = sums[p].read();
      }
    }
    const int row = int(walk.group) * Config::kScaleFold + int(part);
  scale_lanes:
    for (int i = 0; i < kLanes; ++i) {
#pragma HLS unroll
      // Constant lanes: a multiplexer of kScaleFold inputs in front, and a write enable behind.
      typename D::Accumulator sum = accumulators[lane].value[i];
    pick_part:
      for (int f = 1; f < Config::kScaleFold; ++f) {
#pragma HLS unroll
        if (part == f) sum = accumulators[lane].value[f * kLanes + i];
      }
      const typename D::Mid scaled = requantize<D::kMidBits, D::kAccumulatorBits>(
          sum, parameters.mul[i][row], parameters.shift[i][row], parameters.add[i][row]);
    place_part:
      for (int f = 0; f < Config::kScaleFold; ++f) {
#pragma HLS unroll
        if (Config::kScaleFold == 1 || part == f) {
          word.value[f * kLanes + i] = scaled;
        }
      }
    }
    const bool word_ends = part + 1 == Config::kScaleFold;
    part = word_ends ? 0 : int(part) + 1;
    if (word_ends) {
      mids.write(word);
      --columns_left;
      const bool tile_ends = lane + 1 == D::kTp || columns_left == 0;
      lane = tile_ends ? 0 : int(lane) + 1;
      if (tile_ends) walk.advance(d);
      if (columns_left == 0) columns_left = d.conv_width;
    }
    counter.tick();
  }
}

}  // namespace sumtile

#endif
