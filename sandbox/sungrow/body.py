"""Reading a request's body as Sungrow does: `009` for what is missing, `010` for what cannot be."""

from datetime import date, datetime

from sandbox import body

MESSAGES = {
    "001": "er_missing_parameter:appkey",
    "002": "er_missing_parameter:token",
    "003": "er_missing_parameter:sys_code",
    "009": "er_missing_parameter",
    "010": "er_parameter_value_invalid",
    "E00000": "er_invalid_appkey",
    "E00003": "er_token_login_invalid",
    "E900": "Unauthorized access",
    "E901": "Call too frequently",
    "E909": "Invalid parameter format: nonce [32-bit string of numbers and letters]",
    "E911": "Missing parameter in request header: x-access-key",
    "E912": "Illegal x-access-key",
    "E913": "Expired request",
    "E916": "Login too frequently",
    "E996": "api not found",
    "E998": "er_month_call_api_times_upper_limit",
    "E999": "er_hour_call_api_times_upper_limit",
}


MOST_DIGITS = 18


class Refusal(body.Refusal):
    """An answer other than `result_code` 1."""

    messages = MESSAGES


class Body(body.Body):
    """The fields of a request."""

    def missing(self, name: str) -> Refusal:
        """A field that is not there."""
        return Refusal("009", f"er_missing_parameter:{name}")

    def malformed(self, name: str) -> Refusal:
        """A field whose value cannot be."""
        return invalid(name)

    def number(self, name: str, *, otherwise: int | None = None) -> int:
        """A whole number from 1 on, also one written as text."""
        if self.given(name) is None and otherwise is not None:
            return otherwise
        text = self.text(name)
        if not text.isdecimal() or len(text) > MOST_DIGITS or int(text) < 1:
            raise invalid(name)
        return int(text)

    def texts(self, name: str, *, most: int) -> list[str]:
        """A JSON array of texts (the schema says text; arrays are what works), not longer than `most`."""
        value = self.required(name)
        if not isinstance(value, list) or not 0 < len(value) <= most:
            raise invalid(name)
        return list(dict.fromkeys(str(item) for item in value))

    def points(self, name: str, *, most: int) -> list[str]:
        """Points written `p1,p24`, as bare ids."""
        points = [part.strip() for part in self.text(name).split(",")]
        if len(points) > most or not all(point[:1] == "p" and point[1:].isdecimal() for point in points):
            raise invalid(name)
        return list(dict.fromkeys(point[1:] for point in points))

    def choice(self, name: str, among: dict[str, str]) -> str:
        """What one of a few words stands for."""
        text = self.text(name)
        if text not in among:
            raise invalid(name)
        return among[text]

    def local_time(self, name: str, *forms: str) -> datetime:
        """A plant-local time without an offset, in one of the forms."""
        text = self.text(name)
        for form in forms:
            try:
                read = datetime.strptime(text, form)  # noqa: DTZ007 - local text, as the vendor has it
            except ValueError:
                continue
            if read.strftime(form) == text:
                return read
        raise invalid(name)

    def is_wanted(self, name: str) -> bool:
        """Whether a switch such as `is_get_point_dict` is on: 1 or "1"."""
        return str(self.given(name)) == "1"


def invalid(name: str) -> Refusal:
    """A value that cannot be."""
    return Refusal("010", f"er_parameter_value_invalid:{name}")


def months_between(first: date, last: date) -> int:
    """How many calendar months two dates touch."""
    return (last.year - first.year) * 12 + last.month - first.month + 1
