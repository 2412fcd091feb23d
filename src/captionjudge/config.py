"""captionjudge.toml, checked. Keys of providers are in the environment only."""

import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from captionjudge.errors import ConfigError
from captionjudge.models.model import Params
from captionjudge.models.provider import Provider
from captionjudge.models.vision import Detail

CONFIG_FILE = "captionjudge.toml"

_Name = Annotated[str, Field(min_length=1, max_length=200)]
_Reference = Annotated[str, Field(pattern=r"^[^/\s]+/\S+$")]
_Count = Annotated[int, Field(ge=1)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Sampling(_Table):
    """How a model samples, and how closely it looks."""

    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_tokens: _Count | None = None
    seed: int | None = None
    extra: dict[str, Any] = {}
    detail: Detail = "auto"

    @field_validator("temperature", mode="before")
    @classmethod
    def _whole_numbers_too(cls, value: object) -> object:
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    def params(self, *, logprobs: bool = False) -> Params:
        """The sampling parameters of a request."""
        return Params(self.temperature, self.max_tokens, self.seed, logprobs, self.extra, self.detail)


class Candidate(Sampling):
    """One `[[candidates]]` table: a source of descriptions. Without a model, its descriptions are imported."""

    name: _Name
    model: _Reference | None = None
    prompt: str = ""
    fields: list[_Name] = []
    language: str | None = None
    word_limit: _Count | None = None
    max_tokens: _Count | None = 1024
    data_type: str | None = None

    @property
    def label(self) -> str:
        """The `Data Type` its descriptions carry in their client metadata."""
        return self.data_type or self.name


class Judge(Sampling):
    """The `[judge]` table."""

    models: list[_Reference] = []
    cascade: list[_Reference] = []
    cascade_below: Annotated[float, Field(gt=0, le=1)] = 0.8
    cascade_overlap: Annotated[float, Field(ge=0, le=1)] = 0.1
    orders: Literal["both", "random", "fixed"] = "both"
    pairs: Literal["round-robin"] | list[Annotated[list[_Name], Field(min_length=2, max_length=2)]] = "round-robin"
    samples: _Count = 1
    max_tokens: _Count | None = 2048
    rewrite: bool = False
    instructions: str = ""
    people: list[_Name] = ["Final Choice"]
    choice: _Name | None = None
    order_seed: int = 0
    same_text: Literal["tie", "ask"] = "tie"

    @field_validator("cascade_below", "cascade_overlap", mode="before")
    @classmethod
    def _whole_numbers_too(cls, value: object) -> object:
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @model_validator(mode="after")
    def _panel_or_cascade(self) -> "Judge":
        if self.models and self.cascade:
            raise ValueError("either models (a panel) or cascade, not both: remove one of the two")
        if len(self.cascade) == 1:
            raise ValueError("a cascade has two judges or more; one judge alone is models")
        if len(set(self.cascade)) < len(self.cascade):
            raise ValueError("a judge is in the cascade twice")
        return self

    @property
    def judges(self) -> list[str]:
        """The models that judge: of a panel, or of a cascade in its order."""
        return self.cascade or self.models


class Images(_Table):
    """The `[images]` table: what is sent as it is, and what is made smaller."""

    max_side: _Count = 1568
    fit: Literal["model", "bounds"] = "model"
    max_bytes: _Count = 3_500_000
    formats: list[Literal["JPEG", "PNG", "WEBP", "GIF"]] = ["JPEG", "PNG", "WEBP"]
    quality: Annotated[int, Field(ge=30, le=95)] = 85
    bomb_pixels: _Count = 100_000_000
    bomb_bytes: _Count = 100_000_000


class Run(_Table):
    """The `[run]` table."""

    attempts: _Count = 5
    patience: Annotated[float, Field(gt=0)] = 600.0
    lease: Annotated[float, Field(ge=5)] = 60.0
    in_flight: _Count | None = None

    @field_validator("patience", "lease", mode="before")
    @classmethod
    def _whole_numbers_too(cls, value: object) -> object:
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Batch(_Table):
    """The `[batch]` table: how `run --batch` asks. Limits are those of the provider unless they are set lower."""

    poll: Annotated[float, Field(gt=0)] = 60.0
    max_requests: _Count | None = None
    max_bytes: _Count | None = None

    @field_validator("poll", mode="before")
    @classmethod
    def _whole_numbers_too(cls, value: object) -> object:
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Review(_Table):
    """The `[review]` table: how people decide."""

    reveal: Literal["after_choice", "always", "never"] = "after_choice"
    reviewers: _Count = 1
    settle: Literal["unanimous", "majority"] = "unanimous"
    order: Literal["uncertainty", "instability", "disagreement", "random"] = "uncertainty"
    audit: Annotated[float, Field(ge=0, le=1)] = 0.1
    seed: int = 0
    hold: Annotated[float, Field(ge=10)] = 600.0
    rejects: list[Literal["tie", "both_bad"]] = ["both_bad"]
    diff: bool = True
    guidelines: str = ""
    keys: dict[_Name, str] = {}

    @field_validator("audit", "hold", mode="before")
    @classmethod
    def _whole_numbers_too(cls, value: object) -> object:
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


class ProviderTable(_Table):
    """One `[providers.NAME]` table."""

    kind: _Name = "openai-compatible"
    base_url: str = ""
    key_env: str = ""
    concurrency: _Count = 64
    rpm: Annotated[float, Field(gt=0)] | None = None
    timeout: Annotated[float, Field(gt=0)] = 120.0
    schema_mode: Annotated[Literal["strict", "json_object", "prompt"], Field(alias="schema")] = "strict"
    logprobs: bool = True
    prompt_cache: Literal["auto", "on", "off"] = "auto"
    headers: dict[str, str] = {}
    path: str = ""
    batch: bool | None = None

    @field_validator("rpm", "timeout", mode="before")
    @classmethod
    def _whole_numbers_too(cls, value: object) -> object:
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("headers")
    @classmethod
    def _no_secrets(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if name.lower() in ("authorization", "x-api-key", "x-goog-api-key", "api-key", "cookie"):
                raise ValueError(f"{name!r} would hold a secret in a file: name an environment variable with key_env")
        return value

    def provider(self, name: str, folder: Path) -> Provider:
        """The provider this table describes; a relative `path` is relative to the project's folder."""
        return Provider(
            name=name,
            kind=self.kind,
            base_url=self.base_url,
            key_env=self.key_env,
            concurrency=self.concurrency,
            rpm=self.rpm,
            timeout=self.timeout,
            schema=self.schema_mode,
            logprobs=self.logprobs,
            prompt_cache=self.prompt_cache,
            headers=dict(self.headers),
            path=str(folder / self.path) if self.path else "",
            batch=self.batch,
        )


class Price(_Table):
    """One `[prices."provider/model"]` table: US dollars per million tokens."""

    input: Annotated[float, Field(ge=0)]
    output: Annotated[float, Field(ge=0)]
    cached_input: Annotated[float, Field(ge=0)] | None = None
    cache_write: Annotated[float, Field(ge=0)] | None = None
    batch: Annotated[float, Field(ge=0, le=1)] = 0.5

    @field_validator("input", "output", "cached_input", "cache_write", "batch", mode="before")
    @classmethod
    def _whole_numbers_too(cls, value: object) -> object:
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


class StageTable(_Table):
    """One `[stages."TITLE"]` table: what an agent stage does."""

    describe: list[_Name] = []
    judge: bool = False

    @model_validator(mode="after")
    def _one_thing(self) -> "StageTable":
        if bool(self.describe) == self.judge:
            raise ValueError("a stage either describes (describe = [names]) or judges (judge = true)")
        return self


class Config(_Table):
    """The whole file."""

    title: str = "captionjudge"
    store: str = ""
    blobs: str = ""
    ontology: str = "ontology.json"
    workflow: str = "workflow.json"
    layout: str = "editor_layout.json"
    candidates: list[Candidate] = []
    judge: Judge = Judge()
    images: Images = Images()
    run: Run = Run()
    batch: Batch = Batch()
    review: Review = Review()
    providers: dict[_Name, ProviderTable] = {}
    prices: dict[_Reference, Price] = {}
    stages: dict[_Name, StageTable] = {}

    @field_validator("store")
    @classmethod
    def _no_password(cls, value: str) -> str:
        if has_password(value):
            raise ValueError(
                "the URL holds a password, which would be a secret in a file:"
                " leave it out and set PGPASSWORD, or PGPASSFILE, in the environment"
            )
        return value

    @field_validator("blobs")
    @classmethod
    def _no_credentials(cls, value: str) -> str:
        if "://" in value and (has_password(value) or "?" in value):
            raise ValueError(
                "the URL holds a key, password or parameters, which may be secrets:"
                " leave them out, and set the credentials of the object store in the environment"
            )
        return value

    @model_validator(mode="after")
    def _candidates_fit(self) -> "Config":
        names = [candidate.name for candidate in self.candidates]
        if len(names) < 2:
            raise ValueError(f"two or more [[candidates]] are needed, not {len(names)}")
        if double := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two candidates are called {double[0]!r}")
        named = [name for pair in self.judge.pairs if not isinstance(pair, str) for name in pair]
        named += [name for stage in self.stages.values() for name in stage.describe]
        for name in named:
            if name not in names:
                raise ValueError(f"{name!r} is no candidate; there are: {', '.join(map(repr, names))}")
        return self

    def candidate(self, name: str) -> Candidate:
        """The candidate of this name."""
        return next(candidate for candidate in self.candidates if candidate.name == name)

    def labels(self) -> list[str]:
        """The Data Types of the candidates' descriptions, in the order of the file."""
        return [candidate.label for candidate in self.candidates]

    def pairs(self) -> list[tuple[str, str]]:
        """The pairs that are judged: of every two candidates the earlier first, or as they are listed."""
        if self.judge.pairs == "round-robin":
            names = [candidate.name for candidate in self.candidates]
            return [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
        return [(a, b) for a, b in self.judge.pairs]

    def provider_tables(self, folder: Path) -> dict[str, Provider]:
        """The providers by name."""
        return {name: table.provider(name, folder) for name, table in self.providers.items()}


def has_password(url: str) -> bool:
    """Whether a URL holds a password, before the host or as a parameter."""
    before_host = url.partition("://")[2].rpartition("@")[0]
    parameters = parse_qs(url.partition("?")[2], keep_blank_values=True)
    return ":" in before_host.partition("?")[0].partition("/")[0] or bool({"password", "sslpassword"} & set(parameters))


def load_config(path: Path) -> Config:
    """Read and check a project's configuration.

    Raises:
        ConfigError: the file is missing, is not TOML, or a key is wrong; every finding on a line of its own.
    """
    try:
        data = tomllib.loads(path.read_bytes().decode())
    except FileNotFoundError:
        if not path.parent.exists():
            raise ConfigError(f"there is nothing at {path.parent}") from None
        raise ConfigError(
            f"there is no {path.name} in {path.parent}", hint="captionjudge init DIR --images PATH"
        ) from None
    except NotADirectoryError:
        raise ConfigError(f"{path.parent} is no folder", hint="name the project's folder") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None
    return parse_config(data, str(path))


def parse_config(data: Mapping[str, Any], where: str) -> Config:
    """Check a configuration that was read already; `where` names it in messages."""
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        lines = [_line(where, finding) for finding in error.errors(include_url=False)]
        raise ConfigError("\n".join(lines), hint="docs/configuration.md lists every key") from None


def _line(where: str, finding: Mapping[str, Any]) -> str:
    place = _place(finding["loc"])
    if finding["type"] == "extra_forbidden":
        return f"{where}: {place}: there is no such key{_nearest(finding['loc'])}"
    message = str(finding["msg"]).removeprefix("Value error, ")
    return f"{where}: {place}: {message}" if place else f"{where}: {message}"


def _place(location: Sequence[int | str]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


_TABLES: dict[str, type[_Table]] = {
    "candidates": Candidate,
    "judge": Judge,
    "images": Images,
    "run": Run,
    "batch": Batch,
    "review": Review,
    "providers": ProviderTable,
    "prices": Price,
    "stages": StageTable,
}


def _nearest(location: Sequence[int | str]) -> str:
    table = _TABLES.get(str(location[0]), Config) if len(location) > 1 else Config
    known = [info.alias or name for name, info in table.model_fields.items()]
    near = get_close_matches(str(location[-1]), known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
