# The targets that CI uses; `make ci` is CI itself.

GO      ?= go
VERSION ?= dev

# The tools, each at one version. `go run` and go.mod's tool lines would pull
# their hundreds of modules into ours, so they are installed beside it.
GOLANGCI   := v2.15.0
GORELEASER := v2.16.0
TOOLS      := $(or $(shell $(GO) env GOBIN),$(shell $(GO) env GOPATH)/bin)

PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

.PHONY: build share test fmt lint vet race cross tidy release-check fuzz bench promises full mutants tour shots ci golangci-lint goreleaser

# The same flags as .goreleaser.yaml. Without inlining the AWS SDK is a megabyte
# smaller, and no slower where every call waits for a network.
build:
	CGO_ENABLED=0 $(GO) build -trimpath -gcflags 'github.com/aws/...=-l' -ldflags '-s -w -X main.version=$(VERSION)' -o bin/ ./cmd/todoctl

# The README's test command.
test:
	go test ./...

fmt:
	@unformatted=$$(gofmt -l bench cmd handler local provision); \
	if [ -n "$$unformatted" ]; then echo "run gofmt -w on:" $$unformatted; exit 1; fi

vet:
	$(GO) vet ./...

lint: golangci-lint
	$(TOOLS)/golangci-lint config verify
	$(TOOLS)/golangci-lint run

# Without the variable each process that a transcript starts sleeps a second
# at its end.
race:
	GORACE=atexit_sleep_ms=0 CGO_ENABLED=1 $(GO) test -race -timeout 50m ./...

# With the flags of a release, whose check then finds these packages built. The tests
# differ by system and not by processor; vet has seen Linux's.
cross:
	@for platform in $(PLATFORMS); do \
		echo "$$platform"; \
		CGO_ENABLED=0 GOOS=$${platform%/*} GOARCH=$${platform#*/} $(GO) build -trimpath -gcflags 'github.com/aws/...=-l' -o /dev/null ./cmd/todoctl || exit 1; \
	done
	@for system in darwin windows; do \
		CGO_ENABLED=0 GOOS=$$system $(GO) vet ./cmd/todoctl ./provision ./handler/... ./local || exit 1; \
	done

tidy:
	$(GO) mod tidy -diff

# The manual pages and the shells' completions, for the archives of a release.
share:
	rm -rf share
	mkdir -p share/completions
	$(GO) build -o bin/ ./cmd/todoctl
	bin/todoctl man share/man
	bin/todoctl completion bash > share/completions/todoctl.bash
	bin/todoctl completion zsh > share/completions/_todoctl
	bin/todoctl completion fish > share/completions/todoctl.fish
	bin/todoctl completion powershell > share/completions/todoctl.ps1

# The whole release except for publishing it.
release-check: goreleaser
	$(TOOLS)/goreleaser check
	$(TOOLS)/goreleaser release --snapshot --clean

# Every fuzz target for FUZZTIME each. What a target finds lands in testdata/fuzz
# of its package: commit it with the repair, and it runs with every test.
FUZZTIME ?= 60s
fuzz:
	@set -e; for package in cmd/todoctl handler handler/twin local provision; do \
		for target in $$(grep -ho '^func Fuzz[A-Za-z0-9]*' $$package/*_test.go | cut -c6-); do \
			echo "$$package $$target"; \
			$(GO) test ./$$package -run xxx -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5s; \
		done; \
	done

# Prints one table. It measures and never fails because of a figure.
bench:
	$(GO) run ./bench

# Runs every case of every promise and prints the table of docs/reliability.md.
promises:
	$(GO) run ./bench/promises

# Of the full form the loops that are over in some minutes. CI runs them while
# it has time left.
full:
	TODOCTL_FULL=1 $(GO) test -count=1 ./provision -run 'Lag|Flap|Quota'
	TODOCTL_FULL=1 $(GO) test -count=1 ./cmd/todoctl -run 'ForeignResources|LookAndCreate|BeforeOurs|BehindItsBack|AuditedSetting|EachCode'

# Breaks todoctl in dozens of places and sees whether a test notices.
mutants:
	$(GO) run ./bench/mutants

# Records docs/tour.cast and docs/tour.svg, for a minute and a half.
tour:
	$(GO) run ./bench/tour

# Takes docs/page-desktop.png and docs/page-phone.png; needs a Chromium, and looks
# best with the font Inter.
shots:
	$(GO) test ./cmd/todoctl -run TheReadmesPictures -count 1 -args -shots

ci:
	bash .ci/run

golangci-lint:
	@$(TOOLS)/golangci-lint version 2>/dev/null | grep -qF 'version $(GOLANGCI:v%=%) ' || \
		CGO_ENABLED=0 $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI)

goreleaser:
	@$(TOOLS)/goreleaser --version 2>/dev/null | grep -qF '$(GORELEASER:v%=%)' || \
		CGO_ENABLED=0 $(GO) install github.com/goreleaser/goreleaser/v2@$(GORELEASER)
