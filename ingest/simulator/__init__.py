"""A local Supabase REST interface and property API, for the demo and the tests. Knows nothing of Django."""
