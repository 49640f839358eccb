# Everything starts from here: `make run` for a developer, `make test` for everyone.
# PORT=… changes the port, THROTTLE=off switches throttling off, PYTHON=python3.13 has everything run
# on that Python.

SHELL := /bin/bash
.DEFAULT_GOAL := help
export PORT ?= 8000

BASE_URL ?= http://127.0.0.1:$(PORT)

# Each interpreter that is started would else compile the whole service anew.
unexport PYTHONDONTWRITEBYTECODE

# What the service runs on, and of these the first that is found and can make an environment.
SUPPORTED := 3.11 3.12 3.13
ifeq ($(origin PYTHON),undefined)
PYTHON := $(shell for version in $(SUPPORTED); do \
	python$$version -c 'import ensurepip, venv' 2>/dev/null && echo python$$version && exit; \
	done; echo python3.11)
endif
SERIES := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)

VENV := .venv
VENV_PYTHON := $(VENV)/bin/python
READY := $(VENV)/.ready
INSTALLED := $(VENV)/.installed
EMULATOR := .emulator
LINTER := .venv-workflows
INSTALL := requirements/install.py
LOCK := pipx run uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade
AUDIT := pipx run --spec pip-audit==2.10.1 pip-audit --strict --require-hashes --disable-pip
SCHEMA := $(VENV_PYTHON) manage.py spectacular --fail-on-warn --validate --settings=financial_api.settings.memory
GATE := $(VENV_PYTHON) -m contract.gate
EVENTS := $(VENV_PYTHON) manage.py event_catalogue --settings=financial_api.settings.memory
PARAMETERS := $(VENV_PYTHON) manage.py parameters --settings=financial_api.settings.memory

# An environment of another Python is made anew, rather than used although PYTHON says otherwise.
OF_ANOTHER = $(if $(or $(SERIES),$(filter-out file,$(origin PYTHON))),$(filter-out $(SERIES),$(shell \
	sed -n 's/^version = \([0-9]*\.[0-9]*\).*/\1/p' $(1)/pyvenv.cfg 2>/dev/null)))
VENV_IN = $(if $(filter $(SUPPORTED),$(SERIES)),echo 'Making $(1) with $(PYTHON) …' && $(PYTHON) -m venv $(if $(OF_ANOTHER),--clear) $(1),false) || { \
	echo '$(PYTHON) does not do: one of Python $(SUPPORTED) with venv is needed, as by apt-get install python3.11-venv' >&2; \
	exit 1; }

.PHONY: anew help run aws emulator serve walkthrough consumer test test-aws test-pythons proof soak fuzz image-check bench bench-calls bench-relay bench-suite lint lint-workflows schema schema-check contract-check release-contract format lock audit findings clean

help: ## Show what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

# Running needs less than testing, and whoever only runs it need not wait for the rest.
$(READY): requirements/run.txt $(if $(call OF_ANOTHER,$(VENV)),anew)
	@$(call VENV_IN,$(VENV))
	$(VENV_PYTHON) $(INSTALL) requirements/run.txt
	@touch $@

$(INSTALLED): $(READY) $(EMULATOR)/.ready requirements/dev.txt
	$(VENV_PYTHON) $(INSTALL) requirements/dev.txt
	@touch $@

# ministack pins the version of a library that the service uses too, so it lives on its own.
$(EMULATOR)/.ready: requirements/emulator.txt $(if $(call OF_ANOTHER,$(EMULATOR)),anew)
	@$(call VENV_IN,$(EMULATOR))
	$(EMULATOR)/bin/python $(INSTALL) requirements/emulator.txt
	@touch $@

run: $(READY) ## The API on SQLite with demo data, reloading when the code changes
	@export DJANGO_SETTINGS_MODULE=financial_api.settings.local \
		ALLOW_CLEANUP=$${ALLOW_CLEANUP:-on} ALLOW_MOCK_TOKENS=$${ALLOW_MOCK_TOKENS:-on}; \
	$(VENV_PYTHON) manage.py migrate --verbosity 0 && \
	$(VENV_PYTHON) manage.py seed_demo && \
	exec $(VENV_PYTHON) manage.py runserver $(PORT)

aws: $(READY) $(EMULATOR)/.ready ## The API on an emulator of AWS, with the relay: PERSIST=on, EMULATOR_PORT=…
	@exec $(VENV_PYTHON) manage.py aws_local --settings=financial_api.settings.local

emulator: $(READY) $(EMULATOR)/.ready ## The emulator of AWS alone, provisioned, and what to export to use it
	@exec $(VENV_PYTHON) manage.py aws_local --emulator-only --settings=financial_api.settings.local

serve: $(READY) ## The production server: WORKERS, THREADS, HOST … from the environment
	@export WORKERS=$${WORKERS:-2} DJANGO_SETTINGS_MODULE=financial_api.settings.server; \
	$(VENV_PYTHON) manage.py migrate --verbosity 0 && \
	exec $(VENV_PYTHON) manage.py serve

walkthrough: $(READY) ## The whole story of the API, played against a running one: BASE_URL=…, ARGS=…
	@$(VENV_PYTHON) -m examples.walkthrough --base-url $(BASE_URL) $(ARGS)

consumer: $(READY) ## Print events from a queue, which deletes them there: ARGS='--queue … --once'
	@$(VENV_PYTHON) -m examples.consumer $(ARGS)

test: $(INSTALLED) lint schema-check contract-check ## Style, types, the schema, and what every part does on every backend
	$(VENV_PYTHON) -m pytest tests/unit tests/backends tests/notifications tests/contract --numprocesses 3

proof: $(INSTALLED) ## What is promised, under fire: attackers, the relay, crashes, a state machine, fuzz, upgrades
	$(VENV_PYTHON) -m pytest tests/security tests/aws tests/relay tests/faults tests/fuzz tests/upgrade --numprocesses 4

test-aws: $(INSTALLED) ## What runs on AWS, on emulators of its own or those that AWS_ENDPOINT_URL… name
	$(VENV_PYTHON) -m pytest -m aws tests/aws tests/backends tests/notifications tests/contract \
		tests/relay tests/faults --numprocesses 2

test-pythons: $(EMULATOR)/.ready ## tests/unit and tests/backends on each Python that is found: DJANGO=6.0, PYTHONS=…
	.ci/test-pythons $(or $(PYTHONS),$(SUPPORTED))

soak: $(INSTALLED) ## Workers killed over 5,000 events, and half a minute without broker, bus or AWS
	SOAK=1 $(VENV_PYTHON) -m pytest tests/aws/test_worker_kills.py tests/aws/test_worker_outages.py \
		tests/aws/test_outages.py tests/relay/test_kills.py tests/faults/test_cleanup_crashes.py \
		tests/faults/test_state_machine.py tests/faults/test_*_faults.py --numprocesses 2

fuzz: $(INSTALLED) ## Random requests by the OpenAPI document: FUZZ_EXAMPLES=… an operation
	FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-200} $(VENV_PYTHON) -m pytest tests/fuzz --numprocesses 2

image-check: $(INSTALLED) ## Build the image with docker or buildah, and play the walkthrough in it: BASE=…
	@$(VENV_PYTHON) -m tests.image.check $(BASE)

bench: $(INSTALLED) ## How fast it is, next to what it cannot be faster than, and with a long history
	DATA_DIR=$$(mktemp -d) $(VENV_PYTHON) -m tests.bench.speed
	DATA_DIR=$$(mktemp -d) $(VENV_PYTHON) -m tests.bench.history
	DATA_DIR=$$(mktemp -d) DJANGO_SETTINGS_MODULE=financial_api.settings.memory $(VENV_PYTHON) -m tests.bench.history

bench-calls: $(INSTALLED) ## How many round trips to DynamoDB each request takes
	DATA_DIR=$$(mktemp -d) $(VENV_PYTHON) -m tests.bench.calls

bench-relay: $(INSTALLED) ## How fast the relay drains, and how soon it publishes
	DATA_DIR=$$(mktemp -d) $(VENV_PYTHON) -m tests.bench.drain
	DATA_DIR=$$(mktemp -d) $(VENV_PYTHON) -m tests.bench.latency

bench-suite: $(INSTALLED) ## What the tests take against those of an earlier commit: BASE=…, ROUNDS=…
	$(VENV_PYTHON) -m tests.bench.suite $(BASE) $(ROUNDS)

lint: $(INSTALLED) ## Style, types, and which way imports point
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	DJANGO_SETTINGS_MODULE=financial_api.settings.memory $(VENV)/bin/mypy .
	$(VENV)/bin/lint-imports

$(LINTER)/.ready: requirements/workflows.txt
	@$(call VENV_IN,$(LINTER))
	$(LINTER)/bin/python $(INSTALL) requirements/workflows.txt
	@touch $@

lint-workflows: $(LINTER)/.ready ## What GitHub runs: what may be abused in it, or is not pinned
	$(LINTER)/bin/zizmor --offline --strict-collection .github

format: $(INSTALLED) ## Have ruff put the code in order
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

schema: $(INSTALLED) ## Write openapi.yaml, the catalogue of events and the page of parameters from the code
	$(SCHEMA) --file openapi.yaml
	$(EVENTS) > events.schema.json
	$(EVENTS) --markdown > EVENTS.md
	$(PARAMETERS) > docs/parameters.md

schema-check: $(INSTALLED) ## Fail when one of them is not what the code says
	@$(SCHEMA) | diff -u openapi.yaml - || { echo 'openapi.yaml differs from the code: run make schema' >&2; exit 1; }
	@$(EVENTS) | diff -u events.schema.json - || { echo 'events.schema.json differs from the code: run make schema' >&2; exit 1; }
	@$(EVENTS) --markdown | diff -u EVENTS.md - || { echo 'EVENTS.md differs from the code: run make schema' >&2; exit 1; }
	@$(PARAMETERS) | diff -u docs/parameters.md - || { echo 'docs/parameters.md differs from the code: run make schema' >&2; exit 1; }

contract-check: $(INSTALLED) ## Fail when openapi.yaml breaks clients of the released contract
	@$(GATE)

release-contract: $(INSTALLED) schema-check ## Make openapi.yaml the released contract
	@$(GATE) --release

lock: ## Pin the newest allowed versions of all dependencies
	$(LOCK) pyproject.toml -o requirements/run.txt
	$(LOCK) pyproject.toml --group dev -c requirements/run.txt -o requirements/dev.txt
	$(LOCK) --group emulator -o requirements/emulator.txt
	$(LOCK) --group workflows -o requirements/workflows.txt

audit: ## Ask PyPI for known vulnerabilities of what a deployment runs
	$(AUDIT) -r requirements/run.txt

findings: ## Show where libraries do what one would not guess
	@for script in findings/*.sh; do echo "$$script"; bash $$script || exit 1; echo; done

clean: ## Remove the virtual environments, the data and every cache
	rm -rf $(VENV) $(VENV)-* $(EMULATOR) .data .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
