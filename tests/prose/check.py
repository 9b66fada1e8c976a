"""Lints the project's English: `python tests/prose/check.py ROOT FILE...`.

Reads the prose of Markdown pages, and the comments and messages of Rust sources. Prints `file:line: what to change`, and exits
with 1 if there is anything to print. `cargo xtask docs` runs it over all files of the repository.
"""

import re
import sys
from pathlib import Path

from proselint.registry import CheckRegistry
from proselint.tools import LintFile

import style

FENCE = re.compile(r"^[ ]*(```|~~~).*?^[ ]*\1[ ]*$", re.MULTILINE | re.DOTALL)
HTML_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
INLINE_CODE = re.compile(r"(`+)(?:(?!\1).)+?\1", re.DOTALL)
LINK_TARGET = re.compile(r"\]\([^)\s]*\)|\]\[[^]]*\]|^\[[^]]+\]: .*$", re.MULTILINE)
ADDRESS = re.compile(r"https?://[^\s)>]+")

# A comment, a raw string, a string, a character: whichever comes first.
RUST = re.compile(
    r'(?P<comment>//[^\n]*)|r(?P<hashes>#+)".*?"(?P=hashes)|b?"(?P<string>(?:[^"\\]|\\.)*)"|\'(?:[^\'\\\n]|\\[^\n]{1,9}?)\'',
    re.DOTALL,
)
# A string with so many words is a message.
MESSAGE = re.compile(r"(?:\S*[A-Za-z]{2,}\S*[ \n]+){3}")
# Ends a sentence without a full stop: the sign of a list or of a heading, the border of a table's cell, the first column of a help text.
BORDER = re.compile(r"\n[ ]{2,}\S+[ ]{2,}|\n[ ]*(?:[-*] |\d+\. |#+ |>)|\n[ ]*\n|\|")
WORD = re.compile(r"[A-Za-z`][\w`’'./:-]*")


def blank(match: re.Match[str]) -> str:
    """Spaces in place of a match, so that every position stays."""
    return re.sub(r"[^\n]", " ", match.group(0))


def code(match: re.Match[str]) -> str:
    """A word in place of inline code: a sentence keeps its noun."""
    text = match.group(0)
    return "`" + re.sub(r"[^\n]", "x", text[1:-1]) + "`"


def prose_of_markdown(text: str) -> str:
    for pattern in (FENCE, HTML_COMMENT):
        text = pattern.sub(blank, text)
    text = INLINE_CODE.sub(code, text)
    for pattern in (LINK_TARGET, ADDRESS):
        text = pattern.sub(blank, text)
    return text


def prose_of_rust(text: str) -> str:
    """Comments and messages at their places, and spaces everywhere else."""
    kept = [character if character == "\n" else " " for character in text]
    before = 0
    for found in RUST.finditer(text):
        string = found.group("string")
        if found.group("comment"):
            sign = re.match(r"//[/!]?", found.group(0))
            assert sign
            start, end = found.start() + sign.end(), found.end()
            # Another item's comment begins after code: not the same paragraph.
            between = text[before : found.start()]
            if between.strip() and found.start() > 0:
                kept[found.start()] = "|"
            before = end
        elif string and MESSAGE.search(string):
            start, end = found.span("string")
            kept[start - 1] = kept[end] = "|"
        else:
            continue
        kept[start:end] = text[start:end]
    found = "".join(kept)
    # A line that a string continues, and the line breaks that it writes.
    found = found.replace("\\\n", " \n").replace("\\n", "||")
    return prose_of_markdown(found)


def sentences(text: str):
    """Each sentence with the position of its first character."""
    for paragraph in re.finditer(r"(?:(?!\x00).)+", BORDER.sub(lambda m: "\x00" * len(m.group(0)), text), re.DOTALL):
        for found in re.finditer(r"\S.*?(?:[.?!](?=[\s*_)\"]|$)|\Z)", paragraph.group(0), re.DOTALL):
            yield paragraph.start() + found.start(), found.group(0)


def too_long(text: str):
    for position, sentence in sentences(text):
        words = len(WORD.findall(sentence))
        if words > style.LONGEST_SENTENCE:
            yield position, f"a sentence of {words} words: split it (at most {style.LONGEST_SENTENCE})"


def tables_without_headers(text: str):
    for found in re.finditer(r"^(\|.*\|)\n\|[ :|-]+\|$", text, re.MULTILINE):
        cells = [cell.strip() for cell in found.group(1).strip("|").split("|")]
        if not all(cells):
            yield found.start(), "a column without a header: name it"


def first_sentence(text: str):
    """A page begins with its title and then a sentence."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2 or not lines[0].startswith("# ") or not re.match(r"[A-Z`\[*]", lines[1]):
        yield 0, "after its title, a page begins with a sentence: what can the reader do after reading it?"


def findings(path: Path, name: str):
    text = path.read_text()
    is_page = path.suffix == ".md"
    prose = prose_of_markdown(text) if is_page else prose_of_rust(text)
    for result in LintFile(name, prose).lint({"max_errors": 10_000, "checks": style.PROSELINT}):
        # proselint puts a line break in front of the text, and a match may begin at the end of the sentence before.
        start = result.check_result.span[0] - 1
        start += len(re.match(r"[.:?!|\s]*", prose[start:]).group(0))
        yield prose.count("\n", 0, start) + 1, re.sub(r"“[.:?!|\s]+", "“", re.sub(r"\s+", " ", result.check_result.message))
    lines = [too_long(prose)]
    if is_page:
        lines.append(tables_without_headers(text))
        if name.startswith("docs/") and name != "docs/SUMMARY.md":
            lines.append(first_sentence(text))
    for found in lines:
        for position, message in found:
            yield text.count("\n", 0, position) + 1, message


def main() -> int:
    CheckRegistry().register_many(style.registered())
    root, names = Path(sys.argv[1]), sys.argv[2:]
    count = 0
    for name in names:
        for line, message in sorted(set(findings(root / name, name))):
            print(f"{name}:{line}: {message}")
            count += 1
    print(f"{len(names)} files, {count} sentences to change")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
