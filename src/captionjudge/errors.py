"""Every error the package raises on purpose.

CaptionjudgeError            one line for the user: what, where; `hint` says what to do
├── ConfigError              found before anything runs; never retried
│   ├── OntologyError        the ontology JSON cannot be used
│   ├── WorkflowError        the workflow JSON cannot be used
│   └── LayoutError          the editor layout's JSON cannot be used
├── ImageError               one file cannot be used; `kind` names why
├── DataError                one row of an imported file cannot be used
├── StoreError               the store was open and cannot be reached any more; the run stops
│   └── BlobError            the place of the images' bytes cannot; the run ends with what is in flight
├── StaleLease               a task was taken over by another worker
├── BudgetReached            the next call could exceed --max-cost
├── NotAskedAgain            the run was told to end while a call waited; its image waits as before
├── Deferred                 the answer comes with a batch; `job` is the batch
├── BatchRefused             a provider refuses a batch as a whole; the run stops
└── ModelError               asking a model failed; `kind`, `retryable`, `retry_after`, `status`
    ├── AuthError            401, 403: the key is wrong; the run stops
    ├── BadRequestError      other 4xx: this request will never work
    ├── RateLimitError       429
    ├── OverloadedError      5xx
    ├── RequestTimeout       no answer in time
    ├── ConnectionFailed     no connection, or it broke
    ├── BadResponseError     2xx, but not what the protocol promises
    ├── CancelledRequest     somebody cancelled the batch that the request was in
    └── ReplyError           the model answered, and the answer cannot be used; `reply` holds it
        ├── RefusedError
        ├── FilteredError    stopped by a content filter
        ├── TruncatedError   stopped by the token limit
        ├── EmptyError
        └── OffSchemaError   not the JSON that was asked for, or outside the limits that were set
"""

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from captionjudge.models.model import Reply


class CaptionjudgeError(Exception):
    """Something the user can act on: one line, with a hint."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ConfigError(CaptionjudgeError):
    """A setting, file or argument cannot be used as it is."""


class OntologyError(ConfigError):
    """The ontology cannot be used; the message names the place in it."""


class WorkflowError(ConfigError):
    """The workflow cannot be used; the message names the stage."""


class LayoutError(ConfigError):
    """The editor layout cannot be used; every problem is on a line of its own."""


class ImageError(CaptionjudgeError):
    """One image cannot be used. `kind` is a stable word such as "truncated"."""

    def __init__(self, kind: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.kind = kind


class DataError(CaptionjudgeError):
    """One row of an imported file cannot be used; the message names row and column."""


class StoreError(CaptionjudgeError):
    """The store was open and cannot be reached any more, or has no room left."""


class BlobError(StoreError):
    """The place where the images' bytes are does not answer, or denies access, and did not when asked again."""


class StaleLease(CaptionjudgeError):
    """The task's lease ran out and another worker has it: this write was refused."""


class BudgetReached(CaptionjudgeError):
    """The next call could cost more than what is left of the budget."""


class NotAskedAgain(CaptionjudgeError):
    """The run was told to end while a call waited for its turn or its next try."""

    def __init__(self) -> None:
        super().__init__("the run was told to end while a call waited")


class Deferred(CaptionjudgeError):
    """The answer comes with a batch: the image waits for it, untouched. `job` is the batch's id in the store."""

    def __init__(self, job: str) -> None:
        super().__init__(f"the answer comes with batch {job}")
        self.job = job


class BatchRefused(CaptionjudgeError):
    """A provider refuses a batch as a whole; what was in it waits as before."""


class ModelError(CaptionjudgeError):
    """Asking a model failed."""

    kind: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        provider: str = "",
        status: int | None = None,
        retry_after: float | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.provider = provider
        self.status = status
        self.retry_after = retry_after


class AuthError(ModelError):
    """The provider does not accept the key."""

    kind = "auth"


class BadRequestError(ModelError):
    """The provider refuses this request, now and later."""

    kind = "bad_request"


class RateLimitError(ModelError):
    """Too many requests or tokens; `retry_after` is what the provider asked for, in seconds."""

    kind = "rate_limit"
    retryable = True


class OverloadedError(ModelError):
    """The provider cannot answer at the moment."""

    kind = "overloaded"
    retryable = True


class RequestTimeout(ModelError):
    """No answer within the time allowed."""

    kind = "timeout"
    retryable = True


class ConnectionFailed(ModelError):
    """No connection could be made, or it broke before the answer was complete."""

    kind = "connection"
    retryable = True


class BadResponseError(ModelError):
    """The provider answered with success and a body that its protocol does not allow."""

    kind = "bad_response"
    retryable = True


class CancelledRequest(ModelError):
    """Somebody cancelled the batch that the request was in."""

    kind = "cancelled"


class ReplyError(ModelError):
    """The model answered, and the answer cannot be used."""

    def __init__(self, message: str, *, reply: "Reply", provider: str = "", hint: str = "") -> None:
        super().__init__(message, provider=provider, hint=hint)
        self.reply = reply


class RefusedError(ReplyError):
    """The model declined."""

    kind = "refused"


class FilteredError(ReplyError):
    """A content filter stopped the reply."""

    kind = "filtered"


class TruncatedError(ReplyError):
    """The reply hit the token limit."""

    kind = "truncated"


class EmptyError(ReplyError):
    """The reply holds no text."""

    kind = "empty"
    retryable = True


class OffSchemaError(ReplyError):
    """The reply is not the JSON that was asked for."""

    kind = "off_schema"
