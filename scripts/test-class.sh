#!/usr/bin/env bash
# Runs a main class of the tests, compiling first what is not compiled.
#
#   scripts/test-class.sh JVM_OPTION... CLASS ARGUMENT...
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

exec "$java" -cp "target/test-classes:target/classes:$(<target/test-classpath)" "$@"
