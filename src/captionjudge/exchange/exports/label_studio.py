"""Pairs as Label Studio's pairwise tasks: one file a split, with the labelling configuration."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import orjson

from captionjudge.exchange.exports.folder import Folder
from captionjudge.exchange.exports.groups import Group
from captionjudge.exchange.exports.preferences import Preference
from captionjudge.exchange.exports.tally import Tally
from captionjudge.identity import digest_of

CONFIG = """<View>
  <Image name="image" value="$image"/>
  <Header value="Which description of the image is better?"/>
  <Pairwise name="preference" toName="left,right"/>
  <Text name="left" value="$left"/>
  <Text name="right" value="$right"/>
</View>
"""
_CONTROL = "preference"


def write_label_studio(groups: Iterable[Group], folder: Folder, tally: Tally) -> None:
    """Write tasks_SPLIT.json, config.xml and the pictures.

    Every pair of two texts is a task, decided or not: people's choice is its annotation, the judges' its prediction.
    Which text is on the left is drawn by the pair's id, and the candidates' names are not shown.
    """
    for group in groups:
        seen: set[int] = set()
        for preference in group.preferences:
            # The texts that people wrote are further preferences of the same pair.
            if preference.line in seen:
                continue
            seen.add(preference.line)
            tally.images[group.split] += folder.put(group.picture)
            file = folder.file(f"tasks_{group.split}.json")
            file.write((b",\n" if tally.rows[group.split] else b"[\n") + orjson.dumps(_task(preference, group)))
            tally.rows[group.split] += 1
    for split in tally.rows:
        folder.file(f"tasks_{split}.json").write(b"\n]\n")
    folder.file("config.xml").write(CONFIG.encode())


def turned(pair: str) -> bool:
    """Whether the second text of a pair is on the left: a coin that always falls the same for one pair."""
    return int(digest_of("side", pair)[:1], 16) < 8


def _task(preference: Preference, group: Group) -> dict[str, Any]:
    texts = [preference.a, preference.b]
    sides = {"a": "left", "b": "right"}
    if turned(preference.pair):
        texts.reverse()
        sides = {"a": "right", "b": "left"}
    left, right = (text.text if text else "" for text in texts)
    judged = sides.get((preference.judged or "").lower())
    people = sides.get(preference.chosen_by_people or "")
    return {
        "data": {
            "image": f"/data/local-files/?d={quote(group.picture.path)}",
            "left": left,
            "right": right,
            "pair": preference.pair,
            "line": preference.line,
            "left_by": texts[0].by if texts[0] else "",
            "right_by": texts[1].by if texts[1] else "",
            "image_digest": group.picture.digest,
            "judged": preference.judged,
            "people": preference.chosen_by_people,
            "stability": preference.stability,
        },
        "annotations": [{"result": [_result(people)]}] if people else [],
        "predictions": [_prediction(preference, judged)] if judged else [],
    }


def _prediction(preference: Preference, side: str) -> dict[str, Any]:
    names = ", ".join(judge.judge for judge in preference.judges)
    agrees = preference.decision is not None and preference.decision == (preference.judged or "").lower()
    score = {"score": preference.probability} if agrees and preference.probability is not None else {}
    return {"model_version": names or "judges", "result": [_result(side)], **score}


def _result(side: str) -> dict[str, Any]:
    return {
        "id": "choice",
        "from_name": _CONTROL,
        "to_name": _CONTROL,
        "type": "pairwise",
        "value": {"selected": side},
    }
