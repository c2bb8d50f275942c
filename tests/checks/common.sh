# shellcheck shell=bash
# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What the check scripts share: where things are, and how one check is run and counted.
# Sourced by them, not run.

set -euo pipefail

checks=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
root=$(cd "$checks/../.." && pwd -P)
# Everything installed or written goes below this one directory, which git ignores.
bed=${BED_PREFIX:-$root/.bed}
controller=$bed/venv/controller
failures=0
results=

if [ ! -x "$controller/bin/python" ]; then
    echo "There is no controller environment in $controller: run 'make setup' first." >&2
    exit 1
fi

# No tool reads or writes the home directory of whoever runs the checks: what is found must not
# depend on it, and ~/.ansible is theirs.
# shellcheck disable=SC2034 # for the scripts that source this
caller_home=$HOME
# shellcheck disable=SC2034
caller_config=${XDG_CONFIG_HOME:-$HOME/.config}
export HOME=$bed/home
export XDG_CACHE_HOME=$HOME/.cache
export XDG_CONFIG_HOME=$HOME/.config
export ANSIBLE_HOME=$HOME/.ansible
export ANSIBLE_LOCAL_TEMP=$ANSIBLE_HOME/tmp
export ANSIBLE_CONFIG=$HOME/ansible.cfg
export NO_COLOR=1
# make sets it for the bed's sake; the tools find what they need by other means
unset PYTHONPATH
mkdir -p "$XDG_CACHE_HOME" "$XDG_CONFIG_HOME" "$ANSIBLE_HOME"
: >"$ANSIBLE_CONFIG"

# Say where the verdicts go: a file that gets one line `NAME passed|failed` for each check.
results_to() {
    results=$1
    if [ -n "$results" ]; then
        : >"$results"
    fi
}

# Run one of the Python programs beside this file: program NAME ARGUMENT...
program() {
    local name=$1
    shift
    PYTHONPATH=$root/tests "$controller/bin/python" -m "checks.$name" "$@"
}

# Count one verdict: record NAME passed|failed
record() {
    if [ "$2" = passed ]; then
        echo "ok $1"
    else
        echo "FAILED $1"
        failures=$((failures + 1))
    fi
    if [ -n "$results" ]; then
        echo "$1 $2" >>"$results"
    fi
}

# Run one check and go on, whatever becomes of it; its output is shown only when it fails.
check() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1 </dev/null); then
        record "$name" passed
    else
        record "$name" failed
        printf '%s\n' "$output" | sed 's/^/    /'
    fi
}

# End the script: status 1 if any check has failed.
finish() {
    [ "$failures" -eq 0 ]
}
