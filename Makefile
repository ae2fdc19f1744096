# Two commands: `make demo` and `make test`. Both set up what they need; a second run is quick.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev
SMALL := .overlay/eval-small
# Said here, because an older Python cannot read the script.
OLD_ENOUGH := -c 'import sys; sys.exit("Overlay needs Python 3.11 or later: make PYTHON=python3.12 ..." if sys.version_info < (3, 11) else 0)'
SETUP := scripts/setup_venv.py scripts/llama_cpp.cmake

# See overlay/cli/main.py: threads that spin while they wait make shared machines crawl.
export OMP_WAIT_POLICY ?= passive

# The packages are installed uncompiled, and compiled where they are first imported. Where nothing
# may be written then, every command compiles torch anew, which takes longer than most commands.
export PYTHONDONTWRITEBYTECODE :=

# Each worker loads the models that it needs: about 2 GB.
SIDE_BY_SIDE := --numprocesses auto --maxprocesses 4 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo test test-ui test-kernels coverage lint types eval-small docs lock clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

setup: $(READY) ## Make the virtual environment (TORCH_INDEX=URL: where torch comes from)

setup-dev: $(READY_DEV) ## The same, with the tools of the tests

$(READY): requirements.lock pyproject.toml $(SETUP)
	@$(PYTHON) $(OLD_ENOUGH)
	@$(PYTHON) -m scripts.setup_venv $(VENV)
	@touch $@

$(READY_DEV): requirements-dev.lock requirements-clients.lock pyproject.toml $(SETUP)
	@$(PYTHON) $(OLD_ENOUGH)
	@$(PYTHON) -m scripts.setup_venv $(VENV) --dev
	@touch $@ $(READY)

demo: $(READY) ## Answer questions about the sample documents through the HTTP endpoint
	@$(BIN)/python -m eval.demo

test: lint types ## Lint, types and tests
	$(BIN)/python -m pytest $(SIDE_BY_SIDE)

test-ui: $(READY_DEV) ## The pages' tests, in Chromium, which is installed where it is missing (Debian)
	@command -v chromedriver >/dev/null || (apt-get update -qq && apt-get install -y -qq chromium chromium-driver)
	REQUIRE_BROWSER=required $(BIN)/python -m pytest tests/page tests/views

test-kernels: $(READY_DEV) ## Tests and demo on kernels that this processor does not use by itself
	$(BIN)/python -m scripts.test_kernels

coverage: $(READY_DEV) ## Which lines the tests reach
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) --cov --cov-report=term:skip-covered

lint: $(READY_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY_DEV)
	$(BIN)/mypy

# Not resumed: what an earlier run left there may be of older code.
eval-small: $(READY) ## All policies side by side on sample questions; writes a page
	mkdir -p .overlay && rm -f $(SMALL).jsonl
	$(BIN)/overlay eval run eval/specs/small.toml --output $(SMALL).jsonl
	$(BIN)/overlay eval report $(SMALL).jsonl --html $(SMALL).html

docs: $(READY) ## Make docs/probes.md and docs/settings.md from the code
	$(BIN)/python -m eval.docs

# pip-compile writes the local build of torch; its public version is the same on every platform.
# The extras of the tests name the project itself, which no file may install.
# The pins of the tests' environment are those of the demo's: the second file begins as the first.
COMPILE := $(BIN)/pip-compile --quiet --strip-extras --no-emit-index-url --no-emit-find-links \
	--no-emit-trusted-host
lock: $(READY_DEV) ## Renew both lock files from pyproject.toml
	$(COMPILE) --extra dev --output-file requirements-dev.lock pyproject.toml
	cp requirements-dev.lock requirements.lock
	$(COMPILE) --extra documents --output-file requirements.lock pyproject.toml
	sed -i.bak -e 's/^\(torch==[0-9.]*\)+cpu/\1/' -e '/^overlay-rag @/,/# via/d' requirements.lock requirements-dev.lock
	rm requirements.lock.bak requirements-dev.lock.bak

clean: ## Remove the virtual environment and the demo's store
	rm -rf $(VENV) .overlay
