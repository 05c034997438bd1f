# `make try` shows the bot at work in your browser, `make chat` in this terminal, and `make test`
# runs every check. All need only Python 3.11 or later and make; they install what they use into
# .venv.
# On Debian and Ubuntu, `python3 -m venv` comes with the package python3-venv.

PYTHON ?= python3
# Tests start the bot again and again: Python keeps what it has compiled.
export PYTHONDONTWRITEBYTECODE :=
VENV := .venv
BIN := $(VENV)/bin

.PHONY: try chat test bench tools browser postgres screenshot clean

try: $(VENV)/.cpu
	@$(BIN)/python -m bot try

chat: $(VENV)/.cpu
	@$(BIN)/python -m bot model fetch --quiet-if-there
	@$(BIN)/python -m bot chat

test: $(VENV)/.dev $(VENV)/.exl2
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@$(BIN)/python -m bot model fetch --quiet-if-there
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

bench: $(VENV)/.dev
	$(BIN)/python -m bot model fetch --quiet-if-there
	$(BIN)/python -m bench

# What tests use of the system; without it they are skipped, and in CI they fail.
tools: browser postgres

# For the tests of the page.
browser:
	@for name in chromium chromium-browser google-chrome chrome; do \
	  command -v $$name >/dev/null && exit 0; \
	done; \
	command -v apt-get >/dev/null || \
	  { echo "Please install Chromium, so that chromium can be found on the PATH."; exit 1; }; \
	if [ "$$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi; \
	$$sudo apt-get update -qq && $$sudo apt-get install -qq --yes --no-install-recommends \
	  chromium fonts-dejavu-core fonts-noto-color-emoji >/dev/null

# For the tests of the database, which start a server of their own: none is set up beside it.
postgres:
	@command -v initdb >/dev/null && exit 0; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && exit 0; \
	command -v apt-get >/dev/null || \
	  { echo "Please install PostgreSQL, so that initdb can be found on the PATH."; exit 1; }; \
	if [ "$$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi; \
	$$sudo mkdir -p /etc/postgresql-common && \
	{ [ -e /etc/postgresql-common/createcluster.conf ] || \
	  echo "create_main_cluster = false" | \
	  $$sudo tee /etc/postgresql-common/createcluster.conf >/dev/null; } && \
	$$sudo apt-get update -qq && \
	DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -qq --yes --no-install-recommends \
	  postgresql >/dev/null

# The pictures of the README.
screenshot: $(VENV)/.dev browser
	AIROCORD_SCREENSHOTS=docs $(BIN)/python -m pytest -q tests/sandbox/test_browser.py -k looks_like_one

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
