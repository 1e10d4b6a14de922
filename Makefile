# What people and CI run. The work is done by the short scripts in .ci.

ADDR ?= 127.0.0.1:8080
DATA ?= ./data/demo

# Plain Go, no C compiler: the same build on every machine.
GO_BUILD = CGO_ENABLED=0 go build -o bin/crier

.PHONY: help run build web setup test lint test-go test-web test-browser fuzz vuln bench clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build Crier and start a demo; ADDR=127.0.0.1:8099 DATA=/some/folder put it elsewhere. Needs Go alone
	@.ci/need.sh go
	$(GO_BUILD) ./cmd/crier
	./bin/crier demo --addr "$(ADDR)" --data "$(DATA)"

build: ## Build the release binary, bin/crier
	@.ci/need.sh go
	$(GO_BUILD) -trimpath -ldflags "-s -w" ./cmd/crier

web: ## Rebuild the front end's bundle, web/dist, to be committed
	@.ci/web.sh build

setup: ## Install what the tests need (Debian packages)
	@.ci/setup.sh

test: ## Everything: setup, lint, front end, Go on real databases, browsers
	@.ci/test.sh

lint: ## golangci-lint
	@.ci/lint.sh

test-go: ## Vet and test Go under the race detector; PKG="./hub ./store" narrows it
	@.ci/go.sh $(PKG)

test-web: ## Check, test and build the front end; the committed bundle must be the built one
	@.ci/web.sh

test-browser: ## Browser tests in Chromium against the built binary
	@.ci/browser.sh

fuzz: ## Run every fuzz target for a while; TIME=1m for longer than 20s each
	@.ci/fuzz.sh $(TIME)

vuln: ## Look for known vulnerabilities in what the binary links; says so where its data cannot be reached
	@.ci/vuln.sh

bench: ## Broadcast to 1500 screens: SQLite, then PostgreSQL and Redis; ARGS="--publishes 100" changes it
	@.ci/bench.sh $(ARGS)

clean: ## Remove what was built; data and node_modules stay
	rm -rf bin web/test-results web/playwright-report
