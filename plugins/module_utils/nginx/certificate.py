# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate of a host: the one on disk, and the one that nginx serves."""

from __future__ import annotations

import contextlib
import datetime
import functools
import itertools
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)

_AFTER_THE_YEAR = range(4, 14, 2)


@dataclass(frozen=True)
class Certificate:
    """A leaf certificate, as the bytes that identify it."""

    der: bytes

    @property
    def serial(self) -> str:
        """The serial number in hexadecimal, as C(openssl x509 -serial) prints it, in lowercase."""
        return format(self._numbers[0], "x")

    @property
    def not_after(self) -> str:
        """The end of validity in ISO 8601, in UTC."""
        return self._numbers[1].strftime("%Y-%m-%dT%H:%M:%SZ")

    @functools.cached_property
    def _numbers(self) -> tuple[int, datetime.datetime]:
        """Serial number and end of validity, read from the DER (RFC 5280 section 4.1).

        :raises ValueError: this is no certificate
        """
        ((_tag, certificate),) = _values(self.der)
        _tag, to_be_signed = next(_values(certificate), (0, b""))
        fields = (field for field in _values(to_be_signed) if field[0] != 0xA0)
        serial, _algorithm, _issuer, validity = itertools.islice(fields, 4)
        _not_before, (time_tag, not_after) = _values(validity[1])
        text = not_after.decode("ascii")
        if time_tag == 0x17:  # UTCTime: two digits of the year, 1950 to 2049
            text = ("19" if text >= "50" else "20") + text
        # Not by strptime, which takes longer than all the rest together, a thousand times a run
        month, day, hour, minute, second = (int(text[at : at + 2]) for at in _AFTER_THE_YEAR)
        end = datetime.datetime(
            int(text[:4]), month, day, hour, minute, second, tzinfo=datetime.timezone.utc
        )
        return int.from_bytes(serial[1], "big"), end

    def summary(self) -> dict[str, str]:
        """Serial number and end of validity, as results show them.

        :raises ValueError: this is no certificate
        """
        return {"serial": self.serial, "not_after": self.not_after}


def on_disk(fullchain: str, private_key: str, in_use: bool = False) -> Certificate | None:
    """The certificate that nginx would load, or None if it could not load it.

    :param fullchain: path of the chain, leaf first
    :param private_key: path of its private key
    :param in_use: whether nginx has loaded the two before; then only that they are there is checked
    :returns: None if a file is missing, is no PEM, or the two do not belong together
    :raises PermissionError: the files are there but this user must not read them
    """
    try:
        leaf = _PEM.search(Path(fullchain).read_text(encoding="ascii"))
        if leaf is None:
            return None
        if in_use:
            Path(private_key).stat()
        else:
            # An encrypted key would stop nginx, and this run, to ask for a password
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
                fullchain, private_key, password=""
            )
        certificate = Certificate(ssl.PEM_cert_to_DER_cert(leaf.group()))
        certificate.summary()
    except PermissionError:
        raise
    except (OSError, ValueError):
        return None
    return certificate


def are_there(fullchain: str, private_key: str) -> bool:
    """Whether there are files in the places of a certificate and its key, whatever is in them."""
    return Path(fullchain).exists() and Path(private_key).exists()


def served(address: str, port: int, name: str, timeout: float) -> Certificate:
    """The certificate that a server shows to who asks for a name (SNI).

    :param address: IP address to connect to
    :param timeout: seconds to wait for each step
    :raises OSError: nothing answers there, or not with TLS
    """
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(socket.create_connection((address, port), timeout))
        tls = stack.enter_context(_CONTEXT.wrap_socket(connection, server_hostname=name))
        der = tls.getpeercert(binary_form=True)
    if not der:
        raise OSError("the server shows no certificate")
    return Certificate(der)


def _any_certificate() -> ssl.SSLContext:
    """Whether the certificate is the right one is found by comparing bytes, which is stricter."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


_CONTEXT = _any_certificate()


def _values(der: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements of a DER sequence: tags and contents.

    :raises ValueError: the encoding is cut off
    """
    position = 0
    while position < len(der):
        if position + 2 > len(der):
            raise ValueError("cut off")
        tag, length = der[position], der[position + 1]
        position += 2
        if length & 0x80:
            octets = length & 0x7F
            length = int.from_bytes(der[position : position + octets], "big")
            position += octets
        if position + length > len(der):
            raise ValueError("cut off")
        yield tag, der[position : position + length]
        position += length
