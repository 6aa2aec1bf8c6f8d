# Needs Python 3.11 or newer, make, and access to packages. Everything lands in .venv; nothing else is touched.

PYTHON ?= $(shell command -v python3.11 || command -v python3 || command -v python)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTEST_WORKERS ?= 3

# Where this is set, as in containers, every command would compile Tenure anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo install test check lint format types contracts coverage torture benchmarks docs screenshots browser lock wheel sbom audit clean

help: ## List what make can do.
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: install ## Try Tenure on a simulated association, with staff pages at http://127.0.0.1:8000.
	@$(BIN)/tenure demo --home .demo $(DEMO)

install: $(VENV)/installed ## Set up .venv with what Tenure needs to run.

# A file stays on one worker: what its module serves is made once, and some of its tests follow each other.
test: $(VENV)/tested-with check browser ## Lint, check types and import contracts, and run every test.
	$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadfile $(TESTS)

check: lint types contracts ## Everything but the tests.

lint: $(VENV)/tested-with ## Ruff: faults and format.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/tested-with ## Let Ruff mend what it can.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/tested-with ## mypy, strict on all of src/.
	$(BIN)/mypy

contracts: $(VENV)/tested-with ## Which package may import which.
	$(BIN)/lint-imports

coverage: $(VENV)/tested-with browser ## Run every test and list the lines that none reaches.
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage report --show-missing --skip-covered

torture: $(VENV)/tested-with ## Kill 200 nights and 200 syncs, try a thousand watermarks, do 250,000 acts in an office, erase 500 members, fill the disk 100 times, live a year by five policies: hours (TORTURE="--kills 1000").
	$(BIN)/python benchmarks/torture.py $(TORTURE)
	$(BIN)/python benchmarks/delivery_torture.py
	TENURE_CASES=1000 $(BIN)/python -m pytest --timeout=3600 tests/intake/test_watermarks.py
	TENURE_CASES=200 $(BIN)/python -m pytest --timeout=3600 tests/risk/test_drift_gate.py
	TENURE_CASES=100 $(BIN)/python -m pytest --timeout=3600 tests/web/test_web_api.py
	$(BIN)/python benchmarks/approval_torture.py $(ACTS)
	$(BIN)/python benchmarks/approval_torture.py --postgresql $(ACTS)
	TENURE_ERASED=500 $(BIN)/python -m pytest --timeout=3600 tests/app/test_member_rights.py -k erased_without
	$(BIN)/python benchmarks/full_disk.py $(FULL_DISK)
	$(BIN)/python benchmarks/simulated_year.py $(YEAR)

benchmarks: $(VENV)/tested-with ## Measure every row of docs/benchmarks.md, half an hour in the short form (BENCHMARKS="--full", "--only engine").
	$(BIN)/python benchmarks/table.py $(BENCHMARKS)

docs: $(VENV)/installed ## Make docs/command-line.md and docs/doctor.md anew from the code.
	$(BIN)/python -m tenure.app.reference > docs/command-line.md
	$(BIN)/python -m tenure.app.checks.page > docs/doctor.md

screenshots: $(VENV)/tested-with browser ## Shoot the staff pages of a demo that lives for some weeks into docs/img: ten minutes, the first time.
	$(BIN)/python docs/shoot.py --home .shots $(SHOTS)

browser: $(VENV)/tested-with ## Find or install a Chromium for the browser tests.
	@.ci/chromium $(BIN)/python

lock: ## Choose the newest versions that pyproject.toml allows, and write them down.
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip --disable-pip-version-check --quiet install uv
	$(VENV)-lock/bin/uv pip compile $(LOCK) --output-file requirements/app.txt pyproject.toml requirements/build.in
	$(VENV)-lock/bin/uv pip compile $(LOCK) --output-file requirements/dev.txt --constraint requirements/app.txt \
	  --extra dev pyproject.toml requirements/build.in
	rm -rf $(VENV)-lock

wheel: $(VENV)/installed ## Build the wheel into dist: the same bytes from the same commit.
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m hatchling build -t wheel

sbom: $(VENV)/tested-with ## Write dist/tenure.cdx.json (CycloneDX): what an installation consists of, with its hashes.
	@mkdir -p dist
	$(BIN)/cyclonedx-py requirements requirements/app.txt --no-validate --pyproject pyproject.toml --output-reproducible -o dist/tenure.cdx.json

audit: $(VENV)/tested-with ## Ask PyPI for known vulnerabilities of all that is locked; what it does not know is a failure.
	$(BIN)/pip-audit --strict --require-hashes --disable-pip -r requirements/dev.txt

LOCK := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --no-emit-find-links --no-annotate --custom-compile-command "make lock"

clean: ## Remove .venv and the demo.
	rm -rf $(VENV) $(VENV)-lock .demo

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "$(PYTHON) is older than 3.11; set PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Setting up $(VENV) …"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements/app.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing packages (once; about a minute) …"
	@$(PIP) install --require-hashes -r requirements/app.txt
	@$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/tested-with: requirements/dev.txt $(VENV)/installed
	@echo "Installing what the tests need (once) …"
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@
