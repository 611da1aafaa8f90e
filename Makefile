# street110: everything a newcomer needs. `make` alone prints what there is.
#
# Every target sets itself up: a virtual environment in .venv, filled from requirements.lock,
# each download checked against the hashes in that file.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SCRIPTS := scripts/readme-numbers scripts/status-tables

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
# Debian keeps servers in /usr/sbin, which is not on every user's path.
export PATH := $(PATH):/usr/sbin

.PHONY: help demo check test bench geobench faults docs lock

help: ## print this help
	@printf 'street110: real-time patrol and alarm dispatch\n\n'
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\n  ARGS="..." is handed on, as in: make demo ARGS="--seconds 60 --json out.json"\n'

demo: $(READY) ## a virtual district with a live page on this machine; stop with Ctrl-C
	@$(BIN)/street110 demo $(ARGS)

check: $(READY) ## style, types and the direction of imports
	$(BIN)/ruff check . $(SCRIPTS)
	$(BIN)/ruff format --check . $(SCRIPTS)
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check ## check, then every test against real servers and a real browser
	@scripts/system-packages tests
	$(BIN)/pytest $(ARGS)

bench: $(READY) ## measure latency and throughput here; writes benchmarks/results
	@scripts/system-packages broker
	$(BIN)/python -m benchmarks.line $(ARGS)
	$(BIN)/python -m benchmarks.journal --save
	$(BIN)/python scripts/readme-numbers

geobench: $(READY) ## the moving index and the routing beside their peers; writes benchmarks/results
	@scripts/system-packages peers
	$(BIN)/python -m benchmarks.geo $(ARGS)

faults: $(READY) ## the full fault run: kills and restarts under 500 alarms
	@scripts/system-packages broker
	$(BIN)/python -m tests.faults --full $(ARGS)

docs: $(READY) ## rewrite the parts of the documents that are drawn from the code
	$(BIN)/python scripts/status-tables
	$(BIN)/python scripts/readme-numbers

lock: $(READY) ## resolve pyproject.toml anew into requirements.lock
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --all-extras --group dev pyproject.toml -o requirements.lock \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.11

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "street110 needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; \
	  echo 'Name another one: make PYTHON=python3.11 ...' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || scripts/system-packages venv
	@echo 'Setting up .venv (once; takes a minute or two) ...'
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --no-deps -e .
	@touch $@
