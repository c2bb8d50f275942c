# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployed Modoboa instances to copy: `modoboa-admin.py deploy` takes half a minute, a copy none.

A template is a folder with what deploy makes, and with its database. What differs from one bed to
the next is a placeholder in its settings, which the copy fills in.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from string import Template

from bed.command import run
from bed.layout import Layout
from bed.nginx import PRIMARY_HOSTNAME
from bed.postgresql import Postgresql
from bed.prefix import CHECKOUT, Prefix
from bed.setup import locked
from bed.stamp import digest

# Changes when templates are made in another way, so that everybody makes new ones.
RECIPE = "2"
EXTENSION = "modoboa_virtualhosts"
INSTANCE = "instance"
REDIS_URL = "@REDIS_URL@"
DIRECTORY = "@DIRECTORY@"
# Appended to the settings that deploy writes
SETTINGS = Template("""
# As an operator says it whose portals are not on port 443
MODOBOA_VIRTUALHOSTS_PORT = $port

# No question to the outside, and messages and errors in the log of gunicorn instead of syslog
DISABLE_DASHBOARD_EXTERNAL_QUERIES = True
for name in ("syslog", "syslog-auth", "syslog-mail", "mail-admins"):
    LOGGING["handlers"][name] = {"class": "logging.StreamHandler", "formatter": "syslog"}
""")
# Where deploy names the extension: in the list of applications, and where it lets it add settings
MENTIONED = re.compile(
    rf"^    '{EXTENSION}',\n|^try:\n    from {EXTENSION} .*?^    from {EXTENSION}.*?\n",
    re.MULTILINE | re.DOTALL,
)
# The newest templates to keep; older ones belong to other states of the checkout.
KEPT = 4


def copy(layout: Layout, *, extension: bool = True) -> None:
    """Give an instance its own Modoboa, and its own database cluster if it is to have one.

    Deploys the template first if there is none for this state of the checkout. Redis must run. Without
    the ``extension`` its settings do not know of it; its tables are there, and nobody asks for them.
    """
    template = _ensure(layout)
    # Links stay links: the frontend's files are in the virtual environment.
    shutil.copytree(template, layout.directory, symlinks=True, dirs_exist_ok=True)
    settings = layout.modoboa / INSTANCE / "settings.py"
    text = settings.read_text()
    text = text.replace(REDIS_URL, layout.redis_url).replace(DIRECTORY, str(layout.directory))
    if not extension:
        text = MENTIONED.sub("", text)
        assert EXTENSION not in text
    settings.write_text(text + SETTINGS.substitute(port=layout.ports.https))


def environment(prefix: Prefix) -> dict[str, str]:
    """The environment of Modoboa's programs: nothing of the caller's Django or Python."""
    return {
        "PATH": f"{prefix.modoboa / 'bin'}:/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": str(prefix.path),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _ensure(layout: Layout) -> Path:
    prefix = layout.prefix
    target = prefix.templates / f"{layout.database}-{_key(prefix)}"
    prefix.templates.mkdir(exist_ok=True)
    with locked(prefix, "template"):
        if target.exists():
            target.touch()
        else:
            _deploy(layout, target)
            _forget_old(prefix)
    return target


def _deploy(layout: Layout, target: Path) -> None:
    prefix = layout.prefix
    print("bed: deploying Modoboa once, for all beds to copy", file=sys.stderr, flush=True)
    # Private like the folders it is copied to: it has the keys of an instance. The name is new, as
    # one that was killed may have left a program that still writes into its own.
    work = Path(tempfile.mkdtemp(prefix="new-", dir=prefix.templates))
    postgresql = Postgresql(layout, work)
    database_url = "sqlite:///modoboa.db?transaction_mode=IMMEDIATE&timeout=20"
    if layout.database == "postgresql":
        postgresql.create()
        database_url = postgresql.url
    with postgresql.running() if layout.database == "postgresql" else nullcontext():
        _run_deploy(layout, work, database_url)
    (work / INSTANCE).rename(work / "modoboa")
    settings = work / "modoboa" / INSTANCE / "settings.py"
    text = settings.read_text()
    text = text.replace(layout.redis_url, REDIS_URL).replace(f"'{work}'", f"'{DIRECTORY}'")
    text = text.replace("'NAME': 'modoboa.db'", f"'NAME': '{DIRECTORY}/modoboa/modoboa.db'")
    settings.write_text(text)
    work.rename(target)


def _run_deploy(layout: Layout, work: Path, database_url: str) -> None:
    prefix = layout.prefix
    python = prefix.python("modoboa")
    run(
        [
            *(python, prefix.modoboa / "bin" / "modoboa-admin.py", "deploy", INSTANCE),
            *("--collectstatic", "--domain", PRIMARY_HOSTNAME),
            *("--dburl", f"default:{database_url}", "--redisurl", layout.redis_url),
            *("--extensions", EXTENSION, "--dont-install-extensions"),
        ],
        directory=work,
        environment=environment(prefix),
        purpose="deploying Modoboa",
    )
    # deploy itself goes on after a failed step: these fail if anything is missing.
    for arguments in (
        ["migrate", "--check"],
        ["check"],
        # one config.json for all hostnames, with paths instead of the primary's address
        ["load_initial_data", "--relative-urls-in-config"],
    ):
        run(
            [python, "manage.py", *arguments],
            directory=work / INSTANCE,
            environment=environment(prefix),
            purpose=f"Modoboa's manage.py {arguments[0]}",
        )


def _key(prefix: Prefix) -> str:
    """What a template depends on: the versions, and the extension's part in deploying."""
    packages = prefix.modoboa / "lib"
    versions = sorted(
        found.name
        for pattern in ("modoboa-*.dist-info", "[Dd]jango-*.dist-info")
        for found in packages.glob(f"python3*/site-packages/{pattern}")
    )
    extension = CHECKOUT / "server" / EXTENSION
    files = sorted(
        found
        for pattern in ("migrations/*.py", "settings.py", "modo_extension.py", "static/**/*")
        for found in extension.glob(pattern)
        if found.is_file()
    )
    names = [str(file.relative_to(extension)) for file in files]
    return digest([RECIPE, str(prefix.path), *versions, *names, *files])[:12]


def _forget_old(prefix: Prefix) -> None:
    found = sorted(prefix.templates.iterdir(), key=lambda folder: folder.stat().st_mtime)
    for folder in found[:-KEPT]:
        shutil.rmtree(folder)
