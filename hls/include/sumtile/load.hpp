// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// load_weights: takes rows of beats from the ports of the weights, and parts them by what they are.
#ifndef SUMTILE_LOAD_HPP
#define SUMTILE_LOAD_HPP

#include "sumtile/config.hpp"

namespace sumtile {

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
