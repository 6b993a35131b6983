#!/usr/bin/env bash
# Runs Maven on the JDK that find-jdk.sh finds, quietly, and without the network where the local repository has all.
#
#   scripts/mvn.sh [-v] ARGUMENT...
#
# Maven first works offline. Only when it lacks something does it run again with the network, after a line that says so:
# a second build needs no network, and neither does one after `make clean`. Warnings, errors and test results are shown;
# -v, or ZMALLOC_VERBOSE=1, shows all that Maven says.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
verbose=${ZMALLOC_VERBOSE:-}
if [[ ${1:-} == -v ]]; then
    verbose=1
    shift
fi

JAVA_HOME=$("$here/find-jdk.sh")
export JAVA_HOME

if ! type -P mvn >/dev/null; then
    printf 'Maven (mvn) is not on the PATH: install it, for instance with apt-get install maven.\n' >&2
    exit 1
fi

# Maven's own libraries call what newer JDKs warn of. Each option is given only to a JDK that knows it.
knows() { "$JAVA_HOME/bin/java" "$1" -version >/dev/null 2>&1; }
options=()
knows --enable-native-access=ALL-UNNAMED && options+=(--enable-native-access=ALL-UNNAMED)
knows --sun-misc-unsafe-memory-access=allow && options+=(--sun-misc-unsafe-memory-access=allow)
if [[ -z $verbose ]]; then
    options+=(-Dorg.slf4j.simpleLogger.defaultLogLevel=warn)
    options+=(-Dorg.slf4j.simpleLogger.log.org.apache.maven.plugin.surefire=info)
fi
export MAVEN_OPTS="${options[*]} ${MAVEN_OPTS:-}"

# Passes Maven's words on as they come, up to the complaint that offline ($1 = 1) something is missing: that one is
# answered, not shown, and makes the exit status 75. Of Surefire's headings, which it prints for each of its runs, only
# the results stay.
filter() {
    local offline=$1 lacking='' held='' line
    local missing='in offline mode|[Oo]ffline mode is enabled|repository system is offline'
    missing+='|not been downloaded from it before'
    missing+='|The POM for .* is missing, no dependency information'
    # JCache's API is a module by the name of its file only; a module of ours needs it if JCache is used.
    local automatic='\*+|\* Required filename-based automodules detected: \[cache-api-[0-9.]+jar\]\..*'
    local noise='-+| T E S T S|Results:|Running .*|Using auto detected provider.*|(Rec|C)ompiling .*|Tests are skipped\.'
    noise="^(\[INFO\] *($noise)?|\[WARNING\] ($automatic))?\$"
    while IFS= read -r line; do
        line=${line//$'\033[0m'/}
        if [[ -n $offline && $line =~ $missing ]]; then
            lacking=1
        fi
        [[ -z $lacking ]] || continue
        # Only what follows this heading tells whether it is about something missing.
        if [[ $line == *'Some problems were encountered while processing the POMs'* ]]; then
            held=$line
            continue
        fi
        if [[ -n $held ]]; then
            printf '%s\n' "$held"
            held=''
        fi
        [[ -z $verbose && $line =~ $noise ]] && continue
        printf '%s\n' "$line"
    done
    [[ -z $lacking ]] || return 75
}

cd "$here/.."
# The compiler looks at the provider that module-info.java names as it is now, and at what that uses as it was compiled
# last: after a change all is compiled anew, which Maven would do anyway.
module=target/classes/module-info.class
if [[ -e $module && -n $(find src/main -name '*.java' -newer "$module" -print -quit) ]]; then
    rm -rf target/classes
fi
status=0
mvn -B -ntp -o "$@" 2>&1 | filter 1 || status=$?
# With pipefail the rightmost failure counts: 75 is the filter saying that something was lacking.
if ((status != 75)); then
    exit "$status"
fi
printf 'Maven fetches what the local repository lacks; this takes a minute or two the first time.\n'
mvn -B -ntp "$@" 2>&1 | filter ''
