"""What goes wrong, in the protocol's words."""

from typing import Literal

from captionjudge.errors import CaptionjudgeError

Code = Literal[
    "AUTHENTICATION_ERROR",
    "AUTHORISATION_ERROR",
    "RESOURCE_NOT_FOUND_ERROR",
    "RESOURCE_EXISTS_ERROR",
    "INVALID_ARGUMENTS_ERROR",
    "METHOD_NOT_ALLOWED_ERROR",
    "PAYLOAD_TOO_LARGE_ERROR",
    "GENERAL_ERROR",
]
STATUS: dict[Code, int] = {
    "AUTHENTICATION_ERROR": 401,
    "AUTHORISATION_ERROR": 403,
    "RESOURCE_NOT_FOUND_ERROR": 404,
    "RESOURCE_EXISTS_ERROR": 409,
    "INVALID_ARGUMENTS_ERROR": 400,
    "METHOD_NOT_ALLOWED_ERROR": 405,
    "PAYLOAD_TOO_LARGE_ERROR": 413,
    "GENERAL_ERROR": 500,
}


class Fault(CaptionjudgeError):
    """A request that is refused. The message is for the caller, and says nothing about what is not theirs."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code: Code = code

    @property
    def status(self) -> int:
        """The HTTP status of the code."""
        return STATUS[self.code]


def unauthenticated(message: str) -> Fault:
    """Whoever is asking could not be told."""
    return Fault("AUTHENTICATION_ERROR", message)


def forbidden(what: str) -> Fault:
    """Not theirs, or not there: which of the two is nobody's business who has no access."""
    return Fault("AUTHORISATION_ERROR", f"this key has no access to such a {what}, or there is none")


def invalid(message: str) -> Fault:
    """The request itself is wrong."""
    return Fault("INVALID_ARGUMENTS_ERROR", message)


def missing(message: str) -> Fault:
    """Something is not there."""
    return Fault("RESOURCE_NOT_FOUND_ERROR", message)


def unsupported(what: str) -> Fault:
    """Part of the protocol that is not answered here."""
    return Fault("METHOD_NOT_ALLOWED_ERROR", f"captionjudge does not support {what}: see docs/encord.md")
