# Needs GNU make and Python 3.11 or later. `make help` lists the targets.
#   PYTHON=python3.12 make install     choose the interpreter
#   make run SCRATCH=/somewhere/else   choose where the demonstration lives

PYTHON  ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
             $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV    ?= .venv
SCRATCH ?= .scratch
JOBS    ?= 4
SLOW    ?= 2

BIN     := $(VENV)/bin
STAMP   := $(VENV)/.installed

# Where it is set, each process of a run compiles every module again that it loads: which is much of the suite.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install run fresh test slow check format generate pictures bench fuzz soak crash clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

install: $(STAMP) ## the environment in .venv, with everything for development (quick the second time)

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or later found; set PYTHON=..." >&2; exit 2; }
	@echo "installing into $(VENV) …"
	@if command -v uv >/dev/null 2>&1; then \
	  test -x $(BIN)/python || uv venv --quiet --python "$(PYTHON)" $(VENV); \
	  uv pip install --quiet --python $(BIN)/python -e '.[dev]'; \
	else \
	  test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV); \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'; \
	fi
	@touch $(STAMP)

run: $(STAMP) ## the screen on a copy of the samples; quit and run again: everything is as it was
	@test -d $(SCRATCH)/components || { \
	  for sample in sample_components/*/Component.toml; do \
	    from=$$(dirname $$sample); to=$(SCRATCH)/components/$$(basename $$from); \
	    mkdir -p $$to; cp $$from/Component.toml $$from/*.wasm $$to/; \
	  done; }
	@echo "components: $(SCRATCH)/components    state: $(SCRATCH)/state    start over: make fresh run"
	@$(BIN)/airssys-tui $(SCRATCH)/components --state-dir $(SCRATCH)/state

fresh: ## forget the demonstration: its components, its state
	@rm -rf $(SCRATCH)/components $(SCRATCH)/state

test: $(STAMP) ## every test but the long campaigns
	$(BIN)/python -m pytest -n $(JOBS)

slow: $(STAMP) ## the long campaigns: endurance, the long crash campaign, large toolchains
	$(BIN)/python -m pytest -m slow -n $(SLOW)

check: $(STAMP) ## lint, format, types, import contracts, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy .ci/docs.py .ci/man_page.py .ci/packages.py .ci/picture.py .ci/wasi_types.py
	$(BIN)/lint-imports
	$(BIN)/airssys-tui wit vendor wit --check --binary
	$(BIN)/python .ci/docs.py --check
	$(BIN)/python sample_components/build.py --check

format: $(STAMP) ## rewrite the sources in the one format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

generate: $(STAMP) ## rewrite what is generated: tables of docs/, WIT copies, samples
	$(BIN)/airssys-tui wit vendor wit --binary
	$(BIN)/python sample_components/build.py
	$(BIN)/python .ci/docs.py

pictures: $(STAMP) ## the pictures of README and docs/: the screens on the samples, under load, for a minute
	$(BIN)/python .ci/picture.py

bench: $(STAMP) ## measure; each figure beside its baseline, its target and the last release
	$(BIN)/python -m benchmarks

fuzz: $(STAMP) ## 100 000 damaged components through admission, 2 000 random modules through both tiers
	$(BIN)/python -m tests.fuzz

soak: $(STAMP) ## everything hostile at the same time, for ten minutes
	$(BIN)/python -m tests.soak

crash: $(STAMP) ## kill it at each failpoint ten times and at random moments, N=500 times or more
	$(BIN)/python -m tests.crash $(or $(N),500)

clean: fresh ## remove the environment and every cache
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache snapshot_report.html
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
