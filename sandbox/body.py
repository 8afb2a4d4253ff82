"""What the bodies of Sungrow's and Deye's requests have in common: fields that may be missing, empty or of a wrong type."""

from typing import Any, ClassVar


class Refusal(Exception):
    """An answer that is no success: a code, with the vendor's message for it or one of its own."""

    messages: ClassVar[dict[str, str]] = {}

    def __init__(self, code: str, message: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.message = message or self.messages[code]


class Body:
    """The fields of a request."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._given = given

    def given(self, name: str) -> Any:  # noqa: ANN401 - JSON
        """A field as it came; None where it is missing or an empty text."""
        value = self._given.get(name)
        return None if value == "" else value

    def required(self, name: str) -> Any:  # noqa: ANN401 - JSON
        """A field that must be there."""
        value = self.given(name)
        if value is None:
            raise self.missing(name)
        return value

    def text(self, name: str) -> str:
        """A field that must be there, as text."""
        value = self.required(name)
        if isinstance(value, dict | list | bool):
            raise self.malformed(name)
        return str(value)

    def missing(self, name: str) -> Refusal:
        """How the vendor refuses a call without this field."""
        raise NotImplementedError

    def malformed(self, name: str) -> Refusal:
        """How the vendor refuses a value that cannot be in this field."""
        raise NotImplementedError
