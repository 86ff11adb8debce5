"""Forms that know what their person saw, so that two people at one row lose nothing of each other's."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _


class SeenForm(forms.ModelForm):
    """Each field carries along what it showed. What somebody else changed since is neither undone, where its
    person left it alone, nor overwritten: that is told instead."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            return
        for name, field in self.fields.items():
            field.show_hidden_initial = not self.is_bound or self.add_initial_prefix(name) in self.data

    def clean(self) -> dict[str, Any] | None:
        said = super().clean()
        for name in self.changed_data:
            field = self.fields[name]
            if not field.show_hidden_initial:
                continue
            seen = field.hidden_widget().value_from_datadict(
                self.data, self.files, self.add_initial_prefix(name)
            )
            stands = self.get_initial_for_field(field, name)
            if field.has_changed(stands, seen):
                words = _(
                    "Somebody else changed this in the meantime, to “%(value)s”. Look again, then decide."
                )
                self.add_error(name, words % {"value": stands})
        return said
