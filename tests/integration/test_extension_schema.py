# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension's part of the OpenAPI schema against its endpoints: requests made up from the one,
answers of the other. No internal error, and nothing that the schema does not tell."""

from __future__ import annotations

import json
import subprocess
from functools import lru_cache
from pathlib import Path

import pytest
from bed import Bed, environments
from bed.prefix import find
from bed.setup import locked
from integration.extension_settings import settings

CHECKS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_schema_conformance", "response_headers_conformance"),
)
# Numbers that exist, since numbers made up do not; and one that may go
CONFIGURATION = """
[[operations]]
include-path-regex = "/virtualhosts/\\\\{{id\\\\}}/.+"
parameters = {{ "path.id" = {first} }}

[[operations]]
include-path = "/api/v2/virtualhosts/{{id}}/"
parameters = {{ "path.id" = {second} }}

[[operations]]
include-path-regex = "for_domain"
parameters = {{ "path.domain_pk" = {domain} }}
"""
NO_LIMITS = {
    "MODOBOA_VIRTUALHOSTS_THROTTLE": None,
    "MODOBOA_VIRTUALHOSTS_BULK_THROTTLE": None,
}


@lru_cache(maxsize=1)
def schemathesis() -> Path:
    """The program, in an environment of its own."""
    prefix = find()
    with locked(prefix, "setup"):
        environments.install_api_tools(prefix)
    return prefix.python("api-tools").with_name("schemathesis")


@pytest.fixture(scope="module")
def configuration(bed: Bed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What tells of two virtual hosts that exist."""
    folder = tmp_path_factory.mktemp("schema")
    names = ["first.schema.test", "second.schema.test"]
    for name in names:
        bed.modoboa.create_domain(name, virtualhost=f"mail.{name}")
    hosts = bed.modoboa.request(
        "GET", "virtualhosts/", params={"search": "schema.test", "ordering": "name"}
    ).json()["results"]
    first, second = (host["pk"] for host in hosts)
    file = folder / "schemathesis.toml"
    domain = hosts[0]["domains"][0]["pk"]
    file.write_text(CONFIGURATION.format(first=first, second=second, domain=domain))
    return file


@pytest.mark.parametrize(
    ("phases", "examples"),
    [
        ("fuzzing", 10),
        pytest.param("coverage,fuzzing", 100, marks=pytest.mark.extended),
    ],
)
def test_requests_made_up(bed: Bed, configuration: Path, phases: str, examples: int) -> None:
    answer = bed.modoboa.request("GET", "../schema-v2/")
    schema = answer.json()
    schema["paths"] = {
        path: what for path, what in schema["paths"].items() if "virtualhosts" in path
    }
    assert len(schema["paths"]) > 10
    file = configuration.with_name("schema.json")
    file.write_text(json.dumps(schema))
    modoboa = bed.modoboa
    command: list[str | Path] = [
        *(schemathesis(), "--config-file", configuration, "run", file),
        *("--url", modoboa.url, "--tls-verify", modoboa.ca_path),
        *("--header", f"Authorization: Token {modoboa.token}"),
        *("--phases", phases, "--max-examples", str(examples), "--checks", ",".join(CHECKS)),
        *("--request-timeout", "30", "--no-color"),
    ]
    with settings(bed) as put:
        put(NO_LIMITS)
        done = subprocess.run(
            command, cwd=configuration.parent, check=False, capture_output=True, text=True
        )
    # Its seed is among what it says
    assert done.returncode == 0, done.stdout[-10_000:] + done.stderr[-2000:]
