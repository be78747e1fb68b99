# Every target sets up what it needs in .venv first, from the lock in requirements.txt.
PYTHON ?= python3
BIN = .venv/bin
# One process per core and 3 GB, of one thread each: threads of several would wait for one another.
PYTEST = OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --dist loadgroup
FRAMEWORKS = pytorch tensorflow paddle

LONG = $(FRAMEWORKS:%=test-long-%)

.PHONY: help setup compare train-demo kills fuzz test-all test-long test-common mutants lint clean
.PHONY: $(FRAMEWORKS:%=test-%) $(LONG)

help:  ## what can be made
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 18

setup: .venv/installed-all  ## all frameworks and tools in .venv

compare: .venv/installed-all  ## the main job: one network, three frameworks, side by side
	$(BIN)/googlenet compare

train-demo: .venv/installed-all  ## one network trained in three frameworks, side by side
	rm -rf train-demo
	$(BIN)/googlenet compare --train --epochs 4 --out train-demo

# The common tests and the frameworks' side by side, each with half of the cores.
test-all: .venv/installed-all  ## every test in every framework
	CORES_SHARED_BY=2 $(MAKE) --no-print-directory -k -j 2 test-common $(FRAMEWORKS:%=test-%)

test-common: .venv/installed-all  ## the tables, the judge, the command, all frameworks at once
	$(PYTEST) tests

test-pytorch: .venv/installed-pytorch  ## PyTorch's share; needs no other framework
test-tensorflow: .venv/installed-tensorflow  ## Keras' share; needs no other framework
test-paddle: .venv/installed-paddle  ## Paddle's share; needs no other framework
$(FRAMEWORKS:%=test-%): test-%:
	$(PYTEST) tests/frameworks --framework $*

test-long: .venv/installed-all  ## gradients and printed source of the remaining variants
	CORES_SHARED_BY=2 $(MAKE) --no-print-directory -k -j 2 $(LONG)

$(LONG): test-long-%: .venv/installed-%
	$(PYTEST) tests/frameworks --long --framework $*

mutants: .venv/installed-all  ## breaks the code in many places; the tests must notice each
	$(BIN)/python tests/mutants.py

kills: .venv/installed-all  ## kills a training 20 times in each framework, and goes on
	for framework in $(FRAMEWORKS); do $(BIN)/python tests/kills.py $$framework || exit; done

fuzz: .venv/installed-all  ## breaks small files of every kind 12,000 times, and reads them
	$(BIN)/python tests/fuzz.py

lint: .venv/installed-all  ## format, style, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

clean:  ## removes what setup made
	rm -rf .venv build *.egg-info

.venv/installed-%: requirements.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint requirements.txt --editable '.[$*,dev]'
	touch $(if $(filter all,$*),$(FRAMEWORKS:%=.venv/installed-%)) $@
