# The front door. `make help` lists what it opens.
.DEFAULT_GOAL := help
.PHONY: help run test test-postgresql check fix bench one-click soak chaos siege scenarios fuzz french lock docs clean

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$python && break; done)
DATA_DIR ?= var
BIN := .venv/bin
PY := $(BIN)/python
# More tests at once than there are cores, for many wait; a file's tests stay together, for they share its
# servers, and the longest files come first.
PYTEST_ARGS ?= -n $(shell echo $$(($$(nproc) + 2))) --dist loadfile --no-loadscope-reorder
# The settings of .env.example, with secrets of their own.
AS_DEPLOYED := ENV_FILE=.env.example DATA_DIR=var/check
export DATA_DIR
ifdef PORT
export PORT
endif

help: ## List what make can do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .installed ## Run the whole portal here: PORT=8000, DATA_DIR=var; Ctrl-C ends it
	@$(PY) -m brokerbay.ops.secrets
	@$(PY) -u manage.py run_portal

test: .installed-dev ## Run the whole test suite, with no account and no internet
	$(PY) -m pytest $(PYTEST_ARGS)

check: .installed-dev ## Everything CI looks at: format, lint, types, arrows, migrations, settings, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@$(AS_DEPLOYED) $(PY) -m brokerbay.ops.secrets
	$(AS_DEPLOYED) $(BIN)/mypy
	$(BIN)/lint-imports
	$(AS_DEPLOYED) $(PY) manage.py makemigrations --check --dry-run
	$(AS_DEPLOYED) $(PY) manage.py check --deploy --fail-level WARNING
	$(BIN)/hadolint Dockerfile
	$(MAKE) --no-print-directory test
	$(MAKE) --no-print-directory test-postgresql

test-postgresql: .installed-dev ## Run the tests of the tables and services on a real PostgreSQL
	$(PY) -m tests.with_postgresql -n auto tests/bookings/services tests/ingest/test_passes.py tests/ingest/test_hostile.py tests/ingest/test_writing_back.py tests/bookings/pages/test_metrics.py tests/bookings/pages/test_tours.py tests/bookings/pages/test_board.py tests/bookings/admin/test_tabs.py tests/bookings/test_finding.py tests/bookings/live/test_follow.py

fix: .installed-dev ## Format the code and repair what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

one-click: .installed-dev ## One click is one commit, though the connection dies right after it: N=100 clicks each over HTTP/1.1 and HTTP/2
	TRIALS=$(or $(N),100) $(PY) -m pytest tests/automation/engine/one_click -q

bench: .installed-dev ## Measure; prints a table and writes bench.json into DATA_DIR
	$(PY) -m tests.bench

soak: .installed-dev ## Two workers book N=500 showings and more: what they weigh after each fifth, and whether that grows
	$(PY) -m tests.bench.busy_workers $$(( $(or $(N),500) / 4 )) 4

chaos: .installed-dev ## Kill and freeze at random while four accounts book: N=20 SEED=1
	$(PY) -m tests.chaos --trials $(or $(N),20) --seed $(or $(SEED),1)

siege: .installed-dev ## Kill, cut off and restart the bridge ten times while requests change: N=1000
	$(PY) -m tests.ingest.bridge_trial --changes $(or $(N),1000) --troubles 10

scenarios: .installed-dev ## The 83 things of the site, each with its expected outcome, on both queues: one table, in docs/scenarios.md
	$(PY) -m tests.scenarios --report docs/scenarios.md

fuzz: .installed-dev ## Ask the API what its own document allows and forbids, at length: N=100 examples an operation, SEED=1
	FUZZ_EXAMPLES=$(or $(N),100) FUZZ_SEED=$(or $(SEED),1) $(PY) -m pytest tests/bookings/api/test_served.py -q -s -o faulthandler_timeout=0

french: .installed-dev ## Gather new sentences into the French catalogue (by gettext), and compile it
	@$(AS_DEPLOYED) $(PY) -m brokerbay.ops.secrets
	$(AS_DEPLOYED) $(PY) manage.py makemessages -l fr --no-wrap --no-location -v 0 -i .venv -i var -i tests -i staticfiles
	$(AS_DEPLOYED) DJANGO_SETTINGS_MODULE=brokerbay.settings $(PY) -m tests.bookings.french.compiling

docs: .installed-dev ## Write the tables of settings and commands anew into README.md
	@$(AS_DEPLOYED) $(PY) -m brokerbay.ops.secrets
	$(AS_DEPLOYED) $(PY) manage.py write_readme_tables

lock: .installed-dev ## Pin the newest packages that pyproject.toml allows, with their hashes
	$(BIN)/uv pip compile pyproject.toml --upgrade --generate-hashes --universal --python-version 3.11 \
		--custom-compile-command "make lock" --quiet -o requirements.txt
	$(BIN)/uv pip compile pyproject.toml --upgrade --generate-hashes --universal --python-version 3.11 \
		--group dev -c requirements.txt --custom-compile-command "make lock" --quiet -o requirements-dev.txt

clean: ## Remove what can be made again; the data in DATA_DIR stays
	rm -rf .venv staticfiles .mypy_cache .ruff_cache .pytest_cache .import_linter_cache var/check

# Each run looks whether the pins have changed; when not, that takes a twentieth of a second.
.PHONY: .installed .installed-dev
.installed: .python
	@$(PYTHON) brokerbay/ops/install.py requirements.txt

.installed-dev: .python
	@$(PYTHON) brokerbay/ops/install.py requirements-dev.txt

.PHONY: .python
.python:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed and was not found. Install one, or name it: make run PYTHON=/path/to/python3" >&2; exit 1; }
