# The doors of this checkout.  Each sets up what it needs (tools/setup.sh) and is quick when that is there already.
# PYTHON=/path/to/python3 says which interpreter .venv is made of.

.PHONY: up test check bench docs soak lock clean
.DEFAULT_GOAL := up

run := .venv/bin/python -m

up:  ## Run a farm here: hub, builder, the first wheels
	@tools/setup.sh up
	@echo
	@exec .venv/bin/buildyard up --called "make up" $(ARGS)

test:  ## Every tier of the tests, in order
	@tools/setup.sh test
	@$(run) tools.fetch_test_index || test "$$CI" != true
	@$(run) tools.tiers $(ARGS)

check:  ## Format, lint, types, layers, documentation
	@tools/setup.sh check
	@tools/check.sh

bench:  ## Against the peers, side by side, as ratios
	@tools/setup.sh test
	@$(run) benchmarks $(ARGS)

docs:  ## Write the reference pages from the code
	@tools/setup.sh check
	@$(run) tools.reference

soak:  ## The crash tests again and again with new seeds, until Ctrl-C or for SOAK_MINUTES
	@tools/setup.sh test
	@tools/soak.sh

lock:  ## Pin the dependencies of pyproject.toml; ARGS=--upgrade takes the newest
	@tools/setup.sh check
	@$(run) tools.lock $(ARGS)

clean:  ## Remove what was made, save the farm's state in .buildyard
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist
	find src tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
