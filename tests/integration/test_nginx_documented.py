# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What docs/nginx.md, and docs/fleet.md of nginx, show works as it stands there."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from bed.prefix import CHECKOUT, find
from integration.bare_front_end import BareFrontEnd
from integration.front_end import ADDRESS

PAGE = CHECKOUT / "docs" / "nginx.md"
FLEET = CHECKOUT / "docs" / "fleet.md"
NAME = "mail.atlas.example"


def examples(language: str, page: Path = PAGE) -> list[str]:
    """The examples in one language, in the order of the page."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


@pytest.fixture
def front_end() -> Iterator[BareFrontEnd]:
    """An nginx with what the page puts into the http section."""
    # Not below pytest's folder: a socket's path must be short
    with tempfile.TemporaryDirectory(prefix="documented-") as folder:
        created = BareFrontEnd(Path(folder), find().bin / "nginx")
        more = "\n".join(examples("nginx"))
        created.write_config(more=more.replace("/var/log/nginx", folder))
        created.start()
        try:
            yield created
        finally:
            created.stop()


def test_the_snippets(front_end: BareFrontEnd) -> None:
    (inventory,) = [text for text in examples("yaml") if "common_snippet" in text]
    variables = yaml.safe_load(inventory)
    (tenant,) = variables["virtualhosts_tenants"]
    front_end.issue(NAME)
    outcome = front_end.apply(
        vhosts=[{"name": NAME, **tenant["nginx"]}],
        common_snippet=variables["virtualhosts_nginx_common_snippet"],
        catch_all="present",
    )
    assert outcome.results[0]["error"] is None
    statuses = [front_end.get(NAME, "/accounts/login/", tls=True)[0] for _number in range(15)]
    assert statuses[:10] == [200] * 10
    assert statuses[-1] == 429
    assert [front_end.get(NAME, "/", tls=True)[0] for _number in range(15)] == [200] * 15
    assert front_end.get(NAME, "/radicale/", tls=True)[0] == 502
    # nginx looks for the file of passwords first
    assert front_end.get(NAME, "/rspamd/", tls=True)[0] in (401, 403)


def test_the_templates(front_end: BareFrontEnd) -> None:
    templates = front_end.directory / "templates"
    templates.mkdir()
    for text in examples("jinja"):
        name = re.match(r"{# (\S+) #}", text)
        assert name is not None
        (templates / name.group(1)).write_text(text)
    front_end.issue(NAME)
    outcome = front_end.apply(name=NAME, templates=str(templates))
    assert outcome.results[0]["error"] is None
    assert front_end.get(NAME, "/status", tls=True)[2] == NAME
    assert front_end.get(NAME, "/accounts/login/", tls=True)[0] == 200
    assert "proxy_read_timeout 300s;" in (front_end.available / f"{NAME}.conf").read_text()


# As Modoboa's installer writes it for the host's own name
INSTALLER = """
server {
  listen %s:%d;
  server_name %s;
  rewrite ^ https://$server_name$request_uri? permanent;
}
"""


def test_the_inventory_of_several_front_ends(front_end: BareFrontEnd, tmp_path: Path) -> None:
    (text,) = [text for text in examples("yaml", FLEET) if "front_ends:" in text]
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(text)
    shown = subprocess.run(
        [find().controller / "bin" / "ansible-inventory", "-i", inventory, "--list", "--yaml"],
        capture_output=True,
        text=True,
        check=True,
    )
    hosts = yaml.safe_load(shown.stdout)["all"]["children"]["portals"]["children"]
    assert set(hosts["modoboa"]["hosts"]) == {"mail1.example.com"}
    assert set(hosts["front_ends"]["hosts"]) == {"edge1.example.com", "edge2.example.com"}
    edge = hosts["front_ends"]["hosts"]["edge1.example.com"]

    # The host that issues answers there, though its own name is the installer's
    own = "mail1.example.com"
    block = INSTALLER % (ADDRESS, front_end.http_port, own)
    (front_end.enabled / f"{own}.conf").write_text(block)
    front_end.apply(catch_all="present", name=NAME, state="bootstrap")
    challenge = ".well-known/acme-challenge/token"
    (front_end.storage / "webroot" / challenge).write_text("the answer")
    issuer = "acme.mail1.example.com"
    assert front_end.get(issuer, f"/{challenge}")[::2] == (200, "the answer")
    assert front_end.get(own, f"/{challenge}")[0] == 301

    # What is said of the front ends is accepted there
    outcome = front_end.apply(
        name=NAME,
        state="bootstrap",
        challenge="redirect",
        challenge_host=issuer,
        application=edge["virtualhosts_application"],
        application_protocol=edge["virtualhosts_application_protocol"],
    )
    assert outcome.results[0]["error"] is None
    where = front_end.get(NAME, f"/{challenge}")[1]["location"]
    assert where == f"http://{issuer}/{challenge}"
    outcome = front_end.apply(
        name=NAME, state="bootstrap", challenge_peers=edge["virtualhosts_nginx_challenge_peers"]
    )
    assert outcome.results[0]["error"] is None
