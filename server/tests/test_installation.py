# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Settings, system checks, and what Modoboa knows of the extension."""

from __future__ import annotations

import builtins
import sys
from typing import Any

import pytest
from django.contrib.sites.models import Site
from django.core.checks import run_checks
from django.db import DatabaseError
from modoboa.core.extensions import exts_pool
from people import A

from modoboa_virtualhosts import settings as extension_settings
from modoboa_virtualhosts.models import VirtualHost


def found() -> set[str]:
    return {
        str(message.id) for message in run_checks() if "modoboa_virtualhosts" in str(message.id)
    }


@pytest.mark.django_db
def test_all_is_well() -> None:
    assert found() == set()


@pytest.mark.django_db
def test_an_import_error_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modoboa passes over it, which leaves 404 as the only sign."""
    real_import = builtins.__import__

    def fail(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "django_filters":
            raise ImportError("No module named 'django_filters'")
        return real_import(name, *args, **kwargs)

    for module in ("urls_api", "api.urls", "api.viewsets"):
        monkeypatch.delitem(sys.modules, f"modoboa_virtualhosts.{module}")
    monkeypatch.setattr(builtins, "__import__", fail)
    assert found() == {"modoboa_virtualhosts.E001"}


@pytest.mark.django_db
def test_a_missing_middleware_is_reported(settings: Any) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "RequestCatcher" not in name]
    assert found() == {"modoboa_virtualhosts.E002"}


@pytest.mark.django_db
@pytest.mark.parametrize("port", ["https", "8443", 0, 65536, None])
def test_a_wrong_port_is_reported(settings: Any, port: Any) -> None:
    settings.MODOBOA_VIRTUALHOSTS_PORT = port
    assert found() == {"modoboa_virtualhosts.E003"}


@pytest.mark.django_db
@pytest.mark.parametrize("missing", ["MIDDLEWARE", "AUTHENTICATION_BACKENDS", "OAUTH2_PROVIDER"])
def test_a_missing_guard_is_reported(settings: Any, missing: str) -> None:
    value = getattr(settings, missing)
    if missing == "OAUTH2_PROVIDER":
        kept: Any = {key: value[key] for key in value if key != "OAUTH2_VALIDATOR_CLASS"}
    else:
        kept = [name for name in value if "modoboa_virtualhosts" not in name]
    setattr(settings, missing, kept)
    assert found() == {"modoboa_virtualhosts.E004"}


@pytest.mark.django_db
@pytest.mark.parametrize("wildcard", ["*", ".host.test"])
def test_a_wildcard_is_reported(settings: Any, wildcard: str) -> None:
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, wildcard]
    assert found() == {"modoboa_virtualhosts.W001"}


@pytest.mark.django_db
def test_a_forwarded_host_is_reported(settings: Any) -> None:
    settings.USE_X_FORWARDED_HOST = True
    assert found() == {"modoboa_virtualhosts.W002"}


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["settings", "site"])
def test_a_virtual_host_that_was_taken_over_is_reported(settings: Any, how: str) -> None:
    """Everybody may enter it from then on."""
    if how == "settings":
        settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, A]
    else:
        Site.objects.filter(pk=settings.SITE_ID).update(domain=A)
        Site.objects.clear_cache()
    assert found() == {"modoboa_virtualhosts.W004"}
    Site.objects.clear_cache()


@pytest.mark.django_db
def test_a_database_without_tables_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: Any, **_kwargs: Any) -> Any:
        raise DatabaseError

    monkeypatch.setattr(VirtualHost.objects, "filter", fail)
    assert found() == set()


@pytest.mark.django_db
@pytest.mark.parametrize("rate", ["fast", "5", "0/second", "-1/s", "5/week", 5])
def test_a_wrong_rate_is_reported(settings: Any, rate: Any) -> None:
    settings.MODOBOA_VIRTUALHOSTS_BULK_THROTTLE = rate
    assert found() == {"modoboa_virtualhosts.E007"}


@pytest.mark.django_db
@pytest.mark.parametrize("rate", ["5/s", "100/second", "60/minute", "1000/hour", "9/d", None])
def test_rates(settings: Any, rate: Any) -> None:
    settings.MODOBOA_VIRTUALHOSTS_THROTTLE = rate
    assert found() == set()


def test_settings_of_the_instance_win() -> None:
    namespace = {"MODOBOA_VIRTUALHOSTS_PORT": 8443}
    extension_settings.apply(namespace)
    assert namespace["MODOBOA_VIRTUALHOSTS_PORT"] == 8443
    assert namespace.keys() == extension_settings.DEFAULTS.keys()


def test_settings_that_the_instance_does_not_have(settings: Any) -> None:
    del settings.MODOBOA_VIRTUALHOSTS_PORT
    assert extension_settings.get("MODOBOA_VIRTUALHOSTS_PORT") == 443


def test_listed_among_modoboas_extensions() -> None:
    infos = exts_pool.get_extension_infos("modoboa_virtualhosts")
    assert infos["label"] == "Virtual hosts"
    assert infos["version"] != "NA"
