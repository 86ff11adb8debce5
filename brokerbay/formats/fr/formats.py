"""mar 24 nov 2026, 9 h 05, as in Canada; not 09:05. The blanks keep the time on one line."""

DATE_FORMAT = "D j b Y"
TIME_FORMAT = "G\u00a0\\h\u00a0i"
DATETIME_FORMAT = f"{DATE_FORMAT}, {TIME_FORMAT}"
SHORT_DATETIME_FORMAT = f"Y-m-d {TIME_FORMAT}"
