#!/usr/bin/env bash
# Runs all the tests. Needs Rust (rustup) and Python 3 with venv; installs PostgreSQL where it is missing, and the rest under
# target/tools.
#   ./scripts/test.sh            everything
#   ./scripts/test.sh quick      format, lints and cargo tests only
set -euo pipefail
cd "$(dirname "$0")/.."
what="${1:-all}"
tools="$PWD/target/tools"

step() { printf '\n== %s\n' "$*"; }

step "a database server, where there is none"
./scripts/postgres.sh install

step "format"
cargo fmt --all --check
step "lints"
cargo clippy --workspace --all-targets --all-features -- -D warnings
step "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --all-features --no-deps --quiet
step "tests"
cargo test --workspace --all-features

if [ "$what" = quick ]; then
  exit 0
fi

step "tools"
if [ ! -x "$tools/bin/schemathesis" ]; then
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check -r scripts/requirements.txt
fi
if [ ! -x "$tools/bin/cargo-deny" ]; then
  cargo install cargo-deny --version 0.20.2 --locked --debug --quiet --root "$tools"
fi

step "dependencies: bans, licences, sources"
PATH="$tools/bin:$PATH" cargo deny --log-level error check bans licenses sources

step "release binary"
cargo build --release --locked

step "the simulator: 200,000 payments while everything fails"
# Channels that lie beyond their own window cost second debits by declaration; those are counted apart.
target/release/lockstep simulate --payments 200000 --seed 1

step "the simulator sees: every bug planted on purpose is caught"
cargo build --release --locked --package lockstep-simulate --features planted --bin lockstep-planted
target/release/lockstep-planted suite --most-seeds 2000 --per-world 60

step "the demo, the due list, killed processes, generated requests"
"$tools/bin/python" -m pytest -q -p no:cacheprovider tests
