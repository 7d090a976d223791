# `make demo` and `make test` are all a newcomer needs; both set everything up first.
.PHONY: setup browser android demo test check clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

setup: $(READY)

$(READY): pyproject.toml packages.txt scripts/setup
	@PYTHON=$(PYTHON) VENV=$(VENV) scripts/setup
	@touch $@

# What the page of `bench --device browser` runs: onnxruntime-web and LiteRT.js, by npm.
browser: setup
	@$(BIN)/python -m mobile_inpaint.bench.browser

# The Android demo's APK, signed with a key of its own; its compiler, its runtime and Android's API come by npm, pip and apt.
android: setup
	@$(BIN)/python android_demo/build.py

demo: setup
	@$(BIN)/python demo/run.py

test: setup
	@$(BIN)/python -m pytest --durations=20

check: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

clean:
	rm -rf $(VENV) artifacts demo-out dist
