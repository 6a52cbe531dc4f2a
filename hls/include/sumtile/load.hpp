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

// A beat from each port of the weights; `last` tells of each whether it ended its transfer.
template <class Config>
typename Derived<Config>::WeightRow read_row(typename Derived<Config>::WeightPorts& ports,
                                             bool (&last)[Config::kWeightStreams]) {
#pragma HLS inline
  typename Derived<Config>::WeightRow row;
#pragma HLS array_partition variable=row.beat complete
read_ports:
  for (int i = 0; i < Config::kWeightStreams; ++i) {
#pragma HLS unroll
    const typename Derived<Config>::Beat beat = ports[i].read();
    row.beat[i] = beat.data;
    last[i] = beat.last != 0;
  }
  return row;
}

// The weight ports carry, after the header, the requantization parameters and then the weight tiles.
template <class Config>
void load_weights(typename Derived<Config>::WeightPorts& ports, typename Derived<Config>::ParameterStream& parameters,
                  typename Derived<Config>::RowStream& rows, Descriptor d) {
  using D = Derived<Config>;
  LoopCounter counter(Loop::load_weights);
  const uint_t<32> parameter_rows = uint_t<32>(d.groups) * (D::kTo * D::kParameterBits / D::kRowBits);
  const uint_t<32> count = parameter_rows + d.weight_tiles * D::kTileRows;
load_weight_rows:
  for (uint_t<32> i = 0; i < count; ++i) {
#pragma HLS pipeline II=1
#pragma HLS loop_tripcount min=16 max=1000000
    bool last[Config::kWeightStreams];  // of no meaning here: a transfer holds many layers
#pragma HLS array_partition variable=last complete
    const typename D::WeightRow row = read_row<Config>(ports, last);
    if (i < parameter_rows) {
      parameters.write(row);
    } else {
      rows.write(row);
    }
    counter.tick();
  }
}

}  // namespace sumtile

#endif
