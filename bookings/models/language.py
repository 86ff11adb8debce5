"""The language that a person wants to be spoken to in."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class SpokenLanguage(models.Model):
    """One row for each person who has chosen; the others get what their browser asks for."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="spoken_language"
    )
    code = models.CharField(max_length=10)

    objects = models.Manager()

    def __str__(self) -> str:
        return f"{self.person}: {self.code}"
