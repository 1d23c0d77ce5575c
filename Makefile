# The recipes of carrierbill. POSIX sh and an old make are enough; `make help` lists them.

PYTHON = python3
JOBS = 2

VENV = .venv
PY = $(VENV)/bin/python

# $(1) names a lock in requirements/. uv is used if present, else pip; both take the same hashed lock.
define install
@if command -v uv >/dev/null 2>&1; then \
	pip="uv pip install --quiet --python $(PY)"; \
else \
	$(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip >/dev/null; \
	pip="$(PY) -m pip install --quiet --disable-pip-version-check"; \
fi; \
echo "Installing requirements/$(1).txt ..." && \
$$pip --require-hashes -r requirements/$(1).txt && \
$$pip --no-deps --no-build-isolation -e .
endef

.PHONY: help run test check fix golden bench prove docs pictures lock clean

help: ## list these recipes
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' Makefile

# The first time a demo database of its own is made, unless another database is named.
run: $(VENV)/run ## set up and serve the pages (PORT and HOST are taken from the environment)
	@CARRIERBILL_RULES="$${CARRIERBILL_RULES:-guide}" \
	CARRIERBILL_HOST="$${CARRIERBILL_HOST:-$${HOST:-127.0.0.1}}" \
	CARRIERBILL_PORT="$${CARRIERBILL_PORT:-$${PORT:-8000}}"; \
	export CARRIERBILL_RULES CARRIERBILL_HOST CARRIERBILL_PORT; \
	data="$$($(PY) -c 'from carrierbill.settings import data_folder as data; print(data())' 2>/dev/null)"; \
	if [ -z "$$CARRIERBILL_DATABASE_URL" ] && [ -n "$$data" ]; then \
		export CARRIERBILL_DATABASE_URL="sqlite:///$$data/demo.db"; \
		if [ ! -s "$$data/demo.db" ]; then \
			echo "Making the demo database (only this once) ..."; \
			$(VENV)/bin/carrierbill demo || exit 1; \
		fi; \
	fi; \
	exec $(VENV)/bin/carrierbill serve

test: $(VENV)/dev ## set up and run the whole suite with its coverage gates
	$(PY) -m pytest -n $(JOBS) --cov --cov-report= --cov-report=json:$(VENV)/coverage.json
	@$(PY) tools/coverage_gate.py $(VENV)/coverage.json

check: $(VENV)/dev ## style, types and layers
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

fix: $(VENV)/dev ## mend what ruff can mend
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

golden: $(VENV)/dev ## rewrite tests/golden; the diff is the review
	$(PY) -m pytest -m golden --rewrite-golden -n 0

bench: $(VENV)/dev ## measure start-up and answers
	$(PY) tools/bench.py

prove: $(VENV)/dev ## the long proofs; writes docs/proofs.md
	HYPOTHESIS_PROFILE=prove $(PY) tools/prove.py

docs: $(VENV)/dev ## write docs/reference from the program
	$(PY) tools/reference_docs.py

pictures: $(VENV)/dev ## take the README's pictures
	$(PY) tools/pictures.py

# dev first, so that run takes the same versions.
LOCK = uv pip compile --no-config --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
	--custom-compile-command "make lock"

lock: ## resolve requirements/*.in anew (needs uv)
	cd requirements && $(LOCK) --output-file dev.txt dev.in && $(LOCK) --constraints dev.txt --output-file run.txt run.in

clean: ## forget the virtual environment and the caches
	rm -rf $(VENV) .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist

$(PY):
	@if command -v uv >/dev/null 2>&1; then uv venv --quiet --python '>=3.11' $(VENV); \
	elif ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
		echo "carrierbill needs Python 3.11 or newer: make PYTHON=/path/to/python3 ..." >&2; exit 1; \
	else $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }; fi

# A stamp is older than what it was made from when a lock or the project file changes; then it is made anew.
$(VENV)/run: requirements/run.txt pyproject.toml | $(PY)
	$(call install,run)
	@touch $@

# dev holds all of run, in the same versions.
$(VENV)/dev: requirements/dev.txt requirements/run.txt pyproject.toml | $(PY)
	$(call install,dev)
	@touch $(VENV)/run $@
