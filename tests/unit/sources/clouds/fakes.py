"""What a session has around it, in memory: tokens, a budget, and a vendor whose answers are prepared."""

from include.sources.clouds.cloud import Answer
from include.sources.clouds.http import Reply


class MemoryTokens:
    """Keeps the tokens of an account; `login_count` says how often new ones were made."""

    def __init__(self, tokens=None, *, is_good=True):
        self.tokens = tokens
        self.is_good = is_good and tokens is not None
        self.login_count = 0

    def take(self, log_in):
        if not self.is_good:
            self.tokens, self.is_good = log_in(self.tokens), True
            self.login_count += 1
        return self.tokens

    def discard(self, tokens):
        self.is_good = self.is_good and tokens is not self.tokens


class FreeBudget:
    """Refuses no call; remembers the (interface, subject) of each."""

    def __init__(self):
        self.calls = []

    @property
    def interfaces(self):
        return [interface for interface, _ in self.calls]

    def spend(self, interface, subject=None):
        self.calls.append((interface, subject))


class PreparedSession:
    """Gives each call the next of the prepared answers (bytes), classified by the cloud; remembers (interface, body, subject)."""

    def __init__(self, cloud, credentials, *answers):
        self.credentials = credentials
        self.calls = []
        self._cloud = cloud
        self._answers = list(answers)

    def post(self, interface, body, *, subject=None):
        self.calls.append((interface, dict(body), subject))
        raw = self._answers.pop(0)
        return Answer(raw, self._cloud.classify_response(interface, Reply(200, {}, raw)))
