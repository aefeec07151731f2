# Every target only calls commands that the README also gives for plain pip, so that a machine without make loses nothing.
PYTHON ?= python3
BIN := .venv/bin
ROOMS := engine db connectors components callbacks pages commands
SOURCES := app.py settings.py $(ROOMS) tests
ONLY ?=

.PHONY: run test check bench proof screenshots format lock clean

run: .venv/.run            ## start the demo plant and the pages on http://127.0.0.1:8050
	$(BIN)/plantglass demo

test: .venv/.dev           ## everything that CI asks for; installs Chromium and Mosquitto with apt when root
	$(BIN)/python -m tests.machine
	$(MAKE) --no-print-directory check
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not browser and not proof and not faults" --ignore=tests/engine
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "browser and not faults and not proof"
	$(BIN)/python -m pytest -m "faults and not proof"

check: .venv/.dev          ## the quick gate: format, lint, types, walls between rooms, unit tests
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/engine tests/components tests/test_house.py

bench: .venv/.dev          ## one JSON line a figure; make bench ONLY=name runs one
	$(BIN)/python -m compileall -q app.py settings.py $(ROOMS)
	$(BIN)/python -W ignore -m tests.bench $(ONLY)

proof: .venv/.dev          ## what is too long for make test: data sets, long faults, soaks
	$(BIN)/python -m tests.machine
	$(BIN)/python -m pytest -m proof -o faulthandler_timeout=7200

screenshots: .venv/.dev    ## pictures of every page in .data/screenshots, both themes, three sizes
	$(BIN)/python -m tests.machine
	$(BIN)/python -m tests.browser.screenshots

format: .venv/.dev
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

lock:                      ## solve the dependencies anew
	$(BIN)/uv pip compile -q pyproject.toml --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 -o requirements.lock
	$(BIN)/uv pip compile -q pyproject.toml --extra dev --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 -o requirements-dev.lock

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Plantglass needs Python 3.11 or newer: $(PYTHON) is older. Try: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -q >/dev/null && apt-get install -y -q python3-venv >/dev/null; } || { echo "Python's venv is missing. On Debian or Ubuntu: sudo apt-get install -y python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.run: requirements.lock pyproject.toml | .venv/bin/pip
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install -q --disable-pip-version-check --no-deps -e .
	$(BIN)/python -m compileall -q app.py settings.py $(ROOMS)
	@touch $@

.venv/.dev: requirements-dev.lock pyproject.toml | .venv/bin/pip
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/pip install -q --disable-pip-version-check --no-deps -e .
	$(BIN)/python -m compileall -q app.py settings.py $(ROOMS)
	@touch $@ .venv/.run

clean:
	rm -rf .venv build dist *.egg-info
