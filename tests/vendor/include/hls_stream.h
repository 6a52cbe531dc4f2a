// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Stand-in for the header of Vitis HLS of the same name, as its C simulation works: a queue without a bound. The stages
// of a dataflow region run one after the other there, so a read of an empty stream can never be satisfied.
#ifndef SUMTILE_VENDOR_HLS_STREAM_H
#define SUMTILE_VENDOR_HLS_STREAM_H

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>

namespace hls {

template <class T, int Depth = 0>
class stream {
 public:
  stream() = default;
  explicit stream(const char* name) : name_(name) {}
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;

  bool empty() const { return data_.empty(); }
  bool full() const { return false; }
  std::size_t size() const { return data_.size(); }

  void write(const T& value) { data_.push_back(value); }
  bool write_nb(const T& value) {
    write(value);
    return true;
  }

  T read() {
    T value;
    if (!read_nb(value)) {
      std::printf("ERROR: stream '%s' is read while it is empty, which would hang\n", name_.c_str());
      std::exit(1);
    }
    return value;
  }
  bool read_nb(T& value) {
    if (data_.empty()) return false;
    value = data_.front();
    data_.pop_front();
    return true;
  }

 private:
  std::string name_ = "unnamed";
  std::deque<T> data_;
};

}  // namespace hls

#endif
