# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""A licensing endpoint: what modoboa_virtualhosts/license_endpoint.py talks to.

For vendors as a start, and for tests. It needs nothing but Python, and knows nothing of Modoboa.
"""
