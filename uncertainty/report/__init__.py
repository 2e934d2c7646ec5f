"""Results as people read them: tables of figures, and the text of a report."""
