# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""How guards get to where they stand, without a line in an instance's settings."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from oauth2_provider.settings import oauth2_settings


def replace(owner: Any, name: str, function: Callable[..., Any]) -> None:
    """Put a function in the place of another one.

    :param owner: a class or module of somebody else's
    :param name: the function that it has
    :param function: gets that function as its first argument, and then what that would have got
    :raises AttributeError: there is no such function
    """
    original = getattr(owner, name)

    @wraps(original)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        return function(original, *args, **kwargs)

    setattr(owner, name, guarded)


def extend_validator(guard: type) -> None:
    """Let a guard answer what Django OAuth toolkit asks its validator.

    :param guard: goes before the class that the instance's settings name, so that it can ask it
    """
    current = oauth2_settings.OAUTH2_VALIDATOR_CLASS
    if issubclass(current, guard):
        return
    combined = type(current.__name__, (guard, current), {"__module__": guard.__module__})
    provider = getattr(settings, "OAUTH2_PROVIDER", None) or {}
    settings.OAUTH2_PROVIDER = {**provider, "OAUTH2_VALIDATOR_CLASS": combined}
    oauth2_settings.reload()
