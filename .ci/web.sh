#!/usr/bin/env bash
# web.sh [build]: checks, tests and builds the front end, and makes sure that the committed bundle is what was built.
# With "build" it only builds.
set -euo pipefail
cd "$(dirname "$0")/../web"
../.ci/need.sh node

# npm ci removes and refetches everything: only when the lock file is not the one that was installed.
stamp=node_modules/.crier-lock
if ! cmp -s package-lock.json "$stamp"; then
	npm ci --no-audit --no-fund
	cp package-lock.json "$stamp"
fi
if [ "${1:-}" = build ]; then
	exec npm run --silent build
fi
npm run --silent check
npm run --silent test
npm run --silent build

# Against the index, so that a bundle that is staged but not yet committed passes.
new=$(git ls-files --others --exclude-standard -- dist)
if ! git diff --exit-code --stat -- dist || [ -n "$new" ]; then
	[ -z "$new" ] || printf 'not in git: %s\n' $new
	echo "crier: web/dist is not what its source builds: run 'make web' and commit web/dist" >&2
	exit 1
fi
