from tests.bookings.admin.conftest import rows as rows
