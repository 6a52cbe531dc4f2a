// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// What the testbenches of all engines do with streams and registers: send bytes, compare what comes, check the
// registers after a call.
#ifndef SUMTILE_TESTBENCH_STREAMS_HPP
#define SUMTILE_TESTBENCH_STREAMS_HPP

#include <cstdio>
#include <string>
#include <vector>

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

// Runs the calls of the folder that the testbench was given; `run_call` returns what is wrong with a call, or an empty
// string. Returns the testbench's exit status.
template <class Config, class RunCall>
int run_calls(int argc, char** argv, RunCall run_call) {
  if (argc != 2) {
    std::printf("usage: %s FOLDER, written by python -m sumtile.kernels.vectors OVERLAY BOARD FOLDER\n", argv[0]);
    return 2;
  }
  Vectors vectors(argv[1], Config::kWeightStreams, Config::kStreamBits / 8);
  int done = 0;
  for (Call call; vectors.error.empty() && done < vectors.calls() && vectors.next(call); ++done) {
    const std::string wrong = run_call(vectors, call);
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
