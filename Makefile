# `make try` shows the bot at work in your browser, `make chat` in this terminal, and `make test`
# runs every check. All need only Python 3.11 or later and make; they install what they use into
# .venv.
# On Debian and Ubuntu, `python3 -m venv` comes with the package python3-venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: try chat test bench clean

try: $(VENV)/.cpu
	@$(BIN)/python -m bot try

chat: $(VENV)/.cpu
	@$(BIN)/python -m bot model fetch --quiet-if-there
	@$(BIN)/python -m bot chat

test: $(VENV)/.dev $(VENV)/.exl2
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

bench: $(VENV)/.dev
	$(BIN)/python -m bot model fetch --quiet-if-there
	$(BIN)/python -m bench

# Editable, so that a changed file needs no new installation; a changed pyproject.toml does.
$(VENV)/.cpu: pyproject.toml | $(VENV)/.made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[cpu,try]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/.made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.cpu

# Leaves no mark where no CPU build of torch is to be had: the tests say then what they left out.
$(VENV)/.exl2: pyproject.toml tests/exllamav2_on_cpu/packages.py | $(VENV)/.dev
	@$(BIN)/python tests/exllamav2_on_cpu/packages.py $@

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Airocord needs Python 3.11 or later. Name one: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
