from captionjudge.models.embedded.claims import Claim, check_claims
from captionjudge.models.embedded.evidence import Evidence
from captionjudge.models.embedded.phrases import read_phrases
from captionjudge.models.embedded.resources import Models


def checked(text: str, evidence: Evidence, models: Models) -> dict[str, Claim]:
    return {claim.text: claim for claim in check_claims(read_phrases(text, models.knowledge.wordnet), evidence, models)}


def test_a_thing_that_is_there_is_supported(cat: Evidence, models: Models) -> None:
    assert checked("A cat.", cat, models)["cat"].status == "supported"


def test_a_thing_that_is_not_there_is_contradicted(cat: Evidence, models: Models) -> None:
    assert checked("A bus.", cat, models)["bus"].status == "contradicted"


def test_a_thing_that_no_model_knows_is_not_checkable(cat: Evidence, models: Models) -> None:
    assert checked("A zygote.", cat, models)["zygote"].status == "not checkable"


def test_a_colour_that_is_missing_is_contradicted(cat: Evidence, models: Models) -> None:
    assert checked("A blue cat.", cat, models)["blue cat"].status == "contradicted"


def test_a_wrong_number_is_contradicted(cat: Evidence, models: Models) -> None:
    assert checked("Three cats.", cat, models)["3 cats"].status == "contradicted"


def test_quoted_text_is_not_checkable(cat: Evidence, models: Models) -> None:
    assert checked('A sign "EXIT".', cat, models)['"EXIT"'].status == "not checkable"


def test_what_is_there_but_denied_is_contradicted(cat: Evidence, models: Models) -> None:
    assert checked("A room without a cat.", cat, models)["no cat"].status == "contradicted"


def test_what_is_rightly_denied_is_no_support(cat: Evidence, models: Models) -> None:
    assert checked("A cat without a bus.", cat, models)["no bus"].status == "not checkable"
