"""How Django writes moments by itself, per language, where its own way is not that of Canada."""
