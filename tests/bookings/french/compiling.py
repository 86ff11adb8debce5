"""`make french`: the catalogue with what the code says and no more, compiled. Prints what lacks French."""

from __future__ import annotations

import sys

import polib
from django.conf import settings

HEADER = {
    "Project-Id-Version": "showings",
    "Language": "fr",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Plural-Forms": "nplurals=2; plural=(n > 1);",
}


def compile_catalogue() -> list[str]:
    """The sentences that still lack their French; gettext's guesses are not kept."""
    path = settings.BASE_DIR / "locale" / "fr" / "LC_MESSAGES" / "django.po"
    catalogue = polib.pofile(str(path), wrapwidth=0)
    lacking = []
    for entry in list(catalogue):
        if entry.obsolete:
            catalogue.remove(entry)
            continue
        if entry.fuzzy:
            entry.flags.remove("fuzzy")
            entry.msgstr, entry.msgstr_plural = "", dict.fromkeys(entry.msgstr_plural, "")
        entry.previous_msgid = entry.previous_msgid_plural = entry.previous_msgctxt = None
        entry.comment = ""
        lacking += [] if entry.translated() else [entry.msgid]
    # No dates: what has not changed is not a change.
    catalogue.header, catalogue.metadata, catalogue.metadata_is_fuzzy = "", HEADER, False
    catalogue.save(str(path))
    catalogue.save_as_mofile(str(path.with_suffix(".mo")))
    return lacking


if __name__ == "__main__":
    sys.stdout.write("".join(f"No French yet: {sentence!r}\n" for sentence in compile_catalogue()))
