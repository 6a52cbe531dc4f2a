// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Two stages that wait for each other, and one that writes more than its stream holds.
#include <cstdio>

#include "sumtile/stage.hpp"

namespace {

using Stream = hls::stream<int, 2>;

void first(Stream& from_second, Stream& to_second) { to_second.write(from_second.read()); }

void second(Stream& from_first, Stream& to_first) { to_first.write(from_first.read()); }

void flood(Stream& nowhere) {
  for (int i = 0; i < 3; ++i) nowhere.write(i);
}

void region() {
  Stream there("there"), back("back"), nowhere("nowhere");
  SUMTILE_DATAFLOW(layer);
  SUMTILE_STAGE(layer, "first", first(back, there));
  SUMTILE_STAGE(layer, "second", second(there, back));
  SUMTILE_STAGE(layer, "flood", flood(nowhere));
}

}  // namespace

extern "C" __attribute__((visibility("default"))) void deadlock_report(char* text, int bytes) {
  sumtile::csim::Scheduler scheduler;
  scheduler.spawn("region", region, nullptr);
  scheduler.run(0);
  std::snprintf(text, bytes, "%s", scheduler.report().c_str());
}
