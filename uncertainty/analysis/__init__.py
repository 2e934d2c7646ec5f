"""The questions: array maths below, labels above; nothing here knows of GPUs or of study files."""
