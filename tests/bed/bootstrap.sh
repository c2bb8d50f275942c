#!/bin/sh
# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# python -m bed with the system's Python, which is installed first where there is none.
#
#   tests/bed/bootstrap.sh setup|start|stop|status [OPTIONS]

set -eu

suitable() {
    [ -x "$1" ] && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))'
}

python=${BED_PYTHON:-/usr/bin/python3}
if ! suitable "$python"; then
    python=$(command -v python3 || true)
fi
if [ -z "$python" ] || ! suitable "$python"; then
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        as_root=sudo
        if ! command -v sudo >/dev/null; then
            echo "Python 3.11 or newer is missing. Install the Debian packages python3 and python3-venv" >&2
            echo "as root (Debian 12 or newer), or name an interpreter in BED_PYTHON." >&2
            exit 1
        fi
    fi
    $as_root apt-get update
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --no-install-recommends python3 python3-venv
    python=/usr/bin/python3
fi

tests=$(cd "$(dirname "$0")/.." && pwd -P)
PYTHONPATH=$tests PYTHONDONTWRITEBYTECODE=1 exec "$python" -m bed "$@"
