# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The theme of the virtual host that a request came in on."""

from __future__ import annotations

import logging
from typing import Any

from django.dispatch import receiver
from modoboa.core.signals import get_theme_parameters
from modoboa.lib.signals import get_request

from . import hosts
from .theme import PARAMETERS

logger = logging.getLogger("modoboa.admin")


@receiver(get_theme_parameters)
def theme_of_request(**_kwargs: Any) -> dict[str, str]:
    """Answer Modoboa's question for theme parameters.

    :return: the parameters to replace; the others stay the instance's
    """
    try:
        request = get_request()
        host = hosts.find_for_request(request) if request is not None else None
    except Exception:  # an error here would take away the page on which to log in and look for it
        logger.exception("Virtual hosts: the theme could not be looked up")
        return {}
    if host is None:
        return {}
    return {name: value for name, value in host.theme.items() if name in PARAMETERS}
