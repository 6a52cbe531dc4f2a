#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
# Makes a virtual environment with pip: bootstrap.sh FOLDER
#
# Debian ships python3 without ensurepip, so `python3 -m venv` needs the package python3-venv. Where that is missing,
# pip's own wheel is taken from Debian's package python3-pip-whl, which needs no root.
set -euo pipefail

venv=$1
python=${PYTHON:-python3}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

main() {
  if "$venv/bin/python" -m pip --version >/dev/null 2>&1; then return; fi
  check_python
  "$python" -m venv --clear "$venv" >/dev/null 2>&1 || venv_without_ensurepip
}

check_python() {
  command -v "$python" >/dev/null || fail "no '$python' was found; install Python 3.10 to 3.12, or name one with PYTHON=."
  "$python" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' ||
    fail "'$python' is $("$python" --version 2>&1), but Python 3.10 to 3.12 is needed (numpy 1.26, which pynq wants, stops there); name another one with PYTHON=."
}

venv_without_ensurepip() {
  work=$(mktemp -d)  # global: the trap runs after this function has returned
  trap 'rm -rf "$work"' EXIT
  local wheel
  "$python" -m venv --clear --without-pip "$venv" || fail "'$python -m venv $venv' failed; see the message above."
  "$here/debian_package.sh" python3-pip-whl "$work" &&
    wheel=$(ls "$work"/usr/share/python-wheels/pip-*.whl 2>/dev/null | tail -1) && [ -n "$wheel" ] &&
    PYTHONPATH=$wheel "$venv/bin/python" -m pip install --quiet --no-index "$wheel" && return
  rm -rf "$venv"
  fail "this Python has no ensurepip and pip could not be fetched; run 'sudo apt install python3-venv' and try again."
}

fail() {
  echo "bootstrap: $1" >&2
  exit 1
}

main
