# Everything a newcomer types. Needs Python 3.11 or newer and nothing else.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
STAMP := .venv/.installed
# What pip says is shown when it fails, without its remarks on places that do not exist.
pip = $(BIN)/python -m pip install --quiet --no-deps $(1) >.venv/pip.log 2>&1 \
  || { grep -v "WARNING: Location .* is ignored" .venv/pip.log >&2; exit 1; }
PYTEST := $(BIN)/python -m pytest -n logical --maxprocesses 8
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: setup ## start everything, carry the samples through, keep serving; ONCE=1 stops after the summary
	@exec $(BIN)/helio run $(if $(filter-out 0,$(ONCE)),--once)

serve: setup ## start everything without the demo, and keep serving
	@exec $(BIN)/helio run --no-demo

test: setup ## run every test, a real Airflow run among them; Ctrl-C leaves nothing behind
	@exec $(PYTEST)

torture: setup ## run the tests in their long form: thousands of kills, every fault at every vendor
	@exec $(PYTEST) --torture --timeout 0

conformance: setup ## run public clients of the vendors' clouds against the sandbox, each installed apart in the user's cache
	@exec $(BIN)/python -m pytest -q tests/public_clients

check: lint ## lint, format, types, layers and the fast tests: what a change must pass
	$(PYTEST) -q tests/unit tests/sources/conformance

lint: setup ## lint, format, types and layers only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports

fmt: setup ## format and fix what can be fixed
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

setup: $(STAMP) ## make .venv from the locked requirements

$(STAMP): requirements.txt pyproject.toml
	@$(if $(PYTHON),true,echo "Python is missing; install Python 3.11 or newer (Debian, Ubuntu: apt install python3 python3-venv)" >&2; exit 1)
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "$(PYTHON) is $$("$(PYTHON)" -V 2>&1); Heliograph needs 3.11 or newer. Install one and call: make PYTHON=/path/to/python3 $(or $(MAKECMDGOALS),setup)" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "$(PYTHON) cannot make virtual environments; Debian, Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "making .venv with $$("$(PYTHON)" -V); 1.2 GB of packages, once"
	@test -x $(BIN)/python || { rm -rf .venv && "$(PYTHON)" -m venv .venv; }
	@$(call pip,--require-hashes --only-binary :all: -r requirements.txt)
	@$(call pip,--no-build-isolation --editable .)
	@touch $(STAMP)

lock: ## resolve requirements.in again into requirements.txt (needs uv)
	@command -v uv >/dev/null || { echo "uv is missing; pip install uv" >&2; exit 1; }
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras requirements.in -o requirements.txt

SBOM := heliograph.cdx.json
sbom: setup ## write what is installed as a CycloneDX bill of materials, from the lock alone
	@$(BIN)/python -W ignore -m cli.bill_of_materials requirements.txt > $(SBOM)
	@echo "$(SBOM): $$(grep -c '"purl"' $(SBOM)) packages"

bench: setup ## run the benchmarks, each beside its yardstick
	@exec $(BIN)/python -m bench

logs: ## follow the logs of a run
	@exec tail -n 20 -F $${HELIOGRAPH_HOME:-.heliograph}/logs/*.log

db-clean: setup ## delete Airflow's own history older than DAYS=30 days; the warehouse is not touched
	@exec $(BIN)/helio db-clean --days $(or $(DAYS),30)

clean: ## stop what runs and remove .venv and caches; the data in .heliograph stays
	@test ! -x $(BIN)/helio || $(BIN)/helio stop
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist *.egg-info

.PHONY: help run serve test torture conformance check lint fmt setup lock sbom bench logs db-clean clean
