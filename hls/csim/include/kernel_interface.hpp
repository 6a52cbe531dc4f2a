// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// The C interface of a simulated kernel: an instance of the top function with its ports and its registers. Python
// calls it through ctypes.
//
// A kernel's source defines, and then includes this file:
//   SUMTILE_KERNEL_NAME             the name of the top function, a text
//   kStreamBits                     width of every port
//   kPortNames, kResult             names of the ports, those of the weights behind all others, and the index of the
//   one
//                                   that is an output
//   kFirstWeights, kWeightStreams   index of the first port for weights, and their number
//   kRegisterNames, kLoopNames      names in the order of the top function's arguments and of the loops' enumeration
//   Axis, Beat                      a port, and what it carries
//   call_top                        calls the top function with the other ports, those for weights, and the registers
#ifndef SUMTILE_CSIM_KERNEL_INTERFACE_HPP
#define SUMTILE_CSIM_KERNEL_INTERFACE_HPP

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <new>
#include <string>

namespace {

constexpr std::size_t kBeatBytes = kStreamBits / 8;
constexpr int kRegisters = sizeof kRegisterNames / sizeof *kRegisterNames;
constexpr int kLoops = sizeof kLoopNames / sizeof *kLoopNames;

using Word = sumtile::word_t<kStreamBits>;

struct Kernel {
  static constexpr int kPorts = kFirstWeights + kWeightStreams;
  Axis others[kFirstWeights], weights[kWeightStreams];
  sumtile::uint_t<32> registers[kRegisters] = {};
  // Last, so that it unwinds its fibers while the streams still exist.
  sumtile::csim::Scheduler scheduler;

  Kernel() {
    for (int i = 0; i < kPorts; ++i) {
      port(i).belong_to(&scheduler);
      port(i).rename(kPortNames[i]);
    }
  }

  Axis& port(int index) { return index < kFirstWeights ? others[index] : weights[index - kFirstWeights]; }
};

#ifdef SUMTILE_VENDOR_TYPES
void to_word(const std::uint8_t* bytes, Word& word) {
  for (std::size_t i = 0; i < kBeatBytes; i += 4) {
    std::uint32_t value;
    std::memcpy(&value, bytes + i, 4);
    word.range(int(8 * i + 31), int(8 * i)) = value;
  }
}
void from_word(const Word& word, std::uint8_t* bytes) {
  for (std::size_t i = 0; i < kBeatBytes; i += 4) {
    const std::uint32_t value = sumtile::uint_t<32>(word.range(int(8 * i + 31), int(8 * i))).to_uint();
    std::memcpy(bytes + i, &value, 4);
  }
}
#else
void to_word(const std::uint8_t* bytes, Word& word) { std::memcpy(word.bytes, bytes, kBeatBytes); }
void from_word(const Word& word, std::uint8_t* bytes) { std::memcpy(bytes, word.bytes, kBeatBytes); }
#endif

enum State { kIdle = 0, kBlocked = 1, kRunning = 2, kFailed = -1 };

}  // namespace

#define SUMTILE_EXPORT extern "C" __attribute__((visibility("default")))

// Null when there is no memory: no exception may leave through the C interface.
SUMTILE_EXPORT Kernel* sumtile_new() {
  try {
    return new Kernel;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
SUMTILE_EXPORT void sumtile_delete(Kernel* kernel) { delete kernel; }

SUMTILE_EXPORT const char* sumtile_vlnv() { return "xilinx.com:hls:" SUMTILE_KERNEL_NAME ":1.0"; }
SUMTILE_EXPORT int sumtile_port_count() { return Kernel::kPorts; }
SUMTILE_EXPORT const char* sumtile_port_name(int port) { return kPortNames[port]; }
SUMTILE_EXPORT int sumtile_port_is_input(int port) { return port != kResult; }
SUMTILE_EXPORT int sumtile_port_bytes(int) { return kBeatBytes; }
SUMTILE_EXPORT int sumtile_register_count() { return kRegisters; }
SUMTILE_EXPORT const char* sumtile_register_name(int index) { return kRegisterNames[index]; }
SUMTILE_EXPORT int sumtile_loop_count() { return kLoops; }
SUMTILE_EXPORT const char* sumtile_loop_name(int loop) { return kLoopNames[loop]; }

// Begins a call of the top function; 1 when one is in progress.
SUMTILE_EXPORT int sumtile_start(Kernel* kernel) {
  if (!kernel->scheduler.idle()) return 1;
  kernel->scheduler.spawn(
      SUMTILE_KERNEL_NAME, [kernel] { call_top(kernel->others, kernel->weights, kernel->registers); }, nullptr);
  return 0;
}

SUMTILE_EXPORT int sumtile_run(Kernel* kernel, long slices) {
  sumtile::csim::Scheduler& scheduler = kernel->scheduler;
  try {
    scheduler.run(slices);
  } catch (const std::bad_alloc&) {
    scheduler.error = "no memory is left for another stage's stack";
  }
  if (!scheduler.error.empty()) return kFailed;
  return scheduler.idle() ? kIdle : scheduler.runnable() ? kRunning : kBlocked;
}

// Bytes taken. A chunk that does not fill its last beat clears TKEEP of the missing bytes.
SUMTILE_EXPORT std::size_t sumtile_write(Kernel* kernel, int port, const std::uint8_t* data, std::size_t bytes,
                                         int last) {
  Axis& stream = kernel->port(port);
  std::size_t done = 0;
  while (done < bytes && !stream.full()) {
    const std::size_t count = std::min(kBeatBytes, bytes - done);
    std::uint8_t padded[kBeatBytes] = {};
    std::memcpy(padded, data + done, count);
    Beat beat;
    to_word(padded, beat.data);
    beat.keep = count == 64 ? ~0ull : (1ull << count) - 1;
    beat.strb = beat.keep;
    done += count;
    beat.last = last && done == bytes;
    stream.write(beat);
  }
  return done;
}

// Bytes given, up to and including the first beat with TLAST.
SUMTILE_EXPORT std::size_t sumtile_read(Kernel* kernel, int port, std::uint8_t* data, std::size_t bytes, int* last) {
  Axis& stream = kernel->port(port);
  std::size_t done = 0;
  *last = 0;
  while (bytes - done >= kBeatBytes && !stream.empty() && !*last) {
    const Beat beat = stream.read();
    from_word(beat.data, data + done);
    done += __builtin_popcountll((unsigned long long)(beat.keep));  // as a DMA, which writes the kept bytes
    *last = beat.last != 0;
  }
  return done;
}

SUMTILE_EXPORT std::size_t sumtile_level(Kernel* kernel, int port) { return kernel->port(port).size(); }
SUMTILE_EXPORT std::uint32_t sumtile_register(Kernel* kernel, int index) {
  return std::uint32_t(kernel->registers[index]);
}

SUMTILE_EXPORT std::uint64_t sumtile_loop_count_of(Kernel* kernel, int loop) {
  const auto& counts = kernel->scheduler.iterations();
  return std::size_t(loop) < counts.size() ? counts[loop] : 0;
}

#ifdef SUMTILE_TIMED
// From the next layer on, the outside of a port moves `beats` beats in `cycles` cycles at the most.
SUMTILE_EXPORT void sumtile_pace(Kernel* kernel, int port, unsigned beats, unsigned cycles) {
  kernel->port(port).pace(beats, cycles);
}

// The cycle of the last layer in which a loop ended, and how many of its cycles it had to wait for a stream.
SUMTILE_EXPORT std::int64_t sumtile_cycles_of(Kernel* kernel, int loop) {
  const auto& clocks = kernel->scheduler.clocks();
  return std::size_t(loop) < clocks.size() ? clocks[loop].cycles : 0;
}
SUMTILE_EXPORT std::int64_t sumtile_waits_of(Kernel* kernel, int loop) {
  const auto& clocks = kernel->scheduler.clocks();
  return std::size_t(loop) < clocks.size() ? clocks[loop].waited : 0;
}
#endif

SUMTILE_EXPORT std::uint64_t sumtile_progress(Kernel* kernel) { return kernel->scheduler.progress; }

SUMTILE_EXPORT void sumtile_report(Kernel* kernel, char* text, std::size_t bytes) {
  const std::string report = kernel->scheduler.error + kernel->scheduler.report();
  std::snprintf(text, bytes, "%s", report.c_str());
}

#endif
