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
constexpr int kResult = 1, kFirstWeights = 2, kWeightStreams = Config::kWeightStreams;

void call_top(Axis (&ports)[kFirstWeights], Derived::WeightPorts& weights, Register* r) {
  SUMTILE_FC_TOP(ports[0], weights, ports[1], r[0], r[1], r[2], r[3], r[4], r[5]);
}

}  // namespace

#include "kernel_interface.hpp"
