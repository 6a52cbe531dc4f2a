#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
# Unpacks a Debian package into a folder without root and without installing it: debian_package.sh NAME FOLDER
# The exit status is 1, after one line of explanation, when there is no such package or no apt.
set -euo pipefail

name=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir -p lists/partial archives/partial

# A fresh image has no package lists; private ones are fetched then, since the system's belong to root.
private=(-o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work" -o "Dir::Cache::Archives=$work/archives" -o "APT::Sandbox::User=")

download() {
  timeout 300 apt-get -qq "$@" download "$name" >>apt.log 2>&1
}

if ! command -v apt-get >/dev/null; then
  echo "debian_package: there is no apt-get here, so '$name' cannot be fetched." >&2
  exit 1
fi
if ! download && ! { timeout 300 apt-get -qq "${private[@]}" update >>apt.log 2>&1 && download "${private[@]}"; }; then
  echo "debian_package: '$name' could not be downloaded: $(tail -1 apt.log)" >&2
  exit 1
fi
dpkg -x ./*.deb "$folder"
