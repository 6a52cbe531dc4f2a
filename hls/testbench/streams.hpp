// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// What the testbenches of all engines do with streams and registers: send bytes, call the top function, compare what
// comes, check the registers after a call.
#ifndef SUMTILE_TESTBENCH_STREAMS_HPP
#define SUMTILE_TESTBENCH_STREAMS_HPP

#include <cstdio>
#include <string>
#include <vector>

#include "run.hpp"
#include "sumtile/ports.hpp"
#include "vectors.hpp"

namespace sumtile {
namespace testbench {

using Bytes = std::vector<std::uint8_t>;

struct Registers {
  uint_t<32> stamp = 0, status = 0, layers = 0, busy = 0, starved = 0, stalled = 0;
};

template <class Config>
void send(const Bytes& data, typename Ports<Config>::Axis& port) {
  constexpr std::size_t kBeatBytes = Config::kStreamBits / 8;
  for (std::size_t first = 0; first < data.size(); first += kBeatBytes) {
    typename Ports<Config>::Beat beat;
    for (std::size_t i = 0; i < kBeatBytes; ++i) set_lane<8>(beat.data, int(i), uint_t<8>(data[first + i]));
    beat.keep = Ports<Config>::kEveryByte;
    beat.strb = Ports<Config>::kEveryByte;
    beat.last = first + kBeatBytes >= data.size();
    port.write(beat);
  }
}

// Compares the result beat by beat; what differs first, or an empty string.
template <class Config>
std::string receive(const Bytes& expected, typename Ports<Config>::Axis& port) {
  constexpr std::size_t kBeatBytes = Config::kStreamBits / 8;
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
    const typename Ports<Config>::Beat beat = port.read();
    const unsigned long long beat_number = first / kBeatBytes;
    for (std::size_t i = 0; i < kBeatBytes && differs.empty(); ++i) {
      const unsigned found = unsigned(int(get_lane<8>(beat.data, int(i))));
      if (found == expected[first + i]) continue;
      std::snprintf(text, sizeof text, "beat %llu, byte %zu: expected %u, found %u", beat_number, i,
                    unsigned(expected[first + i]), found);
      differs = text;
    }
    const bool last = beat.last != 0, should_end = first + kBeatBytes >= expected.size();
    if (differs.empty() && (last != should_end || beat.keep != Ports<Config>::kEveryByte)) {
      std::snprintf(text, sizeof text, "beat %llu: TLAST %d instead of %d, or a byte without TKEEP", beat_number,
                    int(last), int(should_end));
      differs = text;
    }
  }
  return differs;
}

// What the registers should not say after a call, or an empty string.
template <class Config>
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

// Runs one call; what is wrong with it, or an empty string. `Bench` has the streams, which last from call to call, as
// on a board: what a call leaves unread, the next one finds.
template <class Bench>
std::string run_call(Vectors& vectors, const Call& call, Bench& bench) {
  using Config = typename Bench::Config;
  constexpr int kWeights = Config::kWeightStreams, kInputs = Bench::kInputs + kWeights;
  std::string names[kInputs];
  Bytes data[kInputs];
  typename Ports<Config>::Axis* ports[kInputs];
  for (int i = 0; i < kInputs; ++i) {
    const int stream = i - Bench::kInputs;
    names[i] = stream < 0 ? Bench::input_name(i) : "weights_" + std::to_string(stream);
    data[i] = vectors.bytes(names[i], stream < 0 ? Bench::input_bytes(call, i) : call.weight_bytes);
    ports[i] = stream < 0 ? &bench.inputs[i] : &bench.weights[stream];
  }
  const Bytes expected = vectors.bytes("result", call.result_bytes);
  if (!vectors.error.empty()) return vectors.error;

  std::string differs;
  Run run;
  run.add_port(bench.result, "result");
  for (int i = 0; i < kInputs; ++i) {
    run.add_port(*ports[i], names[i].c_str());
    run.add("send", [&data, &ports, i] { send<Config>(data[i], *ports[i]); });
  }
  run.add("kernel", [&] { bench.call_top(); });
  run.add("receive", [&] { differs = receive<Config>(expected, bench.result); });
  const std::string stuck = run.finish();
  if (!stuck.empty()) return "the kernel does not end: " + stuck;
  if (differs.empty()) differs = wrong_register<Config>(bench.registers, call);
  if (!differs.empty()) return differs;
  std::string left = bench.result.empty() ? "" : " result";
  for (int i = 0; i < kInputs; ++i) {
    if (!ports[i]->empty()) left += " " + names[i];
  }
  return left.empty() ? left : "beats are left in" + left;
}

// Runs the calls of the folder that the testbench was given, and returns its exit status.
template <class Bench>
int run_calls(int argc, char** argv) {
  using Config = typename Bench::Config;
  if (argc != 2) {
    std::printf("usage: %s FOLDER, written by python -m sumtile.kernels.vectors OVERLAY BOARD FOLDER\n", argv[0]);
    return 2;
  }
  Vectors vectors(argv[1], Config::kWeightStreams, Config::kStreamBits / 8);
  Bench bench;
  int done = 0;
  for (Call call; vectors.error.empty() && done < vectors.calls() && vectors.next(call); ++done) {
    const std::string wrong = run_call(vectors, call, bench);
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

}  // namespace testbench
}  // namespace sumtile

#endif
