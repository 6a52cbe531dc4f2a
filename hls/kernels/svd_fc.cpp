// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Top function of the fully connected engine, svd_fc, whose configuration is the overlay's.
#include "sumtile_config.hpp"
#include "sumtile/fc_engine.hpp"

using Config = sumtile::FcEngineConfig;
using Axis = sumtile::Ports<Config>::Axis;
using WeightPorts = sumtile::Ports<Config>::WeightPorts;
using Register = sumtile::uint_t<32>;

// The array `weights` is one port for each of its streams: weights_0, weights_1 and so on.
void SUMTILE_FC_TOP(Axis& vectors, WeightPorts& weights, Axis& result, Register& stamp, Register& status,
                    Register& layers, Register& busy, Register& starved, Register& stalled) {
#pragma HLS interface axis port=vectors
#pragma HLS interface axis port=weights
#pragma HLS interface axis port=result
#pragma HLS interface s_axilite port=stamp bundle=control
#pragma HLS interface s_axilite port=status bundle=control
#pragma HLS interface s_axilite port=layers bundle=control
#pragma HLS interface s_axilite port=busy bundle=control
#pragma HLS interface s_axilite port=starved bundle=control
#pragma HLS interface s_axilite port=stalled bundle=control
#pragma HLS interface s_axilite port=return bundle=control
  sumtile::fc_engine<Config>(vectors, weights, result, stamp, status, layers, busy, starved, stalled);
}
