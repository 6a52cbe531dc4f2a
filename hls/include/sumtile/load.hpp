// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// load: takes beats from an AXI4-Stream port, and counts the cycles in which the port had none.
#ifndef SUMTILE_LOAD_HPP
#define SUMTILE_LOAD_HPP

#include "sumtile/config.hpp"

namespace sumtile {

template <class Config>
void load(typename Derived<Config>::Axis& port, typename Derived<Config>::BeatStream& beats, uint_t<32> count,
          Loop loop, uint_t<32>& starved) {
  LoopCounter counter(loop);
  uint_t<32> waits = 0;
load_beats:
  for (uint_t<32> i = 0; i < count;) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=16 max=1000000
    typename Derived<Config>::Beat beat;
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

// The weight port carries, after the header, the requantization parameters and then the weight tiles.
template <class Config>
void load_weights(typename Derived<Config>::Axis& port, typename Derived<Config>::ParameterStream& parameters,
                  typename Derived<Config>::BeatStream& beats, Descriptor d) {
  using D = Derived<Config>;
  LoopCounter counter(Loop::load_weights);
  const uint_t<32> parameter_beats = uint_t<32>(d.groups) * (D::kTo * D::kParameterBits / D::kStreamBits);
  const uint_t<32> count = parameter_beats + d.weight_tiles * D::kTileBeats;
load_weight_beats:
  for (uint_t<32> i = 0; i < count; ++i) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=16 max=1000000
    const typename D::Beat beat = port.read();
    if (i < parameter_beats) {
      parameters.write(beat.data);
    } else {
      beats.write(beat.data);
    }
    counter.tick();
  }
}

}  // namespace sumtile

#endif
