# What a newcomer types. `make help` lists it.
PYTHON ?= python3
BIN := .venv/bin
STAY ?= 1
# .venv/bin has a node when the system has none that is new enough.
RUN := PATH="$(CURDIR)/$(BIN):$$PATH"
# Tests wait on real servers most of their time, so files run side by side; `make test SIDE_BY_SIDE=` runs one after another.
# The longest files take turns at the two databases; `make test DATABASES=both` gives them both.
SIDE_BY_SIDE ?= -n 4 --dist loadfile --no-loadscope-reorder
export DATABASES
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format prove pictures

help:  ## list these commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*##[ ]*/\1\t/' | awk -F'\t' '{printf "  make %-10s %s\n", $$1, $$2}'

setup:  ## make .venv and node_modules from the locks (nothing to do: under a second)
	@$(PYTHON) tools/setup.py

demo: setup  ## start the app and a local Shopify on this machine; STAY=0 plays the story and ends
	@$(RUN) STAY=$(STAY) $(BIN)/python -m tools.demo

test: setup  ## run every test, on SQLite and PostgreSQL, with a real queue, mail server and browser
	@$(BIN)/python -m tools.browser --install --quiet
	@$(RUN) $(BIN)/python -m pytest $(SIDE_BY_SIDE) $(ARGS)

lint: setup  ## check style, formatting and types; changes nothing
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: setup  ## put the code into its one layout
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

prove: setup  ## the property tests with many more examples
	@$(RUN) HYPOTHESIS_PROFILE=prove DATABASES=both $(BIN)/python -m pytest -m hypothesis --timeout=3600 $(ARGS)

pictures: setup  ## take the pictures of every page anew
	@$(BIN)/python -m tools.browser --install --quiet
	@$(RUN) $(BIN)/python -m tools.pictures
