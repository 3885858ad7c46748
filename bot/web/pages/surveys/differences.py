"""What differs between two versions of a survey, in words: the sentences that are gone, and those that are new. Pure."""

from dataclasses import dataclass

from bot.web.pages.speech import Speech
from bot.web.pages.surveys.sentences import sentences
from ratings.store.survey_history import changes
from ratings.survey import Survey, survey_to_dict


@dataclass(frozen=True, slots=True)
class Difference:
    """Sentences of the one, sentences of the other, and what differs without changing a sentence, as JSON pointers."""

    gone: tuple[str, ...]
    new: tuple[str, ...]
    silent: tuple[str, ...]

    @property
    def none(self) -> bool:
        """True where nothing differs."""
        return not (self.gone or self.new or self.silent)


def difference(before: Survey, after: Survey, speech: Speech) -> Difference:
    """Tell what differs. Whatever is changed is told: what no sentence says by its name."""
    told = [sentences(survey, speech, short=False) for survey in (before, after)]
    texts = [[each.text for each in one] for one in told]
    gone = tuple(text for text in texts[0] if text not in texts[1])
    new = tuple(text for text in texts[1] if text not in texts[0])
    said = {each.pointer for one, other in (told, told[::-1]) for each in one if each not in other}
    changed = changes(survey_to_dict(before), survey_to_dict(after))
    return Difference(gone, new, tuple(pointer for pointer in changed if not _is_said(pointer, said)))


_TOGETHER = {"/outcomes/tag": "/outcomes/tag_below"}
"""What another setting's sentence says."""


def _is_said(pointer: str, said: set[str]) -> bool:
    pointer = _TOGETHER.get(pointer, pointer)
    return any(pointer == each or pointer.startswith(f"{each}/") or each.startswith(f"{pointer}/") for each in said)
