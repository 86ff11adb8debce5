from __future__ import annotations

from django.db import models


class Lease(models.Model):
    """What only one process may do at a time, over all machines. Whoever renews in time keeps it.

    Only bookings.services.leases writes it.
    """

    name = models.CharField(primary_key=True, max_length=40)
    holder = models.CharField(max_length=100)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}, held by {self.holder}"
