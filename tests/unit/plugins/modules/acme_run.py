# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run an acme_* module in this process, with a directory where nothing answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

import pytest
from ansible.module_utils.testing import patch_module_args

ENVIRONMENT = ("ACME_DIRECTORY_URL", "ACME_EAB_KID", "ACME_EAB_HMAC_KEY")


class Runner:
    """Gives a module its arguments and takes what it prints, as Ansible does."""

    def __init__(
        self,
        main: Callable[[], None],
        storage: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        self._main = main
        self._storage = storage
        self._capsys = capsys
        for name in ENVIRONMENT:
            monkeypatch.delenv(name, raising=False)

    def __call__(self, check: bool = False, **changed: Any) -> dict[str, Any]:
        """Run it with these arguments and the usual ones; ``None`` leaves one out."""
        arguments: dict[str, Any] = {
            "acme_directory": "https://127.0.0.1:1/directory",
            "storage": str(self._storage),
            "terms_agreed": True,
            **changed,
        }
        arguments = {key: value for key, value in arguments.items() if value is not None}
        arguments |= {"_ansible_check_mode": check, "_ansible_diff": True}
        with patch_module_args(arguments), pytest.raises(SystemExit):
            self._main()
        result: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        return result
