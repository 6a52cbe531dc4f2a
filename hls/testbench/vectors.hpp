// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// A folder of test vectors as `python -m sumtile.kernels.vectors` writes it; that module describes the files.
#ifndef SUMTILE_TESTBENCH_VECTORS_HPP
#define SUMTILE_TESTBENCH_VECTORS_HPP

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace sumtile {
namespace testbench {

// One call of a top function: values of its registers after it, and bytes of each of its streams.
struct Call {
  std::string name;
  unsigned status = 0, layers = 0;
  std::size_t source_bytes = 0, weight_bytes = 0, residual_bytes = 0, result_bytes = 0;
};

class Vectors {
 public:
  // `error` says what is wrong with the folder, and is empty when nothing is.
  Vectors(const std::string& folder, int weight_streams, std::size_t beat_bytes)
      : folder_(folder), index_(folder + "/index.txt") {
    std::string kind, key[3];
    int version = 0, streams = 0;
    std::size_t bytes = 0;
    index_ >> kind >> version >> key[0] >> calls_ >> key[1] >> streams >> key[2] >> bytes;
    if (!index_ || kind != "sumtile-vectors" || version != 1) {
      error = folder + " holds no test vectors of version 1; write them with python -m sumtile.kernels.vectors";
    } else if (streams != weight_streams || bytes != beat_bytes) {
      std::ostringstream text;
      text << folder << " has vectors for " << streams << " weight streams of " << bytes
           << " bytes, but the kernel has " << weight_streams << " of " << beat_bytes
           << "; write them for this overlay and board";
      error = text.str();
    }
  }

  int calls() const { return calls_; }

  // The next line of the index; false, with an error, when there is none.
  bool next(Call& call) {
    index_ >> call.name >> call.status >> call.layers >> call.source_bytes >> call.weight_bytes >>
        call.residual_bytes >> call.result_bytes;
    if (!index_) error = folder_ + "/index.txt ends too early; write the vectors again";
    return bool(index_);
  }

  // The next bytes of a port's file.
  std::vector<std::uint8_t> bytes(const std::string& port, std::size_t count) {
    std::ifstream& file = open(port);
    std::vector<std::uint8_t> data(count);
    file.read(reinterpret_cast<char*>(data.data()), std::streamsize(count));
    if (std::size_t(file.gcount()) != count) {
      error = folder_ + "/" + port + ".bin is missing or ends too early; write the vectors again";
    }
    return data;
  }

  std::string error;

 private:
  struct PortFile {
    std::string port;
    std::ifstream file;
  };

  std::ifstream& open(const std::string& port) {
    for (PortFile& known : files_) {
      if (known.port == port) return known.file;
    }
    files_.emplace_back();
    files_.back().port = port;
    files_.back().file.open(folder_ + "/" + port + ".bin", std::ios::binary);
    return files_.back().file;
  }

  std::string folder_;
  std::ifstream index_;
  int calls_ = 0;
  std::vector<PortFile> files_;
};

}  // namespace testbench
}  // namespace sumtile

#endif
