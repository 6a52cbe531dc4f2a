// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Testbench of the fully connected engine: runs the calls of a folder of vectors, its one argument, and compares every
// beat and register with what the golden model says. C simulation and co-simulation of the vendor's tool run it as it
// is.
#include "streams.hpp"
#include "sumtile_config.hpp"
#include "sumtile/fc_config.hpp"

using Ports = sumtile::Ports<sumtile::FcEngineConfig>;
using Axis = Ports::Axis;
using Register = sumtile::uint_t<32>;

void SUMTILE_FC_TOP(Axis& vectors, Ports::WeightPorts& weights, Axis& result, Register& stamp, Register& status,
                    Register& layers, Register& busy, Register& starved, Register& stalled);

namespace {

struct Bench {
  using Config = sumtile::FcEngineConfig;
  static constexpr int kInputs = 1;
  static const char* input_name(int) { return "vectors"; }
  static std::size_t input_bytes(const sumtile::testbench::Call& call, int) { return call.source_bytes; }

  Axis inputs[kInputs], result;
  Ports::WeightPorts weights;
  sumtile::testbench::Registers registers;

  void call_top() {
    SUMTILE_FC_TOP(inputs[0], weights, result, registers.stamp, registers.status, registers.layers, registers.busy,
                   registers.starved, registers.stalled);
  }
};

}  // namespace

int main(int argc, char** argv) { return sumtile::testbench::run_calls<Bench>(argc, argv); }
