// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Stand-in for the vendor's header of the same name: streams of a fixed depth that block the stage at their end.
#ifndef SUMTILE_CSIM_HLS_STREAM_H
#define SUMTILE_CSIM_HLS_STREAM_H

#include <memory>
#include <type_traits>

#include "dataflow.hpp"
#include "stream_clock.hpp"

namespace sumtile {
namespace csim {

// What the scheduler knows of a stream: its name, how full it is, and the fiber that waits at each end.
class StreamBase {
 public:
  // A stream belongs to the scheduler in whose run it is made; a kernel's ports are told theirs.
  StreamBase(const char* name, std::size_t depth) : name_(name), depth_(depth), owner_(Scheduler::current()) {}
  StreamBase(const StreamBase&) = delete;
  StreamBase& operator=(const StreamBase&) = delete;

  void belong_to(Scheduler* owner) { owner_ = owner; }
  void rename(const char* name) { name_ = name; }

  const char* name() const { return name_; }
  std::size_t size() const { return written_ - taken_; }
  std::size_t depth() const { return depth_; }
  bool empty() const { return written_ == taken_; }
  bool full() const { return written_ - taken_ == depth_; }

 protected:
  // Each returns after at least one move at the other end.
  void wait_for_data() { wait(Wait::empty, reader_); }
  void wait_for_room() { wait(Wait::full, writer_); }

  void wrote() {
    ++written_;
    if (reader_) wake(reader_);
    ++owner_->progress;
  }

  void took() {
    ++taken_;
    if (writer_) wake(writer_);
  }

  const char* name_;
  const std::size_t depth_;
  std::size_t written_ = 0, taken_ = 0;
  Fiber* reader_ = nullptr;
  Fiber* writer_ = nullptr;
  Scheduler* owner_;

 private:
  void wait(Wait reason, Fiber*& end) {
    end = owner_->running();
    owner_->block(reason, this);
  }

  void wake(Fiber*& end) {
    Fiber* fiber = end;
    end = nullptr;
    owner_->wake(fiber);
  }
};

}  // namespace csim
}  // namespace sumtile

namespace hls {

// Depth 0, as at a kernel's ports, means the depth of the FIFO that a DMA sees.
template <class T, int Depth = 0>
class stream : public sumtile::csim::StreamBase {
 public:
  static constexpr std::size_t kPortDepth = 2048;

  explicit stream(const char* name = "stream")
      : StreamBase(name, Depth ? Depth : kPortDepth), slots_(new T[depth_]), clock_(depth_) {}

  // When the simulation keeps time, how fast the outside of a port moves its beats.
  void pace(unsigned beats, unsigned cycles) { clock_.pace(beats, cycles); }

  T read() {
    while (empty()) wait_for_data();
    clock_.read(head_);
    T value = slots_[head_];
    head_ = head_ + 1 == depth_ ? 0 : head_ + 1;
    took();
    return value;
  }

  void write(const T& value) {
    while (full()) wait_for_room();
    clock_.write(tail_);
    slots_[tail_] = value;
    tail_ = tail_ + 1 == depth_ ? 0 : tail_ + 1;
    wrote();
  }

  // A failed attempt returns after the other end has moved: without clocks, time stands still while nothing does. With
  // them it takes a cycle, and fails when the other end has moved too late for it.
  bool read_nb(T& value) {
    if (empty()) {
      wait_for_data();
      if (!sumtile::csim::kTimed) return false;
    }
    if (!clock_.may_read(head_)) return false;
    value = read();
    return true;
  }

  bool write_nb(const T& value) {
    if (full()) {
      wait_for_room();
      if (!sumtile::csim::kTimed) return false;
    }
    if (!clock_.may_write(tail_)) return false;
    write(value);
    return true;
  }

 private:
  std::unique_ptr<T[]> slots_;
  std::size_t head_ = 0, tail_ = 0;
  std::conditional_t<Depth == 0, sumtile::csim::PortClock, sumtile::csim::StreamClock> clock_;
};

}  // namespace hls

#endif
