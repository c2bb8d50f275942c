# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make demo``: provision the example inventory on real parts, and look at it from outside."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from bed.ansible import Run
from bed.bed import Bed

from demo import example, table, visitor
from demo.example import Tenant

NOBODY = "mail.nobody.example"


@dataclass(frozen=True)
class Finding:
    """Something the demo claims, and whether it was so."""

    claim: str
    holds: bool


def main() -> int:
    """Run the demo; returns the exit code: 0 only if everything it claims was seen."""
    began = time.monotonic()
    say("Starting Modoboa, redis, nginx, the ACME CA and its DNS on loopback")
    bed = Bed("demo", keep=True).start()
    say("Mail domains and their administrators, as an operator would have them already")
    example.seed(bed)

    say("ansible-playbook -i docs/example/inventory.yml mailhost.modoboa.provision")
    first, seconds = provision(bed)
    print(first.stdout.strip())
    print("(The demo means mail.delta.invalid to fail: its name resolves nowhere.)")
    say("The same again: nothing changes")
    second, _seconds = provision(bed)
    print(second.stdout[second.stdout.rindex("PLAY RECAP") :].strip())

    say("What a visitor sees")
    findings = [*of_the_runs(first, second), *of_the_portals(bed)]
    for finding in findings:
        print(f"  {'yes' if finding.holds else 'NO '}  {finding.claim}")
    print()
    print(table.render(bed, example.tenants()))
    print(where_to_look(bed))
    print(
        f"The playbook took {seconds:.1f} s, the demo {time.monotonic() - began:.1f} s"
        " after its installation."
    )
    return 0 if all(finding.holds for finding in findings) else 1


def where_to_look(bed: Bed) -> str:
    """How to go on from here with a browser."""
    return f"""
It goes on running until `make demo-stop`. In a browser on this machine, open the addresses above; log
in as admin@DOMAIN with the password {example.PASSWORD} (as admin@atlas.example on the first portal,
say, and then on the second, which refuses). The instance itself, as everyone knew it before, is at
{bed.modoboa.url} (admin, password). The browser warns until it trusts the CA:
  {bed.issuer_file()}
"""


def provision(bed: Bed) -> tuple[Run, float]:
    """Run the playbook; returns the run and its seconds."""
    began = time.monotonic()
    run = bed.ansible.run_playbook(
        example.PLAYBOOKS / "provision.yml",
        inventory=example.INVENTORY,
        extra_vars=example.variables(bed),
    )
    return run, time.monotonic() - began


def of_the_runs(first: Run, second: Run) -> Iterator[Finding]:
    """What the two runs of the playbook show."""
    failed = [tenant for tenant in example.tenants() if is_unresolvable(tenant)]
    for run, name in ((first, "first"), (second, "second")):
        (last,) = run.task("Name the tenants that failed")
        message = " ".join(last.result.get("msg", []))
        yield Finding(
            f"the {name} run fails at its end and names {failed[0].hostname} alone, with the reason",
            run.rc != 0
            and f"{failed[0].hostname}: certificate:" in message
            and not any(t.hostname in message for t in example.tenants() if t not in failed),
        )
    yield Finding("the second run changed nothing", second.stats != {} and second.changed == 0)


def of_the_portals(bed: Bed) -> Iterator[Finding]:
    """What can be seen of the portals from outside."""
    ready = [tenant for tenant in example.tenants() if not is_unresolvable(tenant)]
    for tenant in ready:
        for name in (tenant.hostname, *tenant.names):
            served = visitor.certificate(bed, name)
            yield Finding(
                f"{name}: certificate verified up to the root of {served.issuer},"
                f" until {served.not_after:%Y-%m-%d}",
                name in served.names,
            )
            target = visitor.redirect(bed, name)
            yield Finding(f"{name}: HTTP redirects to {target}", target.startswith("https://"))
    yield Finding(
        f"{NOBODY}: a name that no tenant has gets no certificate, and no portal",
        visitor.is_refused(bed, NOBODY),
    )
    for tenant in ready[:2]:
        page = visitor.login_page(bed, tenant.hostname)
        yield Finding(
            f"{tenant.hostname}: its login page is {page.primary_color} with its own logo",
            page.primary_color.lower() == tenant.primary_color
            and tenant.logo is not None
            and page.logo == tenant.logo.read_bytes(),
        )
    owner, other = ready[0], ready[1]
    person = owner.administrator
    for tenant, welcome in ((owner, True), (other, False)):
        result = bed.login(tenant.hostname, person.username, person.password)
        yield Finding(
            f"{tenant.hostname}: {person.username} {'logs in' if welcome else 'is refused'}",
            result.ok is welcome,
        )


def is_unresolvable(tenant: Tenant) -> bool:
    """Whether it is the tenant that is there to fail."""
    return tenant.hostname.endswith(example.UNRESOLVABLE)


def say(text: str) -> None:
    """A heading."""
    print(f"\n=== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
