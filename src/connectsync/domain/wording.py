"""Numbers, lists and suggestions as people read them."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import islice

from connectsync.domain.foreign_text import foreign_text
from connectsync.values import dataclass, field

SHOWN = 5
"""How many things are named."""


def few(things: Sequence[str], *, joint: str = ", ") -> str:
    """Name the first things, and count the rest."""
    shown = joint.join(things[:SHOWN])
    rest = len(things) - SHOWN
    return f"{shown} and {rest} more" if rest > 0 else shown


def many(count: int, noun: str, nouns: str = "") -> str:
    """
    Spell a number with its noun: ``1 district``, ``1,200 districts``.

    ``nouns`` is its plural, where that is not the noun with an *s*.
    """
    return f"{count:,} {noun if count == 1 else nouns or f'{noun}s'}"


def moved_people(before: int, after: int) -> str:
    """Spell how a count moves: ``3 → 10 (+7, +233.3 %)``."""
    by = after - before
    share = f", {100 * by / before:+.1f} %" if before else ""
    return f"{before:,} → {after:,} ({by:+,}{share})"


def nearest(word: str, allowed: Iterable[str]) -> str | None:
    """Give the allowed word most like ``word``, never itself; None if none is near."""
    choices = _Choices.of(frozenset(allowed))
    if word not in choices.nearest:
        # files that are wrong are wrong in the same words, and comparing takes long
        if len(choices.nearest) >= MOST_ASKED:
            choices.nearest.clear()
        choices.nearest[word] = choices.compare(word)
    return choices.nearest[word]


def only_near(word: str, allowed: Iterable[str]) -> str | None:
    """
    Give the allowed word that ``word`` is near to, if there is exactly one.

    Words that differ in case, spaces, dashes and underscores alone are nearer than all
    others.
    """
    folded = fold_word(word)[:LONGEST_WORD]
    choices = _Choices.of(frozenset(allowed))
    same = choices.by_folded.get(folded)
    if same is None:
        from difflib import get_close_matches  # noqa: PLC0415 - as above

        close = get_close_matches(folded, choices.likely(folded, word), n=2, cutoff=0.6)
        same = choices.by_folded[close[0]] if len(close) == 1 else ()
    return same[0] if len(same) == 1 else None


LONGEST_WORD, ENOUGH, LIKELY = 200, 5000, 20
"""What is looked at of a word, and words that are looked at, and compared in whole."""

MOST_ASKED = 1000
"""Words of which it is remembered what they are most like."""


@dataclass(frozen=True, slots=True)
class _Choices:
    """
    Words to choose from, by what they look like and by each two letters in them.

    There may be thousands, for thousands of words that are none of them.
    """

    by_folded: Mapping[str, tuple[str, ...]]
    by_pair: Mapping[str, tuple[str, ...]]
    nearest: dict[str, str | None] = field(default_factory=dict)

    @staticmethod
    @lru_cache(maxsize=16)
    def of(allowed: frozenset[str]) -> _Choices:
        """Sort words in."""
        by_folded: dict[str, tuple[str, ...]] = {}
        by_pair: dict[str, list[str]] = {}
        for choice in sorted(allowed):
            folded = fold_word(choice)
            if folded not in by_folded:
                for pair in _pairs(folded):
                    by_pair.setdefault(pair, []).append(folded)
            by_folded[folded] = (*by_folded.get(folded, ()), choice)
        return _Choices(by_folded, {pair: tuple(by_pair[pair]) for pair in by_pair})

    def compare(self, word: str) -> str | None:
        """Give the word that is most like one, and is another; see `nearest`."""
        folded = fold_word(word)[:LONGEST_WORD]
        from difflib import get_close_matches  # noqa: PLC0415 - only mistakes need it

        close = get_close_matches(folded, self.likely(folded, word), n=1, cutoff=0.6)
        return self.spelled(close[0], word) if close else None

    def likely(self, folded: str, word: str) -> list[str]:
        """Give the words that share the most pairs of letters with one."""
        shared, looked = Counter[str](), 0
        having = [self.by_pair.get(pair, ()) for pair in _pairs(folded)]
        # what many words share says little
        for words in sorted(having, key=len):
            shared.update(words)
            looked += len(words)
            if looked > ENOUGH:
                break
        others = (one for one, _ in shared.most_common() if self.spelled(one, word))
        return list(islice(others, LIKELY))

    def spelled(self, folded: str, word: str) -> str | None:
        """Give a word as it is spelled, unless it is the very one."""
        return next((one for one in self.by_folded[folded] if one != word), None)


def _pairs(folded: str) -> set[str]:
    ends = f"^{folded}$"
    return {ends[at : at + 2] for at in range(len(ends) - 1)}


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """
    Give the sentence ``did you mean 'X'?``, or nothing.

    What is allowed may come from Connect or from a plan file: it is shown as all text
    of others is.
    """
    choice = nearest(word, allowed)
    return f"did you mean '{foreign_text(choice)}'?" if choice else ""


def fold_word(word: str) -> str:
    """Forget case, spaces, dashes and underscores."""
    return "".join(character for character in word.casefold() if character.isalnum())


def spell_character(character: str) -> str:
    """Spell one character in quotes, or as ``U+0430`` if it is not printable ASCII."""
    if "!" <= character <= "~":
        return f"'{character}'"
    return "a blank" if character == " " else f"U+{ord(character):04X}"


def foreign_character(text: str) -> str:
    """Name the first character outside ASCII, and its position; empty if none."""
    for position, character in enumerate(text, start=1):
        if not character.isascii():
            return f"character {position} is {spell_character(character)}"
    return ""


_WILD = frozenset("*?[")
DEEP = "**"
"""The part of a pattern that stands for any folders, or for none."""


def fits_pattern(file: str, pattern: str) -> bool:
    """
    Say whether a pattern of files holds one, as in ``.gitignore``.

    ``*`` stays in a folder, ``**`` goes down; a folder means all that is below it.
    """
    if not _WILD.intersection(pattern):
        # most patterns name a folder, and a country has 13,318 files
        whole = pattern.strip("/")
        return file == whole or file.startswith(f"{whole}/")
    wanted = tuple(pattern.strip("/").split("/"))
    # the parts of the pattern that may come next: no way is tried twice
    ahead = _skipping({0}, wanted)
    for name in file.split("/"):
        if len(wanted) in ahead:
            return True
        after = {at for at in ahead if wanted[at] == DEEP}
        after |= {
            at + 1
            for at in ahead
            if wanted[at] != DEEP and fnmatchcase(name, wanted[at])
        }
        ahead = _skipping(after, wanted)
    return len(wanted) in ahead


def _skipping(ahead: set[int], wanted: tuple[str, ...]) -> set[int]:
    """Give where a pattern can go on: ``**`` may stand for no folder at all."""
    found = set(ahead)
    for at in range(len(wanted)):
        if at in found and wanted[at] == DEEP:
            found.add(at + 1)
    return found


def even_name(name: str) -> str:
    """Give a name with one blank between words: many could draw a line of a report."""
    return " ".join(name.split())


_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols that are drawn as nothing."""

_ALIKE: Mapping[str, str] = dict(
    zip(
        "\u0430\u0441\u0435\u04bb\u0456\u0458\u04cf\u043c\u043d\u043e\u0440"
        "\u051b\u0455\u0442\u0443\u051d\u0445\u0432\u043a\u03b1\u03b2\u03b5"
        "\u03b7\u03b9\u03ba\u03bc\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u03b6"
        "\u0261\u0131",
        "acehijlmhopqstywxbkabehikmnoptyxzgi",
        strict=True,
    )
)
"""Letters, in small, by the Latin letter they look like; most Cyrillic and Greek."""

_HARD_TO_TELL = str.maketrans("i1|0", "lllo", "-'\u2010\u2011\u2018\u2019")
"""What differs in few fonts, and marks that people set or leave out."""


def visible_line(text: str) -> str:
    """
    Give what a person said, on one line; nothing if nothing of it can be seen.

    White space of every script counts as a space; zero-width and blank letters alone
    say nothing.
    """
    line = " ".join(text.split())
    return line if any(_is_seen(character) for character in line) else ""


def _is_seen(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] not in "ZCM" and character not in _BLANK


def alike(name: str) -> str:
    """Give a name as it is compared: one spelling of each letter, in small letters."""
    spelled = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(unicodedata.normalize("NFKC", spelled).split())


def looks(name: str) -> str:
    """Give what a name looks like: letters of other alphabets as Latin ones."""
    return "".join(_ALIKE.get(letter, letter) for letter in alike(name))


def looks_of_person(name: str) -> str:
    """Give what a person's name looks like in any font."""
    return looks(name).translate(_HARD_TO_TELL).replace("rn", "m")


def mixed_word(name: str) -> str:
    """Give the first word with Latin letters and others that look like none of them."""
    for word in alike(name).split():
        letters = filter(str.isalpha, looks(word))
        alphabets = {unicodedata.name(one, "?").split()[0] for one in letters}
        if "LATIN" in alphabets and len(alphabets) > 1:
            return word
    return ""


def foreign_letters(name: str) -> tuple[str, ...]:
    """Name the letters, as ``U+0430``, that only look like Latin ones."""
    found = [letter for letter in alike(name) if letter in _ALIKE]
    return tuple(f"U+{ord(letter):04X}" for letter in dict.fromkeys(found))
