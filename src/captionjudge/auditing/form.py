"""The judge's form as it is asked every day, and with its options listed backwards."""

from collections.abc import Mapping

from captionjudge.auditing.options import backwards
from captionjudge.auditing.probe import Trial
from captionjudge.config import Config
from captionjudge.identity import now_ms
from captionjudge.judging.roles import Roles
from captionjudge.judging.verdict import Pairing
from captionjudge.models.digest import request_digest
from captionjudge.models.model import Compare, Model, Request
from captionjudge.running.judge import Judging
from captionjudge.store.records import Item


class Forms:
    """What a trial is asked with."""

    def __init__(self, config: Config, roles: Roles, models: Mapping[str, Model]) -> None:
        self.usual = Judging(config, roles, models)
        self._choices = Judging(config, roles, models, backwards=True)
        self._scales = Judging(config, backwards(roles), models)

    @property
    def digest(self) -> str:
        """What names the form: answers to another prompt, ontology or sampling are not mixed with these."""
        schema = next((form.schema for form in self.usual.forms.values()), None)
        request = Request(self.usual.instructions, "", None, Compare("", ""), schema, self.usual.params)
        return request_digest("", request)

    def of(self, trial: Trial) -> Judging:
        """The form that the trial is asked with."""
        if trial.probe != "options":
            return self.usual
        return self._choices if trial.kind == "choices" else self._scales


def pairing_of(trial: Trial, ontology_digest: str) -> Pairing:
    """The trial's texts as if the candidates had written them."""
    a, b = (_text(trial, name, text) for name, text in zip(trial.names, (trial.a, trial.b), strict=True))
    return Pairing(a, b, trial.image, ontology_digest)


def _text(trial: Trial, author: str, text: str) -> Item:
    image = trial.image
    return Item("", image.project_id, "text", author, image.tag, "", "text/plain", now_ms(), text=text, author=author)
