#!/usr/bin/env bash
# Measures a store at its limit; --help lists the options.
#
#   scripts/bench-eviction.sh [OPTION]...
#
# Compiles first what is not compiled. QUICK=1 is --quick.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec "$here/bench-main.sh" dev.zmalloc.bench.eviction.BenchEviction "$@"
