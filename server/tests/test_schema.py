# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""What the instance's OpenAPI schema says of these endpoints."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator

pytestmark = pytest.mark.django_db

ROOT = "/api/v2/virtualhosts/"
REFUSALS = {"401", "403", "406", "429"}
OPERATIONS = {
    ("get", ROOT): {"200", "400", "404"},
    ("get", f"{ROOT}{{id}}/"): {"200", "404"},
    ("delete", f"{ROOT}{{id}}/"): {"204", "404"},
    ("post", f"{ROOT}{{id}}/set_state/"): {"200", "400", "404", "415"},
    ("post", f"{ROOT}{{id}}/retry_provisioning/"): {"200", "404", "409"},
    ("get", f"{ROOT}{{id}}/theme/"): {"200", "404"},
    ("put", f"{ROOT}{{id}}/theme/"): {"200", "400", "404", "415"},
    ("post", f"{ROOT}{{id}}/theme_logo/"): {"200", "400", "404", "415"},
    ("delete", f"{ROOT}{{id}}/theme_logo/"): {"204", "400", "404"},
    ("get", f"{ROOT}for_domain/{{domain_pk}}/"): {"200", "404"},
    ("post", f"{ROOT}report/"): {"200", "400", "415"},
    ("post", f"{ROOT}bulk/"): {"200", "400", "415"},
    ("get", f"{ROOT}license/"): {"200"},
    ("post", f"{ROOT}license/"): {"200", "409"},
    ("get", "/api/v2/parameters/virtualhosts/"): {"200"},
    ("put", "/api/v2/parameters/virtualhosts/"): {"200", "400", "415"},
}


@pytest.fixture(scope="module")
def schema(django_db_setup: None, django_db_blocker: Any) -> Any:
    with django_db_blocker.unblock():
        document = SchemaGenerator(api_version="v2").get_schema(public=True)
    plain: Any = json.loads(json.dumps(document, default=str))
    if wanted := os.environ.get("MODOBOA_TEST_SCHEMA"):
        Path(wanted).write_text(json.dumps(plain, indent=1))
    return plain


def operations(schema: Any) -> dict[tuple[str, str], Any]:
    return {
        (method, path): operation
        for path, methods in schema["paths"].items()
        if "virtualhosts" in path
        for method, operation in methods.items()
    }


def references(value: Any) -> set[str]:
    """The names of all components that a part of the schema refers to."""
    return set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(value)))


def test_every_endpoint_with_every_status(schema: Any) -> None:
    described = {
        key: set(operation["responses"]) - REFUSALS for key, operation in operations(schema).items()
    }
    assert described == OPERATIONS
    for operation in operations(schema).values():
        assert operation["responses"].keys() >= REFUSALS


def test_every_answer_has_a_form(schema: Any) -> None:
    for key, operation in operations(schema).items():
        assert operation["description"], key
        for status, response in operation["responses"].items():
            assert (status == "204") == ("content" not in response), (key, status)


def test_names_are_not_those_of_others(schema: Any) -> None:
    """Modoboa has a Theme as well: of two components of one name only one is in the schema."""
    names = references(list(operations(schema).values()))
    assert names
    strangers = {name for name in names if "VirtualHost" not in name}
    assert strangers <= {"ProvisioningStatusEnum", "LogoTypeEnum"}


def test_nothing_was_guessed(schema: Any) -> None:
    messages = [*GENERATOR_STATS._warn_cache, *GENERATOR_STATS._error_cache]
    assert not [message for message in messages if "modoboa_virtualhosts" in str(message)]


def test_filters(schema: Any) -> None:
    listed = operations(schema)["get", ROOT]["parameters"]
    assert {parameter["name"] for parameter in listed} == {
        *("page", "page_size", "ordering", "search", "name", "domain", "enabled"),
        *("provisioning_status", "has_certificate", "theme"),
        *("certificate_valid_until_before", "certificate_valid_until_after"),
    }
