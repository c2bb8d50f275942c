# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""``manage.py virtualhosts_license``: how the licence stands, and registering it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ... import license as licensing
from ...license_endpoint import RegistrationError


class Command(BaseCommand):
    """Says in one line how the licence of this instance stands."""

    help = "Show how the licence of virtual hosts stands, or register its key."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the one option there is."""
        parser.add_argument(
            "--register", action="store_true", help="register the key of settings.py first"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it."""
        try:
            state = licensing.register() if options["register"] else licensing.state()
        except RegistrationError as error:
            raise CommandError(str(error)) from None
        if state.registered:
            self.stdout.write(f"The licence key is registered for {state.licensee or 'somebody'}.")
        elif state.needed:
            self.stdout.write("The licence key is not registered, the endpoints are locked.")
            if state.last_error:
                self.stdout.write(state.last_error)
        else:
            self.stdout.write("No licence is needed.")
