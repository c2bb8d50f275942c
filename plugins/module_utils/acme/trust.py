# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the TLS certificate of the CA's own server is checked."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from pathlib import Path

from .errors import AcmeError

_ENVIRONMENT = "REQUESTS_CA_BUNDLE"


@dataclass(frozen=True)
class Trust:
    """Which certificates are trusted, if it is checked at all."""

    ca_path: str | None = None
    validate: bool = True

    def verify(self) -> bool | str:
        """Return it as requests takes it: a given file, else what the environment names."""
        if not self.validate:
            return False
        return self.ca_path or os.environ.get(_ENVIRONMENT) or True

    def insist(self) -> None:
        """Look at the file, if one is named, before anybody is asked.

        :raises AcmeError: it cannot be read, or holds no certificate
        """
        path = self.verify()
        if not isinstance(path, str):
            return
        name = "ca_path" if self.ca_path else _ENVIRONMENT
        try:
            if not Path(path).is_dir():
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
        except FileNotFoundError as error:
            raise AcmeError(f"{name} is {path}, which does not exist on this host.") from error
        except ssl.SSLError as error:
            raise AcmeError(
                f"{name} is {path}, which holds no certificate. Name a file with certificates in"
                " PEM."
            ) from error
        except OSError as error:
            raise AcmeError(f"{name} is {path}, which cannot be read: {error.strerror}.") from error
