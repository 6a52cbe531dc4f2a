#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
# Brings images for the tests into FOLDER, without root: fetch_datasets.sh FOLDER [PYTHON]
#
#   fashion-mnist   from Debian's package, unless that is installed
#   imagenet20      20 pictures of ImageNet in folders named by the number of their class, from the wheel of foolbox (MIT)
#
# PYTHON has pip. A failure is not an error: tests that need the images then skip.
set -euo pipefail

folder=$1
python=${2:-python3}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

main() {
  mkdir -p "$folder"
  work=$(mktemp -d "$folder/.fetch.XXXXXX") # global: the trap runs after this function has returned
  trap 'rm -rf "$work"' EXIT
  [ -d /usr/share/datasets/fashion-mnist ] || [ -d "$folder/fashion-mnist" ] || fashion_mnist ||
    echo "fetch_datasets: no Fashion-MNIST, so the tests that need it will skip; 'sudo apt install dataset-fashion-mnist' brings it." >&2
  [ -d "$folder/imagenet20" ] || imagenet20 2>/dev/null ||
    echo "fetch_datasets: no pictures of ImageNet, so the tests that need them will skip; they are in the wheel of foolbox 3.3.4." >&2
}

fashion_mnist() {
  "$here/debian_package.sh" dataset-fashion-mnist "$work" && mv "$work/usr/share/datasets/fashion-mnist" "$folder/fashion-mnist"
}

imagenet20() {
  "$python" -m pip download --quiet --no-deps --dest "$work" foolbox==3.3.4 &&
    "$python" -m zipfile -e "$work"/foolbox-*.whl "$work/foolbox" || return
  local picture number
  for picture in "$work"/foolbox/foolbox/data/imagenet_*.jpg; do # imagenet_<which>_<class>.jpg
    number=${picture##*_}
    mkdir -p "$work/pictures/${number%.jpg}" && mv "$picture" "$work/pictures/${number%.jpg}/" || return
  done
  mv "$work/pictures" "$folder/imagenet20"
}

main
