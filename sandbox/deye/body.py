"""Reading a request's body as Deye does: a code for what is missing, of a wrong type, too long or too far apart."""

from datetime import date, datetime

from sandbox import body

MESSAGES = {
    "2101002": "request too frequent",
    "2101005": "parameter missing",
    "2101006": "parameter invalid",
    "2101007": "list too long",
    "2101008": "parameter type invalid",
    "2101010": "allowance used up",
    "2101012": "the range is too long",
    "2101013": "the range is over 12 months",
    "2101014": "the start is after the end",
    "2101015": "time format invalid",
    "2101017": "auth token not found",
    "2101018": "auth appId not found",
    "2101019": "auth invalid token",
    "2101021": "auth invalid appId",
    "2101023": "access denied",
    "2101026": "page size too big",
    "2101031": "station not found",
    "2101032": "device not found",
    "2106001": "measure point not supported",
}


MOST_DIGITS = 18
LAST_SECOND = 253_402_000_000
"""In the year 9999; milliseconds are no time here."""


class Refusal(body.Refusal):
    """An answer with `success` false."""

    messages = MESSAGES


class Body(body.Body):
    """The fields of a request."""

    def missing(self, name: str) -> Refusal:
        """A field that is not there."""
        return Refusal("2101005")

    def malformed(self, name: str) -> Refusal:
        """A field of the wrong type."""
        return Refusal("2101008")

    def number(self, name: str) -> int:
        """A whole number that is not negative, also one written as text."""
        text = self.text(name)
        if not text.isdecimal() or len(text) > MOST_DIGITS:
            raise Refusal("2101008")
        return int(text)

    def page(self, *, most: int) -> tuple[int, int]:
        """Page (from 1) and size; 20 where no size is given."""
        page = self.number("page") if self.given("page") is not None else 1
        size = self.number("size") if self.given("size") is not None else 20
        if page < 1 or size < 1:
            raise Refusal("2101006")
        if size > most:
            raise Refusal("2101026")
        return page, size

    def texts(self, name: str, *, most: int) -> list[str]:
        """A JSON array, as texts, not longer than `most`."""
        value = self.required(name)
        if not isinstance(value, list):
            raise Refusal("2101008")
        if not value:
            raise Refusal("2101005")
        if len(value) > most:
            raise Refusal("2101007")
        return list(dict.fromkeys(str(item) for item in value))

    def date(self, name: str, form: str) -> date:
        """The first day of a plant-local day, month or year."""
        text = self.text(name)
        try:
            read = datetime.strptime(text, form)  # noqa: DTZ007 - local text, as the vendor has it
        except ValueError:
            raise Refusal("2101015") from None
        if read.strftime(form) != text:
            raise Refusal("2101015")
        return read.date()

    def span(self, *, most_days: int) -> tuple[int, int]:
        """`startTimestamp` and `endTimestamp` in Unix seconds."""
        start, end = self.number("startTimestamp"), self.number("endTimestamp")
        if max(start, end) > LAST_SECOND:
            raise Refusal("2101015")
        if start > end:
            raise Refusal("2101014")
        if end - start > most_days * 86_400:
            raise Refusal("2101012" if most_days < 365 else "2101013")
        return start, end
