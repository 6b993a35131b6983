#!/usr/bin/env bash
# Compares the allocators that are installed on recorded workloads; --help lists the options.
#
#   scripts/compare.sh [OPTION]...
#
# Compiles first what is not compiled. QUICK=1 is --quick.
set -euo pipefail

options=()
[[ -z ${QUICK:-} || ${QUICK:-} == 0 ]] || options+=(--quick)

exec "$(dirname "${BASH_SOURCE[0]}")/test-class.sh" -Xmx256m -Djava.awt.headless=true \
    dev.zmalloc.bench.compare.CompareAllocators ${options[@]+"${options[@]}"} "$@"
