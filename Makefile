# `make demo` and `make test` are all a newcomer needs; both set everything up first.
.PHONY: setup browser android apps demo test fuzz quick coverage check docs clean

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

# Files of tests that convert nothing and train nothing.
QUICK := $(addprefix tests/,photo/test_image.py photo/test_mask.py photo/test_compositor.py photo/test_metadata.py \
  photo/test_metrics.py photo/test_regions.py photo/test_seam.py test_documents.py test_files.py \
  test_errors.py test_import_graph.py cli/test_fill_writes.py bench/test_protocol.py bench/test_schema.py bench/test_report.py \
  bench/test_comparison.py bench/test_device.py bench/test_published.py export/test_recipe.py export/test_staging.py \
  training/test_config.py)

quick: setup
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile $(QUICK)

# The suite of `make test` with the lines of the package that it runs; not in CI, which it would slow down.
coverage: setup
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile --cov --cov-report=term:skip-covered

# 30,000 damaged files of each kind: hours. Run it again to go on where it was; what it finds stands in fuzz-out/causes.md.
fuzz: setup
	@$(BIN)/python -m tests.fuzz --cases $(or $(CASES),30000) --jobs $(or $(JOBS),2) --out fuzz-out

check: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# The documentation site, into site/. mkdocs is installed on the first call; the build itself needs no network.
docs: setup
	@$(BIN)/python -c "import material, mkdocstrings" 2>/dev/null || $(BIN)/python -m pip install --quiet --editable '.[docs]'
	@NO_MKDOCS_2_WARNING=1 PYTHONPATH=. $(BIN)/python -m mkdocs build --strict --quiet
	@echo "site/index.html"

clean:
	rm -rf $(VENV) artifacts demo-out dist site
