# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""An instance's settings, for the type checker, which asks Django about its models."""

from __future__ import annotations

import tempfile
from importlib import import_module
from pathlib import Path

import deployed

with tempfile.TemporaryDirectory() as folder:
    deployed.write(Path(folder), "redis://")
    globals().update(vars(import_module(f"{deployed.NAME}.settings")))
