#!/bin/sh
# need.sh go|node: says in plain words what is missing. The versions come from go.mod and web/package.json.
set -eu
cd "$(dirname "$0")/.."

# at_least HAVE WANT: compares dotted numbers.
at_least() {
	awk -v have="$1" -v want="$2" 'BEGIN {
		n = split(want, w, "."); split(have, h, ".")
		for (i = 1; i <= n; i++) { if (h[i] + 0 > w[i] + 0) exit 0; if (h[i] + 0 < w[i] + 0) exit 1 }
		exit 0 }'
}

fail() {
	echo "crier: $*" >&2
	exit 1
}

case "${1:-}" in
go)
	want=$(awk '$1 == "go" { print $2; exit }' go.mod)
	command -v go >/dev/null || fail "Go is not installed, or not on PATH. Crier needs Go $want or newer."
	# Inside the module: a Go that fetches newer tool chains by itself answers with the one it would use.
	have=$(go env GOVERSION 2>/dev/null) || have=$(cd / && go env GOVERSION)
	have=${have#go}
	at_least "${have%%[!0-9.]*}" "$want" || fail "Go $have is installed; Crier needs Go $want or newer."
	;;
node)
	want=$(sed -n 's/.*"node": *">=\([0-9.]*\)".*/\1/p' web/package.json)
	command -v node >/dev/null || fail "Node.js is not installed, or not on PATH. The front end's checks need Node $want or newer."
	command -v npm >/dev/null || fail "npm is not installed, or not on PATH. It comes with Node.js."
	have=$(node --version)
	at_least "${have#v}" "$want" || fail "Node $have is installed; the front end's checks need $want or newer."
	;;
*)
	fail "need.sh takes go or node"
	;;
esac
