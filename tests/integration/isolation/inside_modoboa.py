# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: ignore-errors
"""What is done inside a process of Modoboa's, whose packages only its own environment has."""

import time
from datetime import timedelta

from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
)
from django.contrib.auth.tokens import default_token_generator
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
SCOPE = "openid read write introspection"
SECRET = "not-a-secret"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # of the verifier in RFC 7636


class EverybodyBackend:
    """Believes that everybody of one domain exists elsewhere, and makes their account."""

    def authenticate(self, _request, username=None, **_password):
        """Return an account for a new name."""
        if username is None or not username.startswith("new-"):
            return None
        user, _created = get_user_model().objects.get_or_create(username=username, email=username)
        return user

    def get_user(self, pk):
        """Return nobody: nobody logs in this way twice."""


def move_in(domains, roles):
    """Make everybody, and their domains."""
    from modoboa.admin.models import Domain
    from modoboa.core.models import LocalConfig, User
    from modoboa_virtualhosts import links

    configuration = LocalConfig.objects.get()
    # Else every first login is slow: it writes the password anew
    configuration.parameters.set_value("update_scheme", False, app="core")
    configuration.save()
    admin = User.objects.get(username="admin")
    for name in {*domains.values(), "free.test"}:
        domain = Domain.objects.create(name=name, default_mailbox_quota=0)
        domain.post_create(admin)
    for hostname, name in domains.items():
        links.assign(Domain.objects.get(name=name), hostname)
    for role in roles:
        _move_in(admin, role["username"], role["role"], role["mailbox"], role["administers"])
    _move_in(admin, "two-factors@ash.test", "SimpleUsers", "ash.test", ())
    User.objects.filter(username="two-factors@ash.test").update(totp_enabled=True)
    _register(None, "operators", "password")
    _register(User.objects.get(username="user@free.test"), "somebodys", "password")
    _register(None, "machine", "client-credentials")


def _move_in(admin, username, role, mailbox, administers):
    from modoboa.admin.models import Domain, Mailbox
    from modoboa.core.models import User

    user = User(username=username, is_active=True)
    user.email = username if "@" in username else f"{username}@elsewhere.test"
    user.secondary_email = f"{username.replace('@', '.')}@elsewhere.test"
    user.password = "{PLAIN}Isolation-2026"
    user.save()
    user.role = role
    user.post_create(admin)
    if mailbox:
        domain = Domain.objects.get(name=mailbox)
        box = Mailbox(address=username.partition("@")[0], domain=domain, user=user)
        box.use_domain_quota = True
        box.save(creator=admin)
    for name in administers:
        Domain.objects.get(name=name).add_admin(user)


def _register(owner, client_id, grant):
    from oauth2_provider.models import Application

    Application.objects.create(
        client_id=client_id,
        client_secret=SECRET,
        # Hashing would take a second for every request
        hash_client_secret=False,
        client_type="confidential",
        authorization_grant_type=grant,
        user=owner,
    )


def disable(hostname):
    """Disable a virtual host."""
    from modoboa_virtualhosts.models import VirtualHost

    VirtualHost.objects.filter(name=hostname).update(enabled=False)


def created(prefix):
    """Return and delete the accounts that have come into being."""
    accounts = get_user_model().objects.filter(username__startswith=prefix)
    names = sorted(accounts.values_list("username", flat=True))
    accounts.delete()
    return names


def credentials(usernames, authorities):
    """Make everything by which somebody can be known: for each account, and for each host anew.

    :param usernames: the accounts
    :param authorities: the hosts, with their port
    :return: by account and host, what the ways in ways.py ask for
    """
    from django.db import transaction

    users = {
        user.username: user for user in get_user_model().objects.filter(username__in=usernames)
    }
    with transaction.atomic():
        return {
            name: {authority: _credentials(users[name], authority) for authority in authorities}
            for name in usernames
        }


def _credentials(user, authority):
    from oauth2_provider.models import Application
    from rest_framework.authtoken.models import Token

    frontend = Application.objects.get(name="modoboa_frontend")
    access = _access_token(user, frontend)
    return {
        "session": _session(
            {
                SESSION_KEY: str(user.pk),
                BACKEND_SESSION_KEY: MODEL_BACKEND,
                HASH_SESSION_KEY: user.get_session_auth_hash(),
            }
        ),
        "before_second_factor": _session(
            {
                "tfa_pre_verify_user_pk": user.pk,
                "tfa_pre_verify_user_backend": MODEL_BACKEND,
            }
        ),
        "device_token": _device_token(user),
        "before_sms": _session({"user_pk": user.pk, "totp_secret": "0" * 40}),
        "access_token": access.token,
        "access_token_of_somebodys": _access_token(
            user, Application.objects.get(client_id="somebodys")
        ).token,
        "id_token": _id_token(user, frontend, authority),
        "refresh_token": _refresh_token(user, frontend),
        "code": _code(user, frontend, authority),
        "api_token": Token.objects.get_or_create(user=user)[0].key,
        "reset_link": f"/reset/{urlsafe_base64_encode(force_bytes(user.pk))}/"
        f"{default_token_generator.make_token(user)}/",
    }


def _session(content):
    store = SessionStore()
    store.update(content)
    store.create()
    return store.session_key


def _device_token(user):
    from django_otp.plugins.otp_static.models import StaticDevice, StaticToken

    device, _created = StaticDevice.objects.get_or_create(user=user, name="recovery")
    token = StaticToken.random_token()
    device.token_set.create(token=token)
    return token


def _access_token(user, application):
    from oauth2_provider.generators import generate_client_secret
    from oauth2_provider.models import AccessToken

    return AccessToken.objects.create(
        user=user,
        application=application,
        token=generate_client_secret(),
        expires=timezone.now() + timedelta(hours=1),
        scope=SCOPE,
    )


def _refresh_token(user, application):
    from oauth2_provider.generators import generate_client_secret
    from oauth2_provider.models import RefreshToken

    return RefreshToken.objects.create(
        user=user,
        application=application,
        token=generate_client_secret(),
        access_token=_access_token(user, application),
    ).token


def _code(user, application, authority):
    from oauth2_provider.generators import generate_client_secret
    from oauth2_provider.models import Grant

    return Grant.objects.create(
        user=user,
        application=application,
        code=generate_client_secret(),
        expires=timezone.now() + timedelta(hours=1),
        redirect_uri=f"https://{authority}/login/logged",
        scope=SCOPE,
        code_challenge=CHALLENGE,
        code_challenge_method="S256",
    ).code


def _id_token(user, application, authority):
    from oauth2_provider.oauth2_validators import OAuth2Validator
    from oauthlib.common import Request

    headers = {"HTTP_HOST": authority, "X_DJANGO_OAUTH_TOOLKIT_SECURE": "1"}
    request = Request("/api/o/token/", headers=headers)
    request.user, request.client, request.scopes = user, application, SCOPE.split()
    claims = {"aud": application.client_id, "iat": int(time.time())}
    # The toolkit's own, which asks no guard
    return OAuth2Validator().finalize_id_token(claims, {}, None, request)


def guards():
    """Return the names of all guards that there are."""
    from modoboa_virtualhosts import isolation

    return list(isolation.GUARDS)
