#!/usr/bin/env bash
# Does all operations of a store from many threads at once and checks what they answer; --help lists the options.
#
#   scripts/stress.sh [OPTION]...
#
# Compiles first what is not compiled. Assertions are on.
set -euo pipefail

exec "$(dirname "${BASH_SOURCE[0]}")/test-class.sh" -ea -Xmx512m --enable-native-access=ALL-UNNAMED \
    dev.zmalloc.stress.Stress "$@"
