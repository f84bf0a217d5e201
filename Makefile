# `make demo` and `make test` need python3 (>= 3.11), git and make; everything else goes into .venv, at the versions and
# hashes of requirements/dev.lock.  Once that is done, no target touches the network (`make lock` apart).

PYTHON ?= python3
PART ?= tumour
BIN := .venv/bin
UV := $(shell command -v uv || echo $(BIN)/uv)
SYNCED := .venv/synced-$(shell { pwd; cat requirements/dev.lock pyproject.toml; \
	grep __version__ src/oncotwin/__init__.py; } | cksum | cut -d ' ' -f 1)
RECENT := -c 'import sys; sys.exit(sys.version_info < (3, 11))'
SYNC := $(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.lock
COMPILE := $(UV) pip compile pyproject.toml --quiet --python $(BIN)/python --python-version 3.11 --universal \
	--fork-strategy fewest --generate-hashes --no-emit-index-url --no-header

.PHONY: help setup demo test lint lock bench
help:
	@echo "make demo    one patient from vein to vein: report, figures, table"
	@echo "make test    all tests (ARGS='-k heat' to choose)"
	@echo "make lint    style, format and types"
	@echo "make bench   speed and precision against peers in the same run (PART=tumour, culture, dosing, inference, learning)"
	@echo "make lock    compile requirements/*.lock anew (ARGS=--upgrade for the newest versions)"
	@echo "make setup   only make the environment .venv"

setup: $(SYNCED)

demo: $(SYNCED)
	@$(BIN)/oncotwin demo $(ARGS)

test: $(SYNCED)
	@$(BIN)/pytest -n auto --maxprocesses 4 --dist worksteal $(ARGS)

lint: $(SYNCED)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright

bench: $(SYNCED)
	@$(BIN)/python benchmarks/$(PART).py $(ARGS)

lock: $(SYNCED)
	@$(COMPILE) --all-extras --group dev --output-file requirements/dev.lock $(ARGS)
	@$(COMPILE) --constraint requirements/dev.lock --output-file requirements/run.lock $(ARGS)

# An environment is kept if its Python is recent enough and it was made in this very folder; else it is made anew.
$(SYNCED):
	@{ $(BIN)/python $(RECENT) && grep -qF '$(CURDIR)/.venv' $(BIN)/activate; } 2>/dev/null || { \
	  $(PYTHON) $(RECENT) 2>/dev/null || { \
	    echo "oncotwin needs Python >= 3.11, and '$(PYTHON)' is not one. Name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; \
	    exit 1; }; \
	  echo "Making .venv from requirements/dev.lock (once; needs the network and about 1.5 GB) ..."; \
	  $(PYTHON) -m venv --clear .venv || $(UV) venv --quiet --clear --python $(PYTHON) .venv 2>/dev/null; }
	@test -x "$(UV)" || { \
	  $(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null; \
	  sed -n '/^uv==/,/[^\\]$$/p' requirements/dev.lock > .venv/uv.txt; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r .venv/uv.txt; }
	@$(SYNC) --offline 2>/dev/null || $(SYNC)
	@$(UV) pip install --quiet --python $(BIN)/python --offline --no-deps --no-build-isolation --editable .
	@rm -f .venv/synced-* && touch $@
