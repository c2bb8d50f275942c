# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put pip into an empty virtual environment for ansible-test.

ansible-test downloads a bootstrap script for this from a server of its own, which is one more
machine that would have to be reachable. It looks into its cache first, and that is where
``sanity.sh`` places this file together with pip's wheel.

:arguments: requirements such as ``pip==24.2``; options are those of ``pip install``
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# Options of the script this stands in for; pip itself does not know them.
FOREIGN_OPTIONS = {"--no-setuptools", "--no-wheel"}


def main() -> None:
    """Install what the command line asks for, or end with pip's own exit status."""
    arguments = [argument for argument in sys.argv[1:] if argument not in FOREIGN_OPTIONS]
    version = Path(__file__).stem.partition("get_pip_")[2].replace("_", ".")
    wheel = Path(__file__).with_name(f"pip-{version}-py3-none-any.whl")
    # pip runs from its wheel, and then installs it.
    pip = [sys.executable, f"{wheel}/pip"]
    install = ["install", "--quiet", "--find-links", str(wheel.parent), *arguments]
    sys.exit(subprocess.run([*pip, *install], check=False).returncode)


if __name__ == "__main__":
    main()
