# Everything a newcomer or a CI needs, from pinned, hash-locked dependencies. `make demo` first.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV  := .venv
BIN   := $(VENV)/bin
# Test processes start the gateway some hundred times: each shall find it compiled.
unexport PYTHONDONTWRITEBYTECODE
# pip reads the locks; nothing that is not named there, with its hash, is installed.
PIP   := $(BIN)/python -m pip --disable-pip-version-check --quiet
# The first Python >= 3.11 that really runs; `make PYTHON=/path/to/python3.12 demo` overrides.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)

# One worker more than processors, since tests wait for servers; files in their order, so that the long ones begin early.
PYTEST := $(BIN)/pytest --numprocesses=$(shell expr $$(nproc 2>/dev/null || echo 2) + 1) --dist=loadfile --no-loadscope-reorder

.PHONY: help demo test acceptance check bench lock clean

help:  ## show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /make \1\t/' | expand -t 14

demo: $(VENV)/run.stamp  ## see the main job: Okta provisions users and groups into a table
	@$(BIN)/dirbridge demo

test: $(VENV)/dev.stamp  ## run the tests; they start their own directories and databases
	@$(BIN)/python tests/backends/install.py
	$(PYTEST) $(ARGS)

acceptance: $(VENV)/dev.stamp  ## run the acceptance table's tests and write docs/reference/acceptance.md
	@$(BIN)/python tests/backends/install.py
	$(PYTEST) --acceptance $(ARGS)

check: $(VENV)/dev.stamp  ## formatting, lint, types, the walls between the rooms
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy -p gateway -p connectors
	$(BIN)/lint-imports

bench: $(VENV)/dev.stamp  ## measure against the raw backends; ARGS="--against URL" adds a peer
	$(BIN)/python -m bench $(ARGS)

lock:  ## after a change of dependencies in pyproject.toml: write both lock files again (needs uv)
	uv lock
	uv export --quiet --no-header --no-annotate --no-emit-project --no-dev --group build -o requirements.lock
	uv export --quiet --no-header --no-annotate --no-emit-project --all-groups -o requirements-dev.lock

clean:  ## forget the virtual environment and every cache
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Dirbridge needs Python 3.11 or newer, and none was found." \
		"Install one, or name it: make PYTHON=/path/to/python3.12 demo" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Dirbridge needs Python 3.11 or" \
		"newer; $(PYTHON) is $$("$(PYTHON)" --version 2>&1)." >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV)

$(VENV)/run.stamp: requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/run.stamp
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@
