# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Virtual hosts for Modoboa: hostnames with a theme and people of their own, on one instance."""
