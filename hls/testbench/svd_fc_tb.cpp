// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Testbench of the fully connected engine: runs the calls of a folder of vectors, its one argument, and compares every
// beat and register with what the golden model says. C simulation and co-simulation of the vendor's tool run it as it
// is.
#include "run.hpp"
#include "streams.hpp"
#include "sumtile_config.hpp"
#include "sumtile/fc_config.hpp"

using Config = sumtile::FcEngineConfig;
using Derived = sumtile::Ports<Config>;
using Axis = Derived::Axis;
using Register = sumtile::uint_t<32>;
using sumtile::testbench::Bytes;
using sumtile::testbench::Call;
using sumtile::testbench::receive;
using sumtile::testbench::Registers;
using sumtile::testbench::Run;
using sumtile::testbench::send;
using sumtile::testbench::Vectors;

void SUMTILE_FC_TOP(Axis& vectors, Derived::WeightPorts& weights, Axis& result, Register& stamp, Register& status,
                    Register& layers, Register& busy, Register& starved, Register& stalled);

namespace {

// Streams last from call to call, as on a board: what a call leaves unread, the next one finds.
struct Ports {
  Axis vectors, result;
  Derived::WeightPorts weights;
};

std::string left_over(Ports& ports) {
  std::string left;
  if (!ports.vectors.empty()) left += " vectors";
  if (!ports.result.empty()) left += " result";
  for (int i = 0; i < Config::kWeightStreams; ++i) {
    if (!ports.weights[i].empty()) left += " weights_" + std::to_string(i);
  }
  return left.empty() ? left : "beats are left in" + left;
}

// Runs one call; what is wrong with it, or an empty string.
std::string run_call(Vectors& files, const Call& call, Ports& ports, Registers& registers) {
  const Bytes vectors = files.bytes("vectors", call.source_bytes);
  const Bytes result = files.bytes("result", call.result_bytes);
  Bytes weights[Config::kWeightStreams];
  for (int i = 0; i < Config::kWeightStreams; ++i) {
    weights[i] = files.bytes("weights_" + std::to_string(i), call.weight_bytes);
  }
  if (!files.error.empty()) return files.error;

  std::string differs;
  Run run;
  run.add_port(ports.vectors, "vectors");
  run.add_port(ports.result, "result");
  for (int i = 0; i < Config::kWeightStreams; ++i) {
    run.add_port(ports.weights[i], "weights");
    run.add("send weights", [&weights, &ports, i] { send<Config>(weights[i], ports.weights[i]); });
  }
  run.add("send vectors", [&] { send<Config>(vectors, ports.vectors); });
  run.add("kernel", [&] {
    SUMTILE_FC_TOP(ports.vectors, ports.weights, ports.result, registers.stamp, registers.status, registers.layers,
                   registers.busy, registers.starved, registers.stalled);
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
      argc, argv, [&](Vectors& files, const Call& call) { return run_call(files, call, ports, registers); });
}
