# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""How Django starts this extension."""

from __future__ import annotations

from django.apps import AppConfig


class VirtualHostsConfig(AppConfig):
    """The application ``modoboa_virtualhosts``."""

    name = "modoboa_virtualhosts"
    verbose_name = "Virtual hosts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect everything that answers signals, and put up what guards the ways in."""
        # Importing these connects their receivers and registers the checks
        from . import (
            allowed_hosts,
            caller,
            changes,
            checks,
            domain_field,
            hostname_checks,
            isolation,
            license_checks,
            pages,
            pdf_credentials,
            redirect_uris,
            request_theme,
            sender,
        )

        del checks, domain_field, hostname_checks, license_checks, redirect_uris, request_theme
        allowed_hosts.install()
        caller.install()
        changes.install()
        isolation.install()
        pages.install()
        pdf_credentials.install()
        sender.install()
