# Everything a person or CI runs. Needs Python 3.11+, git and make; the rest is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := .uv/bin/uv
UV_VERSION := 0.13.9
export UV_PROJECT_ENVIRONMENT := $(VENV)
export UV_LINK_MODE := copy
# Without cached bytecode every start of the program compiles its libraries again (5 s of CPU).
export UV_COMPILE_BYTECODE := 1
export DO_NOT_TRACK := 1

.PHONY: demo test trials stress check wheel bench setup desktop postgres clean

demo: setup ## the whole cycle for one quarter on the sample uploads, into ./var/demo
	rm -rf var/demo
	$(BIN)/jibao demo --home var/demo

test: setup desktop postgres $(VENV)-peers/.ready .duckdb-next/.ready ## all tests but the trials of chance
	$(if $(ARGS),,$(BIN)/python -m pytest tests/bench) # first and alone: speed beside other tests is not ours
	$(BIN)/python -m pytest -n 3 --dist loadscope --no-loadscope-reorder -m "not stress" $(if $(ARGS),$(ARGS),--ignore tests/bench)

trials: setup desktop postgres $(VENV)-peers/.ready .duckdb-next/.ready ## the trials of chance (kills, faults, races), a few rounds of each
	$(BIN)/python -m pytest -m stress --timeout 1800 $(ARGS)

stress: setup desktop postgres $(VENV)-peers/.ready .duckdb-next/.ready ## the trials of chance (kills, faults, races) in their full number; takes hours
	JIBAO_STRESS=1 $(BIN)/python -m pytest -m stress --timeout 7200 $(ARGS)

check: setup ## lint, types, import contracts, locked packages and their advisories
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	UV=$(UV) BIN=$(BIN) sh .ci/audit

wheel: setup ## build the wheel, install it elsewhere, run the demo from an empty folder
	sh .ci/wheel

bench: setup ## measured figures, appended to docs/performance.md
	$(BIN)/python -m tests.bench.run

setup: $(VENV)/.ready

$(UV):
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(VENV)/.ready: pyproject.toml uv.lock | $(UV)
	$(UV) sync --frozen --python $(PYTHON)
	touch $@

$(VENV)-peers/.ready: pyproject.toml uv.lock | $(UV) # other people's readers of our exports
	UV_PROJECT_ENVIRONMENT=$(VENV)-peers $(UV) sync --frozen --only-group peers --python $(PYTHON)
	touch $@

.duckdb-next/.ready: .ci/duckdb-next.txt | $(VENV)/.ready # the next DuckDB, beside the one in use
	rm -rf .duckdb-next
	$(UV) pip install --quiet --python $(BIN)/python --target .duckdb-next --no-deps --require-hashes -r $<
	touch $@

desktop: ## browser, office suite and fonts for the tests, where the machine can install them
	sh .ci/desktop

postgres: ## programs of PostgreSQL for the tests of the scale profile; no server is started
	sh .ci/postgres

clean:
	rm -rf var dist build .mypy_cache .ruff_cache .pytest_cache

.PHONY: catalogue
catalogue: ## what the English catalogue lacks, and what nobody says any more
	.venv/bin/python tests/core/catalogue_sources.py
