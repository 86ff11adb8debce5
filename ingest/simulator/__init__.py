"""A local Supabase (REST and Realtime) and property API, for demo and tests. Knows nothing of Django."""
