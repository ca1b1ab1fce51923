# The commands a person needs. `make` alone explains them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# One more than cores: tests wait for servers a quarter of the time.
TEST_WORKERS ?= 3
# 3.12 or 3.11, which have alibi-detect, before 3.13.
PYTHON ?= $(shell for newest in 12 13; do for p in python3.12 python3.11 python3.13 python3 python; do \
	$$p -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, $$newest))" 2>/dev/null \
	&& echo $$p && exit; done; done)

# Nothing is written outside the checkout, and no library reports home.
export UV_CACHE_DIR := $(CURDIR)/.cache/uv
export PIP_CACHE_DIR := $(CURDIR)/.cache/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export MYPY_CACHE_DIR := $(CURDIR)/.cache/mypy
export DO_NOT_TRACK := true
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export MLFLOW_DISABLE_TELEMETRY := true
export DVC_NO_ANALYTICS := 1
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## Show this list
	@echo "driftloop: from drift to a better model"; echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

.PHONY: demo
demo: $(STAMP) ## Watch a model go from healthy to drifting to healed (a few minutes)
	@$(BIN)/driftloop demo

.PHONY: up
up: $(STAMP) ## Start Prefect, MLflow, a worker and a sample model with a live schedule
	@env -u DRIFTLOOP_STATE $(BIN)/driftloop up --sample

.PHONY: down
down: $(STAMP) ## Stop what `make up` started
	@env -u DRIFTLOOP_STATE $(BIN)/driftloop down -w .driftloop/sample

.PHONY: install
install: $(STAMP) ## Create .venv and install everything from the lock

PYTEST = $(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: test
test: $(STAMP) lint ## Check the code, and run the quick tests (a few minutes)
	$(PYTEST) $(if $(SLOW_TOO),,-m "not slow") $(PYTEST_ARGS)

.PHONY: test-all
# In one run: a second one would collect, start servers and build workspaces again.
test-all: ## The same, and faults, races, hostile inputs and the rest of end-to-end
	@$(MAKE) --no-print-directory test SLOW_TOO=1

.PHONY: test-services
# They start so many processes of their own that more would only make a browser wait.
test-services: TEST_WORKERS = 2
test-services: $(STAMP) ## Run the tests that need PostgreSQL, Prometheus and chromium
	$(PYTEST) tests/services $(PYTEST_ARGS)

# What pyproject.toml promises beside the lock of .venv: the newest versions, which alibi-detect holds
# back elsewhere, and the oldest. Types are checked with the newest, where numpy's differ.
BASES := .cache/bases
NEWEST_PYTHON ?= $(shell python3.13 -c "" 2>/dev/null && echo python3.13)
OLDEST_PYTHON ?= $(shell python3.11 -c "" 2>/dev/null && echo python3.11)

TESTED ?= newest oldest

.PHONY: test-bases
test-bases: $(TESTED:%=$(BASES)/%/.installed) ## Run the units and one loop on the newest and the oldest versions
	@for base in $(TESTED); do \
		bin=$(BASES)/$$base/bin; echo "With the $$base versions, on $$($$bin/python --version):"; \
		if [ $$base = newest ]; then \
			$$bin/python -m mypy --cache-dir .cache/mypy-newest; \
		fi; \
		$(subst $(BIN),$$bin,$(PYTEST)) -m "not slow" --hypothesis-profile=few \
			tests/driftloop tests/end_to_end/test_story.py $(PYTEST_ARGS); \
	done

$(BASES)/newest/.installed: requirements.lock pyproject.toml $(VENV)/.uv
	@test -n "$(NEWEST_PYTHON)" || { echo "The newest versions need Python 3.13. \
	Name one with: make test-bases NEWEST_PYTHON=/path/to/python3.13" >&2; exit 2; }
	$(call install-base,$(NEWEST_PYTHON),requirements.lock requirements-uv.lock)

$(BASES)/oldest/.installed: requirements-oldest.lock pyproject.toml $(VENV)/.uv
	@test -n "$(OLDEST_PYTHON)" || { echo "The oldest versions need Python 3.11. \
	Name one with: make test-bases OLDEST_PYTHON=/path/to/python3.11" >&2; exit 2; }
	$(call install-base,$(OLDEST_PYTHON),requirements-oldest.lock)

define install-base
	@$(BIN)/uv venv -q --clear --python $(1) $(@D)
	@$(BIN)/uv pip sync -q --python $(@D)/bin/python --require-hashes --compile-bytecode $(2)
	@$(BIN)/uv pip install -q --python $(@D)/bin/python --no-deps --no-build-isolation -e .
	@touch $@
endef

.PHONY: lint
lint: $(STAMP) ## Run ruff, import-linter and mypy only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo --cache-dir .cache/import-linter
	$(BIN)/mypy

.PHONY: format
format: $(STAMP) ## Format the code and fix what ruff can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: bench
bench: $(STAMP) ## Measure speed and statistics beside other drift tools (hours, resumable)
	$(BIN)/python -m benchmarks all $(BENCH_ARGS)

.PHONY: schema
schema: $(STAMP) ## Write what docs/ has from the code: schemas, configuration, commands
	$(BIN)/python -m tools.json_schemas docs/schemas
	$(BIN)/python -m tools.config_reference docs/configuration-reference.md
	$(BIN)/python -m tools.cli_reference docs/cli.md

.PHONY: data
data: $(STAMP) ## Generate the demo data again and pin it in data.dvc
	$(BIN)/python -m tools.demo_data data/payments
	$(BIN)/dvc add -q data
	$(BIN)/dvc push -q

.PHONY: lock
lock: $(VENV)/.uv ## Resolve the newest and the oldest dependencies again into requirements*.lock
	$(BIN)/uv pip compile $(LOCK) --universal --upgrade -o requirements.lock
	$(BIN)/uv pip compile $(LOCK) --resolution lowest-direct --upgrade -o requirements-oldest.lock

LOCK := pyproject.toml --extra dev --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-annotate --no-header -q

.PHONY: clean
clean: ## Remove what the demo and the tests left (not .venv, not your models)
	rm -rf .driftloop/demo .cache/import-linter .cache/matplotlib .cache/mypy \
		.cache/numba .cache/ruff .cache/tests .pytest_cache .hypothesis

$(VENV)/.uv: requirements-uv.lock
	@test -n "$(PYTHON)" || { echo "driftloop needs Python 3.11, 3.12 or 3.13 on the PATH; found: \
	$$(python3 --version 2>&1 || echo none). Name one with: make PYTHON=/path/to/python3.12" >&2; exit 2; }
	@echo "Setting up .venv with $$($(PYTHON) --version) (once, a minute or two) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info >= (3, 13))' || echo "alibi-detect is left out: it \
	cannot be installed on Python 3.13. Models whose configuration names no engine use drift.engine: native."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --require-hashes -r requirements-uv.lock
	@touch $@

$(STAMP): requirements.lock pyproject.toml $(VENV)/.uv
	@$(BIN)/uv pip sync -q --python $(BIN)/python --require-hashes --compile-bytecode \
		requirements.lock requirements-uv.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@
