#!/usr/bin/env bash
# Measures JCache beside the store and other providers; --help lists the options.
#
#   scripts/bench-jcache.sh [OPTION]...
#
# Compiles first what is not compiled. QUICK=1 is --quick.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec "$here/bench-main.sh" dev.zmalloc.bench.jcache.BenchJCache "$@"
