#!/usr/bin/env bash
# Runs the main class of a benchmark; the scripts of the single ones call it.
#
#   scripts/bench-main.sh CLASS [OPTION]...
#
# Compiles first what is not compiled. QUICK=1 is --quick.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/.."
if [[ ! -e target/test-classpath || -n $(find pom.xml src -newer target/test-classpath -print -quit) ]]; then
    printf 'Compiling\n'
    scripts/mvn.sh test-compile -Pclasspath
    touch target/test-classpath
fi
java=$(scripts/find-jdk.sh)/bin/java

# The system's jemalloc keeps thread-local data in the static block, which the process sizes once, when it starts.
if [[ ${GLIBC_TUNABLES:-} != *glibc.rtld.optional_static_tls=* ]]; then
    export GLIBC_TUNABLES=${GLIBC_TUNABLES:+$GLIBC_TUNABLES:}glibc.rtld.optional_static_tls=16384
fi
# JMH calls what newer JDKs warn of.
jvm=()
! "$java" --sun-misc-unsafe-memory-access=allow -version &>/dev/null || jvm+=(--sun-misc-unsafe-memory-access=allow)
options=()
[[ -z ${QUICK:-} || ${QUICK:-} == 0 ]] || options+=(--quick)
[[ $(nproc) != 1 ]] || printf 'One processor only: what two threads do together says nothing here.\n'

exec "$java" -Xmx256m -Djava.awt.headless=true --enable-native-access=ALL-UNNAMED ${jvm[@]+"${jvm[@]}"} \
    -cp "target/classes:target/test-classes:$(<target/test-classpath)" "$1" ${options[@]+"${options[@]}"} "${@:2}"
