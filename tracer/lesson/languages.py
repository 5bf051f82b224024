"""Whether a lesson's pages speak of the same things: each has the headings of lesson.toml, in its order, and explains as much."""

from collections.abc import Iterator, Mapping, Sequence

from .problems import nearest
from .prose import Page, Section

Outline = Mapping[str, Sequence[str]]
"""The ids of a lesson's steps and experiments, in order -> those of their questions."""


def differences(outline: Outline, page: Page, last: int) -> Iterator[tuple[int, str]]:
    """What a page, of `last` lines, has otherwise than lesson.toml: line and words."""
    yield from _differences("step or experiment {}", "##", list(outline), page.sections, (last, "at the end"), ())
    lost = [one for identity, questions in outline.items() if identity not in page.sections for one in questions]
    for identity, questions in outline.items():
        if identity in page.sections:
            section = page.sections[identity]
            yield from _differences(
                f"question {{}} of {identity!r}", "###", questions, section.questions, (section.line, "under this heading"), lost
            )


def _differences(
    what: str, mark: str, wanted: Sequence[str], found: Mapping[str, Section], end: tuple[int, str], lost: Sequence[str]
) -> Iterator[tuple[int, str]]:
    """The same of headings of one level. `end`: where one belongs that comes after all others.

    `lost`: ids that stand under another heading than their own, which is missing.
    """
    for place, identity in enumerate(wanted):
        if identity not in found:
            later = next((found[one].line for one in wanted[place:] if one in found), None)
            line, where = (later, "before this one") if later is not None else end
            yield line, f"the {what.format(repr(identity))} has no heading: write `{mark} … {{#{identity}}}` {where}"
    for identity in found:
        if identity not in wanted and identity not in lost:
            cure = nearest(identity, wanted) if wanted else "take its heading away"
            yield found[identity].line, f"lesson.toml has no {what.format(repr(identity))}: {cure}"
    here = [one for one in found if one in wanted]
    there = [one for one in wanted if one in found]
    for one, other in zip(here, there, strict=True):
        if one != other:
            yield found[one].line, f"{one!r} stands before {other!r} here, and after it in lesson.toml: the order is the same in both"
            return


def unequal(pages: Mapping[str, Page]) -> Iterator[tuple[str, int, str]]:
    """Headings with nothing below them in one language though there is in another: language, line and words."""
    prose = {language: dict(_sections(page)) for language, page in pages.items()}
    for language, sections in prose.items():
        for key, section in sections.items():
            full = [other for other in prose if key in prose[other] and prose[other][key].blocks]
            if full and not section.blocks:
                yield language, section.line, f"nothing stands under {section.id!r}: in lesson.{full[0]}.md something does"


def _sections(page: Page) -> Iterator[tuple[tuple[str, ...], Section]]:
    """Every section of a page, by its ids."""
    for section in page.sections.values():
        yield (section.id,), section
        for question in section.questions.values():
            yield (section.id, question.id), question
