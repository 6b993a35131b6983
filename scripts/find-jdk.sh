#!/usr/bin/env bash
# Prints the home of the JDK to build and run with: one of 22 or later, with a compiler.
#
# Looked for in this order: $JDK (taken or refused, nothing else is tried), $JAVA_HOME, the java on the PATH, then the
# newest of the usual system locations. Without one it says what was found and how to get one, and exits with 1.
set -euo pipefail

readonly LEAST=22
found=()

# Prints the feature release (25 for 25.0.1) of the JDK whose home is $1; fails where there is none.
release_of() {
    local home=$1 line
    [[ -x $home/bin/java ]] || return 1
    if [[ -r $home/release ]]; then
        line=$(grep -m1 '^JAVA_VERSION=' "$home/release" || true)
    else
        line=$("$home/bin/java" -version 2>&1 | grep -m1 ' version ' || true)
    fi
    [[ $line =~ \"(1\.)?([0-9]+) ]] || return 1
    printf '%s\n' "${BASH_REMATCH[2]}"
}

# Notes the Java at home $2, named by where it came from ($1), and succeeds if it will do.
fits() {
    local origin=$1 home=$2 release
    if ! release=$(release_of "$home"); then
        found+=("$origin: $home: no Java there")
        return 1
    fi
    if ((release < LEAST)); then
        found+=("$origin: $home: Java $release")
        return 1
    fi
    if [[ ! -x $home/bin/javac ]]; then
        found+=("$origin: $home: Java $release, without a compiler (not a JDK)")
        return 1
    fi
}

take() {
    printf '%s\n' "$1"
    exit 0
}

refuse() {
    {
        if [[ -n ${JDK:-} ]]; then
            printf 'JDK=%s is not a JDK of %s or later.\n' "$JDK" "$LEAST"
        else
            printf 'No JDK of %s or later was found.\n' "$LEAST"
        fi
        if ((${#found[@]})); then
            printf 'Found:\n'
            printf '    %s\n' "${found[@]}"
        fi
        printf '%s\n' \
            "To get one: install a package of your distribution (such as openjdk-25-jdk or temurin-25-jdk), or unpack" \
            'one of https://adoptium.net/temurin/releases/ anywhere. To name it: make JDK=/path/to/jdk ..., or JAVA_HOME.'
    } >&2
    exit 1
}

if [[ -n ${JDK:-} ]]; then
    fits JDK "$JDK" && take "$JDK"
    refuse
fi

if [[ -n ${JAVA_HOME:-} ]]; then
    fits JAVA_HOME "$JAVA_HOME" && take "$JAVA_HOME"
fi

if java_command=$(type -P java); then
    home=$(dirname "$(dirname "$(readlink -f "$java_command")")")
    fits PATH "$home" && take "$home"
fi

newest=0
newest_home=
shopt -s nullglob
candidates=(/usr/lib/jvm/* /usr/lib64/jvm/* /usr/java/* /usr/local/java/* /opt/* /opt/java/*)
[[ -n ${HOME:-} ]] && candidates+=("$HOME"/.sdkman/candidates/java/* "$HOME"/.jdks/*)
declare -A seen=()
for home in "${candidates[@]}"; do
    # Folders of other things need no mention, and neither does a second name for the same JDK.
    [[ -x $home/bin/java ]] || continue
    home=$(readlink -f "$home")
    [[ -z ${seen[$home]:-} ]] || continue
    seen[$home]=1
    if fits system "$home"; then
        release=$(release_of "$home")
        if ((release > newest)); then
            newest=$release
            newest_home=$home
        fi
    fi
done
[[ -n $newest_home ]] && take "$newest_home"
refuse
