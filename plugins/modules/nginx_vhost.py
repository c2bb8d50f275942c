#!/usr/bin/python
# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server blocks of nginx for the portals of a Modoboa instance."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nginx_vhost
short_description: Serve portals of a Modoboa instance with nginx
version_added: 0.1.0
author:
  - the mailhost.modoboa contributors (!UNKNOWN)
description:
  - Writes one server block a virtual host, for one or for hundreds of them as one transaction. All are written, tested
    with C(nginx -T), and loaded with one reload. Then the module makes sure that nginx serves, for every name, the
    certificate that is on disk.
  - What goes wrong for one virtual host is undone for that one, byte for byte. The others stand. The task fails at the
    end and says which host failed and why.
  - A certificate on disk that is not the one nginx serves causes a reload even if no server block changes.
  - Blocks are rendered on the controller, for the version of nginx that the host has. The host needs Python and nginx,
    and no further library.
requirements:
  - nginx 1.19.4 or newer on the host. Older ones cannot have O(catch_all=present), which is refused there.
options:
  name:
    description:
      - Hostname of the virtual host, fully qualified and in lowercase.
      - Either this, O(vhosts) or O(catch_all) is needed.
    type: str
  names:
    description:
      - More names. They redirect to O(name), by which alone Modoboa knows the portal. They belong into the certificate,
        too.
    type: list
    elements: str
    default: []
  state:
    description:
      - V(present) serves the portal over HTTPS and redirects HTTP to it. It needs the certificate to be there.
      - V(bootstrap) answers the challenges of the CA over HTTP. A host that has a certificate gets the block of
        V(present) instead, which answers them too, so that a portal in use stays online.
      - V(disabled) keeps the block in O(sites_available) and takes the link out of O(sites_enabled).
      - V(absent) removes both.
      - For items of O(vhosts) it is the default.
    type: str
    choices:
      - present
      - bootstrap
      - disabled
      - absent
    default: present
  vhosts:
    description:
      - The virtual hosts, if there is more than one. What an item leaves out is as in the option of the same name.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Hostname of the virtual host, fully qualified and in lowercase.
        type: str
        required: true
      names:
        description:
          - More names, which redirect to the first.
        type: list
        elements: str
        default: []
      state:
        description:
          - What it should be, see the option O(state).
        type: str
        choices:
          - present
          - bootstrap
          - disabled
          - absent
      application:
        description:
          - Where its Modoboa application listens, see the option O(application).
        type: str
      application_protocol:
        description:
          - What the application speaks, see the option O(application_protocol).
        type: str
        choices:
          - http
          - uwsgi
      client_max_body_size:
        description:
          - The largest upload, see the option O(client_max_body_size).
        type: str
      frontend_root:
        description:
          - Directory of the frontend, see the option O(frontend_root).
        type: str
      static_root:
        description:
          - Directory of the static files, see the option O(static_root).
        type: str
      media_root:
        description:
          - Directory of the uploaded files, see the option O(media_root).
        type: str
      hsts_max_age:
        description:
          - How long browsers insist on HTTPS, see the option O(hsts_max_age).
        type: int
      hsts_include_subdomains:
        description:
          - Whether they do so for names below it, see the option O(hsts_include_subdomains).
        type: bool
      snippet:
        description:
          - Directives for this portal instead of those in the option O(snippet). Empty means none.
        type: str
      access_log:
        description:
          - Its log of requests, see the option O(access_log).
        type: str
      error_log:
        description:
          - Its log of errors, see the option O(error_log).
        type: str
  prune:
    description:
      - Whether to remove server blocks, and links to them, that this module wrote earlier and that O(vhosts) does not
        name. Files by others are never touched, and neither is the catch-all.
      - Needs O(vhosts), and refuses an empty list, which is more often a mistake than a wish. To remove the last
        portal, name it with O(state=absent).
      - What was pruned is among the results, with RV(vhosts[].pruned) set.
    type: bool
    default: false
  keep:
    description:
      - Names of virtual hosts that O(prune) leaves alone though O(vhosts) does not name them.
    type: list
    elements: str
    default: []
  adopt:
    description:
      - Whether virtual hosts that are to be V(present) take over their names from server blocks by others, instead of
        failing for them. In the same transaction in which the host's own block comes, the files with these blocks go.
        nginx is reloaded once, so that each request is answered by the one or by the other.
      - Such a file is kept beside its place, as C(NAME.adopted) or, where nginx would read that, C(.NAME.adopted). Of a
        link, only the link goes. RV(vhosts[].adopted) and C(--diff) tell.
      - A file is left alone, and its host fails, if it serves names that are none of the task's, is nginx's main
        configuration, is included by name, or more than once. So it is if it is the default server, expects the PROXY
        protocol, restricts access in a way that is in no snippet, listens on an address that is not among
        O(listen_addresses) and that others have as well, or has directives that hold for all sites.
      - The pages C(/) and C(/accounts/login/) are asked for before and afterwards. If one could be had before and
        cannot any more, all is put back. RV(vhosts[].adopted) lists what leads elsewhere than the new block.
    type: bool
    default: false
  catch_all:
    description:
      - The default servers of the ports, for names that no server block has. The module leaves them alone unless this
        is set.
      - V(present) writes C(00-mailhost-modoboa-catch-all.conf). On O(http_port) it answers challenges and nothing
        else. On O(https_port) it ends the handshake, so that no certificate is shown and no application reached. Over
        QUIC, the same.
      - A port that already has a default server in somebody else's file keeps it, such as port 80 in Debian's own
        C(sites-enabled/default). RV(catch_all.left_out) names that file.
      - V(absent) removes the file again, if this module wrote it. Portals with HTTP/3 share its UDP sockets, so name
        all of them in that task, whose blocks then do without.
    type: str
    choices:
      - present
      - absent
  renewed:
    description:
      - Virtual hosts whose certificate was issued earlier in this run. Names that are not among the task's are ignored.
      - In check mode that certificate is not there yet. For these hosts the module then assumes that it is.
      - Without O(verify) they are what tells that nginx has to be reloaded for a new certificate.
    type: list
    elements: str
    default: []
  application:
    description:
      - Where the Modoboa application listens, as V(unix:/path/to/socket), V(127.0.0.1:8000) or V([::1]:8000).
      - Names other than C(localhost) are refused. nginx looks a name up when it starts, and serves no host at all
        while it cannot.
      - Needed unless O(state=absent).
    type: str
  application_protocol:
    description:
      - What the application speaks. V(http) is for gunicorn.
    type: str
    choices:
      - http
      - uwsgi
    default: http
  client_max_body_size:
    description:
      - The largest upload, in nginx's way of writing sizes.
    type: str
    default: 20m
  frontend_root:
    description:
      - Directory of Modoboa's frontend on the host, the one with C(index.html) and C(config.json).
      - Needed unless O(state=absent).
    type: str
  static_root:
    description:
      - Directory of Modoboa's static files on the host (C(STATIC_ROOT)).
      - Needed unless O(state=absent).
    type: str
  media_root:
    description:
      - Directory of the uploaded files on the host (C(MEDIA_ROOT)).
      - Needed unless O(state=absent).
    type: str
  hsts_max_age:
    description:
      - Seconds for which a browser that has been to a portal insists on HTTPS for its name, and lets nobody click past
        a bad certificate (C(Strict-Transport-Security)).
      - V(0) takes it back in every browser that comes by. V(-1) sends no such header.
    type: int
    default: 31536000
  hsts_include_subdomains:
    description:
      - Whether browsers are to insist on it for all names below the portal's as well. These may be other people's, so
        make sure that all of them have HTTPS.
    type: bool
    default: false
  snippet:
    description:
      - Directives of nginx for the server block that serves a portal over HTTPS, such as a further C(location).
      - They have to be complete, with balanced braces and quotes, so that they cannot end the server block. C(listen)
        and C(server_name) are refused, as they could take over other hosts' names. The rest is for nginx to judge. A
        host whose snippet it does not accept fails, and the others stand.
      - Directives at this level hold for all locations of the block, but neither C(auth_basic), C(auth_request) nor
        C(allow) and C(deny) hold for the challenge. A location with C(add_header) in it gets none of the
        headers of the block, and a C(location) that this module has already cannot be there again.
    type: str
  common_snippet:
    description:
      - The same for all portals of the task, before their own.
    type: str
  access_log:
    description:
      - File on the host for the log of requests to a portal, or V(off), in quotes, as YAML makes a no of it without.
      - If this is not set, nginx's own setting holds.
    type: str
  error_log:
    description:
      - File on the host for the log of errors with a portal.
      - If this is not set, nginx's own setting holds.
    type: str
  templates:
    description:
      - Directory on the controller with templates that come before this module's own of the same name. A relative
        path is looked for as that of M(ansible.builtin.template) is, in C(templates/) of the role or beside the
        playbook.
      - The module's own are C(present.conf.j2), C(bootstrap.conf.j2), C(catch_all_http.conf.j2),
        C(catch_all_https.conf.j2) and C(catch_all_quic.conf.j2), and what they include. They remain reachable
        as C(mailhost.modoboa/present.conf.j2) and so on, so that a template can extend them and replace or add to
        some of their blocks.
      - Templates get C(host), C(settings) and C(nginx), which has C(version) and C(http3). What they insert has to be a
        plain value, without white space and syntax of nginx. Syntax is what is written in the template itself.
    type: str
  storage:
    description:
      - Directory with C(certs/HOSTNAME/fullchain.pem), C(certs/HOSTNAME/privkey.pem) and C(webroot/), the same as
        for M(mailhost.modoboa.acme_cert).
      - Needed unless O(state=absent).
    type: str
  challenge:
    description:
      - How HTTP-01 challenges are answered.
      - V(webroot) serves the files that M(mailhost.modoboa.acme_cert) puts below O(storage).
      - V(stateless) answers every well-formed token with O(thumbprint), without a file.
      - V(redirect) sends the CA to O(challenge_host), for a front end where others issue.
    type: str
    choices:
      - webroot
      - stateless
      - redirect
    default: webroot
  thumbprint:
    description:
      - Thumbprint of the account's key, from the result RV(mailhost.modoboa.acme_cert#module:account.thumbprint).
      - Needed with O(challenge=stateless). In check mode it may be missing, as the account may be.
    type: str
  challenge_host:
    description:
      - Hostname, or V(hostname:port), of the front end that issues the certificates and answers their challenges over
        HTTP. CAs follow a redirect to ports 80 and 443 only.
      - Best a name of that host that none of its server blocks has, so that its catch-all answers. The block that
        Modoboa's installer writes for the hostname of the instance redirects everything to HTTPS.
      - Needed with O(challenge=redirect).
    type: str
  challenge_peers:
    description:
      - Addresses of other front ends, each with or without a port, that may have the answer to a challenge. With
        O(challenge=webroot), what is not here is asked for there, one after the other, over HTTP.
      - For hosts behind one name that each ask for certificates of their own, since the CA may come to any of them. The
        host's own address may be among them, so that all hosts can have one list.
      - A peer is asked for C(/.well-known/acme-challenge-peer/TOKEN), and asks nobody else.
    type: list
    elements: str
    default: []
  http_port:
    description:
      - Port for HTTP. A public CA asks on port 80.
    type: int
    default: 80
  https_port:
    description:
      - Port for HTTPS. If it is not 443, redirects and the application are told it.
    type: int
    default: 443
  listen_addresses:
    description:
      - Addresses to listen on. V(*) is all of IPv4, V([::]) all of IPv6.
      - Leave out V([::]) on a host without IPv6, where nginx could not start with it.
    type: list
    elements: str
    default:
      - "*"
      - "[::]"
  http2:
    description:
      - Whether to offer HTTP/2. How that is written follows from the version of nginx on the host.
    type: bool
    default: true
  http3:
    description:
      - Whether to offer HTTP/3, which is over UDP, on O(https_port).
      - V(auto) does where nginx on the host has the module for it and O(catch_all=present) is in the same task, as
        one server block alone can own the UDP sockets.
      - V(always) leaves it to you that a default server with C(quic reuseport) is there. It fails where nginx does not
        have the module.
    type: str
    choices:
      - auto
      - always
      - never
    default: auto
  sites_available:
    description:
      - Directory for the server blocks, C(HOSTNAME.conf) each.
      - Files there that are not by this module are never overwritten or removed.
    type: path
    default: /etc/nginx/sites-available
  sites_enabled:
    description:
      - Directory for the links to them.
      - Empty means that nginx reads O(sites_available) itself, such as C(/etc/nginx/conf.d).
    type: str
    default: /etc/nginx/sites-enabled
  nginx:
    description:
      - The nginx program. A name without a slash is looked for where programs are.
    type: str
    default: nginx
  prefix:
    description:
      - The prefix directory to call nginx with, where it is not the one it was built with.
    type: path
  config:
    description:
      - The main configuration file to call nginx with, where it is not the one it was built with.
    type: path
  pid:
    description:
      - The file with the process id of the running nginx.
    type: path
    default: /run/nginx.pid
  reload:
    description:
      - How nginx is told to reload.
      - V(systemd) calls C(systemctl reload nginx.service).
      - V(signal) sends SIGHUP to the process named by O(pid).
      - V(command) runs O(reload_command).
    type: str
    choices:
      - systemd
      - signal
      - command
    default: systemd
  reload_command:
    description:
      - The command for O(reload=command), a program and its arguments. It runs without a shell.
    type: list
    elements: str
  verify:
    description:
      - Whether to make sure, with a TLS handshake for every name, that nginx serves the certificate on disk.
      - Without it, a certificate that was renewed outside of this run is not noticed.
    type: bool
    default: true
  verify_address:
    description:
      - The address to connect to for that.
      - By default one of O(listen_addresses), and the loopback address if that is all addresses.
    type: str
  timeout:
    description:
      - Seconds that nginx gets to take a new configuration, and to answer a TLS handshake.
    type: int
    default: 10
  rendered:
    description:
      - The rendered server blocks. The action plugin fills this in on the controller; playbooks have no use for it.
    type: str
notes:
  - nginx has to be running, and its main configuration has to include what is in O(sites_enabled).
  - Runs on the same O(sites_available) wait for each other.
  - Modoboa is told the address that nginx sees, and tells clients apart by it. Behind a load balancer, let nginx's
    realip module find out the client's own.
  - Without O(catch_all=present), the first server block that nginx reads for an address and port also answers names
    that no block has, unless nginx has a default server of its own. The same server block decides about TLS sessions
    and curves of the whole port.
  - Alone, a block without O(catch_all) needs nothing of nginx's main configuration but that it is included. With
    hundreds of hosts or long names, C(server_names_hash_max_size) or C(server_names_hash_bucket_size) has to be raised
    there, as nginx then says.
seealso:
  - module: mailhost.modoboa.acme_cert
  - module: mailhost.modoboa.acme_cert_adopt
  - module: mailhost.modoboa.nginx_vhost_info
extends_documentation_fragment:
  - mailhost.modoboa.attributes
"""

EXAMPLES = r"""
- name: Answer the challenges of the CA
  mailhost.modoboa.nginx_vhost:
    name: mail.atlas.example
    state: bootstrap
    storage: /var/lib/modoboa-virtualhosts
    application: unix:/run/gunicorn/modoboa.sock
    frontend_root: /srv/modoboa/instance/frontend
    static_root: /srv/modoboa/instance/sitestatic
    media_root: /srv/modoboa/instance/media

- name: Serve two portals on one front end, where Modoboa's installer put the instance
  mailhost.modoboa.nginx_vhost:
    vhosts:
      - name: mail.atlas.example
      - name: portal.birch.example
        names:
          - webmail.birch.example
        client_max_body_size: 50m
    renewed: "{{ issued.certificates | selectattr('changed') | map(attribute='name') }}"
    storage: /var/lib/modoboa-virtualhosts
    application: unix:/run/uwsgi/app/modoboa_instance/socket
    application_protocol: uwsgi
    frontend_root: /srv/modoboa/instance/frontend
    static_root: /srv/modoboa/instance/sitestatic
    media_root: /srv/modoboa/instance/media

- name: Take a portal offline for good
  mailhost.modoboa.nginx_vhost:
    name: mail.atlas.example
    state: absent

# What follows leaves out the options of the instance. They can be set once for all tasks:
- module_defaults:
    mailhost.modoboa.nginx_vhost:
      storage: /var/lib/modoboa-virtualhosts
      application: unix:/run/gunicorn/modoboa.sock
      frontend_root: /srv/modoboa/instance/frontend
      static_root: /srv/modoboa/instance/sitestatic
      media_root: /srv/modoboa/instance/media
  block:
    - name: Serve the portals of a list, and no others that were served before
      mailhost.modoboa.nginx_vhost:
        vhosts:
          - name: mail.atlas.example
          - name: mail.birch.example
        prune: true
        keep:
          - mail.corvus.example # moves here next week, by another playbook
        catch_all: present

    - name: Serve a calendar server beside every portal, and keep a log of one of them
      mailhost.modoboa.nginx_vhost:
        vhosts:
          - name: mail.atlas.example
            access_log: /var/log/nginx/atlas.log
          - name: mail.birch.example
            snippet: |
              location = /privacy {
                  return 302 https://birch.example/privacy;
              }
        common_snippet: |
          location = /.well-known/caldav {
              return 301 /radicale/;
          }
          location ^~ /radicale/ {
              proxy_pass http://127.0.0.1:5232/;
              proxy_set_header X-Script-Name /radicale;
              proxy_set_header Host $host;
              proxy_set_header X-Forwarded-For $remote_addr;
              proxy_pass_header Authorization;
          }

    - name: Take over from a server block by hand, whose certificate acme_cert_adopt has copied
      mailhost.modoboa.nginx_vhost:
        name: mail.atlas.example
        adopt: true

    - name: Write server blocks where nginx reads them itself
      mailhost.modoboa.nginx_vhost:
        name: mail.atlas.example
        sites_available: /etc/nginx/conf.d
        sites_enabled: ""

    - name: Answer challenges on a front end that gets its certificates from another one
      mailhost.modoboa.nginx_vhost:
        name: mail.atlas.example
        challenge: redirect
        challenge_host: acme.front1.mail.example

    - name: Add to the templates, with templates/portals/present.conf.j2 beside the playbook
      mailhost.modoboa.nginx_vhost:
        name: mail.atlas.example
        templates: portals
      # That file has:
      # {% extends "mailhost.modoboa/present.conf.j2" %}
      # {% block application %}
      #     limit_req zone=portals burst=20;
      # {{ super() }}
      # {% endblock %}
"""

RETURN = r"""
vhosts:
  description: One result a virtual host, in the order of the task. Those that were pruned come last.
  returned: unless an option was refused before anything was looked at
  type: list
  elements: dict
  contains:
    name:
      description: Hostname of the virtual host.
      type: str
      sample: mail.atlas.example
    state:
      description: What is there now. In check mode, what would be.
      type: str
      sample: present
    changed:
      description: Whether its files, links, or the certificate that is served changed.
      type: bool
    failed:
      description: Whether it is not as asked for. Then nothing changed for it.
      type: bool
    error:
      description: What is wrong and what to do about it, or null.
      type: str
      sample: null
    pruned:
      description: Whether O(vhosts) does not name it, and O(prune) removes it.
      type: bool
    file:
      description: Its file in O(sites_available).
      type: str
      sample: /etc/nginx/sites-available/mail.atlas.example.conf
    damaged:
      description:
        - Whether nginx serves it, but could not load the certificate that is on disk. Then it fails, and stays online
          with the certificate that nginx has loaded, until nginx is restarted.
        - acme_cert mends it, since the challenge is answered still.
      type: bool
    adopted:
      description: What was taken over of others with O(adopt), or null. In check mode, what would be.
      type: dict
      contains:
        files:
          description: The files and links that went, each with C(path) and C(kept), which is where its content is now.
          type: list
          elements: dict
        left_behind:
          description:
            - What the others did and the host's own block does not, each with C(file), C(line) and C(text), unless it
              is in a snippet already.
          type: list
          elements: dict
    served:
      description: The certificate that nginx was found to serve, or null if none was looked for or found.
      type: dict
      contains:
        serial:
          description: Serial number in hexadecimal.
          type: str
          sample: 4a3f
        not_after:
          description: End of validity in ISO 8601.
          type: str
          sample: "2027-02-20T10:11:12Z"
catch_all:
  description: What became of the catch-all.
  returned: with RV(vhosts), if O(catch_all) is set
  type: dict
  contains:
    state:
      description: What is there now, V(present) or V(absent). In check mode, what would be.
      type: str
      sample: present
    changed:
      description: Whether its file or link changed.
      type: bool
    failed:
      description: Whether it is not as asked for. Then nothing changed for it. The virtual hosts do not depend on it.
      type: bool
    error:
      description: What is wrong and what to do about it, or null.
      type: str
      sample: null
    file:
      description: Its file in O(sites_available).
      type: str
      sample: /etc/nginx/sites-available/00-mailhost-modoboa-catch-all.conf
    left_out:
      description:
        - Its parts (C(http), C(https), C(quic)) that are left out, and for each the file that has the default server.
          Where others have it for some of the addresses only, these are named, such as C(http at 192.0.2.1:80), and the
          part is there for the rest.
        - They come when that default server has gone. A default server that comes later makes the catch-all give way
          in the next run that changes anything; until then nginx refuses to load the two.
      type: dict
      sample:
        http: /etc/nginx/sites-enabled/default
refused:
  description:
    - Whether all that was to be changed failed for the same reason, which is none of their own, such as a configuration
      that was broken before, or an nginx that does not run.
  returned: with RV(vhosts)
  type: bool
reloaded:
  description: Whether nginx was reloaded. In check mode, whether it would be.
  returned: with RV(vhosts)
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import ItemsError, finish
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx import arguments
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.errors import NginxError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.run import run


def main() -> None:
    """Make the virtual hosts as asked for, and say what became of each."""
    module = AnsibleModule(
        arguments.argument_spec(),
        mutually_exclusive=arguments.MUTUALLY_EXCLUSIVE,
        required_one_of=arguments.REQUIRED_ONE_OF,
        required_if=arguments.REQUIRED_IF,
        supports_check_mode=True,
    )
    try:
        outcome = run(module.params, module.check_mode, module.run_command)
    except (ItemsError, NginxError) as error:
        module.fail_json(msg=str(error))
    for warning in outcome.warnings:
        module.warn(warning)
    catch_all = outcome.catch_all
    finish(
        module,
        "vhosts",
        "virtual hosts",
        outcome.results,
        outcome.diff,
        [] if catch_all is None else [{"name": "the catch-all", **catch_all}],
        **({} if catch_all is None else {"catch_all": catch_all}),
        reloaded=outcome.reloaded,
        refused=outcome.refused,
        changed=outcome.recovered,
    )


if __name__ == "__main__":
    main()
