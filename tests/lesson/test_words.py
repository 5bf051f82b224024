"""What the player of lessons says by itself."""

from string import Formatter

import pytest

from tracer.lesson.format import LANGUAGES
from tracer.lesson.words import WORDS, language_of, say


def fields(text):
    """The names of the fields in a text."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("key", WORDS)
def test_every_word_is_there_in_each_language(key):
    """With the same fields."""
    assert set(WORDS[key]) == set(LANGUAGES)
    assert len({frozenset(fields(text)) for text in WORDS[key].values()}) == 1


def test_saying():
    assert say("en", "wrong", legal="2") == "Not so: 2."
    assert say("zh", "wrong", legal="2") == "不对。答案：2。"


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "de_DE.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "zh_TW.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, "zh"),
    ],
)
def test_the_language_of_a_locale(environment, language):
    """The first of the variables that says anything decides."""
    assert language_of(environment) == language
