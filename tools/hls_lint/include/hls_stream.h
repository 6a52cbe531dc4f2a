// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Shape of the vendor's header of the same name; see ap_int.h.
#ifndef SUMTILE_LINT_HLS_STREAM_H
#define SUMTILE_LINT_HLS_STREAM_H

namespace hls {

template <class T, int Depth = 0>
class stream {
 public:
  stream();
  explicit stream(const char* name);
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;
  bool empty();
  bool full();
  T read();
  void read(T& value);
  bool read_nb(T& value);
  void write(const T& value);
  bool write_nb(const T& value);
};

}  // namespace hls

#endif
