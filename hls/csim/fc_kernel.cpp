// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// The fully connected engine behind the C interface of kernel_interface.hpp. SUMTILE_FC_TOP is the name of the top
// function.
#include "sumtile_config.hpp"
#include "sumtile/fc_engine.hpp"

using Config = sumtile::FcEngineConfig;
using Derived = sumtile::FcDerived<Config>;
using Axis = Derived::Axis;
using Beat = Derived::Beat;
using Register = sumtile::uint_t<32>;

#define SUMTILE_TEXT_OF(name) #name
#define SUMTILE_TEXT(name) SUMTILE_TEXT_OF(name)
#define SUMTILE_KERNEL_NAME SUMTILE_TEXT(SUMTILE_FC_TOP)

void SUMTILE_FC_TOP(Axis& vectors, Derived::WeightPorts& weights, Axis& result, Register& stamp, Register& status,
                    Register& layers, Register& busy, Register& starved, Register& stalled);

namespace {

constexpr int kStreamBits = Config::kStreamBits;
constexpr const char* kPortNames[] = {"vectors", "result", "weights_0", "weights_1", "weights_2", "weights_3"};
constexpr const char* kRegisterNames[] = {"stamp", "status", "layers", "busy", "starved", "stalled"};
// In the order of sumtile::FcLoop.
constexpr const char* kLoopNames[] = {"load_vectors", "load_weights", "fill", "multiply", "send"};
constexpr int kResult = 1, kFirstWeights = 2;

struct Kernel {
  static constexpr int kPortsInUse = kFirstWeights + Config::kWeightStreams;
  Axis vectors, result;
  Derived::WeightPorts weights;
  Register registers[6] = {0, 0, 0, 0, 0, 0};
  // Last, so that it unwinds its fibers while the streams still exist.
  sumtile::csim::Scheduler scheduler;

  Kernel() {
    for (int i = 0; i < kPortsInUse; ++i) {
      port(i).belong_to(&scheduler);
      port(i).rename(kPortNames[i]);
    }
  }

  Axis& port(int index) {
    Axis* ports[] = {&vectors, &result};
    return index < kFirstWeights ? *ports[index] : weights[index - kFirstWeights];
  }

  void call() {
    Register* r = registers;
    SUMTILE_FC_TOP(vectors, weights, result, r[0], r[1], r[2], r[3], r[4], r[5]);
  }
};

}  // namespace

#include "kernel_interface.hpp"
