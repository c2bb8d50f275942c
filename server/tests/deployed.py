# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The settings of a real Modoboa instance, made from the template that `deploy` itself uses."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

NAME = "modoboa_instance"
PRIMARY = "modoboa.test"


def write(folder: Path, redis_url: str, database_url: str = "") -> None:
    """Write the settings and addresses of an instance as ``modoboa-admin.py deploy`` does.

    What deploy does besides, migrating and loading data, the tests do in their own database.

    :param folder: where the package ``modoboa_instance`` goes; it is made importable
    :param redis_url: a Redis database to use
    :param database_url: an empty database, as deploy takes it; sqlite without one
    """
    # Importing this configures nothing; making a command would, with settings of its own, so one
    # is had without making it
    import dj_database_url
    from django.template import Context, Engine
    from modoboa.core.commands import deploy
    from modoboa.core.utils import generate_rsa_private_key

    engine = Engine()
    command = deploy.DeployCommand.__new__(deploy.DeployCommand)
    templates = Path(deploy.__file__).parent / "templates"
    url = database_url or f"sqlite:///{folder}/test.db?transaction_mode=IMMEDIATE&timeout=20"
    database: dict[str, Any] = {**dj_database_url.parse(url)}
    connection = engine.from_string(deploy.DBCONN_TPL).render(
        Context({**database, "conn_name": "default", "OPTIONS": command._get_db_options(database)})
    )
    settings = engine.from_string((templates / "settings.py.tpl").read_text()).render(
        Context(
            {
                "name": NAME,
                "db_connections": {"default": connection},
                "secret_key": "not a secret, only for tests",
                "redis_url": redis_url,
                "allowed_host": PRIMARY,
                "server_domain": PRIMARY,
                "lang": "en",
                "timezone": "UTC",
                "devmode": False,
                "extensions": ["modoboa_virtualhosts"],
                "extra_settings": ["modoboa_virtualhosts"],
                "amavis_enabled": False,
            }
        )
    )
    package = folder / NAME
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "settings.py").write_text(settings)
    (package / "urls.py").write_text((templates / "urls.py.tpl").read_text())
    generate_rsa_private_key(str(folder))
    sys.path.insert(0, str(folder))
