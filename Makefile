# The modules of go.work; "work" names all of their packages.
MODULES := shared console docs migrations profile-service similarity-service recommender-service standalone bench sdk/generate sdk/go sdk/tracker
PROGRAMS := ./standalone/cmd/aisle ./profile-service/cmd/profile-service ./similarity-service/cmd/similarity-service \
	./recommender-service/cmd/recommender-service ./migrations/cmd/migrate

# What programs call themselves is in shared/process/version.go; VERSION overrides it, as scripts/release.sh does.
COMMIT ?= $(shell git describe --always --dirty=.changed --exclude='*' --abbrev=12 2>/dev/null)
LDFLAGS := -s -w -X github.com/aisle-rec/aisle/shared/process.commit=$(COMMIT) $(if $(VERSION),-X github.com/aisle-rec/aisle/shared/process.version=$(VERSION))
# Nothing of the machine is in the programs: the same commit makes the same bytes.
BUILD := -trimpath -buildvcs=false -ldflags "$(LDFLAGS)"

export CGO_ENABLED := 0
# Without gin's codec for MessagePack, which nothing here speaks: a tenth of a first build.
export GOFLAGS := -tags=nomsgpack

.PHONY: help build image demo sdk test check chart attack chaos bench race coverage fuzz vulnerabilities lint tidy fmt clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  %-15s %s\n", $$1, $$2}' Makefile

build: ## Build every program into bin/
	go build $(BUILD) -o bin/ $(PROGRAMS)

bin/aisle: FORCE
	go build $(BUILD) -o bin/ ./standalone/cmd/aisle

FORCE:

image: ## Make the image aisle:local from nothing, without a registry
	scripts/image.sh load aisle:local

demo: ## Build, import a real shop's year and show recommendations; serves until Ctrl-C
	go build $(BUILD) -o bin/ ./standalone/cmd/aisle
	bin/aisle demo

sdk: ## Make the clients for Go, TypeScript and Python from the OpenAPI document
	scripts/sdk.sh

test: ## Run every test, with a private Postgres and Redis
	go build -o bin/test/ ./standalone/cmd/aisle # once, for all tests that run it, from the packages that the tests compile
	# The package whose tests wait most begins, four of them at a time; make lint vets.
	AISLE_TEST_PROGRAM=$(CURDIR)/bin/test/aisle scripts/with-stores.sh go test -vet=off -count=1 -timeout 15m -parallel 4 ./standalone/e2e work

check: ## Vet and test the packages whose files differ from main: for daily work
	scripts/check.sh

chart: build ## Check the Helm chart; fetches Helm the first time, which takes some minutes
	scripts/chart.sh

attack: ## Send every operation hostile input, 100,000 mixtures of it; AISLE_ATTACK_ROUNDS for another number
	AISLE_ATTACK_ROUNDS=$${AISLE_ATTACK_ROUNDS:-100000} scripts/with-stores.sh go test -count=1 -timeout 60m -v -run TestHostileInput ./standalone/e2e

chaos: build ## Break everything that Aisle stands on while a shop is at work, and count what came of it; AISLE_CHAOS_SEED repeats a run
	go run ./bench/chaos -form one -minutes 3 -seed $${AISLE_CHAOS_SEED:-0}
	AISLE_TEST_FSYNC=on scripts/with-stores.sh go run ./bench/chaos -form three -minutes 8 -seed $${AISLE_CHAOS_SEED:-0}

bench: build ## Run the benchmarks, at most 15 minutes, and write docs/benchmarks.md
	AISLE_TEST_FSYNC=on scripts/with-stores.sh scripts/bench.sh

race: ## The same with the race detector (needs a C compiler)
	CGO_ENABLED=1 scripts/with-stores.sh go test -race -count=1 -timeout 30m work

coverage: ## Run every test and say how much of the code it reaches; coverage.out has the lines
	scripts/with-stores.sh go test -count=1 -timeout 30m -coverprofile=coverage.out work
	go tool cover -func=coverage.out | tail -1

fuzz: ## Run each fuzz test for a while: FUZZ_TIME, 30s when absent
	scripts/fuzz.sh $(FUZZ_TIME)

vulnerabilities: ## Look for known vulnerabilities that the programs reach; asks Go's database, or the one of GOVULNDB
	scripts/vulnerabilities.sh

lint: ## Formatting, length of lines, vet, staticcheck and tidy modules
	scripts/lint.sh $(MODULES)

tidy: ## Tidy every module; a sibling module that cannot be fetched is expected
	@for m in $(MODULES); do (cd $$m && go mod tidy -e 2>/dev/null) || exit 1; done

fmt: ## Format the code
	gofmt -w $(MODULES)

clean: ## Remove what was built and the data of the demo
	rm -rf bin aisle-demo-data
