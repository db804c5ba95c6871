# Everything a person types. `make` alone explains the targets.
# Needed by hand: make and Python 3.11+ (name another with PYTHON=python3.12).

.DEFAULT_GOAL := help
.PHONY: help setup setup-test run demo account sign-in cli check test test-again test-unit test-functions \
	test-integration test-contract test-e2e test-manifests kustomize stores test-stores pooler browser keycloak dashboard nightly peer-pubsub \
	seeded journeys chaos bench bench-tenants platform-parts check-platform capacity simulate manifests bundle secrets release-contract migrate lock terraform terraform-lint

PYTHON ?= python3
# Forty processes of the system import the same modules: their bytecode is kept, whatever a machine says.
export PYTHONDONTWRITEBYTECODE :=
VENV_PYTHON := .venv/bin/python
RUFF := .venv/bin/ruff
GO_INSTALL := HOME=$${HOME:-$(CURDIR)/.cache} CGO_ENABLED=0 GOBIN=$(CURDIR)/.cache/stores \
	.venv/bin/go install
UV_VERSION := 0.13.9
VERSITYGW_VERSION := v1.8.0
MINIO_VERSION := v0.0.0-20260212201848-7aac2a2c5b7c
KUSTOMIZE_VERSION := v5.8.1

help: ## Explain the targets
	@echo "PORT (gateway, 8080) and DATA_DIR (.data) choose where the local system runs."
	@grep -E '^[a-z0-9-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 18

setup: ## Make .venv with what `make run` needs (nothing to do the second time)
	@$(PYTHON) -I knative/local/set_up.py knative/local/requirements.txt

setup-test:
	@$(PYTHON) -I knative/local/set_up.py tests/requirements.txt

run: setup ## Start the whole system on this machine; Ctrl-C ends it, data stay
	@exec $(VENV_PYTHON) -m knative.local --end-with-parent

demo: setup ## Take one test charge through the running system, as a merchant would
	@exec $(VENV_PYTHON) -m knative.local.demo

account: setup ## Make another account on the running system: make account NAME='Chez Marie'
	@NAME='$(subst ','\'',$(NAME))' exec $(VENV_PYTHON) -m knative.local.account

sign-in: setup ## An access token of a person, by your browser: TOKEN=$$(make -s sign-in)
	@exec $(VENV_PYTHON) -m knative.local.sign_in

cli: setup ## A merchant's tools: make cli ARGS='listen --forward-to http://localhost:3000/hooks'
	@exec $(VENV_PYTHON) -m shared.runtime.merchant $(ARGS)

check: setup-test ## Format, lint, types, import rules, generated files
	@$(RUFF) format --check --quiet .
	@$(RUFF) check --quiet .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@$(VENV_PYTHON) -m knative.render --check
	@$(VENV_PYTHON) -m knative.render.released --check
	@$(VENV_PYTHON) -m knative.components.observability.watch.pictures --check
	@$(VENV_PYTHON) -m shared.docs.diagrams --check
	@$(VENV_PYTHON) -m knative.local.dashboard_build check

test: setup-test ## The whole suite but faults and storms (choose with ARGS='-k charge')
	@$(VENV_PYTHON) -m pytest $(ARGS)

test-again: setup-test
	@$(VENV_PYTHON) -m tests.again

test-unit: setup-test ## Pure tests only, a few seconds
	@$(VENV_PYTHON) -m pytest tests/unit $(ARGS)

test-functions: setup-test ## Each function against a real database
	@$(VENV_PYTHON) -m pytest tests/functions $(ARGS)

test-integration: setup-test ## Database, object store, messages, runner
	@$(VENV_PYTHON) -m pytest tests/integration $(ARGS)

test-contract: setup-test ## API description, event schemas, recorded answers
	@$(VENV_PYTHON) -m pytest tests/contract $(ARGS)

test-e2e: setup-test ## The whole local system, end to end
	@$(VENV_PYTHON) -m pytest tests/end_to_end $(ARGS)

stores: setup-test
	@$(PYTHON) -I knative/local/set_up.py tests/requirements-go.txt; \
	for store in github.com/minio/minio@$(MINIO_VERSION) \
		github.com/versity/versitygw/cmd/versitygw@$(VERSITYGW_VERSION); do \
		$(GO_INSTALL) $$store || $(GO_INSTALL) $$store && continue; \
		echo "Left out, could not be built in two tries: $$store"; \
		test "$(CI)" != true || exit 1; \
	done

test-stores: stores ## The lock suite on MinIO and versitygw too; builds them first, minutes
	@$(VENV_PYTHON) -m pytest -n0 tests/integration/test_object_lock.py $(ARGS)

test-manifests: kustomize ## What overlays build to, looked at as an API server would
	@$(VENV_PYTHON) -m pytest -rs tests/manifests $(ARGS)

kustomize: setup-test
	@$(PYTHON) -I knative/local/set_up.py tests/requirements-go.txt; \
	kustomize=sigs.k8s.io/kustomize/kustomize/v5@$(KUSTOMIZE_VERSION); \
	test -x .cache/stores/kustomize || $(GO_INSTALL) $$kustomize || $(GO_INSTALL) $$kustomize && exit; \
	echo "Left out, could not be built in two tries: $$kustomize"; \
	test "$(CI)" != true

terraform: kustomize ## The clouds' code held against its providers; gets their schemas, builds one, minutes
	@$(VENV_PYTHON) -m tests.deployment.get_parts
	@$(VENV_PYTHON) -m pytest -n2 --dist load -rs tests/deployment $(ARGS)

terraform-lint: setup-test ## tflint and checkov over the clouds' code; gets both, minutes
	@$(PYTHON) -I knative/local/set_up.py tests/requirements-go.txt
	@$(VENV_PYTHON) -m tests.deployment.lint

platform-parts: kustomize
	@$(VENV_PYTHON) -m tests.platform.get_parts

check-platform: platform-parts ## Manifests before a real API server and Knative's webhooks; builds those, minutes
	@$(VENV_PYTHON) -m pytest -n2 -o timeout=300 -rs tests/platform $(ARGS)

pooler: setup-test
	@$(VENV_PYTHON) -m tests.get_pooler

.PHONY: promtool observability
promtool: setup-test
	@$(VENV_PYTHON) -m tests.get_promtool

observability: promtool ## Alarms and pictures on a real Prometheus, beside a running system
	@$(VENV_PYTHON) -m pytest -n0 tests/watching $(ARGS)

browser: setup-test
	@$(VENV_PYTHON) -m tests.get_chromium

keycloak: setup ## Fetch and build Keycloak ahead of `make run`, which else does it
	@$(VENV_PYTHON) -m knative.local.keycloak_build

dashboard: setup ## Build the dashboard ahead of `make run`, which else does it
	@$(VENV_PYTHON) -m knative.local.dashboard_build

nightly: stores kustomize platform-parts pooler browser keycloak dashboard ## The trials at full size, about two hours; the same SEED takes up a stopped run
	@NIGHTLY=1 SEED=$(SEED) AGAIN=$(AGAIN) $(VENV_PYTHON) -m pytest -n0 -rs -o timeout=7200 \
		$(if $(ARGS),$(ARGS),tests)

seeded: setup-test ## Put each seeded bug into a copy: its tests must catch it (ARGS='7 26b --again')
	@exec $(VENV_PYTHON) -m tests.seeded $(ARGS)

peer-pubsub: setup-test ## Google's own Pub/Sub tests against our server (SOURCES=their repository)
	@$(VENV_PYTHON) -m tests.peer $(SOURCES)

bench: setup-test ## Measure against the bars; writes tests/benchmarks/results.json
	@$(VENV_PYTHON) -m tests.benchmarks $(ARGS)

bench-tenants: setup-test ## Measure 2,000 accounts (ARGS='--accounts 100' for fewer, '--minutes 30' of load)
	@$(VENV_PYTHON) -m tests.benchmarks.tenants $(ARGS)

capacity: setup-test ## From figures and prices to cores, nodes and money: shared/docs/capacity.md, terraform/README.md
	@$(VENV_PYTHON) -m tests.benchmarks.capacity $(ARGS)

simulate: setup-test ## A merchant's days under the autoscaler: cold starts, waits and money, with none and with one pod
	@$(VENV_PYTHON) -m tests.benchmarks.simulate $(ARGS)

journeys: setup-test ## Each page of the dashboard in Chromium, on one running system
	@$(VENV_PYTHON) -m pytest -n0 tests/journeys $(ARGS)

chaos: setup-test ## Faults and storms of kills, floods, brown-outs; MINUTES=20 SEED=7 for one long storm of kills
	@exec $(VENV_PYTHON) -m $(if $(MINUTES)$(SEED),tests.chaos \
		$(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)),pytest -n0 tests/storms tests/chaos $(ARGS))

manifests: setup-test ## Render knative/base, the gateway and the state diagrams again
	@$(VENV_PYTHON) -m knative.render
	@$(VENV_PYTHON) -m knative.components.observability.watch.pictures
	@$(VENV_PYTHON) -m shared.docs.diagrams

bundle: kustomize ## A release as one YAML: make bundle ENV=production CONFIG=environment.yaml IMAGES='function=…@sha256:… …'
	@exec $(VENV_PYTHON) -m knative.bundle '$(ENV)' '$(CONFIG)' $(IMAGES) $(ARGS)

secrets: setup ## An environment's first secrets, and SQL for its logins: make secrets DIR=production
	@exec $(VENV_PYTHON) -m knative.logins $(DIR)

release-contract: setup-test ## Hold clients' contract to today's (ARGS='--decision NAME' where it breaks them)
	@$(VENV_PYTHON) -m knative.render.released --release $(ARGS)

migrate: setup ## Migrate what MIGRATION_DATABASE_URL and SECRETS_DIR name (ARGS=--check only looks)
	@$(VENV_PYTHON) -m shared.db.migrate $(ARGS)

lock: ## Pin every package with its hashes again, after a change of an .in file
	@$(PYTHON) -m venv .cache/lock
	@.cache/lock/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@for pair in .requirements.in:requirements.txt \
		knative/local/requirements.in:knative/local/requirements.txt \
		tests/requirements.in:tests/requirements.txt \
		tests/requirements-go.in:tests/requirements-go.txt \
		tests/peer/requirements.in:tests/peer/requirements.txt; do \
		.cache/lock/bin/uv pip compile --quiet --universal --python-version 3.11 \
			--generate-hashes --no-emit-index-url --no-header \
			"$${pair%%:*}" --output-file "$${pair##*:}" || exit 1; \
	done
