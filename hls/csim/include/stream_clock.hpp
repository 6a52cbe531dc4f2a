// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Time in the simulation, when it is compiled with SUMTILE_TIMED. Every stage has a clock of its own, which an
// iteration of its loop advances by a cycle. A stream remembers when each of its slots was written and when it was
// freed; what is written in one cycle can be read in the next, and what is freed in one can be written in the next, so
// a stage that comes too early finds its clock put forward. The stages are deterministic and their streams bounded, so
// the times do not depend on the order in which the scheduler moves them.
#ifndef SUMTILE_CSIM_STREAM_CLOCK_HPP
#define SUMTILE_CSIM_STREAM_CLOCK_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dataflow.hpp"

namespace sumtile {
namespace csim {

#ifdef SUMTILE_TIMED

constexpr bool kTimed = true;

// The stage that runs; null when the caller is the host.
inline Fiber* running_stage() {
  Scheduler* scheduler = Scheduler::current();
  return scheduler ? scheduler->running() : nullptr;
}

inline void wait_until(Fiber* stage, std::int64_t cycle) {
  if (cycle <= stage->now) return;
  stage->waited += cycle - stage->now;
  stage->now = cycle;
}

// An attempt that does not wait: true when the cycle has come; a failure costs one cycle.
inline bool attempt(Fiber* stage, std::int64_t cycle) {
  if (cycle <= stage->now) return true;
  wait_until(stage, stage->now + 1);
  return false;
}

// Clock of a stream between two stages.
class StreamClock {
 public:
  explicit StreamClock(std::size_t depth) : written_(depth, -1), freed_(depth, -1) {}

  void pace(unsigned, unsigned) {}
  bool may_read(std::size_t slot) const { return attempt(running_stage(), written_[slot] + 1); }
  bool may_write(std::size_t slot) const { return attempt(running_stage(), freed_[slot] + 1); }

  void read(std::size_t slot) {
    Fiber* stage = running_stage();
    wait_until(stage, written_[slot] + 1);
    freed_[slot] = stage->now;
  }
  void write(std::size_t slot) {
    Fiber* stage = running_stage();
    wait_until(stage, freed_[slot] + 1);
    written_[slot] = stage->now;
  }

 private:
  std::vector<std::int64_t> written_, freed_;
};

// Clock of a port. Its outside moves a beat every cycles / beats cycles at the most, from the layer's first cycle on,
// and reads or keeps at most kAhead beats ahead of the stage.
class PortClock {
 public:
  static constexpr std::size_t kAhead = 16;

  explicit PortClock(std::size_t) {}

  void pace(unsigned beats, unsigned cycles) { beats_ = beats, cycles_ = cycles; }

  bool may_read(std::size_t) { return attempt(begin(), arrival()); }
  bool may_write(std::size_t) { return attempt(begin(), room()); }

  void read(std::size_t) {
    Fiber* stage = begin();
    if (!stage) return;
    const std::int64_t cycle = arrival();
    wait_until(stage, cycle);
    step(cycle);
    moved_[count_++ % kAhead] = stage->now;
  }
  void write(std::size_t) {
    Fiber* stage = begin();
    if (!stage) return;
    wait_until(stage, room());
    const std::int64_t cycle = std::max(due(), stage->now + 1);
    step(cycle);
    moved_[count_++ % kAhead] = cycle;
  }

 private:
  // The stage that runs, after the clock has been reset if a new layer has begun.
  Fiber* begin() {
    Fiber* stage = running_stage();
    if (stage && region_ != Scheduler::current()->region()) {
      region_ = Scheduler::current()->region();
      next_ = 0, count_ = 0;
      std::fill(moved_, moved_ + kAhead, -1);
    }
    return stage;
  }

  // The cycle in which the outside can move its next beat; the cycle in which the next beat arrives from it, or finds
  // room before it.
  std::int64_t due() const { return (next_ + beats_ - 1) / beats_; }
  std::int64_t arrival() const { return std::max(due(), moved_[count_ % kAhead] + 1); }
  std::int64_t room() const { return moved_[count_ % kAhead] + 1; }

  // The outside has moved a beat in this cycle.
  void step(std::int64_t cycle) { next_ = (cycle > due() ? cycle * beats_ : next_) + cycles_; }

  std::int64_t beats_ = 1, cycles_ = 1;
  std::int64_t next_ = 0;  // in units of 1 / beats_ cycles
  std::int64_t moved_[kAhead] = {};
  std::size_t count_ = 0;
  unsigned region_ = 0;
};

#else

constexpr bool kTimed = false;

struct StreamClock {
  explicit StreamClock(std::size_t) {}
  void pace(unsigned, unsigned) {}
  bool may_read(std::size_t) { return true; }
  bool may_write(std::size_t) { return true; }
  void read(std::size_t) {}
  void write(std::size_t) {}
};
using PortClock = StreamClock;

#endif

}  // namespace csim
}  // namespace sumtile

#endif
