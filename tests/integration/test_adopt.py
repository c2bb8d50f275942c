# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook that takes portals over: certbot's certificates, blocks by hand, while somebody asks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from bed import portal, wait
from bed.ansible import Run
from bed.certbot import Certbot
from bed.command import run
from bed.ports import LOOPBACK
from demo import visitor
from integration.extension_settings import settings
from integration.portal_site import Site, Tenant, changes, failure_message
from integration.prober import probing
from unit.plugins.module_utils.acme.certbot_folder import CertbotFolder
from unit.plugins.module_utils.acme.issuing import NOW

_DOCUMENT = Path(__file__).parents[2] / "docs" / "adopt.md"
_ACCOUNT = "Make sure of the ACME account"
_BLOCKS = """\
server {{
    listen {address}:{http_port};
    server_name {names};
    location /.well-known/acme-challenge/ {{
        root {webroot};
    }}
    location / {{
        return 301 https://{name}:{https_port}$request_uri;
    }}
}}
"""
_HTTPS = """\
server {{
    listen {address}:{https_port} ssl;
    server_name {names};
    ssl_certificate {live}/fullchain.pem; # managed by Certbot
    ssl_certificate_key {live}/privkey.pem; # managed by Certbot
    root {modoboa}/frontend;
    location / {{
        try_files $uri /index.html;
    }}
    location /sitestatic/ {{
        alias {modoboa}/sitestatic/;
    }}
    location ~ ^/(api|accounts) {{
        proxy_pass http://unix:{application};
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto $scheme;
    }}
    location = /status {{
        return 200 fine;
    }}
}}
"""


class Host:
    """A host as an administrator has set it up: blocks by hand, certificates by certbot."""

    def __init__(self, site: Site, directory: Path) -> None:
        self.site = site
        bed = site.bed
        self.certbot = Certbot(directory / "certbot", bed.acme.directory_url, bed.acme.ca_path)
        self.webroot = directory / "webroot"
        self.written: list[Path] = []
        self.further: list[str] = []

    def serve(self, tenant: Tenant, *arguments: str, more: tuple[str, ...] = ()) -> Path:
        """Bring a tenant online by hand. Returns the file with its blocks.

        :param more: further names of the certificate
        """
        names = [tenant["hostname"], *tenant.get("names", [])]
        self.site.bed.dns.add(*more)
        self.further += more
        self.write(tenant["hostname"], [*names, *more], _BLOCKS)
        live = self.certbot.issue(self.webroot, *more, *reversed(names), more=arguments)
        return self.write(tenant["hostname"], names, _BLOCKS + _HTTPS, live)

    def write(self, name: str, names: list[str], text: str, live: Path | None = None) -> Path:
        """Write a file, link to it, and reload."""
        bed = self.site.bed
        file = bed.nginx.sites_available / f"by-hand-{name}"
        file.write_text(
            text.format(
                address=LOOPBACK,
                http_port=bed.nginx.http_port,
                https_port=bed.nginx.https_port,
                name=name,
                names=" ".join(names),
                webroot=self.webroot,
                live=live,
                modoboa=bed.modoboa.directory,
                application=bed.layout.application_socket,
            )
        )
        link = bed.nginx.sites_enabled / file.name
        if not link.is_symlink():
            link.symlink_to(f"../{file.parent.name}/{file.name}")
            self.written += [file, link]
        self.reload()
        return file

    def reload(self) -> None:
        """Have nginx take what is on disk."""
        nginx = self.site.bed.nginx
        run(
            [nginx.binary, "-p", nginx.prefix, "-c", nginx.conf, "-s", "reload"],
            purpose="reloading nginx",
        )

    def adopt(self, *, check: bool = False, **variables: Any) -> Run:
        """Run the playbook."""
        storage = self.site.directory / "storage"
        return self.run("adopt", check=check, storage=storage, **variables)

    def run(self, playbook: str, *, check: bool = False, **variables: Any) -> Run:
        """Run a playbook with a storage of this host's own, in which there is no account yet."""
        return self.site.run(
            playbook,
            check=check,
            virtualhosts_storage=str(self.site.directory / "storage"),
            virtualhosts_adopt_certbot=str(self.certbot.configuration),
            **{key: value for key, value in variables.items() if key != "storage"},
        )

    def state(self, tenant: Tenant) -> dict[str, Any]:
        """What the storage says of a certificate."""
        folder = self.site.directory / "storage" / "certs" / tenant["hostname"]
        said: dict[str, Any] = json.loads((folder / "state.json").read_text())
        return said

    def close(self) -> None:
        """Take everything off again."""
        names = [tenant["hostname"] for tenant in self.site.tenants]
        if names:
            self.run("retire", tenant=names)
        for path in self.written:
            path.unlink(missing_ok=True)
        self.site.bed.dns.remove(*self.further)
        self.reload()


@pytest.fixture
def host(site: Site, tmp_path: Path) -> Iterator[Host]:
    """A host on which nobody is taken over yet."""
    made = Host(site, tmp_path)
    yield made
    made.close()


def asks_page(site: Site, tenant: Tenant, path: str = "/") -> Any:
    """Ask for the frontend, or what else there is, over a connection of its own each time."""
    # Others write the bed's own file anew
    issuer = site.directory / f"{tenant['hostname']}.pem"
    issuer.write_text(site.bed.acme.issuer_roots())
    asked = portal.Portal(tenant["hostname"], site.bed.nginx.https_port, issuer)

    def ask() -> str | None:
        with portal.session(asked) as session:
            answer = session.get(asked.url + path, timeout=20)
        fine = answer.status_code == 200 and "<html" in answer.text
        return None if fine else f"{answer.status_code} {answer.text[:80]}"

    return ask


def _is_fine(ask: Callable[[], str | None]) -> bool:
    with suppress(OSError):
        return ask() is None
    return False


def without_account(done: Run) -> dict[str, bool]:
    """What changed, less what check mode cannot ask: it has no key yet that the CA knows."""
    changed = changes(done)
    assert changed.pop(_ACCOUNT)
    return changed


def test_a_portal_is_taken_over(host: Host) -> None:
    site = host.site
    tenant = site.add("sapodilla")
    file = host.serve(tenant)
    ask = asks_page(site, tenant)
    # nginx takes what is on disk a moment after it was told, one worker after the other
    wait.until(
        lambda: all(_is_fine(ask) for _time in range(50)), what="the portal is online", timeout=20
    )
    with probing(ask) as probes:
        done = host.adopt()
    assert (done.rc, probes.failures) == (0, []), done.stdout
    assert host.state(tenant)["adopted"]
    assert site.block(tenant["hostname"]).exists()
    assert not (site.bed.nginx.sites_enabled / file.name).exists()
    (renewal,) = (host.certbot.configuration / "renewal").iterdir()
    assert renewal.name == f"{tenant['hostname']}.conf.adopted"


@pytest.mark.extended
def test_portals_are_taken_over_and_provisioned_without_an_order(host: Host) -> None:
    site = host.site
    first = site.add("yarrow", names=["webmail.yarrow.test"])
    second = site.add("zedoary")
    files = [
        host.serve(first, "--key-type", "rsa"),
        host.serve(second, more=("also.zedoary.test",)),
    ]
    # Younger, and with fewer names; and one that nobody has had renewed
    host.certbot.issue(host.webroot, second["hostname"])
    CertbotFolder(host.certbot.configuration).add_lineage(
        "expired", [first["hostname"], *first["names"]], not_before=NOW - timedelta(days=91)
    )
    lost = site.add("teasel", resolves=False)
    before = {
        tenant["hostname"]: visitor.certificate(site.bed, tenant["hostname"])
        for tenant in (first, second)
    }
    with probing(asks_page(site, first), asks_page(site, second)) as probes:
        # Who has an account with certbot has consented
        predicted = host.adopt(check=True, virtualhosts_acme_terms_agreed=False)
        assert predicted.rc == 0, predicted.stdout
        assert not (site.directory / "storage").exists()
        done = host.adopt(virtualhosts_acme_terms_agreed=False)
        assert done.rc == 0, done.stdout
        assert changes(predicted) == without_account(done)
        again = host.adopt()
        assert (again.rc, again.changed) == (0, 0), changes(again)

        # Provisioning does the rest, and orders nothing of those
        provisioned = host.run("provision", tenant=[first["hostname"], second["hostname"]])
        assert provisioned.rc == 0, provisioned.stdout
        assert not changes(provisioned)["Obtain certificates"]
        assert not changes(provisioned)["Make sure of the ACME account"]
        # And has done nothing that this would undo
        again = host.adopt()
        assert (again.rc, again.changed) == (0, 0), changes(again)
    assert (probes.failures, probes.rate > 0.5) == ([], True)
    for run_ in (predicted, done):
        assert "PRIVATE KEY" not in run_.stdout
        assert "location = /status" in run_.stdout
        assert lost["hostname"] in run_.stdout

    for tenant in (first, second):
        name = tenant["hostname"]
        assert visitor.certificate(site.bed, name) == before[name]
        assert site.record(name)["provisioning_status"] == "ready"
        assert host.state(tenant)["adopted"]
    assert all(file.exists() for file in files)
    assert not any((site.bed.nginx.sites_enabled / file.name).exists() for file in files)
    # A name of nobody keeps certbot at it, and says so
    renewed = sorted(path.name for path in (host.certbot.configuration / "renewal").iterdir())
    assert renewed == [
        "also.zedoary.test.conf",
        "expired.conf.adopted",
        "mail.zedoary.test.conf.adopted",
        "webmail.yarrow.test.conf.adopted",
    ]
    (stopped,) = done.task("Let certbot renew no more what was taken over")
    warnings = str(stopped.result["warnings"])
    assert "certbot certonly --cert-name also.zedoary.test -d also.zedoary.test" in warnings
    assert f"{host.certbot.configuration}/live/webmail.yarrow.test" in warnings

    # From here on it is renewed as all are
    idle = host.run("renew")
    assert (idle.rc, idle.changed) == (0, 0), changes(idle)
    due = host.run("renew", virtualhosts_renew_days=10**4)
    assert due.rc == 0, due.stdout
    assert host.run("renew").changed == 0


@pytest.mark.extended
def test_what_cannot_be_taken_over_stays_as_it_is(host: Host) -> None:
    site = host.site
    good, shared, short = site.add("acerola"), site.add("baneberry"), site.add("cowslip")
    for tenant in (good, shared, short):
        host.serve(tenant)
    # One block has a name that is in no inventory, one certificate lacks one that is
    name = shared["hostname"]
    live = host.certbot.configuration / "live" / name
    host.write(name, [name, "other.baneberry.test"], _BLOCKS + _HTTPS, live)
    short["names"] = ["webmail.cowslip.test"]
    predicted = host.adopt(check=True)
    done = host.adopt()
    assert done.rc != 0
    assert changes(predicted) == without_account(done)
    # Who has a record is served to nobody but its own users
    assert not site.record(name)
    assert site.record(good["hostname"])
    message = failure_message(done)
    assert message == failure_message(predicted)
    assert f"{name}: final block:" in message
    assert "serves other names, too (other.baneberry.test)" in message
    assert f"{short['hostname']}: certificate:" in message
    assert "it lacks webmail.cowslip.test" in message
    for tenant in (shared, short):
        assert (site.bed.nginx.sites_enabled / f"by-hand-{tenant['hostname']}").exists()
        assert visitor.certificate(site.bed, tenant["hostname"]).names
    renewed = sorted(path.name for path in (host.certbot.configuration / "renewal").iterdir())
    assert renewed == [
        f"{good['hostname']}.conf.adopted",
        f"{name}.conf",
        f"{short['hostname']}.conf",
    ]
    assert host.adopt().changed == 0

    # The way back, as documented
    file = host.written[0]
    (host.written[1]).symlink_to(f"../{file.parent.name}/{file.name}")
    back = next(
        line for line in _DOCUMENT.read_text().splitlines() if line.startswith("mv /etc/letsenc")
    )
    back = back.replace("mail.atlas.example", good["hostname"])
    run(
        back.replace("/etc/letsencrypt", str(host.certbot.configuration)).split(),
        purpose="having certbot renew again",
    )
    with probing(asks_page(site, good)) as probes:
        retired = host.run("retire", tenant=[good["hostname"]])
    assert (retired.rc, probes.failures) == (0, []), retired.stdout
    assert site.get(good["hostname"], "/status").text == "fine"
    assert f"Certificate Name: {good['hostname']}" in host.certbot.run("certificates")


@pytest.mark.extended
def test_the_way_back_in_the_order_of_the_page(host: Host) -> None:
    """Modoboa answers all the while: it lets the name in before there is no record of it any more."""
    site = host.site
    tenant = site.add("medlar")
    name = tenant["hostname"]
    file = host.serve(tenant)
    with settings(site.bed) as put:
        own = ["localhost", site.bed.modoboa.hostname]
        put({"ALLOWED_HOSTS": [*own, "*"]})
        asks = [asks_page(site, tenant, path) for path in ("/", "/accounts/login/")]
        wait.until(lambda: all(_is_fine(ask) for ask in asks), what="it is online", timeout=20)
        with probing(*asks) as probes:
            assert host.adopt().rc == 0
            assert host.run("provision").rc == 0
            put({"ALLOWED_HOSTS": own})
            put({"ALLOWED_HOSTS": [*own, "*"]})
            (site.bed.nginx.sites_enabled / file.name).symlink_to(f"../sites-available/{file.name}")
            assert host.run("retire", tenant=name).rc == 0
            put({"ALLOWED_HOSTS": [*own, name]})
        assert (probes.failures, probes.rate > 0.5) == ([], True)
        assert site.get(name, "/status").text == "fine"
