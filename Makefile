# make demo, make test and make lint each set up what they need in .venv, once.

MINUTES ?= 10
VENV := .venv
BIN := $(VENV)/bin
# The first Python that is new enough.
PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,$(shell \
	$(name) -c 'import sys; sys.version_info >= (3, 11) and print("$(name)")' 2>/dev/null)))
# Debian packages: what the tests run on, and a stranger that they interoperate with.
SERVERS := ffmpeg nginx libnginx-mod-rtmp libnginx-mod-stream
PEERS := gstreamer1.0-tools gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
# What people save and sign profiles with, and what checks a unit of systemd.
PROGRAMS := git gnupg nano openssh-client vim-tiny systemd

.PHONY: help demo test lint format coverage bench soak clean

help:
	@echo "make demo               show the main job on pretend platforms, for 45 seconds"
	@echo "make test               run all tests (ARGS='-k words' for some)"
	@echo "make lint               ruff, mypy, import contracts"
	@echo "make format             let ruff lay out the code"
	@echo "make coverage           run all tests and show what they do not reach"
	@echo "make bench              measure speed, memory and gaps (ARGS=native for one part)"
	@echo "make soak MINUTES=10    run a show for long, and report its memory and gaps"
	@echo "make clean              remove what the above have made"

demo: $(VENV)/.for-use
	@$(BIN)/spiritstream demo $(ARGS)

test: $(VENV)/.for-work
	@sh .ci/apt $(SERVERS) $(PEERS) $(PROGRAMS) || echo "Tests that need these are skipped."
	@$(MAKE) --no-print-directory $(VENV)/.peers || echo "Tests with node-media-server are skipped."
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.for-work
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.for-work
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

coverage: $(VENV)/.for-work
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

bench: $(VENV)/.for-work
	@$(BIN)/python -m tests.bench $(ARGS)

soak: $(VENV)/.for-work
	@$(BIN)/python -m tests.soak --minutes $(MINUTES) $(ARGS)

clean:
	rm -rf $(VENV) dist htmlcov .coverage* .hypothesis .*_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# node-media-server, an RTMP server that tests interoperate with.
$(VENV)/.peers: tests/live/peers/node/package.json $(VENV)/.made
	@sh .ci/npm $(<D) $(VENV)/node
	@touch $@

# Each stamp is made after an install that succeeded, and again only when pyproject.toml has changed.
$(VENV)/.for-work: $(VENV)/.for-use
	@$(BIN)/python -m pip install --quiet --group dev
	@touch $@

$(VENV)/.for-use: pyproject.toml $(VENV)/.made
	@echo "Installing into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --editable '.[ffmpeg]'
	@touch $@

# Debian ships Python without ensurepip, which venv needs. Dependency groups need pip 25.1.
$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and not found." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		sh .ci/apt $$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@touch $@
