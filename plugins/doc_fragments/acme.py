# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options of module_utils/acme/arguments.py, for every module that speaks ACME."""

    DOCUMENTATION = r"""
options:
  acme_directory:
    description:
      - URL of the CA's ACME directory, for example V(https://acme-v02.api.letsencrypt.org/directory).
      - If not set, the environment variable E(ACME_DIRECTORY_URL) of the host that the module runs on is used.
      - It is kept with each certificate. A certificate that another directory issued is issued anew, so that
        staging certificates do not live on in production.
    type: str
    required: true
  ca_path:
    description:
      - File with the certificates that the TLS certificate of the CA's own server is signed with, for a private CA.
      - The environment variable E(REQUESTS_CA_BUNDLE) does not overrule it.
    type: path
  validate_certs:
    description:
      - Whether to verify the TLS certificate of the CA's own server.
      - Only ever set this to V(false) in a laboratory; better give O(ca_path).
    type: bool
    default: true
  timeout:
    description:
      - Seconds to wait for one answer of the CA, all of it, more than 0.
    type: float
    default: 30
  account_contact:
    description:
      - Mail addresses that the CA may write to, with or without V(mailto:).
      - A change is passed on to the CA. If not set, the account keeps what it has; an empty list removes it.
    type: list
    elements: str
  terms_agreed:
    description:
      - Whether you agree to the CA's terms of service. Without consent no account is created.
      - An account that exists already is used either way.
    type: bool
    default: false
  account_key_type:
    description:
      - Kind of the account's private key; V(P-256) if not set. Used when the key is made.
      - Only M(mailhost.modoboa.acme_account) changes the key of an account that has one of another kind.
    type: str
    choices: [P-256, RSA-2048, RSA-3072, RSA-4096]
  eab_kid:
    description:
      - Key identifier that the CA handed out for external account binding (RFC 8555 section 7.3.4), together with
        O(eab_hmac_key). Some CAs create accounts for their customers only.
      - Only used when an account is created. Set both or none.
      - If not set, the environment variable E(ACME_EAB_KID) of the host that the module runs on is used.
    type: str
  eab_hmac_key:
    description:
      - Key for external account binding, in base64url as the CA handed it out. A secret.
      - If not set, the environment variable E(ACME_EAB_HMAC_KEY) of the host that the module runs on is used.
    type: str
  eab_algorithm:
    description:
      - How the binding is signed. Only change this if the CA says so.
    type: str
    choices: [HS256, HS384, HS512]
    default: HS256
  storage:
    description:
      - Folder that holds everything, as an absolute path.
      - C(certs/<name>/fullchain.pem) and C(certs/<name>/privkey.pem) are the certificates, C(webroot) is what a web
        server serves the challenges from, C(account) holds the account's key for each directory.
    type: path
    required: true
  concurrency:
    description:
      - How many certificates may be under way at once, and how many connections to the CA there may be, V(1) to
        V(64).
    type: int
    default: 8
"""

    LIBRARIES = r"""
options: {}
requirements:
  - acme >= 2.1 (Debian package C(python3-acme))
  - cryptography >= 38 (Debian package C(python3-cryptography))
  - josepy >= 1.13 (Debian package C(python3-josepy))
  - requests >= 2.28 (Debian package C(python3-requests))
"""
