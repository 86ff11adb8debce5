"""Our template for a select box writes what the skin's own would."""

from __future__ import annotations

from typing import Any

import pytest
from django.forms.renderers import DjangoTemplates, get_default_renderer
from django.test.html import parse_html
from unfold.widgets import UnfoldAdminSelectMultipleWidget, UnfoldAdminSelectWidget

CHOICES = [
    ("", "All"),
    ("a<b", 'Less & "more"'),
    ("Condos", [(1, "one"), (2, "two")]),
    (None, "none"),
]


@pytest.mark.parametrize("widget", [UnfoldAdminSelectWidget, UnfoldAdminSelectMultipleWidget])
@pytest.mark.parametrize("value", ["", "a<b", 2, ["1", "2"], "not there"])
def test_a_select_box_is_as_the_skin_writes_it(widget: Any, value: Any) -> None:
    box = widget(choices=CHOICES, attrs={"id": "id_kind", "required": True, "disabled": False})
    ours = box.render("kind", value, renderer=get_default_renderer())
    skins = box.render("kind", value, renderer=DjangoTemplates())
    assert parse_html(ours) == parse_html(skins)
    assert ours.count("<option") == 5
