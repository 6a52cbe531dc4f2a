#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
# Brings Fashion-MNIST into FOLDER/fashion-mnist from Debian's package, without root: fetch_datasets.sh FOLDER
# Nothing is fetched where the package is installed. A failure is not an error: tests that need the images then skip.
set -euo pipefail

target=$1/fashion-mnist
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if [ -d /usr/share/datasets/fashion-mnist ] || [ -d "$target" ]; then exit 0; fi
mkdir -p "$1"
work=$(mktemp -d "$1/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
if "$here/debian_package.sh" dataset-fashion-mnist "$work" && [ -d "$work/usr/share/datasets/fashion-mnist" ]; then
  mv "$work/usr/share/datasets/fashion-mnist" "$target"
else
  echo "fetch_datasets: no Fashion-MNIST, so the tests that need it will skip; 'sudo apt install dataset-fashion-mnist' brings it." >&2
fi
