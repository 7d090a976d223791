"""Phones over adb: finding them, what they are and how warm, a folder on them, and the programs that time a file there."""
