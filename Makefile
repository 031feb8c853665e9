# `make demo` and `make test` need nothing but make and Python 3.11 or newer; both install into .venv, once.

PYTHONS := python3 python3.14 python3.13 python3.12 python3.11
SUITABLE := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in $(PYTHONS); do $$p -c '$(SUITABLE)' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
INSTALLED := .venv/.installed
DEMO := build/ve_edm_torch

.PHONY: demo test test-all fuzz format clean

demo: $(INSTALLED)
	$(BIN)/cmdsl compile specs/ve_edm.cm --backend torch
	$(BIN)/python $(DEMO)/train.py --data digits --out $(DEMO)/digits

# Every check runs, whatever became of those before it; the tests come last, so that their count is the last line.
check = echo "== $(1)"; $(BIN)/$(1) || status=1;

test: SELECTION := -m "not slow"
test test-all: $(INSTALLED)
	@status=0; \
	$(call check,ruff check .) \
	$(call check,ruff format --check .) \
	$(call check,mypy) \
	$(call check,lint-imports) \
	$(call check,pytest -q -n 2 --dist loadgroup $(SELECTION)) \
	exit $$status

# `make fuzz` tries texts for ten minutes, `FUZZ=3600 make fuzz` for an hour; what fails is written to build/fuzz/.
fuzz: $(INSTALLED)
	$(BIN)/python -m tests.fuzz $(or $(FUZZ),600) $(SEED)

format: $(INSTALLED)
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(INSTALLED): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or newer with venv among: $(PYTHONS)" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	$(BIN)/python -m compileall -q cmdsl backends
	touch $@
