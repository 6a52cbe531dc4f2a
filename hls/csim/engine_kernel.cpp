// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// A convolution engine behind the C interface of kernel_interface.hpp. SUMTILE_TOP is the name of the top function.
#include "sumtile_config.hpp"
#include "sumtile/engine.hpp"

using Config = sumtile::EngineConfig;
using Derived = sumtile::Derived<Config>;
using Axis = Derived::Axis;
using Beat = Derived::Beat;
using Register = sumtile::uint_t<32>;

#define SUMTILE_TEXT_OF(name) #name
#define SUMTILE_TEXT(name) SUMTILE_TEXT_OF(name)
#define SUMTILE_KERNEL_NAME SUMTILE_TEXT(SUMTILE_TOP)

void SUMTILE_TOP(Axis& features, Derived::WeightPorts& weights, Axis& residual, Axis& result, Register& stamp,
                 Register& status, Register& layers, Register& busy, Register& starved, Register& stalled);

namespace {

constexpr int kStreamBits = Config::kStreamBits;
constexpr const char* kPortNames[] = {"features",  "residual",  "result",   "weights_0",
                                      "weights_1", "weights_2", "weights_3"};
constexpr const char* kRegisterNames[] = {"stamp", "status", "layers", "busy", "starved", "stalled"};
// In the order of sumtile::Loop.
constexpr const char* kLoopNames[] = {"load_features", "load_weights", "load_residual", "window", "replay", "compute",
                                      "scale",         "reorder",      "combine",       "pool",   "store",  "send",
                                      "deal",          "dilute",       "concentrate",   "basis"};
constexpr int kResult = 2, kFirstWeights = 3, kWeightStreams = Config::kWeightStreams;

void call_top(Axis (&ports)[kFirstWeights], Derived::WeightPorts& weights, Register* r) {
  SUMTILE_TOP(ports[0], weights, ports[1], ports[2], r[0], r[1], r[2], r[3], r[4], r[5]);
}

}  // namespace

#include "kernel_interface.hpp"
