# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: ignore-errors
"""The settings of the bed's Modoboa, with the extension cut down to the published contract."""

from instance import settings

# Django reads the names of this module
globals().update({name: value for name, value in vars(settings).items() if name.isupper()})

INSTALLED_APPS = (*settings.INSTALLED_APPS, "published_app.PublishedContract")
ROOT_URLCONF = "published_urls"
