# Two commands do everything: `make up` and `make test`. Each sets up what it needs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=
TESTS  ?= tests

.PHONY: up env dev check test bench eval bundle lock clean

up: env  ## start the service; ARGS="--demo" adds a small town of sample sites
	@exec $(BIN)/yuqing up $(ARGS)

env: $(VENV)/.run-installed  ## the environment, with the command `yuqing` in it

dev: $(VENV)/.dev-installed

$(VENV)/.run-installed: requirements/run.txt pyproject.toml deploy/install.sh
	@PYTHON="$(PYTHON)" sh deploy/install.sh $(VENV) requirements/run.txt
	@touch $@

$(VENV)/.dev-installed: requirements/dev.txt $(VENV)/.run-installed
	@PYTHON="$(PYTHON)" sh deploy/install.sh $(VENV) requirements/dev.txt
	@touch $@

$(VENV)/.bench-installed: requirements/bench.txt $(VENV)/.dev-installed
	@PYTHON="$(PYTHON)" sh deploy/install.sh $(VENV) requirements/bench.txt
	@touch $@

check: dev  ## ruff, mypy strict, import-linter, deptry; the files of deploy/
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/deptry .
	@sh deploy/check.sh $(abspath $(BIN))

test: dev  ## all tests, with a closing table of the promises
	@$(BIN)/python -m pytest $(TESTS) $(ARGS)

bench: $(VENV)/.bench-installed  ## speed and memory, as ratios in one run where possible
	@$(BIN)/python -m tests.bench $(ARGS)

eval: env  ## how good it is, on the evaluation data and on the sentences written for the tests
	@$(BIN)/yuqing eval --all "$${YUQING_EVAL_DATA:-../shared/data}" \
	  --data tests/analyzer/sentiment_appeals.jsonl --events tests/analyzer/petition_events.json \
	  $(foreach set,$(wildcard tests/analyzer/localities*.txt),--sentences $(set)) \
	  --desks tests/analyzer/localities_desks.toml $(ARGS)

bundle: env  ## dist/yuqing-desk-offline: all wheels, for machines without internet; ARGS="x86_64" for one
	@PYTHON=$(BIN)/python sh deploy/bundle.sh dist/yuqing-desk-offline $(ARGS)

lock:  ## renew the hashed lock files (needs uv); no package host is written
	@for set in run dev bench; do \
	  groups="--group build"; \
	  if [ $$set != run ]; then groups="$$groups --group dev -c requirements/run.txt"; fi; \
	  if [ $$set = bench ]; then groups="$$groups --group bench -c requirements/dev.txt"; fi; \
	  uv pip compile -q pyproject.toml $$groups --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --strip-extras --no-annotate --no-header --upgrade -o requirements/$$set.txt; \
	done

clean:  ## remove the environment and what tools leave behind; DATA is kept
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
