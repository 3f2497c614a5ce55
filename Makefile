# The two commands: `make demo` and `make test` set up everything they need in .venv.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-quick lint bench bench-quick docs model paper clean

.venv/.created:
	$(PYTHON) -m venv .venv
	touch $@

# One stamp an extra; made again when the build changes.
.venv/.%: .venv/.created pyproject.toml setup.py $(wildcard $(addprefix src/trfast/_ext/*.,pyx pxd pxi h))
	$(BIN)/python -m pip install --quiet --editable ".[$*]"
	touch $@

demo: .venv/.av
	rm -rf demo
	$(BIN)/python examples/demo.py demo

test: .venv/.test
	$(BIN)/python -m pytest

test-quick: .venv/.test
	$(BIN)/python -m pytest -m "not slow"

lint: .venv/.lint .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell
	PATH="$(BIN):$$PATH" $(BIN)/cython-lint src

# One core. `bench` writes docs/benchmarks.md; `bench-quick`, under 3 minutes, leaves the slow
# peers and the long files out. SIDEKIT and S4D: TRFAST_SIDEKIT_PYTHON names their interpreter.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
BENCH = $(ONE_THREAD) $(BIN)/python -m pytest benchmarks -p benchmark -W default -q \
	--benchmark-columns=min,median,rounds

bench: .venv/.test .venv/.peers
	mkdir -p build
	$(BENCH) --benchmark-json=build/benchmarks.json
	$(BIN)/python -m benchmarks.end_to_end --json build/end_to_end.json
	$(BIN)/python -m benchmarks.render build/benchmarks.json \
		--end-to-end build/end_to_end.json -o docs/benchmarks.md

bench-quick: .venv/.test .venv/.peers
	mkdir -p build
	$(BENCH) --benchmark-json=build/quick.json -m "not slow"
	$(BIN)/python -m benchmarks.end_to_end --hours 1 --json build/quick_end_to_end.json
	$(BIN)/python -m benchmarks.render build/quick.json \
		--end-to-end build/quick_end_to_end.json -o build/benchmarks.md

# The default model, from the radio-train collection.
COLLECTIONS ?= ../shared/collections
model: .venv/.test
	$(BIN)/trfast train $(COLLECTIONS)/radio-train -o build/default.safetensors
	cp build/default.safetensors src/trfast/models/default.safetensors

# The paper's tables and figures, into docs/paper.md; half an hour on two cores.
paper: .venv/.test .venv/.paper
	$(BIN)/python -m benchmarks.paper --collections $(COLLECTIONS)
	$(BIN)/python -m benchmarks.paper.render

docs: .venv/.docs
	$(BIN)/sphinx-build -W -b html docs docs/_build/html

clean:
	rm -rf .venv build dist demo docs/_build src/*.egg-info
	find src -name '*.so' -delete
