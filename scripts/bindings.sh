#!/usr/bin/env bash
# Generates src/main/generated anew from native/zmalloc_abi.h and native/includes.txt, and shows what that changes.
#
#   scripts/bindings.sh            brings src/main/generated up to date
#   scripts/bindings.sh --check    only compares; fails where there is a difference
#
# jextract is taken from $JEXTRACT_HOME or else from the PATH. Only release 22 will do: the code that later ones write
# calls what JDK 22 does not have. Nothing else in the build needs jextract.
set -euo pipefail

readonly RELEASE=22
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly GENERATED=$root/src/main/generated

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

check_only=
case ${1:-} in
    '') ;;
    --check) check_only=1 ;;
    *)
        printf 'usage: %s [--check]\n' "$0" >&2
        exit 2
        ;;
esac

readonly CURE="Unpack the early-access build 22 of https://jdk.java.net/jextract/ and set JEXTRACT_HOME to it."
if [[ -n ${JEXTRACT_HOME:-} ]]; then
    jextract=$JEXTRACT_HOME/bin/jextract
    [[ -x $jextract ]] || fail "JEXTRACT_HOME=$JEXTRACT_HOME has no bin/jextract." "$CURE"
elif ! jextract=$(type -P jextract); then
    fail 'jextract was found neither by JEXTRACT_HOME nor on the PATH.' "$CURE"
fi

version=$("$jextract" --version 2>&1) || fail "$jextract --version failed:" "$version"
[[ $version =~ jextract\ ([0-9]+) ]] || fail "$jextract does not tell its release:" "$version"
[[ ${BASH_REMATCH[1]} == "$RELEASE" ]] || fail "$jextract is release ${BASH_REMATCH[1]}, and only $RELEASE will do." "$CURE"

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
cd "$root/native"
"$jextract" --target-package dev.zmalloc.ffi.abi --header-class-name Abi --output "$fresh" \
    @includes.txt zmalloc_abi.h

if diff -ruN "$GENERATED" "$fresh"; then
    printf 'The bindings are up to date.\n'
    exit 0
fi
[[ -z $check_only ]] || fail 'The bindings are not what native/ declares: make bindings brings them up to date.'

# Copied whole, so that what is no longer declared goes too.
rm -rf "$GENERATED"
cp -R "$fresh" "$GENERATED"
find "$GENERATED" -type d -exec chmod 755 {} + -o -type f -exec chmod 644 {} +
printf 'The bindings were brought up to date, with the differences above.\n'
