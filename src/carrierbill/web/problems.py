"""Problems: what an interface answers instead of a result: a status, a code, and a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec.json import Encoder

from carrierbill.domain.saying import Saying

ENCODE = Encoder().encode
# What each code is answered with; the sentence of a code is `problem.<code>`.
STATUS: Mapping[str, int] = {
    "INVALID_ARGUMENT": 400,
    "OUT_OF_RANGE": 400,
    "INVALID_CREDENTIAL": 400,
    "INVALID_TOKEN": 400,
    "INVALID_SINK": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "IDENTIFIER_NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "ALREADY_EXISTS": 409,
    "SERVICE_NOT_APPLICABLE": 422,
    "MISSING_IDENTIFIER": 422,
    "UNNECESSARY_IDENTIFIER": 422,
    "IDEMPOTENCY_KEY_REUSED": 422,
    "TOO_MANY_REQUESTS": 429,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
}


@dataclass(eq=False)
class ProblemError(Exception):
    """An answer that ends a request: its code, its status where the code alone does not say, its sentence.

    `told` None is the sentence of the code. `headers` go out with the answer.
    """

    code: str
    told: Saying | None = None
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.status = self.status or STATUS[self.code]

    @property
    def saying(self) -> Saying:
        """The sentence."""
        return self.told or Saying(f"problem.{self.code.rpartition('.')[2]}")


def problem_body(problem: ProblemError, message: str) -> bytes:
    """The body of an answer, as all interfaces give it."""
    return ENCODE({"status": problem.status, "code": problem.code, "message": message})


def invalid(field_name: str, told: Saying | None = None) -> ProblemError:
    """A request whose field cannot be what it is; `told` says what would be right."""
    if told is None:
        return ProblemError("INVALID_ARGUMENT", Saying("problem.INVALID_FIELD", {"field": field_name}))
    return ProblemError(
        "INVALID_ARGUMENT", Saying("problem.INVALID_FIELD_WHY", {"field": field_name, "why": told})
    )
