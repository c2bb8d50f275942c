#!/usr/bin/env bash
# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# ansible-test sanity, all of its tests, with no ignore file.
#
#   tests/checks/sanity.sh [--all] [FILE]
#
#   --all   also with the newest ansible-core on every newer Python that is here, the unit tests
#           there, and those of module_utils with the oldest Python and libraries of a target
#   FILE    gets one line `NAME passed|failed` for each check

# shellcheck source=tests/checks/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python=$controller/bin/python
requirements=$root/tests/requirements

everything=
if [ "${1:-}" = --all ]; then
    everything=yes
    shift
fi
results_to "${1:-}"

# Real interpreters come first on PATH and shims leave it. The more versions there are, the more
# of them the import and compile tests cover.
interpreters=$(program interpreters 3.9 3.10 3.11 3.12 3.13 3.14)
interpreter_of() {
    sed -n "s/^$1 //p" <<<"$interpreters"
}
PATH=$({
    sed 's/^[^ ]* \(.*\)\/[^\/]*$/\1/' <<<"$interpreters"
    tr ':' '\n' <<<"$PATH" | grep -v '/shims$'
    # Behind everything else: shellcheck is there
    echo "$controller/bin"
} | paste -s -d:)
export PATH

# ansible-test hands no variable of pip's on and has a home of its own here: what pip would take
# from the caller's environment and settings is written down for it.
keep_pip_settings() {
    local settings=$XDG_CONFIG_HOME/pip/pip.conf
    mkdir -p "$(dirname "$settings")"
    (umask 077 && echo "[global]" >"$settings")
    HOME=$caller_home XDG_CONFIG_HOME=$caller_config "$python" -m pip config list |
        sed -n "s/^\(:env:\|global\)\.\([a-z-]*\)='\(.*\)'\$/\2=\3/p" |
        sort -u -t= -k1,1 >>"$settings"
}

# Spare ansible-test a download of its own: see bootstrap_pip.py.
place_pip_bootstrap() {
    local environment=$1 cache=$HOME/.ansible/test/cache internals version
    mkdir -p "$cache"
    internals=$("$environment/bin/python" -c 'import ansible_test; print(*ansible_test.__path__)')
    version=$(sed -n "s/^ *pip='\([0-9.]*\)',\$/\1/p" "$internals/_internal/python_requirements.py")
    cp "$checks/bootstrap_pip.py" "$cache/get_pip_${version//./_}.py"
    if [ ! -e "$cache/pip-$version-py3-none-any.whl" ]; then
        "$python" -m pip download --quiet --quiet --no-deps --dest "$cache" "pip==$version"
    fi
}

# ansible-test refuses links, so it gets a copy; Ansible wants these three folder names.
copy=$bed/sanity/ansible_collections/mailhost/modoboa

# sanity ENVIRONMENT LABEL: one verdict for each test of that environment's ansible-core
sanity() {
    local environment=$1 label=$2 log=$bed/sanity/$2.log status=0 name verdict
    place_pip_bootstrap "$environment"
    (cd "$copy" && "$environment/bin/ansible-test" sanity --color no) >"$log" 2>&1 </dev/null ||
        status=$?
    while read -r name verdict; do
        record "$label-$name" "$verdict"
    done < <(program sanity_verdicts "$status" <"$log")
    # A test that could not run says so in a warning only.
    grep -E '^(ERROR|FATAL|WARNING: (Skipping|Required))' "$log" | sort -u | sed 's/^/    /' || true
    [ "$status" -eq 0 ] || echo "    All of it is in $log"
}

# environment NAME INTERPRETER REQUIREMENTS: make it, unless it is already as the file asks
environment() {
    local directory=$bed/venv/$1 interpreter=$2 file=$3 wanted
    wanted="$interpreter $(sha256sum <"$file")"
    if [ "$(cat "$directory/.made" 2>/dev/null)" != "$wanted" ]; then
        echo "Making the environment $1" >&2
        rm -rf "$directory"
        "$interpreter" -m venv "$directory"
        "$directory/bin/python" -m pip install --quiet --requirement "$file"
        echo "$wanted" >"$directory/.made"
    fi
}

# The newest ansible-core on one newer Python: sanity and unit tests
newest_ansible() {
    local version=$1 interpreter name=ansible-2.21-py$1
    interpreter=$(interpreter_of "$version")
    if [ -z "$interpreter" ]; then
        echo "not found: Python $version, so nothing was tried on it"
        return
    fi
    check "$name" environment "$name" "$interpreter" "$requirements/ansible-2.21.txt"
    sanity "$bed/venv/$name" "sanity-2.21-py$version"
    check "unit-2.21-py$version" unit_tests "$bed/venv/$name" tests/unit
}

# What runs on targets, on the oldest Python, with the libraries of Debian 12
oldest_target() {
    local interpreter name=target-py3.9
    interpreter=$(interpreter_of 3.9)
    if [ -z "$interpreter" ]; then
        echo "not found: Python 3.9, so module_utils were not tried on it"
        return
    fi
    check "$name" environment "$name" "$interpreter" "$requirements/target-3.9.txt"
    # ansible-core does not install there, but this part of it is sent there with every module.
    mkdir -p "$bed/sanity/sent"
    ln -sfn "$("$python" -c 'import ansible; print(*ansible.__path__)')" "$bed/sanity/sent/ansible"
    export PYTHONPATH=$bed/sanity/sent
    check "unit-py3.9" unit_tests "$bed/venv/$name" tests/unit/plugins/module_utils
    unset PYTHONPATH
}

unit_tests() {
    (cd "$root" && "$1/bin/python" -m pytest -q -p no:cacheprovider "$2")
}

keep_pip_settings
program export_tree "$root" "$copy"
sanity "$controller" sanity-2.19
if [ -n "$everything" ]; then
    newest_ansible 3.12
    newest_ansible 3.13
    oldest_target
fi

finish
