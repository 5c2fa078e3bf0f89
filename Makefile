# Everything starts here: each target first builds .venv if it is missing or out of date, and costs nothing when it is not.
PYTHON ?= python3
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest

# The stamp's name holds a checksum of all that decides what .venv must be: its place, the locks, the project file and the script.
# A new lock, a moved checkout or a vanished interpreter asks for another file than the one that is there.
INPUTS := requirements.lock requirements-dev.lock requirements-assets.lock tools/bootstrap.lock pyproject.toml tools/setup.py
READY := .venv/.ready-$(shell test -x $(BIN)/python || rm -f .venv/.ready-*; { pwd -P; cat $(INPUTS); } | cksum | tr ' ' '-')

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format lint types imports house bench fuzz faults lock tidy docs doctor clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

setup: $(READY) ## build .venv from the hash-locked requirements
	@echo "SIGMA is set up. Next: make demo, make test, make help"

$(READY):
	@$(PYTHON) tools/setup.py $@

demo: $(READY) ## run the whole of SIGMA on this machine: database, server, simulator, living traffic
	@$(BIN)/sigma demo $(ARGS)

test: $(READY) ## run the tests on all cores (ARGS="-k receipts" narrows)
	@$(PYTEST) -n logical --maxprocesses 8 $(ARGS)

check: $(READY) ## every check that needs no running system; reports all findings, not only the first kind
	@$(MAKE) --no-print-directory -k format lint types imports house

format: $(READY)
	@$(BIN)/ruff format --check .

lint: $(READY)
	@$(BIN)/ruff check --output-format concise .

types: $(READY)
	@$(BIN)/mypy

imports: $(READY)
	@$(BIN)/lint-imports --no-logo

house: $(READY)
	@$(BIN)/python -m tools.lints

bench: $(READY) ## measure SIGMA next to a bare endpoint and pywa, about 3 minutes (ARGS="--quick" 40 s, "--full" a million rows)
	@$(BIN)/python -m benchmarks $(ARGS)

fuzz: $(READY) ## throw generated input at the parsers and the rules
	@$(PYTEST) -m fuzz -n logical --maxprocesses 8 --timeout 0 $(ARGS)

faults: $(READY) ## kill processes, fill disks and cut connections, then count what survived
	@$(PYTEST) -m faults --timeout 600 $(ARGS)

tidy: $(READY) ## format the code and apply the safe fixes
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

docs: $(READY) ## write the generated parts of docs/ and schema.graphql anew
	@$(BIN)/python -m tools.docs
	@$(BIN)/sigma schema --output schema.graphql

lock: $(READY) ## write the lock files anew (UPGRADE=1 takes newer versions)
	@UPGRADE="$(UPGRADE)" tools/lock

doctor: ## say whether this machine can run SIGMA
	@$(PYTHON) tools/preflight.py

clean: ## remove .venv and caches; .sigma, where the data and the keys live, stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	@find src tests tools migrations benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
