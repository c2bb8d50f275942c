# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: ignore-errors
"""The settings of the bed's Modoboa, with the extension cut down to the published contract."""

from instance.settings import *  # noqa: F403 # all of them, as Django reads them
from instance.settings import INSTALLED_APPS

INSTALLED_APPS = (*INSTALLED_APPS, "published_app.PublishedContract")
ROOT_URLCONF = "published_urls"
