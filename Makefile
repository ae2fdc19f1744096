# Two commands: `make demo` and `make test`. Both set up what they need; a second run is quick.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SMALL := .overlay/eval-small

# llama.cpp compiles once, for about six minutes on two cores. Multimodal support, TLS and
# subprocess tools are not used here: without them the compile is shorter.
export CMAKE_ARGS ?= -DLLAVA_BUILD=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_SUBPROCESS=OFF

# See overlay/cli/main.py: threads that spin while they wait make shared machines crawl.
export OMP_WAIT_POLICY ?= passive

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint types eval-small docs lock clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(READY) ## Make the virtual environment

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Overlay needs Python 3.11 or later: make PYTHON=python3.12 ..." if sys.version_info < (3, 11) else 0)'
	@echo "Setting up $(VENV); the first time this compiles llama.cpp (about six minutes on two cores)."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY) ## Answer questions about the sample documents through the HTTP endpoint
	$(BIN)/python -m eval.demo

test: lint types ## Lint, types and tests
	$(BIN)/python -m pytest

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

# Not resumed: what an earlier run left there may be of older code.
eval-small: $(READY) ## All policies side by side on sample questions; writes a page
	mkdir -p .overlay && rm -f $(SMALL).jsonl
	$(BIN)/overlay eval run eval/specs/small.toml --output $(SMALL).jsonl
	$(BIN)/overlay eval report $(SMALL).jsonl --html $(SMALL).html

docs: $(READY) ## Make docs/probes.md from the probes' docstrings
	$(BIN)/python -m eval.docs

# pip-compile writes the local build of torch; its public version is the same on every platform.
lock: $(READY) ## Renew requirements.lock from pyproject.toml
	$(BIN)/pip-compile --quiet --extra dev --strip-extras --allow-unsafe --no-emit-index-url \
		--no-emit-find-links --no-emit-trusted-host --output-file requirements.lock pyproject.toml
	sed -i.bak 's/^\(torch==[0-9.]*\)+cpu/\1/' requirements.lock && rm requirements.lock.bak

clean: ## Remove the virtual environment and the demo's store
	rm -rf $(VENV) .overlay
