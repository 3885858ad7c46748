"""Telegram, by aiogram 3. Importing this package, or its settings, does not import aiogram."""
