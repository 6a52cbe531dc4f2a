# SPDX-FileCopyrightText: 2026 The sumtile authors
# SPDX-License-Identifier: Apache-2.0
# Everything a checkout can do. A target makes the environment it needs in .venv, once; nothing is written outside
# the checkout but pip's cache and the compiled kernels in the user's cache folder.

VENV ?= .venv
PYTHON ?= python3
TORCH ?= 2.13.0
BENCH ?= simulation against_hls4ml area training accuracy imagenet svd compression basis evaluation explore
BIN := $(VENV)/bin
export PYTHON
# A folder of data sets that is looked through before the system's.
export SUMTILE_DATASETS ?= $(CURDIR)/build/datasets
export PIP_DISABLE_PIP_VERSION_CHECK = 1

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help demo serve test faces screenshot matrix bench docs lint format test-env train-env wheel clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.ready-cli,compile ## classify the sample images on an emulated ZCU102 board
	@$(BIN)/sumtile demo

serve: $(VENV)/.ready-cli,compile,serve ## show the classifier as a page, on an emulated board, at http://127.0.0.1:8000
	@$(BIN)/sumtile serve

test: test-env ## run the tests; more options with PYTEST="-k adder -x"
	@tools/fetch_datasets.sh build/datasets $(BIN)/python
	@$(BIN)/python -m pytest -n auto --dist loadfile $(PYTEST)

faces: test-env ## run the long tests: notebooks, a cluster, the page in Debian's Chromium and under load
	@tools/fetch_datasets.sh build/datasets $(BIN)/python
	@$(BIN)/python -m pytest -m faces -n auto --dist loadfile tests/faces $(PYTEST)

screenshot: test-env ## take the README's picture of the page, with Debian's Chromium
	@$(BIN)/python tools/screenshot.py docs/serve.png

matrix: test-env ## run the host scripts on pynq 3.0.1, 3.1.2 and 4.0.0, and the wheel, each in an environment of its own
	@$(BIN)/python -m pytest -m matrix tests/emulated tests/house $(PYTEST)

bench: train-env $(VENV)/.ready-bench ## measure everything, or with BENCH=simulation one thing
	@for name in $(BENCH); do echo "== benchmarks/$$name.py"; $(BIN)/python benchmarks/$$name.py; echo; done

docs: $(VENV)/.ready-docs ## build the documentation with the API pages into build/docs/html
	$(BIN)/python -m sphinx --quiet --fresh-env --fail-on-warning --keep-going -d build/docs/doctrees docs build/docs/html
	@echo "build/docs/html/index.html"

lint: $(VENV)/.ready-lint ## ruff, mypy, import-linter (the floors), clang-format, what an HLS tool would refuse
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	CLANG_FORMAT=$(BIN)/clang-format tools/format_cpp.sh --check
	$(BIN)/python tools/lint_hls.py

format: $(VENV)/.ready-lint ## format the Python and C++ sources in place
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	CLANG_FORMAT=$(BIN)/clang-format tools/format_cpp.sh

test-env: $(VENV)/.ready-test ## environment of the tests

train-env: $(VENV)/.ready-train ## environment of the training: PyTorch, its CPU build where the index has one

wheel: $(VENV)/.ready-cli,compile ## build the wheel into dist/
	rm -rf build/lib build/bdist.* dist
	$(BIN)/pip wheel --quiet --quiet --no-deps --wheel-dir dist .

clean: ## remove what was built; the environment stays
	rm -rf build dist docs/api .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache driver/*.egg-info

# One stamp a set of requirements; a changed setup.py refreshes them.
$(VENV)/.ready-%: setup.py tools/bootstrap.sh
	@echo "preparing $(VENV) for '$*' (once, a minute or two) ..."
	@tools/bootstrap.sh $(VENV)
	@$(BIN)/pip install --quiet --quiet --editable '.[$*]'
	@touch $@

# The default build of PyTorch for Linux brings gigabytes of GPU libraries; the CPU build is a fraction of that.
$(VENV)/.ready-train: setup.py tools/bootstrap.sh
	@echo "preparing $(VENV) for 'train' (once) ..."
	@tools/bootstrap.sh $(VENV)
	@$(BIN)/pip install --quiet --quiet 'torch==$(TORCH)+cpu' 2>/dev/null || \
	  echo "no CPU build of PyTorch $(TORCH) is on this index; taking the default build, which is large"
	@$(BIN)/pip install --quiet --quiet --editable '.[train]'
	@touch $@
