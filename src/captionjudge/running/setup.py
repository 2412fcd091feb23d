"""Everything a run needs to know, fixed before it starts."""

from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from captionjudge.amount import amount
from captionjudge.config import Config
from captionjudge.errors import ConfigError
from captionjudge.images import Bounds, Limits
from captionjudge.judging.roles import Roles
from captionjudge.judging.settlement import Draw
from captionjudge.layout import Layout
from captionjudge.models.family import fitting
from captionjudge.models.provider import Provider
from captionjudge.models.vision import Detail
from captionjudge.ontology.tree import Ontology
from captionjudge.store.blobs import Blobs
from captionjudge.store.database import Database
from captionjudge.workflow import Workflow


class Setup(Struct, frozen=True):
    """One project, opened and checked."""

    project_id: str
    database: Database
    blobs: Blobs
    config: Config
    providers: Mapping[str, Provider]
    workflow: Workflow
    layout: Layout
    ontology: Ontology
    ontology_digest: str
    roles: Roles
    _bounds: dict[tuple[str, Detail], Bounds] = field(default_factory=dict)

    @property
    def bounds(self) -> Bounds:
        """What an image must be within to be sent as it is, whatever the model."""
        images = self.config.images
        return Bounds(
            max_side=images.max_side,
            max_bytes=images.max_bytes,
            formats=frozenset(images.formats),
            quality=images.quality,
        )

    def bounds_for(self, model: str, detail: Detail) -> Bounds:
        """What an image must be within to be sent to this model as it is."""
        found = self._bounds.get((model, detail))
        if found is None:
            fits = fitting(model, detail) if self.config.images.fit == "model" else None
            found = self._bounds[model, detail] = replace(self.bounds, fits=fits)
        return found

    @property
    def draw(self) -> Draw:
        """What chance decides in reviewing: the audit slice, the random order, the sides."""
        return Draw(self.config.review.seed, self.config.review.audit)

    @property
    def limits(self) -> Limits:
        """The largest image that is opened at all."""
        return Limits(self.config.images.bomb_pixels, self.config.images.bomb_bytes)


class Duty(Struct, frozen=True):
    """What an agent stage does: describe for these candidates, or judge."""

    describe: tuple[str, ...] = ()
    judge: bool = False


def duties(config: Config, workflow: Workflow) -> dict[str, Duty]:
    """What each agent stage does, as `[stages]` says or as the shape of the workflow leaves no doubt about.

    Without `[stages]`: the last agent stage judges; those before it describe, one for all candidates, or one each.

    Raises:
        ConfigError: `[stages]` names no agent stage, or the shape leaves a doubt.
    """
    agents = workflow.agents()
    if config.stages:
        for title in config.stages:
            if title not in agents:
                workflow.stage(title)
                raise ConfigError(f"[stages.{title!r}]: {title!r} is no agent stage")
        return {title: Duty(tuple(table.describe), table.judge) for title, table in config.stages.items()}
    names = tuple(candidate.name for candidate in config.candidates)
    match len(agents):
        case 1:
            return {agents[0]: Duty(judge=True)}
        case 2:
            return {agents[0]: Duty(names), agents[1]: Duty(judge=True)}
        case count if count == len(names) + 1:
            each = {title: Duty((name,)) for title, name in zip(agents[:-1], names, strict=True)}
            return each | {agents[-1]: Duty(judge=True)}
    raise ConfigError(
        f"it is not clear what {amount(len(agents), 'agent stage')} should do for {amount(len(names), 'candidate')}",
        hint='say it: [stages."TITLE"] with describe = ["CANDIDATE"] or judge = true',
    )
