#!/usr/bin/env bash
# Installs the native allocators that are wanted and missing, through the system's package manager.
#
#   scripts/natives.sh run    what the main job wants: jemalloc
#   scripts/natives.sh test   what the tests want besides: tcmalloc and mimalloc
#
# None of them is necessary: without the system's jemalloc the bundled one serves, and the tests of what is missing say
# so. So this script never fails for want of a package; it says what it goes on without, and tries a failed install once
# only (until `make clean`). ZMALLOC_NO_INSTALL=1 keeps it from installing anything. When all is there it is silent.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly TRIED=$here/../target/natives.tried

case ${1:-} in
    run) wanted=(jemalloc) ;;
    test) wanted=(jemalloc tcmalloc mimalloc) ;;
    *)
        printf 'usage: %s run|test\n' "$0" >&2
        exit 2
        ;;
esac

# The start of the library's file name, and the packages that bring it, in the order to try.
declare -A library=(
    [jemalloc]=libjemalloc.so.2
    [tcmalloc]=libtcmalloc_minimal.so.4
    [mimalloc]=libmimalloc.so
)
declare -A packages=(
    [jemalloc]='libjemalloc2'
    [tcmalloc]='libtcmalloc-minimal4 libtcmalloc-minimal4t64'
    [mimalloc]='libmimalloc2.0 libmimalloc3 libmimalloc2'
)

# Whether the dynamic linker would find the library: its cache is asked first, then the usual folders.
present() {
    local name=$1 cache file
    cache=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null || true)
    [[ $cache == *"$name"* ]] && return
    for file in {,/usr,/usr/local}/lib{,64,/*}/"$name"*; do
        [[ -e $file ]] && return
    done
    return 1
}

missing=()
look() {
    local name
    missing=()
    for name in "${wanted[@]}"; do
        present "${library[$name]}" || missing+=("$name")
    done
}

# Ends the script, having said in one line what will serve instead.
go_on() {
    local without="Going on without the system's ${missing[*]} ($1)"
    if [[ " ${missing[*]} " == *' jemalloc '* ]]; then
        printf '%s: the bundled jemalloc serves.\n' "$without"
    else
        printf '%s: only some tests are the less for it.\n' "$without"
    fi
    exit 0
}

look
((${#missing[@]})) || exit 0
[[ ${ZMALLOC_NO_INSTALL:-} != 1 ]] || go_on 'ZMALLOC_NO_INSTALL=1'

if ! type -P apt-get >/dev/null; then
    for manager in dnf yum; do
        type -P "$manager" >/dev/null && go_on "to have them: $manager install jemalloc gperftools-libs mimalloc"
    done
    type -P apk >/dev/null && go_on 'to have them: apk add jemalloc gperftools mimalloc2'
    go_on 'no apt-get here to install them with'
fi

as_root=()
if ((EUID != 0)); then
    if type -P sudo >/dev/null && sudo -n true 2>/dev/null; then
        as_root=(sudo -n)
    else
        go_on 'no rights to install packages'
    fi
fi
if [[ -e $TRIED ]] && grep -qxF -- "${missing[*]}" "$TRIED"; then
    go_on 'an earlier install failed'
fi

readonly APT_OPTIONS=(
    -qq
    -o Acquire::http::Timeout=20
    -o Acquire::https::Timeout=20
    -o Acquire::Retries=1
    -o DPkg::Lock::Timeout=60
)
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "${APT_OPTIONS[@]}" "$@"; }

# The first package of those for $1 that the package lists know.
known_package() {
    local name
    for name in ${packages[$1]}; do
        if apt-cache show --no-all-versions "$name" >/dev/null 2>&1; then
            printf '%s\n' "$name"
            return
        fi
    done
    return 1
}

chosen=()
choose() {
    local name package
    chosen=()
    for name in "${missing[@]}"; do
        package=$(known_package "$name") && chosen+=("$package")
    done
    ((${#chosen[@]} == ${#missing[@]}))
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! choose; then
    printf "Reading the package lists, for the system's %s.\n" "${missing[*]}"
    apt update >"$log" 2>&1 || true
    choose || true
fi
if ((${#chosen[@]})); then
    printf 'Installing with apt-get: %s\n' "${chosen[*]}"
    if ! apt install --no-install-recommends -y "${chosen[@]}" >"$log" 2>&1; then
        # Lists that are older than the archive name files that are gone.
        apt update >"$log" 2>&1 || true
        apt install --no-install-recommends -y "${chosen[@]}" >"$log" 2>&1 || true
    fi
fi

look
((${#missing[@]})) || exit 0
mkdir -p "$(dirname "$TRIED")"
printf '%s\n' "${missing[*]}" >>"$TRIED"
reason=$(grep -m1 -E '^(E|Err):' "$log" || true)
go_on "${reason:-no package known for it}"
