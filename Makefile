# Every target first installs what it needs in .venv, as pinned in requirements.txt.
PYTHON ?= python3
BIN = .venv/bin
# One single-threaded process for each core and 3 GB: threads of several processes would compete.
# The memory of large arrays is reused, which saves a fifteenth of the time.
MALLOC = MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=2147483647
PYTEST = OMP_NUM_THREADS=1 $(MALLOC) $(BIN)/python -m pytest -q -n auto --dist loadgroup
FRAMEWORKS = pytorch tensorflow paddle

SPHINX = $(BIN)/python -m sphinx -q -W --keep-going -b html -c docs/book

.PHONY: help setup compare train-demo book book-run book-check notebooks kills fuzz test-all test-long test-common test-long-common mutants lint clean
.PHONY: $(FRAMEWORKS:%=test-%) $(FRAMEWORKS:%=test-long-%)

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 18

setup: .venv/installed-all  ## install all frameworks and tools in .venv (4 GB)
	@echo "Installed in .venv. Next: .venv/bin/googlenet compare, or .venv/bin/googlenet --help"

compare: .venv/installed-all  ## compare one network in three frameworks
	$(BIN)/googlenet compare

train-demo: .venv/installed-all  ## train one network in three frameworks
	rm -rf train-demo
	$(BIN)/googlenet compare --train --epochs 4 --out train-demo

# One target after the other, so that each has all cores until it ends.
test-all: .venv/installed-all  ## run every test in every framework
	$(MAKE) --no-print-directory -k -j 1 test-common $(FRAMEWORKS:%=test-%)

test-common: .venv/installed-all  ## test definitions, reference, command, all frameworks together
	$(PYTEST) tests

test-pytorch: .venv/installed-pytorch  ## test PyTorch only; no other framework needed
test-tensorflow: .venv/installed-tensorflow  ## test Keras only; no other framework needed
test-paddle: .venv/installed-paddle  ## test Paddle only; no other framework needed
$(FRAMEWORKS:%=test-%): test-%:
	$(PYTEST) tests/frameworks --framework $*

test-long: .venv/installed-all  ## run the tests that test-all leaves out
	$(MAKE) --no-print-directory -k -j 1 test-long-common $(FRAMEWORKS:%=test-long-%)

test-long-common: .venv/installed-all
	$(PYTEST) --long tests

$(FRAMEWORKS:%=test-long-%): test-long-%: .venv/installed-%
	$(PYTEST) --long tests/frameworks --framework $*

book: .venv/installed-book  ## write the book, docs/book/_build/en/index.html and zh/index.html
	$(SPHINX) -D language=en docs/book/en docs/book/_build/en
	$(SPHINX) -D language=zh_CN docs/book/zh docs/book/_build/zh

book-run: .venv/installed-all  ## run the cells of the book and store their outputs
	$(BIN)/python docs/book/builder/run.py

book-check: .venv/installed-all  ## run the cells of the book; nothing may differ from what is stored
	$(BIN)/python docs/book/builder/run.py --check
	$(BIN)/python docs/book/builder/prose.py

notebooks: .venv/installed-book  ## write the chapters as notebooks, docs/book/_build/notebooks
	$(BIN)/python docs/book/builder/notebooks.py

mutants: .venv/installed-all  ## break the code in many places; the tests must notice each
	$(BIN)/python tests/mutants.py

kills: .venv/installed-all  ## kill and resume a training 20 times in each framework
	for framework in $(FRAMEWORKS); do $(BIN)/python tests/kills.py $$framework || exit; done

fuzz: .venv/installed-all  ## read 12,000 broken files of every kind
	$(BIN)/python tests/fuzz.py

lint: .venv/installed-all  ## check format, style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

clean:  ## remove what setup made
	rm -rf .venv build docs/book/_build *.egg-info

.venv/installed-%: requirements.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint requirements.txt --editable '.[$*,dev]'
	touch $(if $(filter all,$*),$(FRAMEWORKS:%=.venv/installed-%)) $@
