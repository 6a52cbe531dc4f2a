// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// How a testbench runs the three parts of a call: what fills the input ports, the top function, what empties its
// result.
//
// In the vendor's C simulation streams are unbounded, and the parts run one after the other. In the project's own
// (SUMTILE_CSIM) streams are bounded as in logic, so the parts are fibers that hand over to one another, and a call
// that cannot end is reported with what each stage waits for.
#ifndef SUMTILE_TESTBENCH_RUN_HPP
#define SUMTILE_TESTBENCH_RUN_HPP

#include <functional>
#include <string>

#ifdef SUMTILE_CSIM
#include "dataflow.hpp"
#endif

namespace sumtile {
namespace testbench {

#ifdef SUMTILE_CSIM
class Run {
 public:
  template <class Stream>
  void add_port(Stream& port, const char* name) {
    port.belong_to(&scheduler_);
    port.rename(name);
  }
  void add(const char* name, std::function<void()> part) { scheduler_.spawn(name, part, nullptr); }

  // Empty when all parts have ended, else what they wait for.
  std::string finish() {
    scheduler_.run(0);
    return scheduler_.idle() ? scheduler_.error : scheduler_.error + scheduler_.report();
  }

 private:
  csim::Scheduler scheduler_;
};
#else
class Run {
 public:
  template <class Stream>
  void add_port(Stream&, const char*) {}
  void add(const char*, std::function<void()> part) { part(); }
  std::string finish() { return ""; }
};
#endif

}  // namespace testbench
}  // namespace sumtile

#endif
