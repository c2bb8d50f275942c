# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""External account binding: an ACME account that belongs to one at the CA (RFC 8555 section 7.3.4)."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from .errors import AcmeError
from .keys import AccountKey

with suppress(ImportError):  # libraries.py says what is missing
    import josepy
    from acme import jws

BINDING_ALGORITHMS = ("HS256", "HS384", "HS512")


@dataclass(frozen=True)
class Binding:
    """What the CA handed out to its customer.

    :ivar kid: the identifier of the key
    :ivar key: the key itself, which the CA knows as well; a secret
    :ivar algorithm: one of ``BINDING_ALGORITHMS``
    """

    kid: str
    key: bytes = field(repr=False)
    algorithm: str = "HS256"

    def sign(self, account_key: AccountKey, url: str) -> dict[str, Any]:
        """Return the field ``externalAccountBinding`` for a new account.

        :param account_key: of the new account
        :param url: of the request for it
        """
        signed = jws.JWS.sign(
            json.dumps(account_key.public_jwk()).encode(),
            key=josepy.JWKOct(key=self.key),
            alg=josepy.JWASignature.from_json(self.algorithm),
            nonce=None,
            url=url,
            kid=self.kid,
        )
        document: dict[str, Any] = json.loads(signed.json_dumps())
        return document


def read_binding(kid: str | None, hmac_key: str | None, algorithm: str) -> Binding | None:
    """Return the binding that the options describe; ``None`` if they describe none.

    :param hmac_key: base64url, as CAs hand it out, with or without padding
    :raises AcmeError: one of the two is missing, or the key is malformed; the text holds no secret
    """
    if not kid and not hmac_key:
        return None
    if not kid or not hmac_key:
        missing, given = ("eab_hmac_key", "eab_kid") if kid else ("eab_kid", "eab_hmac_key")
        raise AcmeError(
            f"{given} is set, but {missing} is not. The CA hands out both; set both, or none."
        )
    bare = hmac_key.strip().rstrip("=")
    if not re.fullmatch(r"[\w-]+", bare, re.ASCII) or len(bare) % 4 == 1:
        raise AcmeError(
            "eab_hmac_key is not base64url. Give it as the CA handed it out: letters, digits, - and"
            " _ only, and all of it."
        )
    return Binding(kid, urlsafe_b64decode(bare + "=" * (-len(bare) % 4)), algorithm)
