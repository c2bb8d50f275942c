# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the TLS certificate of the CA's own server is checked."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.errors import AcmeError
from ansible_collections.mailhost.modoboa.plugins.module_utils.acme.trust import Trust
from unit.plugins.module_utils.acme.issuing import pair


def test_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    assert Trust().verify() is True
    assert Trust(validate=False).verify() is False
    assert Trust("/given.pem", validate=False).verify() is False


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with a certificate."""
    path = tmp_path / "ca.pem"
    path.write_bytes(pair(["ca.test"])[0])
    return path


def test_what_can_be_used_is_accepted(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Trust(str(file)).insist()
    Trust(str(file.parent)).insist()
    Trust("/nowhere/ca.pem", validate=False).insist()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    Trust().insist()
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    Trust().insist()


@pytest.mark.parametrize("content", [b"", b"no PEM", b"-----BEGIN CERTIFICATE-----\nMIIB\n"])
def test_a_file_without_a_certificate(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(AcmeError, match=r"ca_path is .*/ca\.pem, which holds no certificate"):
        Trust(str(file)).insist()


def test_a_link_that_leads_in_circles(file: Path) -> None:
    file.unlink()
    file.symlink_to(file)
    with pytest.raises(AcmeError, match=r"ca_path is .* cannot be read: Too many levels"):
        Trust(str(file)).insist()


def test_what_the_environment_names_is_looked_at_too(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(AcmeError, match=r"REQUESTS_CA_BUNDLE is /nowhere/ca\.pem, which does not"):
        Trust().insist()
    file.write_bytes(b"no PEM")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    with pytest.raises(AcmeError, match=r"REQUESTS_CA_BUNDLE is .* holds no certificate"):
        Trust().insist()
