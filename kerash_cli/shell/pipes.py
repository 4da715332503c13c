"""The pipes between a shell and its coprocess."""

import os

TOKENS = range(ord("A"), ord("A") + 12)
"""As many questions at a time, since pipes are rationed. Their own descriptors are smaller numbers."""


class ShellPipes:
    """Those of tokens and of questions, and one for the answer to each token that is out."""

    def __init__(self) -> None:
        self.tokens, self._to_tokens = os.pipe()
        self.from_questions, self.questions = os.pipe()
        self.answers: dict[int, int] = {}
        for token in TOKENS:
            self.renew(token)

    def renew(self, token: int) -> None:
        """A new pipe behind a token, which may be taken then."""
        reading, self.answers[token] = os.pipe()
        os.dup2(reading, token, inheritable=False)
        os.close(reading)
        os.write(self._to_tokens, bytes([token]))
