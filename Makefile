# Every target installs what it needs (Debian 12, as root), once, under .cache/
# or $TUNNELMESH_CACHE. `make` lists the targets.
SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help demo test lint format unit integration molecule soak bench docs picture guides rulebook matrix lab-up lab-down env package clean

IN_ENV := @tests/tools/env
HOSTS ?= 3
LAB ?= tunnelmesh

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## three real kernels: build a mesh, break it, repair it (under 4 minutes)
	$(IN_ENV) tests/demo/run

test: ## everything: lint, unit, integration, molecule
	$(IN_ENV) tests/tools/run lint unit integration molecule

lint: ## linters and ansible-test sanity (CHECK=name runs one)
	$(IN_ENV) tests/tools/run lint $(if $(CHECK),--check $(CHECK))

format: ## let ruff mend layout and imports
	$(IN_ENV) ruff format --quiet .
	$(IN_ENV) ruff check --fix --quiet .

unit: ## unit and property tests
	$(IN_ENV) tests/tools/run unit

integration: ## tests on the lab's real kernels
	$(IN_ENV) tests/tools/run integration

molecule: ## molecule scenarios (SCENARIO=name runs one)
	$(IN_ENV) tests/tools/run molecule $(if $(SCENARIO),--scenario $(SCENARIO))

soak: ## faults, races, random walks and properties in full: every point, many rounds (hours)
	$(IN_ENV) env TUNNELMESH_TEST_EVERY=1 TUNNELMESH_TEST_STEPS=2000 TUNNELMESH_TEST_ROUNDS=200 \
		TUNNELMESH_EXPLORE=20 pytest -s tests/integration/faults tests/integration/unrest tests/unit

bench: ## measure against the alternatives (BENCH=full measures more)
	$(IN_ENV) tests/bench/run

docs: ## build the documentation site into .cache/docs
	$(IN_ENV) tests/tools/docs

picture: ## draw the README's picture of the report anew
	$(IN_ENV) tests/tools/picture

guides: ## do on the lab all that the guides tell their readers
	$(IN_ENV) env TUNNELMESH_GUIDES=all tests/tools/run guides

rulebook: ## the event source in a real rulebook engine (needs Java)
	$(IN_ENV) tests/tools/rulebook

matrix: ## oldest and newest ansible-core, Python, pyroute2, Debian (CELL=name runs one)
	$(IN_ENV) tests/matrix/run $(CELL)

lab-up: ## boot a lab (HOSTS=3, LAB=tunnelmesh)
	$(IN_ENV) tests/lab/lab up --hosts $(HOSTS) --name $(LAB)

lab-down: ## stop that lab
	$(IN_ENV) tests/lab/lab down --name $(LAB)

env: ## print export lines: eval "$$(make -s env)"
	$(IN_ENV)

package: ## build the collection's tarball into .cache/package
	$(IN_ENV) tests/tools/package

clean: ## remove everything that was fetched or built
	@tests/tools/clean
