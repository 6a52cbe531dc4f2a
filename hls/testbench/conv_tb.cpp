// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Testbench of the convolution engines: runs the calls of a folder of vectors, its one argument, and compares every
// beat and register with what the golden model says. C simulation and co-simulation of the vendor's tool run it as it
// is.
#include <algorithm>
#include <cstdio>

#include "run.hpp"
#include "sumtile_config.hpp"
#include "sumtile/config.hpp"
#include "vectors.hpp"

using Config = sumtile::EngineConfig;
using Derived = sumtile::Derived<Config>;
using Axis = Derived::Axis;
using Bytes = std::vector<std::uint8_t>;
using Register = sumtile::uint_t<32>;
using sumtile::testbench::Call;
using sumtile::testbench::Run;
using sumtile::testbench::Vectors;

void SUMTILE_TOP(Axis& features, Derived::WeightPorts& weights, Axis& residual, Axis& result, Register& stamp,
                 Register& status, Register& layers, Register& busy, Register& starved, Register& stalled);

namespace {

constexpr std::size_t kBeatBytes = Config::kStreamBits / 8;

// Streams last from call to call, as on a board: what a call leaves unread, the next one finds.
struct Ports {
  Axis features, residual, result;
  Derived::WeightPorts weights;
};

struct Registers {
  Register stamp = 0, status = 0, layers = 0, busy = 0, starved = 0, stalled = 0;
};

void send(const Bytes& data, Axis& port) {
  for (std::size_t first = 0; first < data.size(); first += kBeatBytes) {
    Derived::Beat beat;
    for (std::size_t i = 0; i < kBeatBytes; ++i) {
      sumtile::set_lane<8>(beat.data, int(i), sumtile::uint_t<8>(data[first + i]));
    }
    beat.keep = Derived::kEveryByte;
    beat.strb = Derived::kEveryByte;
    beat.last = first + kBeatBytes >= data.size();
    port.write(beat);
  }
}

// Compares the result beat by beat; what differs first, or an empty string.
std::string receive(const Bytes& expected, Axis& port) {
  std::string differs;
  char text[160];
  for (std::size_t first = 0; first < expected.size(); first += kBeatBytes) {
#ifndef SUMTILE_CSIM  // there a read waits
    if (port.empty()) {
      std::snprintf(text, sizeof text, "%zu of %zu result beats came", first / kBeatBytes,
                    expected.size() / kBeatBytes);
      return differs.empty() ? text : differs;
    }
#endif
    const Derived::Beat beat = port.read();
    const unsigned long long beat_number = first / kBeatBytes;
    for (std::size_t i = 0; i < kBeatBytes && differs.empty(); ++i) {
      const unsigned found = unsigned(int(sumtile::get_lane<8>(beat.data, int(i))));
      if (found == expected[first + i]) continue;
      std::snprintf(text, sizeof text, "beat %llu, byte %zu: expected %u, found %u", beat_number, i,
                    unsigned(expected[first + i]), found);
      differs = text;
    }
    const bool last = beat.last != 0, should_end = first + kBeatBytes >= expected.size();
    if (differs.empty() && (last != should_end || beat.keep != Derived::kEveryByte)) {
      std::snprintf(text, sizeof text, "beat %llu: TLAST %d instead of %d, or a byte without TKEEP", beat_number,
                    int(last), int(should_end));
      differs = text;
    }
  }
  return differs;
}

std::string wrong_register(const Registers& registers, const Call& call) {
  const unsigned long stamp = registers.stamp, status = registers.status, layers = registers.layers;
  char text[160] = "";
  if (stamp != Config::kStamp || status != call.status) {
    std::snprintf(text, sizeof text, "stamp 0x%08lx and status %lu, expected 0x%08lx and %u", stamp, status,
                  Config::kStamp, call.status);
  } else if (status == 0 && layers != call.layers) {
    std::snprintf(text, sizeof text, "register layers is %lu, expected %u", layers, call.layers);
  }
  return text;
}

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
  const Bytes features = vectors.bytes("features", call.feature_bytes);
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
    run.add("send weights", [&weights, &ports, i] { send(weights[i], ports.weights[i]); });
  }
  run.add("send features", [&] { send(features, ports.features); });
  run.add("send residual", [&] { send(residual, ports.residual); });
  run.add("kernel", [&] {
    SUMTILE_TOP(ports.features, ports.weights, ports.residual, ports.result, registers.stamp, registers.status,
                registers.layers, registers.busy, registers.starved, registers.stalled);
  });
  run.add("receive", [&] { differs = receive(result, ports.result); });
  const std::string stuck = run.finish();
  if (!stuck.empty()) return "the kernel does not end: " + stuck;
  if (differs.empty()) differs = wrong_register(registers, call);
  return differs.empty() ? left_over(ports) : differs;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::printf("usage: %s FOLDER, written by python -m sumtile.kernels.vectors OVERLAY BOARD FOLDER\n", argv[0]);
    return 2;
  }
  Vectors vectors(argv[1], Config::kWeightStreams, kBeatBytes);
  Ports ports;
  Registers registers;
  int done = 0;
  for (Call call; vectors.error.empty() && done < vectors.calls() && vectors.next(call); ++done) {
    const std::string wrong = run_call(vectors, call, ports, registers);
    std::printf("%-4s %s%s%s\n", wrong.empty() ? "ok" : "FAIL", call.name.c_str(), wrong.empty() ? "" : ": ",
                wrong.c_str());
    // What a failed call has left in the streams would only confuse the next one.
    if (!wrong.empty()) return 1;
  }
  if (!vectors.error.empty() || done == 0) {
    std::printf("FAIL %s\n", vectors.error.empty() ? "the folder has no calls" : vectors.error.c_str());
    return 1;
  }
  std::printf("PASS %d calls\n", done);
  return 0;
}
