#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
# Formats the C++ sources in place, or with --check shows what differs and fails: format_cpp.sh [--check]
#
# clang-format puts spaces around the '=' of a pragma; HLS code is written without them, so they are taken out again.
set -euo pipefail

formatter=${CLANG_FORMAT:-clang-format}
formatted=$(mktemp)
trap 'rm -f "$formatted"' EXIT
status=0

while IFS= read -r -d '' file; do
  "$formatter" "$file" | sed '/^ *#pragma HLS/s/ = /=/g' >"$formatted"
  if [ "${1:-}" != --check ]; then
    cmp -s "$file" "$formatted" || cp "$formatted" "$file"
  elif ! diff -u --label "$file" --label "$file (formatted)" "$file" "$formatted"; then
    status=1
  fi
done < <(find hls driver benchmarks tests tools -regex '.*\.\(cpp\|hpp\|h\)' -print0 | sort -z)
exit $status
