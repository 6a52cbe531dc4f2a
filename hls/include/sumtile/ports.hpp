// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// What all engines share at their ports: beats, rows of the weight streams, and the header that begins a call.
#ifndef SUMTILE_PORTS_HPP
#define SUMTILE_PORTS_HPP

#include "sumtile/stage.hpp"

namespace sumtile {

enum Opcode { kProbe = 0, kLayer = 1 };
enum Status { kOk = 0, kBadMagic = 1, kBadStamp = 2 };

template <class Config>
struct Ports {
  static constexpr int kStreamBits = Config::kStreamBits;
  // Weights arrive over several ports at once, a row of one beat from each. Everything in their stream has whole rows.
  static constexpr int kWeightStreams = Config::kWeightStreams;
  static constexpr int kRowBits = kWeightStreams * kStreamBits;
  static constexpr int kBeatWords = kStreamBits / 32, kRowWords = kRowBits / 32;
  // TKEEP and TSTRB of a full beat: one bit a byte.
  static constexpr unsigned long long kEveryByte = ~0ull >> (64 - kStreamBits / 8);

  static_assert(kWeightStreams == 1 || kWeightStreams == 2 || kWeightStreams == 4,
                "weights come over 1, 2 or 4 streams");
  static_assert(kStreamBits % 32 == 0, "a beat must carry whole 32-bit words of a header");

  using Beat = ap_axiu<kStreamBits, 0, 0, 0>;
  using BeatData = word_t<kStreamBits>;
  // A beat from each port of the weights.
  struct WeightRow {
    BeatData beat[kWeightStreams];
  };

  using Axis = hls::stream<Beat>;
  using WeightPorts = Axis[kWeightStreams];
};

// Takes beats from an AXI4-Stream port, and counts the cycles in which the port had none.
template <class Config, class BeatStream, class LoopName>
void load(typename Ports<Config>::Axis& port, BeatStream& beats, uint_t<32> count, LoopName loop, uint_t<32>& starved) {
  LoopCounter counter(loop);
  uint_t<32> waits = 0;
load_beats:
  for (uint_t<32> i = 0; i < count;) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=16 max=1000000
    typename Ports<Config>::Beat beat;
    if (port.read_nb(beat)) {
      beats.write(beat.data);
      ++i;
      counter.tick();
    } else {
      ++waits;
    }
  }
  starved = waits;
}

// A beat from each port of the weights; `last` tells of each whether it ended its transfer.
template <class Config>
typename Ports<Config>::WeightRow read_row(typename Ports<Config>::WeightPorts& ports,
                                           bool (&last)[Config::kWeightStreams]) {
#pragma HLS inline
  typename Ports<Config>::WeightRow row;
#pragma HLS array_partition variable=row.beat complete
read_ports:
  for (int i = 0; i < Config::kWeightStreams; ++i) {
#pragma HLS unroll
    const typename Ports<Config>::Beat beat = ports[i].read();
    row.beat[i] = beat.data;
    last[i] = beat.last != 0;
  }
  return row;
}

// The header of a call; `last` tells of each port whether its final beat ended the transfer.
template <class Config, int Words>
void read_header(typename Ports<Config>::WeightPorts& weights, uint_t<32> (&word)[Words],
                 bool (&last)[Config::kWeightStreams]) {
#pragma HLS inline
  using P = Ports<Config>;
  static_assert(Words % P::kRowWords == 0, "the header must fill whole beats of all weight streams");
read_header_rows:
  for (int i = 0; i < Words / P::kRowWords; ++i) {
#pragma HLS pipeline II=1
    const typename P::WeightRow row = read_row<Config>(weights, last);
  split_row:
    for (int j = 0; j < P::kRowWords; ++j) {
#pragma HLS unroll
      word[i * P::kRowWords + j] = get_lane<32>(row.beat[j / P::kBeatWords], j % P::kBeatWords);
    }
  }
}

// After a header that is none of ours, the rest of the transfers means nothing either.
template <class Config>
void drain(typename Ports<Config>::WeightPorts& weights, bool (&last)[Config::kWeightStreams]) {
drain_ports:
  for (int i = 0; i < Config::kWeightStreams; ++i) {
#pragma HLS unroll
  drain_beats:
    while (!last[i]) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=16 max=1000000
      last[i] = weights[i].read().last != 0;
    }
  }
}

}  // namespace sumtile

#endif
