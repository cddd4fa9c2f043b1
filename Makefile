# Each target creates .venv and installs what is missing; Python 3.11, pip and make are all it takes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SOURCES := platform/src plugins/*/src examples/*/src benchmarks

.PHONY: demo test check bench serve bases
demo: $(STAMP)
	$(BIN)/podion demo

test: $(STAMP) bases
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(SOURCES)
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/architecture

bench: $(STAMP) bases
	for name in benchmarks/[a-z]*.py; do $(BIN)/python $$name || exit 1; done

serve: $(STAMP) bases
	$(BIN)/podion serve

bases: $(STAMP)
	$(BIN)/podion bases install minilm-l6 >/dev/null
	$(BIN)/podion bases install me5-small >/dev/null

$(STAMP): pyproject.toml platform/pyproject.toml $(wildcard plugins/*/pyproject.toml examples/*/pyproject.toml) requirements/dev.txt requirements/constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -q -r requirements/dev.txt
	touch $@
