# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long certificates take: acme_cert beside a loop over certbot, on the same Pebble.

Single-name P-256 certificates over HTTP-01 by webroot. Pebble neither waits nor refuses nonces.
For acme_cert the whole ansible-playbook is timed, account included; for certbot the account is
made beforehand. Each certificate is for a name of its own, so that no proof is used twice.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import time
import venv
from pathlib import Path
from string import Template

from bed import Bed

CERTBOT = "certbot >=5.8, <6"
RUNS = 3
DOMAIN = "bench.example"

SERVER = Template("""\
server {
  listen 127.0.0.1:$port;
  server_name *.$domain;
  location /.well-known/acme-challenge/ { root $webroot; default_type text/plain; }
}
""")


def main() -> None:
    """Print one line for each figure."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--certificates", type=int, default=50, help="how many (50)")
    parser.add_argument(
        "--certbot",
        type=int,
        metavar="NUMBER",
        help="let certbot issue only so many, and extrapolate",
    )
    options = parser.parse_args()
    wanted: int = options.certificates
    measured: int = min(options.certbot or wanted, wanted)
    # By process, so that two runs in one checkout do not get in each other's way
    with Bed(f"bench-{os.getpid()}") as bed:
        certbot = install_certbot(bed)
        serve(bed)
        ours = [with_acme_cert(bed, names(bed, f"run{run}", wanted)) for run in range(RUNS)]
        theirs = with_certbot(bed, certbot, names(bed, "certbot", measured)) * wanted / measured
    best, median = min(ours), statistics.median(ours)
    scaled = "" if measured == wanted else f" (extrapolated from {measured})"
    print(
        f"acme_cert: {wanted} certificates in {median:.2f} s"
        f" (median of {RUNS} runs, the best {best:.2f} s)"
    )
    print(f"certbot loop: {wanted} certificates in {theirs:.1f} s{scaled}")
    print(f"acme_cert is {theirs / median:.0f} times as fast")


def names(bed: Bed, stem: str, number: int) -> list[str]:
    """Return names that resolve to the bed's nginx."""
    found = [f"{stem}-{each}.{DOMAIN}" for each in range(number)]
    bed.dns.add(*found)
    return found


def webroot(bed: Bed) -> Path:
    """Where nginx finds the challenges of either client."""
    return bed.storage / "webroot"


def serve(bed: Bed) -> None:
    """Let nginx serve the challenges."""
    webroot(bed).mkdir(parents=True)
    block = SERVER.substitute(port=bed.nginx.http_port, domain=DOMAIN, webroot=webroot(bed))
    (bed.nginx.sites_enabled / "bench").write_text(block)
    os.kill(int(bed.nginx.pid.read_text()), signal.SIGHUP)
    time.sleep(1)


def with_acme_cert(bed: Bed, wanted: list[str]) -> float:
    """Return the seconds that Ansible takes for all of them."""
    storage = bed.directory / wanted[0]
    storage.mkdir()
    (storage / "webroot").symlink_to(webroot(bed))
    arguments = {
        "acme_directory": bed.acme.directory_url,
        "ca_path": str(bed.acme.ca_path),
        "terms_agreed": True,
        "storage": str(storage),
        "certificates": [{"name": name} for name in wanted],
    }
    begin = time.monotonic()
    result = bed.ansible.run_module("acme_cert", arguments, diff=False)
    seconds = time.monotonic() - begin
    if result["failed"] or not all(item["changed"] for item in result["certificates"]):
        sys.exit(f"acme_cert failed: {result.get('msg')}")
    return seconds


def with_certbot(bed: Bed, certbot: Path, wanted: list[str]) -> float:
    """Return the seconds that one certbot after the other takes."""
    folder = bed.directory / "certbot"
    common = [
        *("--non-interactive", "--quiet", "--server", bed.acme.directory_url),
        *("--config-dir", str(folder / "config"), "--work-dir", str(folder / "work")),
        *("--logs-dir", str(folder / "logs")),
    ]
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "REQUESTS_CA_BUNDLE": str(bed.acme.ca_path),
    }

    def run(*arguments: str) -> None:
        subprocess.run([str(certbot), *arguments, *common], env=environment, check=True)

    run("register", "--agree-tos", "--register-unsafely-without-email")
    begin = time.monotonic()
    for name in wanted:
        run(
            *("certonly", "--webroot", "--webroot-path", str(webroot(bed)), "--domain", name),
            *("--key-type", "ecdsa", "--elliptic-curve", "secp256r1"),
        )
    return time.monotonic() - begin


def install_certbot(bed: Bed) -> Path:
    """Return certbot in an environment of its own, which stays for the next time."""
    environment = bed.layout.prefix.real / "venv" / "certbot"
    certbot = environment / "bin" / "certbot"
    if not certbot.exists():
        venv.create(environment, with_pip=True)
        python = environment / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", CERTBOT], check=True)
    return certbot


if __name__ == "__main__":
    main()
