// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Testbench of the convolution engines: runs the calls of a folder of vectors, its one argument, and compares every
// beat and register with what the golden model says. C simulation and co-simulation of the vendor's tool run it as it
// is.
#include "run.hpp"
#include "streams.hpp"
#include "sumtile_config.hpp"
#include "sumtile/config.hpp"

using Config = sumtile::EngineConfig;
using Derived = sumtile::Derived<Config>;
using Axis = Derived::Axis;
using Register = sumtile::uint_t<32>;
using sumtile::testbench::Bytes;
using sumtile::testbench::Call;
using sumtile::testbench::receive;
using sumtile::testbench::Registers;
using sumtile::testbench::Run;
using sumtile::testbench::send;
using sumtile::testbench::Vectors;

void SUMTILE_TOP(Axis& features, Derived::WeightPorts& weights, Axis& residual, Axis& result, Register& stamp,
                 Register& status, Register& layers, Register& busy, Register& starved, Register& stalled);

namespace {

// Streams last from call to call, as on a board: what a call leaves unread, the next one finds.
struct Ports {
  Axis features, residual, result;
  Derived::WeightPorts weights;
};

std::string left_over(Ports& ports) {
  std::string left;
  if (!ports.features.empty()) left += " features";
  if (!ports.residual.empty()) left += " residual";
  if (!ports.result.empty()) left += " result";
  for (int i = 0; i < Config::kWeightStreams; ++i) {
    if (!ports.weights[i].empty()) left += " weights_" + std::to_string(i);
  }
  return left.empty() ? left : "beats are left in" + left;
}

// Runs one call; what is wrong with it, or an empty string.
std::string run_call(Vectors& vectors, const Call& call, Ports& ports, Registers& registers) {
  const Bytes features = vectors.bytes("features", call.source_bytes);
  const Bytes residual = vectors.bytes("residual", call.residual_bytes);
  const Bytes result = vectors.bytes("result", call.result_bytes);
  Bytes weights[Config::kWeightStreams];
  for (int i = 0; i < Config::kWeightStreams; ++i) {
    weights[i] = vectors.bytes("weights_" + std::to_string(i), call.weight_bytes);
  }
  if (!vectors.error.empty()) return vectors.error;

  std::string differs;
  Run run;
  run.add_port(ports.features, "features");
  run.add_port(ports.residual, "residual");
  run.add_port(ports.result, "result");
  for (int i = 0; i < Config::kWeightStreams; ++i) {
    run.add_port(ports.weights[i], "weights");
    run.add("send weights", [&weights, &ports, i] { send<Config>(weights[i], ports.weights[i]); });
  }
  run.add("send features", [&] { send<Config>(features, ports.features); });
  run.add("send residual", [&] { send<Config>(residual, ports.residual); });
  run.add("kernel", [&] {
    SUMTILE_TOP(ports.features, ports.weights, ports.residual, ports.result, registers.stamp, registers.status,
                registers.layers, registers.busy, registers.starved, registers.stalled);
  });
  run.add("receive", [&] { differs = receive<Config>(result, ports.result); });
  const std::string stuck = run.finish();
  if (!stuck.empty()) return "the kernel does not end: " + stuck;
  if (differs.empty()) differs = sumtile::testbench::wrong_register<Config>(registers, call);
  return differs.empty() ? left_over(ports) : differs;
}

}  // namespace

int main(int argc, char** argv) {
  Ports ports;
  Registers registers;
  return sumtile::testbench::run_calls<Config>(
      argc, argv, [&](Vectors& vectors, const Call& call) { return run_call(vectors, call, ports, registers); });
}
