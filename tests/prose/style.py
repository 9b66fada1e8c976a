"""The patterns that make a sentence hard to read, as checks of proselint.

Each one was frequent in a sample of 100 sentences that an editor rated. A pattern stands here if a regular expression finds it
with hardly a false alarm; the others need a reader.
"""

from proselint.checks import __register__
from proselint.registry.checks import Check, types
from proselint.registry.checks.engine import Fancy, RegexOptions

# The start of a sentence: of the text, after the sentence before, or at the border of a table's cell or of a message.
START = r"(?:^|[.:?!|])\s*"

PATTERNS = {
    "condition.where": (
        START + r"Where (?:a|an|the|there|it|nothing|none|no|one|they|two|this) ",
        "start the condition with `If` or `When`, not with `Where`",
    ),
    "condition.is_no": (
        r"\b(?:that|which|who) (?:is|are) no [a-z]+\b",
        "say what it is, or `is not a`",
    ),
    "order.of": (
        START + r"Of (?:a|an|the|each|every|all|two) [^,.;:|]{2,60}, ",
        "start with the subject, not with an `of` phrase",
    ),
    "order.what": (
        START + r"What [^.?!:;|]{3,80} (?:is|are|was|has|have|gets|goes|comes) [^.?!|]{2,200}\.(?=\s)",
        "start with a noun instead of a `what` clause",
    ),
    "word.told": (
        r"\b(?:is|are|was|were|be|been) told\b",
        "`report`, `log` or `learn`: say how",
    ),
    "word.said": (
        r"\b(?:is|are|was|were) said\b",
        "`document`, `state`, `send`: name the action",
    ),
    "word.like_of": (r"\bthe like of\b", "`such as`, `similar to`"),
    "word.hold": (r"\b(?:has|have|had) to hold\b", "`must be true`, `must pass`"),
    "word.there": (
        r"\b(?:is|are|was|were|be) (?:already |not |no longer |still )?there(?=[,.;:)]| already\b| yet\b)",
        "`exist`, `be missing`, `be ready`",
    ),
    "word.goes_on": (r"\b(?:goes|go|going|went) on(?! with)\b", "`continue`"),
    "word.begun": (r"\b(?:has|have|had|is|was|are|were) begun\b", "`started`"),
    "word.beside": (r"\b[Bb]eside\b", "`next to`, `compared with`, `in addition to`"),
    "word.nobody": (r"\b(?:the|a|its|their) (?:knock|doorman|errand|voice|desk|storm)\b", "the technical term"),
    "possessive": (r", as [A-Za-z`]+'s?[,.]", "`such as …`, with a noun"),
    "otherwise": (r", or (?:the|it|they|we|this|both) would\b", "`otherwise`"),
    "so_that": (START + r"So that\b", "`So`, or name the purpose first"),
    "pronoun.one": (START + r"One (?:of which|that|who|whose|which|without|with|for) ", "name the noun"),
    "pronoun.ours": (r"\b(?:ours|theirs) (?:is|are|does|says|has|tells)\b", "name the program"),
    "genitive.image": (r"\b(?:folder|directory) of (?:an|the) image\b", "`image folder`"),
    "genitive.budget": (r"\bbudget of\b", "`retry budget`"),
    "take_for": (r"\b(?:take|takes|taken|took) (?:the|a|it|this|that) ?[a-z]* for (?:idle|lost|dead|gone)\b", "`mistake for`, `treat as`"),
    "twice": (r"\b(the|a|an|is|of|to|in|that) \1\b", "a word is written twice"),
}


def registered() -> tuple[Check, ...]:
    """The patterns, and the checks that proselint brings."""
    return __register__ + tuple(
        Check(
            check_type=types.ExistenceSimple(pattern=pattern.replace(" ", r"\s+")),
            engine=Fancy(opts=RegexOptions(case_insensitive=False)),
            path=f"runpod.{name}",
            message="“{}”: " + advice.replace("{", "{{").replace("}", "}}"),
        )
        for name, (pattern, advice) in PATTERNS.items()
    )


# Checks of proselint itself that concern words. The rest is about typography, which Markdown and code do in their own way.
PROSELINT = {
    "archaism": True,
    "cliches": True,
    "malapropisms": True,
    "mixed_metaphors": True,
    "mondegreens": True,
    "nonwords": True,
    "oxymorons": True,
    "redundancy": True,
    "uncomparables": True,
    "runpod": True,
}

# Words of a sentence. A longer one has to be read twice.
LONGEST_SENTENCE = 40
