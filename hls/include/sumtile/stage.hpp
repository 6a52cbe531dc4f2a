// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// What a stage of the engine is made of: streams, loop counters, and the macro that starts a stage.
//
// A stage is a free function over streams and plain structs. In synthesis SUMTILE_STAGE is just the call, inside a
// function with the dataflow pragma; in the project's simulation (SUMTILE_CSIM) it starts the same call as a fiber, so
// that the bounded streams between the stages behave as they do in logic.
#ifndef SUMTILE_STAGE_HPP
#define SUMTILE_STAGE_HPP

#include <ap_axi_sdata.h>
#include <hls_stream.h>

#include "sumtile/types.hpp"

#ifdef SUMTILE_CSIM
#include "dataflow.hpp"
#define SUMTILE_DATAFLOW(region) sumtile::csim::Dataflow region
#define SUMTILE_STAGE(region, name, ...) region.stage(name, [&] { __VA_ARGS__; })
// A stage that a function starts for the region which calls it; its arguments are references.
#define SUMTILE_INNER_STAGE(name, ...) sumtile::csim::Dataflow::stage(name, [&] { __VA_ARGS__; })
#else
#define SUMTILE_DATAFLOW(region)
#define SUMTILE_STAGE(region, name, ...) __VA_ARGS__
#define SUMTILE_INNER_STAGE(name, ...) __VA_ARGS__
#endif

namespace sumtile {

// The pipelined loops of the convolution engine. The project's simulation counts their iterations: at an initiation
// interval of one, an iteration is a clock cycle.
enum class Loop {
  load_features,
  load_weights,
  load_residual,
  window,
  replay,
  compute,
  scale,
  reorder,
  combine,
  pool,
  store,
  send,
  deal,
  dilute,
  concentrate,  // of all rows together
  basis
};

// A loop that writes a memory and reads it back counts what it has completed, and reads only what was complete
// kMemoryDelay iterations ago. A write so has left the pipeline before its first read: the dependence pragmas of
// those loops state this distance, and rest on it.
constexpr int kMemoryDelay = 4;

template <class Count>
class Settled {
 public:
  explicit Settled(Count start) {
#pragma HLS inline
#pragma HLS array_partition variable=history_ complete
  clear_history:
    for (int i = 0; i < kMemoryDelay; ++i) {
#pragma HLS unroll
      history_[i] = start;
    }
  }

  // Once an iteration, at its start: takes the count as it is and returns what it was.
  Count step(const Count& now) {
#pragma HLS inline
    const Count settled = history_[kMemoryDelay - 1];
  shift_history:
    for (int i = kMemoryDelay - 1; i > 0; --i) {
#pragma HLS unroll
      history_[i] = history_[i - 1];
    }
    history_[0] = now;
    return settled;
  }

 private:
  Count history_[kMemoryDelay];
};

class LoopCounter {
 public:
#ifdef SUMTILE_CSIM
  template <class LoopName>
  explicit LoopCounter(LoopName loop) : loop_(static_cast<int>(loop)) {}
  ~LoopCounter() { csim::count_iterations(loop_, iterations_); }
  void tick() {
    ++iterations_;
    csim::count_cycle();
  }

 private:
  int loop_;
  unsigned long long iterations_ = 0;
#else
  template <class LoopName>
  explicit LoopCounter(LoopName) {}
  void tick() {}
#endif
};

}  // namespace sumtile

#endif
