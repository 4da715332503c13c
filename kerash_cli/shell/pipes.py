"""The pipes between a shell and its coprocess."""

import os

TOKENS = range(ord("A"), ord("A") + 12)
"""Tokens, which are numbers of descriptors: at most 12 questions at a time, since the system limits pipes.

The pipes themselves have smaller numbers.
"""


class ShellPipes:
    """Pipes of tokens and of questions, and one for the answer to each token."""

    def __init__(self) -> None:
        self.tokens, self._to_tokens = os.pipe()
        self.from_questions, self.questions = os.pipe()
        self.answers: dict[int, int] = {}
        for token in TOKENS:
            self.renew(token)

    def renew(self, token: int) -> None:
        """Makes a new pipe for a token, and offers the token."""

        reading, self.answers[token] = os.pipe()
        os.dup2(reading, token, inheritable=False)
        os.close(reading)
        os.write(self._to_tokens, bytes([token]))
