// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Top function of every convolution engine. Its operators and its name, adder_conv, mac_conv, sp2_conv, msq_conv
// or basis_conv, are those of the overlay's configuration.
#include "sumtile_config.hpp"
#include "sumtile/engine.hpp"

using Config = sumtile::EngineConfig;
using Axis = sumtile::Derived<Config>::Axis;
using WeightPorts = sumtile::Derived<Config>::WeightPorts;
using Register = sumtile::uint_t<32>;

// The array `weights` is one port for each of its streams: weights_0, weights_1 and so on.
void SUMTILE_TOP(Axis& features, WeightPorts& weights, Axis& residual, Axis& result, Register& stamp, Register& status,
                 Register& layers, Register& busy, Register& starved, Register& stalled) {
#pragma HLS interface axis port=features
#pragma HLS interface axis port=weights
#pragma HLS interface axis port=residual
#pragma HLS interface axis port=result
#pragma HLS interface s_axilite port=stamp bundle=control
#pragma HLS interface s_axilite port=status bundle=control
#pragma HLS interface s_axilite port=layers bundle=control
#pragma HLS interface s_axilite port=busy bundle=control
#pragma HLS interface s_axilite port=starved bundle=control
#pragma HLS interface s_axilite port=stalled bundle=control
#pragma HLS interface s_axilite port=return bundle=control
  sumtile::engine<Config>(features, weights, residual, result, stamp, status, layers, busy, starved, stalled);
}
