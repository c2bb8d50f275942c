# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which third-party libraries the ACME code needs, and what to install when one is missing.

The other files import them under ``suppress(ImportError)``, so that documentation tools and this
check can load the package without them.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ansible.module_utils.basic import missing_required_lib

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# import name -> (Debian package, distribution on PyPI)
_NEEDED = {
    "acme": ("python3-acme", "acme"),
    "josepy": ("python3-josepy", "josepy"),
    "cryptography": ("python3-cryptography", "cryptography"),
    "requests": ("python3-requests", "requests"),
}
# Those that only some options need
_OPTIONAL = {
    "dns": ("python3-dnspython", "dnspython"),
}
_PACKAGES = {**_NEEDED, **_OPTIONAL}


def insist(module: AnsibleModule, optional: Iterable[str] = ()) -> None:
    """End the module with what to install, if a library is missing.

    :param optional: import names of what the options in use need beyond the usual
    """
    missing = missing_libraries(optional)
    if missing:
        module.fail_json(
            msg=f"{missing_required_lib(', '.join(missing))} {how_to_install(missing)}"
        )


def missing_libraries(optional: Iterable[str] = ()) -> list[str]:
    """Return the import names of the libraries that this Python does not have.

    :param optional: import names of what the options in use need beyond that
    """
    return [name for name in (*_NEEDED, *optional) if find_spec(name) is None]


def how_to_install(names: list[str]) -> str:
    """Return one sentence that says which packages to install.

    :param names: what :func:`missing_libraries` returned
    """
    debian = " ".join(_PACKAGES[name][0] for name in names)
    pypi = " ".join(_PACKAGES[name][1] for name in names)
    return (
        f"On Debian and Ubuntu install the package {debian};"
        f" elsewhere install {pypi} from PyPI for the Python that runs this module."
    )
