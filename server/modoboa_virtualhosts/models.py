# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The records: virtual hosts, and which mail domains belong to them."""

from __future__ import annotations

import re
import uuid

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from modoboa.admin.models import Domain

from .hostname import MAX_LENGTH, HostnameError, check_hostname

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


def validate_hostname(value: str) -> None:
    """Refuse what is no hostname, as Django's validators do."""
    try:
        check_hostname(value)
    except HostnameError as error:
        raise ValidationError(str(error), code="invalid_hostname") from None


def validate_color(value: str) -> None:
    """Refuse what is no colour as Modoboa writes them, such as #1565c0."""
    if not _COLOR.fullmatch(value):
        raise ValidationError(
            _("'%(value)s' is no colour: write '#' and six hexadecimal digits, such as #1565c0.")
            % {"value": value},
            code="invalid_color",
        )


class ProvisioningStatus(models.TextChoices):
    """How far the provisioner is with a virtual host."""

    PENDING = "pending", "Pending"
    READY = "ready", "Ready"
    FAILED = "failed", "Failed"


class VirtualHost(models.Model):
    """A public hostname of this instance, with a theme and people of its own.

    Blank colours and logos stand for the instance's own.
    """

    name = models.CharField(max_length=MAX_LENGTH, unique=True, validators=[validate_hostname])
    creation = models.DateTimeField(auto_now_add=True)
    enabled = models.BooleanField(default=True)
    domains = models.ManyToManyField(
        Domain, through="VirtualHostDomain", related_name="virtualhosts"
    )

    provisioning_status = models.CharField(
        max_length=16, choices=ProvisioningStatus.choices, default=ProvisioningStatus.PENDING
    )
    last_provisioning_error = models.TextField(blank=True, default="")
    certificate_valid_until = models.DateTimeField(null=True, blank=True)

    theme_primary_color = models.CharField(
        max_length=7, blank=True, default="", validators=[validate_color]
    )
    theme_primary_color_light = models.CharField(
        max_length=7, blank=True, default="", validators=[validate_color]
    )
    theme_primary_color_dark = models.CharField(
        max_length=7, blank=True, default="", validators=[validate_color]
    )
    theme_secondary_color = models.CharField(
        max_length=7, blank=True, default="", validators=[validate_color]
    )
    theme_label_color = models.CharField(
        max_length=7, blank=True, default="", validators=[validate_color]
    )
    # Written by logos.py alone, which names the files and checks what is in them
    login_logo = models.FileField(max_length=200, blank=True, default="")
    menu_logo = models.FileField(max_length=200, blank=True, default="")
    creation_form_logo = models.FileField(max_length=200, blank=True, default="")
    favicon_logo = models.FileField(max_length=200, blank=True, default="")
    theme_page_title = models.CharField(max_length=100, blank=True, default="")
    theme_sender_address = models.EmailField(blank=True, default="")

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class VirtualHostDomain(models.Model):
    """A mail domain's membership of a virtual host: of one at most."""

    domain = models.OneToOneField(Domain, models.CASCADE, related_name="virtualhost_link")
    virtualhost = models.ForeignKey(VirtualHost, models.CASCADE, related_name="links")

    def __str__(self) -> str:
        return f"{self.domain} on {self.virtualhost}"


class License(models.Model):
    """This installation's registration with its licensing endpoint: one row, with the key 1.

    The licence key itself is in the instance's settings.py and nowhere else.
    """

    installation = models.UUIDField(default=uuid.uuid4, editable=False)
    key_sha256 = models.CharField(max_length=64, blank=True, default="")
    registered_at = models.DateTimeField(null=True, blank=True)
    licensee = models.CharField(max_length=200, blank=True, default="")
    last_attempt = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return str(self.installation)


class Parameters(models.Model):
    """The global settings of provisioning: one row, with the key 1. Checked by parameters.py."""

    acme_storage = models.CharField(max_length=255, default="/var/lib/modoboa-virtualhosts")
    # Blank stands for settings.py, or Let's Encrypt
    acme_directory_url = models.CharField(max_length=255, blank=True, default="")
    acme_contact = models.JSONField(default=list)
    acme_renewal_threshold = models.PositiveSmallIntegerField(default=30)
    nginx_configuration_directory = models.CharField(
        max_length=255, default="/etc/nginx/sites-available"
    )
    nginx_enabled_sites_directory = models.CharField(
        max_length=255, blank=True, default="/etc/nginx/sites-enabled"
    )
    # Where Modoboa's own installer has uWSGI listen
    nginx_upstream = models.CharField(
        max_length=255, default="unix:/run/uwsgi/app/modoboa_instance/socket"
    )

    def __str__(self) -> str:
        return "parameters"
