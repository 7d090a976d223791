# `make demo` and `make test` are all a newcomer needs; both set everything up first.
.PHONY: setup browser android apps demo test check clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ANDROID_MODEL := android_demo/app/src/main/assets/model/bundle.json

setup: $(READY)

$(READY): pyproject.toml packages.txt scripts/setup
	@PYTHON=$(PYTHON) VENV=$(VENV) scripts/setup
	@touch $@

# What the page of `bench --device browser` runs: onnxruntime-web and LiteRT.js, by npm.
browser: setup
	@$(BIN)/python -m mobile_inpaint.bench.browser

# The Android demo's APK, signed with a key of its own, with the default network unless another was bundled; compiler, runtime and
# Android's API come by npm, pip and apt.
android: setup
	@scripts/need javac openjdk-17-jdk-headless
	@[ -e $(ANDROID_MODEL) ] || { $(BIN)/mobile-inpaint export --target onnx --out artifacts && \
	  $(BIN)/mobile-inpaint bundle artifacts/migan-lite-fp16.onnx --app android; }
	@$(BIN)/python android_demo/build.py

# What the apps' tests need beside what `make test` brings: without these they are skipped.
apps: browser
	@scripts/need chromium chromium
	@scripts/need adb adb
	@scripts/need javac openjdk-17-jdk-headless
	@$(BIN)/python android_demo/build.py --fetch

demo: setup
	@$(BIN)/python demo/run.py

# Two files of tests at a time, a thread each: on two cores a third faster than one with two threads.
test: setup
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --durations=20

check: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

clean:
	rm -rf $(VENV) artifacts demo-out dist
