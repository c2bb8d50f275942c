#!/usr/bin/env bash
# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Build the collection's tarball, install it, and try from there what does not need a server.
#
#   tests/checks/build.sh [FILE]    FILE gets one line `NAME passed|failed` for each check

# shellcheck source=tests/checks/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
results_to "${1:-}"

export PATH=$controller/bin:$PATH
# Only what was installed, not the checkout
export ANSIBLE_COLLECTIONS_PATH=$bed/build/collections
installed=$ANSIBLE_COLLECTIONS_PATH/ansible_collections/mailhost/modoboa
rm -rf "$bed/build"
mkdir -p "$bed/build"
# Where nothing of the checkout is found by accident
cd "$bed/build"

build() {
    ansible-galaxy collection build "$root" --output-path "$bed/build"
}

install() {
    ansible-galaxy collection install --offline "$bed"/build/*.tar.gz \
        --collections-path "$ANSIBLE_COLLECTIONS_PATH"
}

playbooks() {
    local playbook name
    for playbook in "$installed"/playbooks/*.yml; do
        name=$(basename "$playbook" .yml)
        ansible-playbook --syntax-check --inventory "$installed/docs/example/inventory.yml" \
            "mailhost.modoboa.$name"
    done
}

execution_environment() {
    ansible-builder introspect --sanitize "$ANSIBLE_COLLECTIONS_PATH" >introspected || return
    # Each line of meta/requirements.txt comes back with the collection's name
    grep -F '# from collection mailhost.modoboa' introspected
}

check build-tarball build
check build-contents program tarball "$root" "$bed"/build/*.tar.gz
check build-install install
check build-documentation program documented "$installed"
check build-playbooks playbooks
check build-execution-environment execution_environment

finish
