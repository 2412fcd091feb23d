"""Proofs that run one after the other in an environment of the clients, and the requests that the clients made."""
# mypy: ignore-errors
# It is checked by running: the packages that it imports are those of another environment.

import json
import os
import re
import sys
import traceback
import warnings
from types import SimpleNamespace

import requests
from encord.user_client import EncordUserClient

warnings.simplefilter("ignore", DeprecationWarning)

NEWEST = "newest" in sys.argv
PROJECT = os.environ["PROJECT"]
_HASH = re.compile(r"/[0-9a-f]{8}-[0-9a-f-]{27}")

proofs = []
asked = set()
world = SimpleNamespace()
"""What one proof leaves for those after it."""


def proof(function):
    """Register a proof. They run in the order in which they are registered."""
    proofs.append(function)
    return function


def only_newest(function):
    """Register a proof of what only the newest packages can do."""
    return proof(function) if NEWEST else function


def connect():
    return EncordUserClient.create_with_ssh_private_key(
        ssh_private_key_path=os.environ["ENCORD_SSH_KEY_FILE"], domain=os.environ["ENCORD_DOMAIN"]
    )


def listen() -> None:
    """Note which of the server's resources are asked for."""
    send = requests.Session.send

    def noting(self, request, **named):
        path = request.path_url.partition("?")[0]
        if path in ("/public", "/public/user"):
            body = json.loads(request.body)
            asked.add(f"{body['query_method']} {body['query_type']}")
        elif request.url.startswith(os.environ["ENCORD_DOMAIN"]):
            asked.add(f"{request.method} {_HASH.sub('/*', path)}")
        return send(self, request, **named)

    requests.Session.send = noting


def report() -> None:
    """Run all proofs; print what failed, and what was asked for, as the last line."""
    failed = {}
    for one in proofs:
        try:
            one()
        except BaseException:
            failed[one.__name__] = traceback.format_exc()[-2500:]
    names = [one.__name__ for one in proofs]
    sys.stdout.write("\n" + json.dumps({"proofs": names, "failed": failed, "asked": sorted(asked)}) + "\n")


def raises(kind, call, *says) -> None:
    """The call is refused with this error, whose message has these words."""
    said = None
    try:
        call()
    except kind as error:
        said = str(error)
    assert said is not None, f"{kind} was not raised"
    assert all(each in said for each in says), said
