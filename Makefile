# make demo: the main job on twelve photographs.  make test: all tests but those of make test-training, which train
# models on what was exported, and of make test-ray, which start Ray clusters.  make explore: property tests, with
# other examples each time.  Each sets up what it needs.

DEMO ?= demo

# Every process that the tests start would compile all it imports anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test explore test-training test-ray check lint types rooms format bench lock

demo:
	@scripts/setup demo
	@.venv/bin/captionjudge demo --out $(DEMO) --no-browser

test: check
	.venv/bin/pytest -n 2 --dist loadfile --hypothesis-profile repeatable

explore:
	@scripts/setup dev
	.venv/bin/pytest -n 2 --dist loadfile -m hypothesis

test-training:
	@scripts/setup training
	.training/bin/python -m pytest -c tests/training/pytest.ini --confcutdir tests/training tests/training

test-ray:
	@scripts/setup ray
	.ray/bin/python -m pytest -c tests/ray/pytest.ini --confcutdir tests/ray tests/ray

check: lint types rooms

lint:
	@scripts/setup dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types:
	@scripts/setup dev
	.venv/bin/mypy

rooms:
	@scripts/setup dev
	.venv/bin/lint-imports

format:
	@scripts/setup dev
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench:
	@scripts/setup dev
	.venv/bin/python -m benchmarks.run

lock:
	@scripts/setup dev
	.venv/bin/uv pip compile -q --no-header --no-annotate --no-emit-index-url --no-emit-find-links --all-extras \
	  --group dev --group models --group convert pyproject.toml -o constraints.txt
