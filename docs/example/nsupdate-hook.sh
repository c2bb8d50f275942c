#!/bin/sh
# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A hook for DNS-01 that tells a name server by dynamic update (RFC 2136). It needs nsupdate and dig,
# on Debian from the package bind9-dnsutils. docs/dns-01.md says how to set up the name server.
#
#   nsupdate-hook.sh [-k KEYFILE] [-s SERVER] [-r RESOLVER] present|cleanup FQDN VALUE
#
#   -k KEYFILE   file with the TSIG key, as tsig-keygen writes it; or NSUPDATE_KEY in the environment
#   -s SERVER    primary name server of the zone, as ADDRESS or ADDRESS#PORT; or NSUPDATE_SERVER;
#                this host if neither is given
#   -r RESOLVER  name server to ask where _acme-challenge leads, if a CNAME sends it to another zone;
#                or NSUPDATE_RESOLVER; the primary name server if neither is given
#
# It adds and removes one value and leaves others of the same name alone. After adding, it waits until
# the primary answers with the value.

set -eu

ttl=60
# A name server that took the update answers at once; seconds
patience=30
most_aliases=8

fail() {
    echo "nsupdate-hook: $1" >&2
    exit 1
}

# ask SERVER NAME TYPE: print the data of the records
ask() {
    address=${1%%#*} port=53
    case $1 in *#*) port=${1#*#} ;; esac
    dig "@$address" -p "$port" +short +time=3 +tries=3 -q "$2" -t "$3"
}

# Words that nsupdate might take for something else never reach it.
check_name() {
    case $1 in
        '' | *[!A-Za-z0-9._-]*) fail "$1 is not a name that can be updated" ;;
    esac
}

# Follow CNAME records: the zone of its own that they lead to is the one to update.
follow() {
    name=$1
    aliases=0
    while :; do
        target=$(ask "$resolver" "$name" CNAME) || fail "$resolver does not answer"
        [ -n "$target" ] || break
        check_name "$target"
        aliases=$((aliases + 1))
        [ "$aliases" -le "$most_aliases" ] || fail "$1 is an alias of an alias without an end"
        name=$target
    done
    echo "$name"
}

update() {
    case $server in
        *#*) where="${server%%#*} ${server#*#}" ;;
        *) where=$server ;;
    esac
    nsupdate -t 30 -k "$key" <<COMMANDS
server $where
$1
send
COMMANDS
}

answers() {
    ask "$server" "$1" TXT | grep -qxF "\"$2\""
}

key=${NSUPDATE_KEY:-}
server=${NSUPDATE_SERVER:-127.0.0.1}
resolver=${NSUPDATE_RESOLVER:-}
while getopts k:s:r: option; do
    case $option in
        k) key=$OPTARG ;;
        s) server=$OPTARG ;;
        r) resolver=$OPTARG ;;
        *) fail "call it as described at its beginning" ;;
    esac
done
shift $((OPTIND - 1))
[ $# -eq 3 ] || fail "call it as described at its beginning"
action=$1 fqdn=$2 value=$3
resolver=${resolver:-$server}
check_name "$fqdn"
case $value in
    '' | *[!A-Za-z0-9_-]*) fail "the value is not base64url" ;;
esac
[ -r "$key" ] || fail "the key file '$key' cannot be read: give it as -k or NSUPDATE_KEY"

fqdn=$(follow "$fqdn")
case $action in
    present)
        update "update add $fqdn $ttl IN TXT \"$value\"" || fail "$server refused to add $fqdn"
        while ! answers "$fqdn" "$value"; do
            patience=$((patience - 1))
            [ "$patience" -gt 0 ] || fail "$server took $fqdn, but does not answer with it"
            sleep 1
        done
        ;;
    cleanup)
        update "update delete $fqdn IN TXT \"$value\"" || fail "$server refused to remove $fqdn"
        ;;
    *) fail "what to do is present or cleanup, not $action" ;;
esac
