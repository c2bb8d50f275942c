# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The licence, with a licensing service in a process of its own and settings.py as operators edit it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bed import Bed
from bed.errors import BedError
from integration.extension_settings import settings
from integration.licensing_service import LicensingService


@pytest.fixture
def service(bed: Bed, tmp_path: Path) -> Iterator[LicensingService]:
    running = LicensingService(bed.modoboa.python, tmp_path / "licences.db")
    yield running
    running.stop()


def locked(bed: Bed) -> bool:
    try:
        bed.modoboa.request("GET", "virtualhosts/")
    except BedError as error:
        refused = str(error)
    else:
        return False
    assert "403" in refused
    assert "license_required" in refused
    return True


@pytest.mark.extended
def test_life_of_a_licence(bed: Bed, service: LicensingService) -> None:
    assert not locked(bed)
    key = service.sell()
    licensed = {"MODOBOA_PRO_LICENSE_KEY": key, "MODOBOA_VIRTUALHOSTS_LICENSE_URL": service.url}
    with settings(bed) as put:
        put(licensed)
        assert locked(bed)
        bed.modoboa.manage("virtualhosts_license", "--register")
        assert not locked(bed)
        state = bed.modoboa.request("GET", "virtualhosts/license/").json()
        assert (state["registered"], state["licensee"]) == (True, "Example Hosting")
        # The key is gone from settings.py, and with it the right
        put({})
        assert locked(bed)
        put({**licensed, "MODOBOA_PRO_LICENSE_KEY": "another"})
        assert locked(bed)
        with pytest.raises(BedError, match="unknown"):
            bed.modoboa.request("POST", "virtualhosts/license/")
        state = bed.modoboa.request("GET", "virtualhosts/license/").json()
        assert "unknown" in state["last_error"]
        # Nobody has to be asked about a key that is registered
        service.stop()
        put(licensed)
        assert not locked(bed)
        # For the tests after this one
        bed.modoboa.manage(
            *("shell", "-c"),
            "from modoboa_virtualhosts.models import License; License.objects.all().delete()",
        )
    assert not locked(bed)
    assert key not in (bed.logs / "modoboa.log").read_text()
