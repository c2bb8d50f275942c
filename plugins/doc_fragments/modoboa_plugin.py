# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How plugins that run on the controller reach a server: as the modoboa_* modules do."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - Address of the Modoboa server, such as V(https://mail.example.org).
    type: str
    required: true
    env:
      - name: MODOBOA_URL
  token:
    description:
      - API token of a super administrator. C(manage.py drf_create_token admin) makes one, and so does the
        page of one's own account in the web interface.
    type: str
    env:
      - name: MODOBOA_TOKEN
  username:
    description:
      - Name of a super administrator who signs in with a O(password) and no second factor. Not used if there
        is a O(token), which is quicker.
      - Modoboa takes no password over its API, so the plugin signs in as the web interface does. For this it
        needs the web interface at O(url), not only the API.
    type: str
    env:
      - name: MODOBOA_USERNAME
  password:
    description:
      - Password of O(username).
    type: str
    env:
      - name: MODOBOA_PASSWORD
  ca_path:
    description:
      - File with the CA certificates to trust, on the controller, where it is not one that the machine trusts
        anyway. It is used whatever E(REQUESTS_CA_BUNDLE) says.
      - A relative path is relative to the working directory.
    type: str
    env:
      - name: MODOBOA_CA_PATH
  validate_certs:
    description: Whether to verify the server's certificate. Only turn this off to try something out.
    type: bool
    default: true
    env:
      - name: MODOBOA_VALIDATE_CERTS
  allow_plain_http:
    description:
      - Whether O(url) may begin with V(http://) although the server is another machine, so that anybody on the way can
        read O(token) or O(password), and so become super administrator. Addresses of the controller itself, which are
        V(localhost), V(127.0.0.0/8) and V(::1), may always.
    type: bool
    default: false
    env:
      - name: MODOBOA_ALLOW_PLAIN_HTTP
  timeout:
    description: Seconds to wait for a connection, and for an answer to go on.
    type: int
    default: 30
    env:
      - name: MODOBOA_TIMEOUT
requirements:
  - requests (Debian package python3-requests), on the controller
notes:
  - Needs Modoboa 2.12 or newer with virtual hosts, which the extension C(modoboa_virtualhosts) of this
    collection provides.
"""
