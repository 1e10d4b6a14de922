#!/usr/bin/env bash
# setup.sh: makes a Debian machine ready for `make test`. Installs only what is missing; without the right to install it
# says what is missing and fails.
set -euo pipefail
cd "$(dirname "$0")/.."

.ci/need.sh go
.ci/need.sh node

missing=()
need() { # need PACKAGE TEST...: the package is missing when the test fails
	local package=$1
	shift
	"$@" >/dev/null 2>&1 || missing+=("$package")
}
postgres() { compgen -G '/usr/lib/postgresql/*/bin/initdb' || command -v initdb; }
noto() { compgen -G '/usr/share/fonts/truetype/noto/NotoSansArabic-*' || fc-list :lang=ar | grep -q Noto; }
cc() { echo '#include <stdlib.h>' | gcc -E -; }

need postgresql postgres
need redis-server command -v redis-server
need postfix test -x /usr/lib/postfix/sbin/master
need kannel test -x /usr/sbin/bearerbox
need kannel-extras test -x /usr/lib/kannel/test/fakesmsc
need chromium command -v chromium
need fonts-noto-core noto # pages in right-to-left scripts
need gcc command -v gcc   # the race detector
need libc6-dev cc
need git command -v git
((${#missing[@]})) || exit 0

if [ "$(id -u)" = 0 ]; then
	root=()
elif sudo -n true 2>/dev/null; then
	root=(sudo -n)
else
	root=(false)
fi
if [ "${root[*]-}" = false ] || ! command -v apt-get >/dev/null; then
	echo "crier: the tests need these Debian packages: ${missing[*]}" >&2
	echo "       install them (apt-get install ${missing[*]}) and try again" >&2
	exit 1
fi
echo "installing ${missing[*]}"
"${root[@]}" apt-get -q update
# The tests start a Postfix of their own: Debian's is to serve nobody.
if [[ " ${missing[*]} " == *" postfix "* ]] && command -v debconf-set-selections >/dev/null; then
	echo 'postfix postfix/main_mailer_type select No configuration' | "${root[@]}" debconf-set-selections
fi
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
	-o DPkg::Lock::Timeout=300 install "${missing[@]}"
