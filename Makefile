# Two commands matter: `make run` shows the main job, `make test` proves it.
# Both set themselves up in .venv with nothing but Python 3.11+ and a package index.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.run
DEV := $(VENV)/.dev
BROWSER := $(VENV)/.browser
WHEELS := $(VENV)/.wheels
unexport PYTHONDONTWRITEBYTECODE
export PLAYWRIGHT_BROWSERS_PATH := $(CURDIR)/$(VENV)/browsers
DEMO := .connectsync/demo
# one more than there are cores: some test always waits for a process or a lease
WORKERS ?= $(shell $(PYTHON) -c "import os; print((os.cpu_count() or 1) + 1)")
CONNECTSYNC := $(BIN)/connectsync --state-dir $(DEMO)

.PHONY: run test lint compiled check coverage sbom every-case-test browser-test loop-test crash-test many-runners-test \
	storm-test model-test recorded-answers bench fuzz assurance image-test single-file lock reference \
	golden screenshot docs clean

# the sample fleet lives on this day, so that what it allows until a date stays allowed
run: export CONNECTSYNC_NOW := 2027-01-15T10:00:00+00:00
run: $(RUN)  ## validate the sample fleet, plan, apply, and plan again
	@rm -rf $(DEMO)
	@echo '— 1. validate: are the files valid, and safe for families?'
	$(CONNECTSYNC) validate
	@echo '— 2. plan: what would change on (embedded) Connect?'
	$(CONNECTSYNC) plan --out $(DEMO)/plan.json
	@echo '— 3. impact: whom does it reach on the (made-up) roster of one district?'
	$(CONNECTSYNC) impact maple-hollow-csd --roster districts/_rosters/maple-hollow-csd
	@echo '— 4. apply exactly that plan'
	$(CONNECTSYNC) apply $(DEMO)/plan.json --accept disruptive=1
	@echo '— 5. plan again: nothing is left to do'
	$(CONNECTSYNC) plan --detailed-exitcode
	@echo '— 6. drift: nothing changed by hand'
	$(CONNECTSYNC) drift
	@echo '— 7. runs: what was done, and when'
	$(CONNECTSYNC) runs

test: $(RUN)  ## everything that must be true
	@# what works on one core at most goes side by side
	@$(MAKE) --no-print-directory -j 2 $(DEV) $(WHEELS)
	@$(MAKE) --no-print-directory -j 3 lint compiled $(BROWSER)
	@$(MAKE) --no-print-directory check

lint: $(DEV)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# the workers read what is compiled once, and each would compile it all at the same time
compiled: $(DEV)
	@$(BIN)/python -m compileall -q src
	@$(BIN)/pytest --collect-only -q -n 0 >/dev/null || true  # `check` says why

check: $(DEV) $(BROWSER) $(WHEELS)
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

coverage: $(DEV) $(BROWSER) $(WHEELS)  ## the same tests, with every line and branch counted
	$(BIN)/pytest -n $(WORKERS) --dist worksteal --cov --cov-report=term

every-case-test: $(DEV) $(BROWSER) $(WHEELS)  ## every case of every kind, not a sample
	$(BIN)/pytest -n $(WORKERS) --dist worksteal --every-case

browser-test: $(DEV) $(BROWSER)  ## every label and every way in a browser, not a sample
	$(BIN)/pytest -n $(WORKERS) --every-case tests/connect \
		tests/cli/test_browser.py tests/cli/test_stopping.py tests/report/test_html_in_chromium.py

loop-test: $(DEV)  ## from an edit to Connect and back, every way, as the workflows run it
	$(BIN)/pytest --whole-loop tests/loop

crash-test: $(DEV)  ## kill -9 a run at each of its points, on both stores, and resume it
	$(BIN)/pytest -n 2 --whole tests/campaigns/test_crashes.py

many-runners-test: $(DEV)  ## eight runners on one plan of 500 districts
	$(BIN)/pytest --whole tests/campaigns/test_many_runners.py

storm-test: $(DEV)  ## 1,000 districts through a gateway that fails
	$(BIN)/pytest --whole tests/campaigns/test_storm.py

model-test: export HYPOTHESIS_PROFILE := campaign
model-test: $(DEV)  ## hundreds of stories of files, people, crashes and ways back
	$(BIN)/pytest tests/campaigns/test_model.py tests/roster/test_impact_model.py

# others recorded them, and they stay out of this repository
recorded-answers: export CONNECTSYNC_CASSETTES = $(CASSETTES)
recorded-answers: $(DEV)  ## replay recorded answers of Clever: CASSETTES=clever_sdk/test/vcr/cassettes
	@test -d "$(CASSETTES)" || { echo 'name their folder: CASSETTES=FOLDER'; exit 2; }
	$(BIN)/pytest -q tests/roster/test_recorded_answers.py

# beside the lock of the tests: there is no atheris for every Python and system
fuzz: export FUZZ_SECONDS ?= 600
fuzz: $(DEV) $(BROWSER)  ## broken input of every kind, for FUZZ_SECONDS in all
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade \
		--no-deps --require-hashes --only-binary :all: -r requirements/fuzz.txt \
		--target build/atheris || echo 'atheris does not install here: Hypothesis' \
		'makes the inputs, which finds less'
	PYTHONPATH=tests/hermetic $(BIN)/python tests/fuzz/run.py

assurance: export CONNECTSYNC_ASSURANCE := build/assurance
assurance: $(DEV) $(BROWSER) $(WHEELS)  ## count what the tests try on us, and write the page of it
	@rm -rf $(CONNECTSYNC_ASSURANCE)
	$(BIN)/pytest -n $(WORKERS) $$($(BIN)/python tests/assurance.py --tests)
	$(BIN)/python tests/assurance.py $(CONNECTSYNC_ASSURANCE)

bench: $(DEV) $(BROWSER)  ## time it beside its peers, in pairs; they are installed for it
	$(BIN)/python tests/bench/run.py
	$(BIN)/python tests/bench/connect.py
	$(BIN)/python tests/bench/rosters.py

sbom: $(RUN)  ## write what the image is made of, as CycloneDX, into dist/
	@mkdir -p dist
	$(BIN)/python deploy/sbom.py requirements/deploy.txt \
		"$$($(BIN)/python -m hatchling version)" > dist/connectsync.cdx.json

# apart from the tests, for it takes a package index and 15 seconds of a processor
image-test: $(RUN)  ## carry out every line of the Dockerfile, without a builder of images
	$(BIN)/python tests/image.py

# apart from the tests, for making it takes 20 seconds of a processor
single-file: $(RUN)  ## one file that holds everything, made of the lock, and tried
	@rm -rf build/single && mkdir -p build/single dist
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile \
		--no-deps --require-hashes --only-binary :all: -r requirements/pex.txt \
		--target build/single/pex
	@$(BIN)/python -m hatchling build -t wheel -d build/single/wheel >/dev/null
	@sed -n 's/^\([a-z].*[^ ]\) \\$$/\1/p' requirements/run.txt > build/single/lock.txt
	PYTHONPATH=build/single/pex $(BIN)/python -m pex \
		"$$(echo build/single/wheel/*.whl)[query,sheets]" --constraints build/single/lock.txt \
		-c connectsync --venv prepend -o dist/connectsync.pex
	@$(BIN)/python tests/single_file.py dist/connectsync.pex
	@mkdir -p build/single/trial build/single/home
	@# what lies beside the file, or in the environment, names no module or program to run
	@for name in uname ldd; do printf '#!/bin/sh\ntouch ../ran\n' >build/single/trial/$$name; \
		chmod +x build/single/trial/$$name; done
	@echo PEX_MODULE=of.others > dist/.pexrc
	@cd build/single/trial && for said in init validate 'plan --out plan.json' \
		'apply plan.json' \
		'list --where settings.manage_guardians' 'calendar --ics' \
		'export --output fleet.xlsx' 'import --from-sheet fleet.xlsx'; \
	do env -i PATH=":$$PATH" HOME="$(CURDIR)/build/single/home" PEX_MODULE=of.others \
		$(CURDIR)/$(BIN)/python ../../../dist/connectsync.pex $$said || exit 1; done
	@rm dist/.pexrc && test ! -e build/single/ran
	@ls -l dist/connectsync.pex

reference: $(DEV)  ## write the generated pages under docs/reference
	$(BIN)/python tests/reference.py

golden: $(DEV)  ## write what tests compare to the letter; then read the diff
	CONNECTSYNC_GOLDEN=write $(BIN)/pytest -q -n $(WORKERS) \
		tests/cli/test_transcripts.py tests/config/test_nasty.py tests/report/html \
		tests/report/test_click_list.py tests/report/test_golden.py

screenshot: $(DEV) $(BROWSER)  ## take the pictures of the README anew
	$(BIN)/python tests/screenshot.py

docs: $(DEV)  ## build the documentation as a site, into site/
	$(BIN)/python tests/website.py site

# what runs is what was tested: the other two hold what the lock of the tests holds
lock: $(DEV)  ## take current releases of every dependency
	$(BIN)/python -m uv pip compile $(LOCK) pyproject.toml --extra emulator --extra browser \
		--extra postgres --extra otel --extra roster --extra query --extra sheets \
		--group dev \
		-o requirements/dev.txt
	$(BIN)/python -m uv pip compile $(LOCK) pyproject.toml --extra emulator \
		--extra roster --extra query --extra sheets --group build -c requirements/dev.txt \
		-o requirements/run.txt
	$(BIN)/python -m uv pip compile $(LOCK) pyproject.toml --extra postgres --extra otel \
		--extra query --extra sheets --group build -c requirements/dev.txt \
		-o requirements/deploy.txt

# extras stay in it: a pin without its extra is no answer to who asks for the extra
LOCK := --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-strip-extras --no-emit-index-url --no-emit-find-links --no-annotate \
	--custom-compile-command 'make lock'

# what is imported is compiled then: most of what is installed never is
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
# it takes a fifth of the time; where it finds no index, pip does
UV := $(BIN)/python -m uv pip install --quiet --system-certs --python $(BIN)/python
WHOLE := --no-deps --require-hashes

$(RUN): requirements/run.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
		"connectsync needs Python 3.11 or newer; try: make PYTHON=python3.12")'
	@echo 'setting up $(VENV) …'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@sed -n '/^uv==/,/[^\\]$$/p' requirements/dev.txt > $(VENV)/uv.txt
	@$(PIP) $(WHOLE) -r $(VENV)/uv.txt || true
	@$(UV) $(WHOLE) -r requirements/run.txt 2>/dev/null \
		|| $(PIP) $(WHOLE) -r requirements/run.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): $(RUN) requirements/dev.txt
	@echo 'setting up the tests …'
	@$(UV) $(WHOLE) -r requirements/dev.txt 2>/dev/null \
		|| $(PIP) $(WHOLE) -r requirements/dev.txt
	@touch $@

# the tests install our hooks with the real pre-commit, and our wheel with the real uv,
# off the network
$(WHEELS): $(RUN)
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check \
		--no-deps --require-hashes -r requirements/run.txt -d $(VENV)/wheelhouse
	@touch $@

# a Chromium of the system will do; without any the tests of the page fail and say so
$(BROWSER): $(DEV)
	@if command -v chromium chromium-browser google-chrome >/dev/null \
		|| $(BIN)/playwright install chromium >/dev/null 2>&1 \
		|| { test "$$(id -u)" = 0 && echo 'installing chromium …' \
			&& apt-get update -qq && apt-get install -qq -y chromium >/dev/null; }; \
	then touch $@; \
	else echo 'no Chromium: install your package chromium' \
		'(Debian: apt-get install chromium)'; fi
	@# without a window it takes a third of the time; where there is none it is not needed
	@command -v chromium-headless-shell >/dev/null || test "$$(id -u)" != 0 \
		|| apt-get install -qq -y chromium-headless-shell >/dev/null 2>&1 || true
	@# their tab keys are tried where they are; where they are not, that is skipped
	@{ command -v zsh && command -v fish; } >/dev/null || test "$$(id -u)" != 0 \
		|| { apt-get update -qq && apt-get install -qq -y zsh fish; } >/dev/null 2>&1 || true

clean:
	rm -rf $(VENV) .connectsync build dist site
