"""The forms of a page as a browser without scripts sees them: action, fields, values.

>>> form = forms_of(client.get("/incidents/1").text)["/incidents/1/fact"]
>>> client.post(form.action, data=fill_in(form, text="已断电"))
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class PlainForm:
    """``fields`` holds what would be sent; ``open`` the names that a person can fill in."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    open: dict[str, list[str]] = field(default_factory=dict)  # name → the options of a choice
    required: set[str] = field(default_factory=set)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[PlainForm] = []
        self._form: PlainForm | None = None
        self._name = ""
        self._text: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            if given.get("method", "get") == "post":
                self._form = PlainForm(given["action"])
                self.forms.append(self._form)
        elif self._form is not None:
            self._field(tag, given)

    def _field(self, tag: str, given: dict[str, str]) -> None:
        form, name = self._form, given.get("name", "")
        assert form is not None
        if tag == "option":
            form.open[self._name].append(given.get("value", ""))
            if "selected" in given or self._name not in form.fields:
                form.fields[self._name] = given.get("value", "")
            return
        if not name or tag not in {"input", "select", "textarea"}:
            return
        self._name = name
        if "required" in given:
            form.required.add(name)
        if given.get("type") != "hidden":
            form.open.setdefault(name, [])
        if tag == "textarea":
            self._text = []
        elif tag == "input" and given.get("type") in {"radio", "checkbox"}:
            form.open[name].append(given.get("value", "on"))
            if "checked" in given:
                form.fields[name] = given.get("value", "on")
        elif tag == "input":
            form.fields[name] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._text is not None and self._form is not None:
            # as browsers: the first line end after the tag is not part of the value
            self._form.fields[self._name] = "".join(self._text).removeprefix("\n")
            self._text = None
        elif tag == "form":
            self._form = None


def forms_of(page: str) -> dict[str, PlainForm]:
    """The forms that post, by their action; the first of those with the same."""
    reader = _Reader()
    reader.feed(page)
    found: dict[str, PlainForm] = {}
    for form in reader.forms:
        found.setdefault(form.action, form)
    return found


def fill_in(form: PlainForm, **filled: str) -> dict[str, str]:
    """What a browser sends: hidden and preset values, and what was filled in.

    Fails for a field that the form does not have, an option that it does not offer, and a required
    field that is left empty: a person could not have done it.
    """
    for name, value in filled.items():
        assert name in form.open, f"{form.action} has no field {name}: {sorted(form.open)}"
        options = form.open[name]
        assert not options or value in options, f"{name} offers {options}, not {value}"
    sent = {**form.fields, **filled}
    empty = {name for name in form.required if not sent.get(name)}
    assert not empty, f"{form.action}: {empty} must be filled in"
    return sent
