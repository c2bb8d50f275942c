# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Changes that what is remembered (memory.py) must not outlive, noticed where none can pass unseen.

Django's signals would miss many: ``bulk_create``, ``update()`` and some deletions send none, and
Modoboa uses all of these on the tables that decide who may enter. So every statement is looked at
on its way to the database (Django calls this instrumentation). That costs a microsecond.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.sites.models import Site
from django.db import connections, models
from django.db.backends.signals import connection_created
from django.dispatch import receiver
from modoboa.admin.models import Mailbox
from modoboa.core.models import ObjectAccess

from . import memory
from .models import VirtualHost, VirtualHostDomain

_WRITE = re.compile(
    r"\s*(?:(?P<update>UPDATE)|REPLACE\s+INTO|INSERT\b[^\"`(]*\bINTO|DELETE\b.*?\bFROM)"
    r"\s+[\"`]?(?P<table>\w+)",
    re.IGNORECASE | re.DOTALL,
)
# What a provisioner reports is of no concern to a request
_REPORTED = {"provisioning_status", "last_provisioning_error", "certificate_valid_until"}


@cache
def _watched() -> Mapping[str, frozenset[str]]:
    """Return the tables that are watched, with the columns whose update is a change."""
    accounts: type[models.Model] = get_user_model()
    return {
        VirtualHost._meta.db_table: _columns(VirtualHost) - _REPORTED,
        VirtualHostDomain._meta.db_table: _columns(VirtualHostDomain),
        ObjectAccess._meta.db_table: _columns(ObjectAccess),
        Mailbox._meta.db_table: frozenset({"user_id", "domain_id"}),
        # The instance's own hostname is none of a virtual host's
        Site._meta.db_table: _columns(Site),
        # Every login writes to this table, so not its other columns
        accounts._meta.db_table: frozenset({"is_superuser", "is_active"}),
    }


def _columns(model: type[models.Model]) -> frozenset[str]:
    fields = (field for field in model._meta.concrete_fields if not field.primary_key)
    return frozenset(str(field.column) for field in fields)


def is_change(sql: str, quote: Callable[[str], str]) -> bool:
    """Tell whether a statement changes something that is remembered.

    :param sql: the statement
    :param quote: how this database quotes a column's name
    """
    statement = _WRITE.match(sql)
    if statement is None:
        return False
    columns = _watched().get(statement["table"])
    if columns is None:
        return False
    return not statement["update"] or any(quote(column) in sql for column in columns)


def _notice(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    result = execute(sql, params, many, context)
    connection = context["connection"]
    if is_change(sql, connection.ops.quote_name):
        memory.announce_change(using=connection.alias)
    return result


@receiver(connection_created)
def _watch(connection: Any, **_kwargs: Any) -> None:
    if _notice not in connection.execute_wrappers:
        # First, as those that come and go are taken off the end
        connection.execute_wrappers.insert(0, _notice)


def install() -> None:
    """Watch the connections that exist already, too."""
    for connection in connections.all(initialized_only=True):
        _watch(connection=connection)
