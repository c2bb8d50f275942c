# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Two tenants, each with a domain, a virtual host, an administrator and a simple user."""

from __future__ import annotations

from typing import Any

import deployed
from modoboa.admin.models import Domain, Mailbox
from modoboa.core.models import User
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from modoboa_virtualhosts import links
from modoboa_virtualhosts.models import VirtualHost

PASSWORD = "Toto1234"
A, B = "mail.a.test", "mail.b.test"


class People:
    """Everybody on the instance, as the database has them now."""

    def __init__(self) -> None:
        self.admin = self._user("admin")
        self.domain_a, self.domain_b = (
            Domain.objects.get(name=name) for name in ("a.test", "b.test")
        )
        self.host_a, self.host_b = virtual_host(A), virtual_host(B)
        self.boss_a, self.user_a = self._user("boss@a.test"), self._user("user@a.test")
        self.boss_b, self.user_b = self._user("boss@b.test"), self._user("user@b.test")
        self.helper_b = self._user("helper@elsewhere.test")
        self.reseller = self._user("reseller")

    @classmethod
    def move_in(cls) -> None:
        """Make everybody."""
        people = cls.__new__(cls)
        people.admin = cls._user("admin")
        for name, hostname in (("a.test", A), ("b.test", B)):
            domain = people.domain(name)
            boss = people.user(f"boss@{name}", "DomainAdmins", domain)
            domain.add_admin(boss)
            people.user(f"user@{name}", "SimpleUsers", domain)
            links.assign(domain, hostname)
        # Administers b.test, has a mailbox nowhere
        domain.add_admin(people.user("helper@elsewhere.test", "DomainAdmins"))
        reseller = people.user("reseller", "Resellers")
        # May create domains; 0 means no limit of the quota
        reseller.userobjectlimit_set.exclude(name="quota").update(max_value=-1)

    def user(self, username: str, role: str, domain: Domain | None = None) -> User:
        """Make a user, with a mailbox when a domain is given."""
        user = User(username=username, email=username if "@" in username else "", is_active=True)
        user.password = f"{{PLAIN}}{PASSWORD}"
        user.save()
        user.role = role
        user.post_create(self.admin)
        if domain:
            address = username.partition("@")[0]
            mailbox = Mailbox(address=address, domain=domain, user=user, use_domain_quota=True)
            mailbox.save(creator=self.admin)
        return user

    def domain(self, name: str) -> Domain:
        """Make a domain of the super administrator's."""
        domain: Domain = Domain.objects.create(name=name, default_mailbox_quota=0)
        domain.post_create(self.admin)
        return domain

    def client(self, user: User | None, host: str = deployed.PRIMARY) -> APIClient:
        """Return a client of the API that has a user's token, and talks to a host by HTTPS."""
        client = APIClient()
        client.defaults |= {"HTTP_HOST": host, "wsgi.url_scheme": "https"}
        if user:
            token, _created = Token.objects.get_or_create(user=user)
            client.credentials(HTTP_AUTHORIZATION=f"Token {token.key}")
        return client

    @staticmethod
    def _user(username: str) -> User:
        user: User = User.objects.get(username=username)
        return user


def virtual_host(name: str, **values: Any) -> VirtualHost:
    """Return a virtual host as the database has it now, after writing values if there are any."""
    found = VirtualHost.objects.get(name=name)
    for field, value in values.items():
        setattr(found, field, value)
    if values:
        found.save()
    return found
