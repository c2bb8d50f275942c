# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Contact addresses."""

from __future__ import annotations

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.contact import (
    contact_addresses,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError


def test_with_and_without_the_scheme() -> None:
    assert contact_addresses(["a@b.example", "mailto:c@d.example"]) == (
        "mailto:a@b.example",
        "mailto:c@d.example",
    )


@pytest.mark.parametrize("wrong", ["nonsense", "tel:+4912345", "a@b,c@d", "a@b?subject=x", ""])
def test_what_is_no_mail_address(wrong: str) -> None:
    with pytest.raises(AcmeError, match="no mail address"):
        contact_addresses([wrong])
