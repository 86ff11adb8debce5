"""The JSON API that existing clients already speak: `bookings.api.api`, mounted at /api/."""

from bookings.api.app import api

__all__ = ["api"]
