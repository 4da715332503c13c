"""The pipes between a shell and its coprocess."""

import os

TOKENS = range(ord("A"), ord("A") + 12)
"""Tokens, which are numbers of descriptors: 12, for at most 12 questions at a time, because the system limits pipes.

The descriptors for tokens and for questions have smaller numbers.
"""


class ShellPipes:
    """A pipe of tokens, a pipe of questions, and for each token a pipe for an answer."""

    def __init__(self) -> None:
        self.tokens, self._to_tokens = os.pipe()
        self.from_questions, self.questions = os.pipe()
        self.answers: dict[int, int] = {}
        for token in TOKENS:
            self.renew(token)

    def renew(self, token: int) -> None:
        """Gives a token a new pipe for an answer, and offers the token to shells."""

        reading, self.answers[token] = os.pipe()
        os.dup2(reading, token, inheritable=False)
        os.close(reading)
        os.write(self._to_tokens, bytes([token]))
