# `make help` lists the targets. Everything lives in .venv; nothing needs root or a server.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := loglens-demo.duckdb

.DEFAULT_GOAL := help
# Without it an environment that could be made only in part would be taken for whole the next time.
.DELETE_ON_ERROR:
.PHONY: help demo test test-fast lint docs bench scorecard fuzz clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "loglens needs Python 3.11 or newer; name one with make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $@ $(VENV)/.installed

demo: $(VENV)/.installed ## Install, read sample_logs/ and print the first reports
	$(BIN)/loglens ingest sample_logs --db $(DEMO)
	$(BIN)/loglens overview --db $(DEMO)
	$(BIN)/loglens slow --p99 --db $(DEMO)
	@echo; echo "Ask more: export LOGLENS_DB=$(DEMO), then $(BIN)/loglens --help; or open notebooks/quickstart.ipynb"

test: $(VENV)/.installed-test lint ## Install with the test extras and run everything
	$(BIN)/python -m pytest -n auto --dist loadgroup

test-fast: $(VENV)/.installed-test ## Run the tests that take less than a few seconds each
	$(BIN)/python -m pytest -n auto -m 'not slow'

lint: $(VENV)/.installed-test ## Check style, types and the arrows between packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.installed-test ## Write docs/ anew from the declarations, and what README and notebooks show
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/examples.py

bench: $(VENV)/.installed-test ## Measure loglens and its peers side by side
	$(BIN)/python -m benchmarks

scorecard: $(VENV)/.installed-test ## Find what is planted over 50 seeds; write docs/scorecard.md
	$(BIN)/python -m scorecard

fuzz: $(VENV)/.installed-test ## Break a million inputs and read them, for an hour at most
	$(BIN)/python tests/fuzzer.py

clean: ## Remove the environment and everything made by these targets
	rm -rf $(VENV) $(DEMO) $(DEMO).wal .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
