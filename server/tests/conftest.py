# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Fixtures: a real Modoboa with the extension, its people and its virtual hosts."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import deployed

# pytest-django sets Django up after it has read this file
_folder = Path(tempfile.mkdtemp(prefix="modoboa-virtualhosts-"))
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
deployed.write(_folder, os.environ.get("MODOBOA_TEST_REDIS_URL", "redis://127.0.0.1:6379/0"))
os.environ["DJANGO_SETTINGS_MODULE"] = f"{deployed.NAME}.settings"
