# The two commands: `make demo` and `make test` set up everything they need in .venv.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-quick lint bench bench-quick bench-compare docs notebooks pictures model campplus paper clean sdist dist test-sdist

# OPTIONS, for example: make test-clang OPTIONS='-m "not slow"'
PYTEST = python -m pytest -n auto --dist loadfile --no-loadscope-reorder --pyargs tests trfast $(OPTIONS)

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
	$(BIN)/$(PYTEST)

test-quick: .venv/.test
	$(BIN)/$(PYTEST) -m "not slow"

lint: .venv/.lint .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell
	PATH="$(BIN):$$PATH" $(BIN)/cython-lint src
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml

# What users get: the sdist, and the wheel made of it, as the package index checks them.
sdist:
	rm -rf dist build/sdist
	$(PYTHON) -m venv build/sdist
	build/sdist/bin/python -m pip install --quiet build twine
	build/sdist/bin/python -m build --sdist

dist: sdist
	build/sdist/bin/python -m pip wheel --quiet --no-deps --wheel-dir dist dist/*.tar.gz
	build/sdist/bin/twine check --strict dist/*

# Each below unpacks the sdist in build/, away from .venv and src; `test-sdist` is its `make test`.
define unpack
rm -rf build/$@
mkdir -p build/$@
tar -xzf dist/*.tar.gz -C build/$@ --strip-components=1
endef

test-sdist: sdist
	$(unpack)
	$(MAKE) -C build/$@ test

# The others run the tests beside an installed package, built with other settings.
INSTALLED := test-wheel test-debug test-no-openmp test-clang test-oldest
PACKAGE = .[test]

test-wheel: dist
test-wheel: PACKAGE = $$(echo ../../dist/*.whl)[test]
test-debug: SETTINGS = TRFAST_DEBUG=1
test-no-openmp: SETTINGS = TRFAST_OPENMP=0
test-clang: SETTINGS = CC=clang
test-oldest: PYTHON = python3.11
test-oldest: PACKAGE = .[test-core]
test-oldest: SETTINGS = PIP_CONSTRAINT=oldest.txt PIP_BUILD_CONSTRAINT=oldest.txt

# The kernels under AddressSanitizer and UndefinedBehaviorSanitizer, of GCC; Python itself leaks.
# Built so, all instruction sets round alike, by which one test tells them apart.
INSTALLED += sanitize
sanitize: OPTIONS += -k "not switch_reaches"
sanitize: SETTINGS = TRFAST_SANITIZE=1
sanitize: PACKAGE = .[test-core]
sanitize: RUN = LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libubsan.so)" \
	ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1

.PHONY: $(INSTALLED)
$(INSTALLED): sdist
	$(unpack)
	$(PYTHON) -m venv build/$@/.venv
	cd build/$@ && .venv/bin/python tools/oldest.py > oldest.txt
	cd build/$@ && $(SETTINGS) .venv/bin/python -m pip install --quiet "$(PACKAGE)"
	cd build/$@ && $(RUN) .venv/bin/$(PYTEST)

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

# Now and at another commit, in turn: make bench-compare BASE=main~5 OPTIONS="-k viterbi".
bench-compare: .venv/.test .venv/.peers
	$(BIN)/python tools/compare.py $(BASE) $(OPTIONS)

# The default model, from the radio-train collection.
COLLECTIONS ?= ../shared/collections
model: .venv/.test
	$(BIN)/trfast train $(COLLECTIONS)/radio-train -o build/default.safetensors
	cp build/default.safetensors src/trfast/models/default.safetensors

# The model around CAM++: make campplus EMBEDDER=campplus-int8.onnx ALSO=campplus.onnx
campplus: .venv/.test
	$(BIN)/trfast train $(COLLECTIONS)/radio-train --embedder $(EMBEDDER) \
		$(if $(ALSO),--also $(ALSO)) -o build/campplus.safetensors
	cp build/campplus.safetensors src/trfast/models/campplus.safetensors

# The paper's tables and figures, into docs/paper.md; half an hour on two cores. With EMBEDDER=,
# those with that neural embedding, too.
paper: .venv/.test .venv/.paper
	$(BIN)/python -m benchmarks.paper --collections $(COLLECTIONS)
	$(if $(EMBEDDER),$(BIN)/python -m benchmarks.paper.neural --collections $(COLLECTIONS) --embedder $(EMBEDDER))
	$(BIN)/python -m benchmarks.paper.render

# The pictures of the how-to pages and the gallery. They need Debian's chromium and chromium-driver.
pictures: demo .venv/.test
	$(BIN)/trfast plot examples/ref.rttm -o docs/how-to/timeline.svg --recording show-1 --recording show-4
	$(BIN)/trfast verify $(COLLECTIONS)/tv-lcp --det docs/how-to/det.svg
	$(BIN)/python -m tools.pictures demo/collection.html
	$(BIN)/python -m tools.gallery

# The tutorials' outputs, on this machine.
notebooks: .venv/.test .venv/.docs
	$(BIN)/python tools/notebooks.py

docs: .venv/.docs
	$(BIN)/sphinx-build -W -b html docs docs/_build/html

clean:
	rm -rf .venv build dist demo docs/_build src/*.egg-info
	find src -name '*.so' -delete
