#!/usr/bin/env bash
# Measures the store by itself; --help lists the options.
#
#   scripts/bench-store.sh [OPTION]...
#
# Compiles first what is not compiled. QUICK=1 is --quick.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec "$here/bench-main.sh" dev.zmalloc.bench.store.BenchStore "$@"
