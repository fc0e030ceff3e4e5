# Everything a newcomer needs: `make run` to try it, `make test` before a push. `make help` lists the rest.
# Asks for Go and Node; the tests install what else they need (scripts/install-test-deps.sh).

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The binary is static, and the tests are built like it, so that both share one build cache and no C compiler is asked for.
export CGO_ENABLED := 0

LISTEN ?= localhost:8080
GOLANGCI_VERSION := 2.15.0
GOLANGCI := .tools/bin/golangci-lint

go_sources := $(shell find cmd internal ui/embed.go -type f -not -name '*_test.go' 2>/dev/null) go.mod go.sum
ui_sources := $(shell find ui/src ui/scripts ui/public -type f 2>/dev/null) $(wildcard ui/*.ts ui/*.html) ui/package.json
ui_installed := ui/node_modules/.package-lock.json
ui_built := ui/dist/web/index.html
fonts := ui/dist/fonts/sans.ttf.gz
e2e_installed := e2e/node_modules/.package-lock.json

.PHONY: help
help: ## Lists these commands
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

## Building and running

.PHONY: build
build: bin/caotang ## Builds bin/caotang, one file with the web pages inside

bin/caotang: $(go_sources) $(ui_built) $(fonts)
	go build -o $@ ./cmd/caotang
	@touch $@

.PHONY: run
run: bin/caotang ## Serves the demo on http://localhost:8080 (LISTEN=host:port for another address)
	@bin/caotang serve --demo --listen $(LISTEN)

.PHONY: install
install: $(ui_installed) $(e2e_installed) ## Fetches the libraries that the lock files name
	go mod download

%/node_modules/.package-lock.json: %/package-lock.json %/package.json
	cd $* && npm ci --no-audit --no-fund
	@touch $@

$(ui_built): $(ui_sources) $(ui_installed)
	cd ui && npm run build
	@touch $@

# Printed papers want them, and so do the tests that print.
$(fonts): ui/scripts/fonts.mjs $(ui_installed)
	cd ui && npm run fonts
	@touch $@

## Checking

.PHONY: test
test: ## Runs every check and test, in the order below, and ends on their counts
	@scripts/test.sh

.PHONY: test-deps
test-deps: ## Installs PostgreSQL, Chromium and a Chinese font where they are missing
	@scripts/install-test-deps.sh

.PHONY: check-generated
check-generated: $(ui_installed) ## Fails when a generated file is stale
	@scripts/generate.sh check

.PHONY: lint
lint: lint-go lint-ui lint-e2e ## Lints Go and TypeScript

.PHONY: lint-go
lint-go:
	@scripts/install-golangci-lint.sh $(GOLANGCI) $(GOLANGCI_VERSION)
	$(GOLANGCI) run

.PHONY: lint-ui
lint-ui: $(ui_installed)
	cd ui && npm run lint && npm run typecheck

.PHONY: lint-e2e
lint-e2e: $(e2e_installed)
	cd e2e && npm run typecheck

.PHONY: test-ui
test-ui: $(ui_installed) ## Runs the units of the user interface
	@mkdir -p .tools/results
	cd ui && npm test -- --reporter=default --reporter=json --outputFile.json=../.tools/results/test-ui.json

.PHONY: budget
budget: $(ui_built) ## Fails when a first load is heavier than its budget
	cd ui && npm run budget

.PHONY: test-go
test-go: $(fonts) ## Runs the Go tests, on SQLite and on a PostgreSQL server of their own (PKG=./internal/sms/... for some); lint vets them
	@mkdir -p .tools/results .tools/bin
	@go build -o .tools/bin/testlog ./scripts/testlog
	@scripts/postgres.sh run go test -vet=off -json $(if $(PKG),$(PKG),./...) | .tools/bin/testlog watch .tools/results/test-go.json

.PHONY: test-e2e
test-e2e: test-e2e-sqlite test-e2e-postgres ## Walks the product in a browser, on both databases

.PHONY: test-e2e-sqlite
test-e2e-sqlite: bin/caotang $(e2e_installed)
	@scripts/browser.sh sqlite

.PHONY: test-e2e-postgres
test-e2e-postgres: bin/caotang $(e2e_installed)
	@scripts/postgres.sh run scripts/browser.sh postgres

.PHONY: bench
bench: bin/caotang ## Measures what docs/performance.md states, and prints the ratios
	@scripts/postgres.sh run go test -run '^$$' -bench . -benchtime 1x -timeout 60m ./bench/...

## Mending

.PHONY: generate
generate: $(ui_installed) ## Writes api/openapi.json and the TypeScript client's types anew
	@scripts/generate.sh write

.PHONY: fmt
fmt: $(ui_installed) ## Formats Go and TypeScript
	@scripts/install-golangci-lint.sh $(GOLANGCI) $(GOLANGCI_VERSION)
	$(GOLANGCI) fmt
	cd ui && npm run lint -- --fix

.PHONY: clean
clean: ## Removes what was built and installed; data stay
	rm -rf bin .tools ui/dist/* ui/node_modules e2e/node_modules e2e/test-results
