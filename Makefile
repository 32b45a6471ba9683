# miaodai: each target first makes .venv from requirements.lock when it is missing or out of date (.ci/environment.py).
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
ONLY ?=

.PHONY: help env demo up test check format bench lock clean
.DEFAULT_GOAL := help

help: ## this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

env: ## only make .venv
	@command -v $(PYTHON) >/dev/null || { echo "miaodai needs Python >= 3.11: $(PYTHON) was not found"; exit 1; }
	@PYTHON=$(PYTHON) $(PYTHON) .ci/environment.py

demo: env ## four banks, 200 applicants, twelve months, one host killed; ends with tables and one JSON line
	@$(BIN)/miaodai demo $(ARGS)

up: env ## serve until Ctrl-C on embedded servers; data survives in var/
	@$(BIN)/miaodai up $(ARGS)

test: env ## all tests (ARGS="tests/loan -k quote" for some)
	@$(BIN)/python -m pytest $(ARGS)

check: env ## ruff, formatting, strict types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: env ## let ruff format everything
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: env ## every benchmark with its yardsticks; ONLY=repay,esb for some
	@$(BIN)/python -m bench $(if $(ONLY),--only $(ONLY)) $(ARGS)

lock: env ## resolve pyproject.toml into requirements.lock again
	@$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-annotate --quiet --custom-compile-command "make lock" --output-file requirements.lock

clean: ## remove .venv, caches and embedded data (var/)
	rm -rf .venv .venv.lock var build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
