// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Testbench of the convolution engines: runs the calls of a folder of vectors, its one argument, and compares every
// beat and register with what the golden model says. C simulation and co-simulation of the vendor's tool run it as it
// is.
#include "streams.hpp"
#include "sumtile_config.hpp"
#include "sumtile/config.hpp"

using Derived = sumtile::Derived<sumtile::EngineConfig>;
using Axis = Derived::Axis;
using Register = sumtile::uint_t<32>;

void SUMTILE_TOP(Axis& features, Derived::WeightPorts& weights, Axis& residual, Axis& result, Register& stamp,
                 Register& status, Register& layers, Register& busy, Register& starved, Register& stalled);

namespace {

struct Bench {
  using Config = sumtile::EngineConfig;
  static constexpr int kInputs = 2;
  static const char* input_name(int input) { return input == 0 ? "features" : "residual"; }
  static std::size_t input_bytes(const sumtile::testbench::Call& call, int input) {
    return input == 0 ? call.source_bytes : call.residual_bytes;
  }

  Axis inputs[kInputs], result;
  Derived::WeightPorts weights;
  sumtile::testbench::Registers registers;

  void call_top() {
    SUMTILE_TOP(inputs[0], weights, inputs[1], result, registers.stamp, registers.status, registers.layers,
                registers.busy, registers.starved, registers.stalled);
  }
};

}  // namespace

int main(int argc, char** argv) { return sumtile::testbench::run_calls<Bench>(argc, argv); }
