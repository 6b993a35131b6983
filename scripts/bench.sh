#!/usr/bin/env bash
# Measures ZMalloc beside the same in C: compiles what is not compiled, and runs the benchmarks.
#
#   scripts/bench.sh [--quick]
#
# QUICK=1 is --quick. CC names the C compiler, which is cc otherwise.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/.."
cc=${CC:-cc}
if ! type -P "$cc" >/dev/null; then
    printf 'No C compiler (%s), which the rival of these benchmarks needs: apt-get install gcc libc6-dev, or set CC.\n' \
        "$cc" >&2
    exit 1
fi
scripts/mvn.sh test-compile -Pclasspath
java=$(scripts/find-jdk.sh)/bin/java
mkdir -p target/bench
"$cc" -O2 -Wall -Wextra -Werror -shared -fPIC -o target/bench/librival.so native/rival.c

# The system's jemalloc keeps thread-local data in the static block, which the process sizes once, when it starts.
if [[ ${GLIBC_TUNABLES:-} != *glibc.rtld.optional_static_tls=* ]]; then
    export GLIBC_TUNABLES=${GLIBC_TUNABLES:+$GLIBC_TUNABLES:}glibc.rtld.optional_static_tls=16384
fi
options=()
[[ -z ${QUICK:-} || ${QUICK:-} == 0 ]] || options+=(--quick)
[[ $(nproc) != 1 ]] || printf 'One processor only: what two threads do together says nothing here.\n'

exec "$java" -Xmx512m --enable-native-access=ALL-UNNAMED -Dzmalloc.bench.rival=target/bench/librival.so \
    -cp "target/classes:target/test-classes:$(<target/test-classpath)" \
    dev.zmalloc.bench.BenchZMalloc ${options[@]+"${options[@]}"} "$@"
