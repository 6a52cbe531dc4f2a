// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
#include "dataflow.hpp"

#include <cstdint>
#include <new>
#include <sstream>

#include <sys/mman.h>
#include <ucontext.h>

#include "hls_stream.h"

namespace sumtile {
namespace csim {

namespace {

// Buffers are local arrays of the stages, as synthesis wants them, so stacks are large; untouched pages cost nothing.
constexpr std::size_t kStackBytes = std::size_t(16) << 20;

thread_local Scheduler* current_scheduler = nullptr;

void* new_stack() {
  void* stack = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) throw std::bad_alloc();
  mprotect(stack, 4096, PROT_NONE);  // an overflow faults instead of running into the neighbour
  return stack;
}

}  // namespace

Scheduler::Scheduler() = default;

Scheduler::~Scheduler() {
  unwind();
  for (void* stack : stacks_) munmap(stack, kStackBytes);
}

Scheduler* Scheduler::current() { return current_scheduler; }

Fiber* Scheduler::spawn(std::string name, std::function<void()> body, Fiber* parent) {
  fibers_.emplace_back(new Fiber);
  Fiber* fiber = fibers_.back().get();
  fiber->name = std::move(name);
  fiber->body = std::move(body);
  fiber->parent = parent;
  if (parent) ++parent->children;
  ++live_;
  ready_.push_back(fiber);
  return fiber;
}

void Scheduler::run(long slices) {
  Scheduler* outer = current_scheduler;
  current_scheduler = this;
  for (long turn = 0; !ready_.empty() && (slices == 0 || turn < slices); ++turn) {
    Fiber* fiber = ready_.front();
    ready_.pop_front();
    resume(fiber);
  }
  if (live_ == 0) fibers_.clear();
  current_scheduler = outer;
}

void Scheduler::unwind() {
  if (live_ == 0) return;
  unwinding_ = true;
  Scheduler* outer = current_scheduler;
  current_scheduler = this;
  // Stages first, then the fibers that wait for them.
  for (std::size_t i = fibers_.size(); i-- > 0;) {
    Fiber* fiber = fibers_[i].get();
    if (fiber->finished) continue;
    if (fiber->started) {
      resume(fiber);
    } else {
      finish(fiber);
    }
  }
  current_scheduler = outer;
  fibers_.clear();
  ready_.clear();
  unwinding_ = false;
}

void Scheduler::block(Wait wait, const StreamBase* stream) {
  running_->wait = wait;
  running_->stream = stream;
  leave();
}

void Scheduler::join() {
  while (running_->children > 0) block(Wait::join, nullptr);
}

void Scheduler::wake(Fiber* fiber) {
  fiber->wait = Wait::none;
  fiber->stream = nullptr;
  if (!unwinding_) ready_.push_back(fiber);
}

// Fibers start by makecontext and switch by _setjmp and _longjmp, which leave the signal mask alone and so cost a
// few nanoseconds in place of two system calls.
void Scheduler::resume(Fiber* fiber) {
  if (!fiber->stack) {
    if (stacks_.empty()) stacks_.push_back(new_stack());
    fiber->stack = stacks_.back();
    stacks_.pop_back();
  }
  running_ = fiber;
  if (_setjmp(home_) == 0) {
    if (fiber->started) _longjmp(fiber->context, 1);
    fiber->started = true;
    ucontext_t context;
    getcontext(&context);
    context.uc_stack.ss_sp = fiber->stack;
    context.uc_stack.ss_size = kStackBytes;
    context.uc_link = nullptr;
    const auto self = reinterpret_cast<std::uintptr_t>(this);
    makecontext(&context, reinterpret_cast<void (*)()>(entry), 2, unsigned(self), unsigned(self >> 32));
    setcontext(&context);
  }
  running_ = nullptr;
  if (fiber->finished && fiber->stack) {
    stacks_.push_back(fiber->stack);
    fiber->stack = nullptr;
  }
}

void Scheduler::leave() {
  Fiber* self = running_;
  if (_setjmp(self->context) == 0) _longjmp(home_, 1);
  if (unwinding_) throw Unwound();
}

void Scheduler::entry(unsigned low, unsigned high) {
  auto* scheduler = reinterpret_cast<Scheduler*>(std::uintptr_t(low) | std::uintptr_t(high) << 32);
  Fiber* self = scheduler->running_;
  try {
    self->body();
  } catch (const Unwound&) {
  } catch (const std::exception& problem) {
    scheduler->error = self->name + ": " + problem.what();
  }
  self->body = nullptr;
  scheduler->finish(self);
  _longjmp(scheduler->home_, 1);
}

void Scheduler::finish(Fiber* fiber) {
  fiber->finished = true;
  --live_;
  if (fiber->parent && --fiber->parent->children == 0 && fiber->parent->wait == Wait::join) wake(fiber->parent);
}

std::string Scheduler::report() const {
  std::ostringstream text;
  for (const auto& fiber : fibers_) {
    if (fiber->finished || fiber->wait == Wait::join) continue;
    text << "stage " << fiber->name << ": ";
    if (fiber->wait == Wait::empty) {
      text << "blocked reading stream '" << fiber->stream->name() << "', which is empty\n";
    } else if (fiber->wait == Wait::full) {
      text << "blocked writing stream '" << fiber->stream->name() << "', which is full (depth "
           << fiber->stream->depth() << ")\n";
    } else {
      text << "ready to run\n";
    }
  }
  return text.str();
}

void Scheduler::count_iterations(int loop, unsigned long long iterations) {
  if (iterations_.size() <= std::size_t(loop)) iterations_.resize(loop + 1), clocks_.resize(loop + 1);
  iterations_[loop] += iterations;
  clocks_[loop].cycles = running_->now;
  clocks_[loop].waited = running_->waited;
}

void Dataflow::stage(const char* name, std::function<void()> body) {
  Scheduler* scheduler = Scheduler::current();
  scheduler->spawn(name, std::move(body), scheduler->running());
}

Dataflow::~Dataflow() noexcept(false) {
  Scheduler* scheduler = Scheduler::current();
  if (!std::uncaught_exception()) scheduler->join();
}

}  // namespace csim
}  // namespace sumtile
