# `make run` and `make test` set up everything that they need: Python 3.11 or newer and make are enough.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# As many test processes as there are processors, each with servers of its own, so not more than memory is there for.
PARALLEL := -n logical --maxprocesses 8 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help install run test coverage check bench proof lock clean

# What is installed is exactly what the locks name, each file checked by its hash. Where an index serves other files or
# not these versions, `make LOCKED=no ...` installs what setup.cfg admits.
LOCKED ?= yes
PIP = $(BIN)/pip install --quiet --disable-pip-version-check

# set_up: install by the lock $(1), or, unlocked, what $(2) asks for.
define set_up
@echo "Installing into $(VENV) what $(1) names."
@if [ "$(LOCKED)" = no ]; then \
    $(PIP) --editable '$(2)'; \
else \
    $(BIN)/python .ci/lock.py && \
    { $(PIP) --require-hashes --requirement $(1) || \
        { echo "That failed. Where your package index serves other files than $(1) names, and you trust it: make LOCKED=no $(MAKECMDGOALS)"; exit 1; }; } && \
    $(PIP) --no-deps --no-build-isolation --editable .; \
fi
endef

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "%-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/dev ## set up the virtual environment with everything for development

run: $(VENV)/run ## serve the API on http://127.0.0.1:3000, over SQLite in var/
	exec $(BIN)/hucha serve

test: $(VENV)/dev ## run the tests
	$(BIN)/python -m pytest -q $(PARALLEL)

coverage: $(VENV)/dev ## run the tests, and tell which lines and branches none of them reaches
	$(BIN)/python -m pytest -q $(PARALLEL) --cov

check: $(VENV)/dev ## lint, format, types, the floors of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python .ci/lock.py

bench: $(VENV)/dev ## measure the hot paths, each against a reference in the same run
	$(BIN)/python -m tests.benchmarks

proof: $(VENV)/dev ## run the long proofs: simulations, kill tests, two processes
	HUCHA_PROOF=long $(BIN)/python -m pytest -q $(PARALLEL) -m proof

lock: $(VENV)/uv ## renew the locks after setup.cfg changed; OPTIONS=--upgrade takes the newest versions
	$(BIN)/python .ci/lock.py $(VENV)/uv/bin/uv $(OPTIONS)

clean: ## remove what can be made again; var/, with the data, stays
	rm -rf $(VENV) build dist *.egg-info .hypothesis .pytest_cache .coverage* .mypy_cache .ruff_cache .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Hucha needs Python 3.11 or newer: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2> /dev/null || { echo "This Python can't make virtual environments: on Debian and Ubuntu, apt install python3-venv"; exit 1; }
	@echo "Setting up $(VENV): about a minute, once."
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/run: requirements.lock setup.cfg pyproject.toml | $(VENV)/bin/python
	$(call set_up,$<,.)
	@touch $@

$(VENV)/dev: requirements-dev.lock setup.cfg pyproject.toml | $(VENV)/bin/python
	$(call set_up,$<,.[dev])
	@touch $@ $(VENV)/run

$(VENV)/uv: | $(VENV)/bin/python
	@$(PIP) --target $@ 'uv >= 0.13, < 0.14'
