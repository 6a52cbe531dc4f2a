// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// The fibers that dataflow stages run on, and the scheduler that moves them.
//
// Everything happens on one thread: a stage runs until a stream stops it, then the next runnable stage goes on, in the
// order in which they became runnable. So a run is the same every time. When nothing is runnable, either the outside
// has to move (a port is empty or full), or it is a deadlock; the report names every blocked stage and its stream.
#ifndef SUMTILE_CSIM_DATAFLOW_HPP
#define SUMTILE_CSIM_DATAFLOW_HPP

#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sumtile {
namespace csim {

class StreamBase;

// Thrown inside a fiber when its kernel is deleted in the middle of a run.
struct Unwound {};

enum class Wait { none, empty, full, join };

// A stage in progress: a stack of its own, and what it waits for.
struct Fiber {
  std::string name;
  std::function<void()> body;
  Fiber* parent = nullptr;
  int children = 0;
  Wait wait = Wait::none;
  const StreamBase* stream = nullptr;
  std::int64_t now = 0, waited = 0;  // its clock, and cycles of it in which a stream stopped it; timed simulation only
  bool started = false, finished = false;
  void* stack = nullptr;
  jmp_buf context;
};

class Scheduler {
 public:
  Scheduler();
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // The scheduler whose fiber runs now; null outside of a run.
  static Scheduler* current();

  Fiber* spawn(std::string name, std::function<void()> body, Fiber* parent);
  // Runs until nothing is runnable or `slices` turns are spent (0: no limit).
  void run(long slices);
  // Ends every unfinished fiber by an exception.
  void unwind();

  // Called from inside a fiber.
  void block(Wait wait, const StreamBase* stream);
  void join();
  Fiber* running() const { return running_; }

  void wake(Fiber* fiber);

  bool idle() const { return live_ == 0; }
  bool runnable() const { return !ready_.empty(); }
  unsigned long long progress = 0;  // stream transfers
  std::string report() const;
  std::string error;  // what an exception in a stage said

  void count_iterations(int loop, unsigned long long iterations);
  const std::vector<unsigned long long>& iterations() const { return iterations_; }

  // What the clock of a loop's stage said when the loop last ended.
  struct Clock {
    std::int64_t cycles = 0, waited = 0;
  };
  const std::vector<Clock>& clocks() const { return clocks_; }
  // Number of the dataflow region that runs: the clocks of each begin at zero.
  unsigned region() const { return region_; }
  void begin_region() { ++region_; }

 private:
  void resume(Fiber* fiber);
  void leave();
  void finish(Fiber* fiber);
  static void entry(unsigned low, unsigned high);

  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::deque<Fiber*> ready_;
  std::vector<void*> stacks_;
  std::vector<unsigned long long> iterations_;
  std::vector<Clock> clocks_;
  unsigned region_ = 0;
  Fiber* running_ = nullptr;
  int live_ = 0;
  bool unwinding_ = false;
  jmp_buf home_;
};

inline void count_iterations(int loop, unsigned long long iterations) {
  if (Scheduler* scheduler = Scheduler::current()) scheduler->count_iterations(loop, iterations);
}

#ifdef SUMTILE_TIMED
// An iteration of a pipelined loop is a cycle of its stage.
inline void count_cycle() { ++Scheduler::current()->running()->now; }
#else
inline void count_cycle() {}
#endif

// A dataflow region: its stages start as fibers and the region's end waits for all of them.
class Dataflow {
 public:
  // A region inside a stage of another one runs on the clocks of that.
  Dataflow() {
    if (!Scheduler::current()->running()->parent) Scheduler::current()->begin_region();
  }
  static void stage(const char* name, std::function<void()> body);
  ~Dataflow() noexcept(false);
};

}  // namespace csim
}  // namespace sumtile

#endif
