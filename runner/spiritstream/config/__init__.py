"""Profiles as files: YAML, schema, secrets, platforms; text in, `model` values out."""
