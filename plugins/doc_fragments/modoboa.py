# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How the modoboa_* modules reach a server."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - Address of the Modoboa server, such as V(https://mail.example.org).
      - The environment variable E(MODOBOA_URL) is used if the option is not set.
    type: str
    required: true
  token:
    description:
      - API token of a super administrator. C(manage.py drf_create_token admin) makes one, and so does the
        page of one's own account in the web interface.
      - The environment variable E(MODOBOA_TOKEN) is used if the option is not set.
    type: str
  username:
    description:
      - Name of a super administrator who signs in with a O(password) and no second factor. Not used if there
        is a O(token), which is quicker.
      - Modoboa takes no password over its API, so the module signs in as the web interface does. For this it
        needs the web interface at O(url), not only the API.
      - The environment variable E(MODOBOA_USERNAME) is used if the option is not set.
    type: str
  password:
    description:
      - Password of O(username).
      - The environment variable E(MODOBOA_PASSWORD) is used if the option is not set.
    type: str
  ca_path:
    description:
      - File with the CA certificates to trust, on the machine the module runs on, where it is not one that
        the machine trusts anyway. It is used whatever E(REQUESTS_CA_BUNDLE) says.
      - The environment variable E(MODOBOA_CA_PATH) is used if the option is not set.
    type: path
  validate_certs:
    description:
      - Whether to verify the server's certificate. Only turn this off to try something out.
      - The environment variable E(MODOBOA_VALIDATE_CERTS) is used if the option is not set.
    type: bool
    default: true
  allow_plain_http:
    description:
      - Whether O(url) may begin with V(http://) although the server is another machine, so that anybody on the way can
        read O(token) or O(password), and so become super administrator. Addresses of the machine that the module runs
        on, which are V(localhost), V(127.0.0.0/8) and V(::1), may always.
      - The environment variable E(MODOBOA_ALLOW_PLAIN_HTTP) is used if the option is not set.
    type: bool
    default: false
  timeout:
    description:
      - Seconds to wait for a connection, and for an answer to go on.
      - The environment variable E(MODOBOA_TIMEOUT) is used if the option is not set.
    type: int
    default: 30
requirements:
  - requests (Debian package python3-requests), on the machine the module runs on
notes:
  - Environment variables are those of the machine the module runs on. AWX sets them for what runs in its
    execution environment, with a credential type that injects them. The keyword C(environment) of a task is no
    place for secrets, since Ansible shows it, and puts it on a command line that others on the machine can read.
  - A request is sent again, up to three times and after growing pauses, where the connection breaks off or the
    web server says that Modoboa is not there, and only if sending it twice is the same as once.
  - The module can run anywhere from where the server can be reached, for example delegated to C(localhost).
  - Needs Modoboa 2.12 or newer with virtual hosts, which the extension C(modoboa_virtualhosts) of this
    collection provides. What that has beyond the API that Modoboa Pro published, the module looks for and
    does without.
  - Modoboa lets through five writes of the same kind a second. The module waits when it is told to, two minutes
    at most at a time.
"""
