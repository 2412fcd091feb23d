"""The project that is served, and who is calling."""

import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Request
from msgspec import Struct

from captionjudge.encord.faults import Fault, forbidden, unauthenticated
from captionjudge.identity import digest_of
from captionjudge.running.setup import Setup
from captionjudge.store import datasets, folders, hosted, keys
from captionjudge.store.batch import Batch
from captionjudge.store.keys import KeyRole, PublicKey

_RETRY_MS = 60_000
_SAME_SECOND_MS = 1_500
URL_SECONDS = 3600


@dataclass(frozen=True)
class Host:
    """What all requests share. Nothing in it is state: `rows` remembers JSON that can be read again at any time."""

    setup: Setup
    ontology_id: str
    dataset_id: str
    folder_id: str
    secret: bytes
    created_at: int
    rows: dict[str, tuple[int, int, bytes]] = field(default_factory=dict)
    changed: list[Callable[[str], None]] = field(default_factory=list)

    def change(self, call: "Call", change: Callable[[Batch], str]) -> str:
        """Carry out a change once and give its answer, however often the same signed request arrives.

        A client sends a request again, signature and all, when the answer was lost on the way. It then gets the first
        answer. After a minute nobody honest is still trying. Two requests that say the same within a second are signed
        alike; their traces tell them apart, and both are carried out.

        Raises:
            Fault: the request was carried out more than a minute ago.
        """

        def write(batch: Batch) -> str:
            if call.signature is None:
                return change(batch)
            mark = call.signature
            known = keys.answered(batch.connection, mark)
            if known is not None and _is_another(call, known):
                # Signed alike, for it says the same and was made in the same second, and sent by the client anew.
                mark = f"{call.signature} {call.trace}"
                known = keys.answered(batch.connection, mark)
            if known is not None:
                if time.time() * 1000 - known.at > _RETRY_MS:
                    raise unauthenticated("this request was carried out already")
                return known.body
            body = change(batch)
            keys.spend(batch, mark, call.trace, body)
            return body

        return self.setup.database.write(write)

    @property
    def near(self) -> bool:
        """Whether the store is a file of this machine, which answers at once."""
        return self.setup.database.engine.dialect.name == "sqlite"

    def url(self, origin: str, way: str, **fields: str) -> str:
        """A URL that nobody can guess, good for an hour."""
        until = str(int(time.time()) + URL_SECONDS)
        query = urlencode({**fields, "until": until, "proof": self.proof(way, until, fields)})
        return f"{origin}/storage/{way}?{query}"

    def proof(self, way: str, until: str, fields: dict[str, str]) -> str:
        """What only this store can add to the fields of a URL."""
        text = "\x1f".join((way, until, *(f"{name}={fields[name]}" for name in sorted(fields))))
        return hmac.new(self.secret, text.encode(), hashlib.sha256).hexdigest()

    def check_url(self, way: str, until: str, proof: str, fields: dict[str, str]) -> None:
        """Refuse a URL that was not made here, or whose hour is over.

        Raises:
            Fault: it is one of these.
        """
        fits = hmac.compare_digest(proof.encode(), self.proof(way, until, fields).encode())
        if not fits or not until.isdecimal() or int(until) < time.time():
            raise Fault("AUTHORISATION_ERROR", "this URL is no longer good")


class Call(Struct, frozen=True):
    """Who is calling. `signature` is there when it covers the whole request; `origin` is how they reached us."""

    key: PublicKey
    signature: str | None
    trace: str
    origin: str

    @property
    def person(self) -> bool:
        """Whether what this key answers is a person's answer."""
        return self.key.role == "reviewer"

    def require_owner(self, owner: str | None, what: str) -> None:
        """Let a key change what it made, and an admin's key what others made or the folder brought along.

        Args:
            owner: the key that made it; None for what no key made.

        Raises:
            Fault: it is somebody else's.
        """
        if owner != self.key.id and self.key.role != "admin":
            raise Fault(
                "AUTHORISATION_ERROR", f"this {what} is not this key's: a key with the role admin may change it"
            )

    def require(self, *roles: KeyRole) -> None:
        """Refuse keys of other roles.

        Raises:
            Fault: the key's role is another.
        """
        if self.key.role not in roles:
            raise Fault("AUTHORISATION_ERROR", f"a key with the role {' or '.join(roles)} may do this")


def open_host(setup: Setup) -> Host:
    """Give the project what the protocol needs: an ontology's id, a folder, a dataset, a secret for URLs."""

    def write(batch: Batch) -> tuple[str, str, str, bytes, int]:
        title = setup.config.title
        batch.flush()
        kept = hosted.own_ontology(batch, setup.project_id, title, setup.ontology_digest)
        folder = folders.home(batch, setup.project_id, title)
        dataset = datasets.home(batch, setup.project_id, title, folder.id)
        own = hosted.get(batch.connection, setup.project_id)
        return kept.id, dataset.id, folder.id, keys.secret_of(batch, "urls"), own.created_at if own else 0

    return Host(setup, *setup.database.write(write))


def upload_of(arrival: folders.Arrival) -> str:
    """Under which digest an upload's bytes wait. It is nobody else's, so they can be removed without a look around."""
    return digest_of("upload", arrival.id, arrival.digest)


def _is_another(call: Call, known: keys.Spent) -> bool:
    """Whether a request with a known signature is one that the client made anew, and not one that it sent again.

    A client gives each request a trace of its own, and sends it along when it repeats the request. Nothing signs it,
    so it is believed only while the second lasts in which both can have been signed.
    """
    fresh = time.time() * 1000 - known.at < _SAME_SECOND_MS
    return bool(call.trace) and call.trace != known.trace and fresh


async def host_of(request: Request) -> Host:
    """The host that a request is for."""
    host: Host = request.app.state.host
    return host


async def call_of(request: Request) -> Call:
    """Who is calling: the door has found out."""
    call: Call = request.scope["captionjudge.call"]
    return call


HostNow = Annotated[Host, Depends(host_of)]
CallNow = Annotated[Call, Depends(call_of)]


def own_folder(batch: Batch, call: Call, folder_id: str) -> folders.Folder:
    """The folder, if the caller may use it.

    Raises:
        Fault: it is not theirs.
    """
    folder = folders.get(batch.connection, folder_id)
    if folder is None or not may_folder(batch, call, folder):
        raise forbidden("folder")
    return folder


def may_folder(batch: Batch, call: Call, folder: folders.Folder) -> bool:
    """Whether the caller may use a folder: it is theirs, or that of a project they work on."""
    if folder.owner == call.key.id:
        return True
    return folder.project_id is not None and keys.may(batch.connection, call.key.id, folder.project_id)
