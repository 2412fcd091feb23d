"""The judge's form, for peers that take pydantic's models."""

from typing import Literal

from pydantic import BaseModel


class Scores(BaseModel):
    choice: Literal["Answer available", "No answer"]
    correctness_score: Literal["Accurate", "Mostly accurate", "Inaccurate"]
    quality_score: Literal["Good", "Fair", "Poor"]
    improvement_suggestion: str


class Judgment(BaseModel):
    reasoning: str
    description_1: Scores
    description_2: Scores
    choice: Literal["1", "2", "tie", "both_bad"]
