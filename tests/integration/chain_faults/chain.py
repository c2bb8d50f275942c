# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An operator's site all of whose parts can fail, and the runs of playbooks on it."""

from __future__ import annotations

import itertools
import shutil
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bed import Bed
from bed.acme_server import CaOptions
from bed.ansible import Ansible, Run
from bed.pebble import Pebble
from bed.ports import LOOPBACK
from demo import visitor
from integration.acme_faults.storage import check_pairs, check_privacy, check_tidy
from integration.chain_faults.moments import Moment
from integration.chain_faults.steps_taken import Event, StepsTaken
from integration.chain_faults.visit import PATIENCE, Visit
from integration.chain_faults.wire import Wire
from integration.disk import PAGE, Disk
from integration.portal_site import LOGO, Site, Tenant, changes
from integration.prober import Probes, probing

# As many as all cases of a test take, and more
PAGES = 16384
FILES = 16384
KILLED = -9
# Seconds between two visits to a portal: for each one that there is, and at most
PAUSE, LONGEST_PAUSE = 0.1, 1.0
# How often each portal is visited during a fault, at least, and how long none may be without an answer
VISITS = 2
SILENCE = LONGEST_PAUSE + PATIENCE + 1
MOVING = "moving.test"
# Two are taken at a time, and none may come back at once
COLORS = itertools.cycle(["#123456", "#654321", "#abcdef"])
LOGOS = itertools.count()
NAMES = itertools.cycle(["www.old.test", "web.old.test"])
KEY_TYPES = itertools.cycle(["P-384", "P-256"])


class Chain:
    """A site with a disk that can be filled and with connections that can be cut, asked throughout.

    :ivar key_type: that of the certificates
    """

    def __init__(self, site: Site, disk: Disk, modoboa: Wire, ca: Wire, steps: StepsTaken) -> None:
        self.site, self.disk = site, disk
        self._modoboa, self._ca, self._wires = modoboa, ca, (modoboa, ca)
        self._steps = steps
        self._numbers = itertools.count()
        self._probes: Probes | None = None
        self.storage = disk.path / "storage"
        self.key_type = "P-256"
        self.faults: dict[str, Callable[[Event], None]] = {
            "killed": steps.kill,
            "controller killed": steps.kill_controller,
            "module killed": steps.kill_module,
            "cut": lambda _event: self._each_wire(Wire.cut),
            "answers lost": lambda _event: self._each_wire(Wire.lose_answers),
            "disk full": lambda _event: disk.leave_nothing(),
            "cut, disk full": lambda _event: self._fail_all(),
        }

    @property
    def old(self) -> Tenant:
        """The tenant that is there from the start."""
        return self.site.tenants[0]

    def start(self) -> None:
        """Bring the first tenants online."""
        done = self.run("provision")
        assert done.rc == 0, done.stdout
        self._check_ready()

    @contextmanager
    def visited(self) -> Iterator[None]:
        """Visit all portals that there are, until the end of the block: all have to answer."""
        context = ssl.create_default_context(cadata=self.site.bed.acme.issuer_roots())
        port = self.site.bed.nginx.https_port
        visits = [Visit(tenant["hostname"], port, context) for tenant in self.site.tenants]
        with probing(*visits, pause=min(PAUSE * len(visits), LONGEST_PAUSE)) as probes:
            self._probes = probes
            yield
        print(f"{len(visits)} portals: {probes}")
        assert probes.failures == []
        assert probes.silence < SILENCE

    def change(self) -> None:
        """Give each step of the chain something to do.

        There is a new tenant, to which a mail domain moves, and an old one gets another name.
        """
        holder = self.site.tenants[-1]
        new = self.site.add(f"case{next(self._numbers)}", theme=theme(self.site))
        if MOVING in holder["domains"]:
            holder["domains"].remove(MOVING)
        new["domains"].append(MOVING)
        # The certificate that is there has never this one
        self.old["names"] = [next(NAMES)]
        self.old["theme"] = theme(self.site)

    def run(
        self, playbook: str, fault: str = "", moment: Moment | None = None, **variables: Any
    ) -> Run:
        """Run a playbook, and let something happen to it at some moment."""
        if moment is None:
            self._steps.start_over()
        else:
            self._steps.start_over(moment.watcher(), self.faults[fault])
        before = self._visits()
        done = self.site.run(playbook, **self._variables(), **variables)
        if moment is not None:
            assert self._steps.happened_at, self._steps.events
            visits = [now - then for then, now in zip(before, self._visits(), strict=True)]
            assert min(visits) >= VISITS, visits
        return done

    def heal(self) -> None:
        """Let nothing fail any more."""
        self.disk.leave_all()
        self._each_wire(Wire.mend)

    def check_healed(self, playbook: str, **variables: Any) -> Run:
        """Check that one run brings everything to where it should be, and another is silent.

        :returns: the first of the two
        """
        began = time.time()
        second = self.run(playbook, **variables)
        assert second.rc == 0, second.stdout
        self._check_ready()
        hostnames = [tenant["hostname"] for tenant in self.site.tenants]
        check_pairs(self.storage, *hostnames)
        check_privacy(self.storage)
        check_tidy(self.storage, began)
        assert [path.name for path in self.disk.path.glob("sites-*/.*")] == []
        third = self.run(playbook, **variables)
        assert (third.rc, third.changed) == (0, 0), changes(third)
        return second

    def _visits(self) -> list[int]:
        return self._probes.so_far() if self._probes else []

    def _check_ready(self) -> None:
        modoboa = self.site.bed.modoboa
        listed = modoboa.request("GET", "virtualhosts/", params={"page_size": 1000}).json()
        records = {record["name"]: record for record in listed["results"]}
        for tenant in self.site.tenants:
            hostname = tenant["hostname"]
            assert records[hostname]["provisioning_status"] == "ready", records[hostname]
            domains = {domain["name"] for domain in records[hostname]["domains"]}
            assert domains == set(tenant["domains"]), hostname
            served = visitor.certificate(self.site.bed, hostname)
            assert set(served.names) >= {hostname, *tenant.get("names", [])}
        for tenant in (self.site.tenants[0], self.site.tenants[-1]):
            page = visitor.login_page(self.site.bed, tenant["hostname"])
            assert page.primary_color == tenant["theme"]["colors"]["primary"]

    def _fail_all(self) -> None:
        self.disk.leave_nothing()
        self._each_wire(Wire.cut)

    def _each_wire(self, change: Callable[[Wire], None]) -> None:
        for wire in self._wires:
            change(wire)

    def _variables(self) -> dict[str, Any]:
        return {
            "virtualhosts_modoboa_url": f"https://localhost:{self._modoboa.port}",
            "virtualhosts_acme_directory": f"https://{LOOPBACK}:{self._ca.port}/dir",
            "virtualhosts_storage": str(self.storage),
            "virtualhosts_key_type": self.key_type,
        }


class WatchedAnsible(Ansible):
    """Ansible whose modules report each step."""

    def __init__(self, bed: Bed, steps: StepsTaken) -> None:
        super().__init__(bed.layout)
        self._steps = steps

    def environment(self, results: Path | None = None) -> dict[str, str]:
        """Everything that Ansible reads, and who hears of the steps."""
        return {**super().environment(results), **self._steps.environment}


def check_faulty(run: Run, fault: str) -> None:
    """Check how a run ended that met a fault."""
    if fault in ("killed", "controller killed"):
        assert run.rc == KILLED
    else:
        assert run.rc > 0, run.stdout
        # It came to its end, and says for whom something is left to be done, or that nobody could be told
        assert [each for each in run.results if each.status == "failed"][-1].result["msg"]


@contextmanager
def faulty_chain(name: str, folder: Path) -> Iterator[Chain]:
    """A bed of the test's own with two tenants that are ready."""
    with ExitStack() as running:
        bed = Bed(name)
        # There is a challenge in each order
        bed.acme = Pebble(bed.layout, bed.dns.address, CaOptions(authorization_reuse=0))
        running.enter_context(bed)
        mount_point = folder / "disk"
        mount_point.mkdir()
        disk = running.enter_context(Disk(mount_point, pages=PAGES, files=FILES))
        _move(bed, disk)
        modoboa = running.enter_context(Wire(bed.layout.ports.https))
        ca = running.enter_context(Wire(bed.layout.ports.acme))
        steps = running.enter_context(StepsTaken([disk.path]))
        bed.ansible = WatchedAnsible(bed, steps)
        chain = Chain(Site(bed, folder), disk, modoboa, ca, steps)
        chain.site.add("old", theme=theme(chain.site), names=[])
        chain.site.add("holder", theme=theme(chain.site))
        bed.dns.add("www.old.test", "web.old.test")
        bed.modoboa.create_domain(MOVING)
        chain.site.tenants[-1]["domains"].append(MOVING)
        chain.start()
        yield chain


def _move(bed: Bed, disk: Disk) -> None:
    """Have everything that provisioning writes on that disk."""
    (disk.path / "storage").mkdir()
    nginx = bed.nginx
    nginx.sites_available = disk.path / "sites-available"
    nginx.sites_enabled = disk.path / "sites-enabled"
    nginx.write_configuration()
    nginx.reload()
    media = bed.modoboa.directory / "media"
    shutil.move(media, disk.path / "media")
    media.symlink_to(disk.path / "media")


def theme(site: Site) -> dict[str, Any]:
    """A theme that no tenant has yet: its colors go to the database, its logo to the disk."""
    color = next(COLORS)
    logo = site.directory / f"logo{next(LOGOS)}.svg"
    # Not to be written into what a new block leaves free of the old one's on a full disk
    logo.write_text(LOGO.replace("<path ", f'<path id="{logo.stem}" ') + "\n" * 10 * PAGE)
    return {"colors": {"primary": color}, "logos": {"login": logo.name}}
