# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scan a TLS server with sslyze; run in the environment ``nginx-tools``.

    scan_tls.py ADDRESS PORT NAME

Prints JSON: what differs from Mozilla's intermediate profile by sslyze's own judgement, and what was
found.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from sslyze import (
    ScanCommand,
    ScanCommandsExtraArguments,
    Scanner,
    ServerNetworkConfiguration,
    ServerNetworkLocation,
    ServerScanRequest,
    SessionResumptionSupportExtraArgument,
)
from sslyze.mozilla_tls_profile.tls_config_checker import (
    MozillaTlsConfiguration,
    ServerNotCompliantWithTlsConfiguration,
    TlsConfigurationEnum,
    check_server_against_tls_configuration,
)

SUITES = ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1", "tls_1_2", "tls_1_3")
RESUMPTIONS = 100


def main() -> None:
    """Scan, and print what was found."""
    address, port, name = sys.argv[1:]
    location = ServerNetworkLocation(hostname=name, port=int(port), ip_address=address)
    scanner = Scanner()
    scanner.queue_scans(
        [
            ServerScanRequest(
                server_location=location,
                network_configuration=ServerNetworkConfiguration(tls_server_name_indication=name),
                scan_commands=set(ScanCommand),
                scan_commands_extra_arguments=ScanCommandsExtraArguments(
                    session_resumption=SessionResumptionSupportExtraArgument(
                        number_of_resumptions_to_attempt=RESUMPTIONS
                    )
                ),
            )
        ]
    )
    (scanned,) = scanner.get_results()
    profile = MozillaTlsConfiguration.get(TlsConfigurationEnum.MOZILLA_INTERMEDIATE)
    issues: dict[str, str] = {}
    try:
        check_server_against_tls_configuration(scanned, profile)
    except ServerNotCompliantWithTlsConfiguration as error:
        issues = error.issues
    print(json.dumps({"issues": issues, **_found(scanned.scan_result)}))


def _found(attempts: Any) -> dict[str, Any]:
    def result(name: str) -> Any:
        attempt = getattr(attempts, name)
        assert attempt.result is not None, f"{name}: {attempt.error_reason} {attempt.error_trace}"
        return attempt.result

    headers = result("http_headers")
    resumption = result("session_resumption")
    return {
        "suites": {
            version: sorted(
                entry.cipher_suite.name
                for entry in result(f"{version}_cipher_suites").accepted_cipher_suites
            )
            for version in SUITES
        },
        "curves": sorted(curve.name for curve in result("elliptic_curves").supported_curves),
        "compression": result("tls_compression").supports_compression,
        "early data": result("tls_1_3_early_data").supports_early_data,
        "ccs injection": result("openssl_ccs_injection").is_vulnerable_to_ccs_injection,
        "fallback scsv": result("tls_fallback_scsv").supports_fallback_scsv,
        "heartbleed": result("heartbleed").is_vulnerable_to_heartbleed,
        "robot": result("robot").robot_result.name,
        "secure renegotiation": result("session_renegotiation").supports_secure_renegotiation,
        "renegotiation by the client": result(
            "session_renegotiation"
        ).is_vulnerable_to_client_renegotiation_dos,
        "extended master secret": result("tls_extended_master_secret").supports_ems_extension,
        # A client that resets its connection has ended the session, as the scanner's do now and then under load
        "resumption by id": resumption.session_id_successful_resumptions_count >= 0.9 * RESUMPTIONS,
        "resumption by ticket": resumption.tls_ticket_resumption_result.name,
        "hsts": (
            headers.strict_transport_security_header.max_age
            if headers.strict_transport_security_header
            else None
        ),
    }


if __name__ == "__main__":
    main()
