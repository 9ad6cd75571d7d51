# What there is to do here. `make help` lists it; each target sets the machine up itself.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test bench fuzz upgrade docs check

help: ## lists the targets
	@sed -n 's/^\([a-z]*\): ## /\1\t/p' $(MAKEFILE_LIST) | expand -t 8

run: ## builds the service and runs it with a demo (DEMO=false: without); needs nothing running
	@.ci/setup run
	cargo build --release --locked -p api
	@export DEMO="$${DEMO-true}"; export DEMO_TRAFFIC="$${DEMO_TRAFFIC-$$DEMO}"; exec "$${CARGO_TARGET_DIR:-target}/release/reward-ledger" serve

test: ## runs all tests, on a real PostgreSQL and a real Kafka
	@.ci/setup test
	@mkdir -p target
	cargo test --workspace --locked --no-fail-fast 2>&1 | tee target/test.log \
		&& status=passed || status=FAILED; \
	awk '/^test result:/ { passed += $$4; failed += $$6; ignored += $$8 } \
		END { printf "\n%d passed, %d failed, %d ignored\n", passed, failed, ignored }' target/test.log; \
	echo "tests: $$status"; [[ $$status == passed ]]

bench: ## measures, prints a table and writes target/bench.json
	@.ci/setup bench
	cargo build --release --locked --workspace
	target/release/bench

fuzz: ## sends 20,000 requests that the API document allows, or forbids, to a service of its own (CASES=…, SEED=…)
	@.ci/setup test
	cargo build --release --locked -p api
	@tests/fuzz/own "$${CARGO_TARGET_DIR:-target}/release/reward-ledger" "$${CASES:-20000}" "$${SEED:-1}"

upgrade: ## runs the release before beside this one on one database, in both orders, and kills migrations half-way
	@.ci/setup test
	cargo build --release --locked -p api
	@tests/upgrade/run "$${CARGO_TARGET_DIR:-target}/release/reward-ledger"

docs: ## writes the parts of the documents that are made from the code
	WRITE_DOCUMENTS=1 cargo test --workspace --test documents --locked -q generated::

check: ## form, lints, documentation, arrows between rooms, links and, where the tools are there, licences and advisories
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --workspace --locked
	cargo test --workspace --test documents --locked -q -- arrows:: links:: shape:: generated:: markdown::
	@if cargo deny --version >/dev/null 2>&1; then \
		cargo deny --locked check licenses bans sources; \
	else \
		echo "cargo-deny is not here: licences are not checked"; \
	fi
	@.ci/advisories
