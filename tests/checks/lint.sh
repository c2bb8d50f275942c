#!/usr/bin/env bash
# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Formatting, style, types, YAML, Ansible content, changelog and shell scripts.
#
#   tests/checks/lint.sh [FILE]    FILE gets one line `NAME passed|failed` for each check

# shellcheck source=tests/checks/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
results_to "${1:-}"
cd "$root"

export PATH=$controller/bin:$PATH
export ANSIBLE_COLLECTIONS_PATH=$bed/collections
collection=$bed/collections/ansible_collections/mailhost/modoboa

types_of_collection() {
    # Through the link, so that a file has the one name by which the others import it.
    MYPYPATH=$bed/collections:$root/tests mypy "$collection/plugins" tests
}

types_of_server() {
    # Inside Modoboa's environment: the Django plugin of mypy has to import the models.
    if [ ! -x "$bed/venv/modoboa/bin/mypy" ]; then
        echo "mypy is missing from $bed/venv/modoboa: run 'make setup' (extra 'types' of server/)."
        return 1
    fi
    (cd server && "$bed/venv/modoboa/bin/mypy")
}

shell_scripts() {
    git ls-files -co --exclude-standard -z -- '*.sh' .ci/run |
        xargs -0 shellcheck --external-sources --source-path="$root"
}

check ruff-format ruff format --check .
check ruff-check ruff check .
check mypy types_of_collection
if grep -q '^\[tool\.mypy\]' server/pyproject.toml 2>/dev/null; then
    check mypy-server types_of_server
fi
check yamllint yamllint --strict .
check ansible-lint ansible-lint --offline --strict
check antsibull-docs antsibull-docs lint-collection-docs --plugin-docs --disallow-unknown-collection-refs .
check antsibull-changelog antsibull-changelog lint
check shellcheck shell_scripts

finish
