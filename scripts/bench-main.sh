#!/usr/bin/env bash
# Runs the main class of a benchmark; the scripts of the single ones call it.
#
#   scripts/bench-main.sh CLASS [OPTION]...
#
# Compiles first what is not compiled. QUICK=1 is --quick.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
java=$("$here/find-jdk.sh")/bin/java

# JMH calls what newer JDKs warn of.
jvm=()
! "$java" --sun-misc-unsafe-memory-access=allow -version &>/dev/null || jvm+=(--sun-misc-unsafe-memory-access=allow)
options=()
[[ -z ${QUICK:-} || ${QUICK:-} == 0 ]] || options+=(--quick)
[[ $(nproc) != 1 ]] || printf 'One processor only: what two threads do together says nothing here.\n'

exec "$here/test-class.sh" -Xmx256m -Djava.awt.headless=true --enable-native-access=ALL-UNNAMED ${jvm[@]+"${jvm[@]}"} \
    "$1" ${options[@]+"${options[@]}"} "${@:2}"
