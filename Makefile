PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH := benchmarks/.venv
PYTHONS ?= $(PYTHON)
OUT := build/run
TESTS ?= tests
COUNT ?= 50
SEED ?= 0
MNIST ?= $(firstword $(wildcard data/mnist ../*/data/mnist))

.DEFAULT_GOAL := help
AXE := build/axe/node_modules/axe-core/axe.min.js

.PHONY: help run check check-long lint types test docs site links record bench mutants dist packages formula clean axe

help:  ## these targets
	@sed -n 's/^\([a-z-]*\):.*##/\1\t/p' Makefile | expand -t 12

run: $(VENV)/installed  ## install into .venv, train XOR and digits, predict with what was saved
	@mkdir -p $(OUT)
	$(BIN)/kerash train models/xor.model data/xor.data data/xor.label -o $(OUT)/xor.kerash --quiet
	$(BIN)/kerash predict $(OUT)/xor.kerash data/xor.data --append
	@head -n 1438 data/digits.csv >$(OUT)/known.csv
	@(head -n 1 data/digits.csv; tail -n 360 data/digits.csv) >$(OUT)/unseen.csv
	$(BIN)/kerash train models/digits.model $(OUT)/known.csv --target digit -o $(OUT)/digits.kerash
	head -n 6 $(OUT)/unseen.csv | $(BIN)/kerash predict $(OUT)/digits.kerash - --top-k 2
	$(BIN)/kerash evaluate $(OUT)/digits.kerash $(OUT)/unseen.csv

check: lint types test  ## everything that must hold: lint, types, tests (TESTS=tests/engine for some)

check-long: lint types $(VENV)/long $(VENV)/documenting  ## the same with the full counts and PyTorch beside it: up to an hour
	$(BIN)/python -m pytest -n auto -m "long or not long" $(TESTS)

lint: $(VENV)/developing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/developing
	$(BIN)/mypy

test: $(VENV)/developing
	@which zsh >/dev/null || test "$$(id -u)" != 0 || { apt-get update -qq && apt-get install -y -qq zsh; } >/dev/null 2>&1 || true
	$(BIN)/python -m pytest -n auto --slowest build/durations.txt $(TESTS)

axe: $(AXE)  ## axe-core from npm, for the tests of pages in a browser

docs: $(VENV)/developing  ## docs/reference and docs/man from the program, the output that other pages show, and the site
	$(BIN)/python -m docs.generate
	$(BIN)/python -m docs.pages
	$(MAKE) site

site: $(VENV)/documenting  ## the website, from docs/ to build/site; a link that leads nowhere is an error
	$(BIN)/python -m docs.website build/pages
	$(BIN)/python -m sphinx -W -n --keep-going -q -c docs -d build/doctrees build/pages build/site

links: site  ## the links from docs/ to other sites, in the network
	$(BIN)/python -m sphinx -b linkcheck -q -c docs -d build/doctrees build/pages build/links

record: $(VENV)/developing  ## the output of tests/command_lines anew, with what changed (CASES="train-sgd tree-unknown" for some)
	$(BIN)/python tests/recorded.py $(CASES)

bench:  ## how fast it is beside its peers, in one table (installs them into benchmarks/.venv; MNIST=FOLDER)
	test -x $(BENCH)/bin/python || $(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet . -r benchmarks/peers.txt
	KERASH_MNIST=$(MNIST) $(BENCH)/bin/python -m benchmarks

mutants: $(VENV)/developing  ## faults in MODULE=kerash_cli/engine/losses.py, or in a folder, that no test notices (COUNT, SEED)
	$(BIN)/python -m mutants $(MODULE) --count $(COUNT) --seed $(SEED) $(if $(findstring command,$(origin TESTS)),--tests $(TESTS))

dist: $(VENV)/developing  ## the sdist and the wheel in dist/, the same bytes for the same commit
	rm -rf dist
	$(BIN)/python packaging/dist.py

packages: $(VENV)/developing  ## installs sdist, wheel and each extra into clean venvs and uses them (PYTHONS="python3.11 python3.14", CHECK=1 for make check)
	$(BIN)/python packaging/clean_venvs.py $(if $(CHECK),--check) $(PYTHONS)

formula: dist  ## the Homebrew formula of a release in dist/kerash.rb (URL of its sdist, HOMEPAGE)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python packaging/formula.py dist/*.tar.gz "$(URL)" "$(HOMEPAGE)" >dist/kerash.rb

clean:  ## remove what the other targets made
	rm -rf $(VENV) $(BENCH) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(AXE):  # checks pages for those who can't see them; tests without it are skipped
	npm install --silent --no-audit --no-fund --no-save --prefix build/axe axe-core@4

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "kerash needs Python 3.11 or later; try make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: setup.cfg pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/long: benchmarks/requirements.txt | $(VENV)/developing
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt --editable '.[dev-long]'
	@touch $@

$(VENV)/documenting: $(VENV)/developing
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@

$(VENV)/developing: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
